//! Reads the engine's answers. What is not there, or is of another kind, reads as empty: an answer of a newer
//! engine never breaks a screen.

use serde_json::Value;

static NULL: Value = Value::Null;

/// A value of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Data<'a>(pub(crate) &'a Value);

impl<'a> Data<'a> {
    /// Returns a field.
    pub(crate) fn get(self, name: &str) -> Self {
        Self(self.0.get(name).unwrap_or(&NULL))
    }

    /// Returns a field as text; empty where there is none.
    pub(crate) fn text(self, name: &str) -> &'a str {
        self.get(name).as_text()
    }

    /// Returns the value itself as text.
    pub(crate) fn as_text(self) -> &'a str {
        self.0.as_str().unwrap_or("")
    }

    /// Returns a field as text where it says something.
    pub(crate) fn some(self, name: &str) -> Option<&'a str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Returns the elements of a field.
    pub(crate) fn list(self, name: &str) -> Vec<Self> {
        self.get(name).items()
    }

    /// Returns the elements of the value itself.
    pub(crate) fn items(self) -> Vec<Self> {
        let items = self.0.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().map(Self).collect()
    }

    /// Returns a field as a number.
    pub(crate) fn number(self, name: &str) -> Option<f64> {
        self.get(name).0.as_f64()
    }

    /// Returns a field as a count; 0 where there is none.
    pub(crate) fn count(self, name: &str) -> u64 {
        self.get(name).0.as_u64().unwrap_or(0)
    }

    /// Tells whether a field is true.
    pub(crate) fn is(self, name: &str) -> bool {
        self.get(name).0.as_bool().unwrap_or(false)
    }

    /// Tells whether there is nothing.
    pub(crate) fn is_null(self) -> bool {
        self.0.is_null()
    }
}

/// Writes a number as a person would: no decimals where there are none.
pub(crate) fn plain_number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    format!("{rounded}")
}
