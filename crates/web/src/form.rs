//! What a browser sends: the fields of a form, or of an address.

use crate::limits::FIELDS_MAX;

/// Stands before the name of a field that says what another one was when its form was drawn.
pub(crate) const WAS: &str = "was-";

/// Fields in the order in which they came; a name may come more than once.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

impl std::fmt::Debug for Form {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What is typed may be a passphrase.
        write!(formatter, "Form({} fields)", self.0.len())
    }
}

impl Drop for Form {
    fn drop(&mut self) {
        // One of them may be a passphrase.
        for (_, value) in &mut self.0 {
            zeroize::Zeroize::zeroize(value);
        }
    }
}

impl Form {
    /// Reads `a=b&c=d`; what is beyond the limit is left out.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes).into_owned();
        Self(pairs.take(FIELDS_MAX).collect())
    }

    /// Returns a field as typed, without the blanks around it and with plain line ends; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.raw(name).trim().replace("\r\n", "\n")
    }

    /// Returns a field exactly as it came.
    pub(crate) fn raw(&self, name: &str) -> &str {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        found.next().map_or("", |(_, value)| value)
    }

    /// Returns a field that says something.
    pub(crate) fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Returns a field where the form has it, be it empty.
    pub(crate) fn sent(&self, name: &str) -> Option<String> {
        self.has(name).then(|| self.text(name))
    }

    /// Tells whether the form has a field.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// Returns all values of a name that say something.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(known, _)| known == name);
        values
            .map(|(_, value)| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// Leaves out fields that say what they said when the form was drawn: nobody touched them. What they said then goes
    /// with them, so that a form that is shown again compares them with what stands there by then.
    pub(crate) fn touched(mut self) -> Self {
        let untouched: Vec<String> = self
            .0
            .iter()
            .filter_map(|(name, _)| name.strip_prefix(WAS))
            .filter(|name| self.has(name) && self.text(name) == self.text(&format!("{WAS}{name}")))
            .map(str::to_owned)
            .collect();
        let is_of = |name: &str| untouched.iter().any(|one| one == name);
        self.0
            .retain(|(name, _)| !is_of(name.strip_prefix(WAS).unwrap_or(name)));
        self
    }

    /// Forgets fields, so that no secret is kept to be shown again.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|(name, _)| !names.contains(&name.as_str()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_out_as_they_were_typed() {
        let form = Form::parse(b"title=A+b%26c&tag=x&tag=y&tag=&empty=++&lines=a%0D%0Ab");
        assert_eq!(form.text("title"), "A b&c");
        assert_eq!(form.all("tag"), ["x", "y"]);
        assert_eq!(form.given("empty"), None);
        assert_eq!(form.sent("empty").as_deref(), Some(""));
        assert_eq!(form.text("lines"), "a\nb");
        assert!(!form.has("other"));
    }

    #[test]
    fn a_field_that_nobody_touched_is_not_sent_on() {
        let form =
            Form::parse(b"title=A&was-title=A&why=new&was-why=old&due=&was-due=x&kind=y").touched();
        assert!(!form.has("title") && !form.has("was-title"));
        assert!(
            form.has("was-why"),
            "what was typed belongs to what stood there"
        );
        assert_eq!(form.sent("why").as_deref(), Some("new"));
        assert_eq!(form.sent("due").as_deref(), Some(""));
        assert_eq!(form.sent("kind").as_deref(), Some("y"));
    }

    #[test]
    fn a_form_of_a_million_fields_is_cut_short() {
        let many = "a=1&".repeat(1_000_000);
        assert_eq!(Form::parse(many.as_bytes()).0.len(), FIELDS_MAX);
    }
}
