//! Reads the data of an answer as people see it: what is missing is empty, never an error.

use serde_json::Value;

use super::ids::is_hash;

/// Characters that stand for somebody whose name is not known.
const NAMELESS_CHARS: usize = 8;

/// Lenient access to a JSON object's members.
pub(crate) trait Fields {
    /// The member, or null.
    fn at(&self, key: &str) -> &Value;
    /// The member as text; empty where it is missing or no text.
    fn text(&self, key: &str) -> &str;
    /// The member's number; absent where it is missing or no number.
    fn number(&self, key: &str) -> Option<f64>;
    /// The member's count; 0 where it is missing or no whole number.
    fn count(&self, key: &str) -> u64;
    /// The member as a list; empty where it is missing or no list.
    fn list(&self, key: &str) -> &[Value];
    /// Whether the member is true.
    fn flag(&self, key: &str) -> bool;
    /// What a person or thing is called: a text itself, or an object's name, label, title or id.
    fn called(&self, key: &str) -> &str;
}

impl Fields for Value {
    fn at(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&Value::Null)
    }

    fn text(&self, key: &str) -> &str {
        self.at(key).as_str().unwrap_or_default()
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.at(key).as_f64()
    }

    fn count(&self, key: &str) -> u64 {
        self.at(key).as_u64().unwrap_or_default()
    }

    fn list(&self, key: &str) -> &[Value] {
        self.at(key)
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    fn flag(&self, key: &str) -> bool {
        self.at(key).as_bool().unwrap_or_default()
    }

    fn called(&self, key: &str) -> &str {
        name(self.at(key))
    }
}

/// What a value is called: see [`Fields::called`].
pub(crate) fn name(value: &Value) -> &str {
    let called = match value.as_str() {
        Some(text) => text,
        None => ["name", "label", "title", "id"]
            .into_iter()
            .map(|key| value.text(key))
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
    };
    // Somebody of another notebook is known by an id alone.
    match called.get(..NAMELESS_CHARS) {
        Some(short) if is_hash(called) => short,
        _ => called,
    }
}

/// Writes a number as a person would: no trailing zeros, no exponent for everyday sizes.
pub(crate) fn number(value: f64) -> String {
    let rounded = (value * 1_000.0).round() / 1_000.0;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_shapes_read_as_nothing() {
        for odd in [json!(null), json!(3), json!([1]), json!({"a": {"b": 1}})] {
            assert_eq!(odd.text("a"), "");
            assert_eq!(odd.count("a"), 0);
            assert!(odd.list("a").is_empty());
            assert!(!odd.flag("a"));
            assert_eq!(odd.called("a"), "");
        }
    }

    #[test]
    fn people_are_called_by_name_then_by_id() {
        let value =
            json!({"a": "Ada", "b": {"id": "x", "name": "Ben"}, "c": {"id": "x", "name": ""}});
        assert_eq!(
            (value.called("a"), value.called("b"), value.called("c")),
            ("Ada", "Ben", "x")
        );
    }

    #[test]
    fn numbers_are_written_plainly() {
        let written = [5.0, 0.1 + 0.2, -0.0, -2.5, 1_000_000.0].map(number);
        assert_eq!(written, ["5", "0.3", "0", "-2.5", "1000000"]);
    }
}
