//! Values of a document as JSON and back, without loss.
//!
//! JSON has fewer types than a document, so the others are objects with one key that starts with `$`:
//! `{"$bytes": base64}`, `{"$counter": n}`, `{"$timestamp": ms}`, `{"$f64": "NaN"}`, `{"$text": "…"}`,
//! `{"$unknown": [type, base64]}`. A key of a map that starts with `$` gets a second one.

use automerge::{Automerge, ObjId, ObjType, ReadDoc, ScalarValue, Value};
use data_encoding::BASE64;
use serde_json::{Map, Value as Json, json};

use crate::limits::DEPTH_MAX;

/// The JSON of a value. What is nested deeper than [`DEPTH_MAX`] levels becomes `null`.
pub(crate) fn to_json(doc: &Automerge, value: &Value<'_>, op: &ObjId, depth: usize) -> Json {
    match value {
        Value::Scalar(scalar) => scalar_to_json(scalar),
        Value::Object(_) if depth >= DEPTH_MAX => Json::Null,
        Value::Object(ObjType::Text) => json!({ "$text": doc.text(op).unwrap_or_default() }),
        Value::Object(ObjType::List) => doc
            .list_range(op, ..)
            .map(|item| {
                let id = item.id();
                to_json(doc, &item.value.into_value(), &id, depth + 1)
            })
            .collect(),
        Value::Object(ObjType::Map | ObjType::Table) => {
            let entries = doc.map_range(op, ..).map(|item| {
                let id = item.id();
                let key = escape(&item.key);
                (key, to_json(doc, &item.value.into_value(), &id, depth + 1))
            });
            Json::Object(entries.collect())
        }
    }
}

fn scalar_to_json(scalar: &ScalarValue) -> Json {
    match scalar {
        ScalarValue::Str(text) => Json::String(text.to_string()),
        ScalarValue::Int(number) => json!(number),
        ScalarValue::Uint(number) => json!(number),
        ScalarValue::F64(number) if number.is_finite() => json!(number),
        ScalarValue::F64(number) => json!({ "$f64": number.to_string() }),
        ScalarValue::Boolean(flag) => json!(flag),
        ScalarValue::Null => Json::Null,
        ScalarValue::Bytes(bytes) => json!({ "$bytes": BASE64.encode(bytes) }),
        ScalarValue::Timestamp(ms) => json!({ "$timestamp": ms }),
        ScalarValue::Counter(counter) => json!({ "$counter": i64::from(counter) }),
        ScalarValue::Unknown { type_code, bytes } => {
            json!({ "$unknown": [type_code, BASE64.encode(bytes)] })
        }
    }
}

/// What a JSON value stands for in a document.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Tree {
    Scalar(ScalarValue),
    Text(String),
    Map(Vec<(String, Tree)>),
    List(Vec<Tree>),
}

/// Reads JSON made by [`to_json`]. The error is the path within the value and what is wrong there.
pub(crate) fn from_json(json: &Json, depth: usize) -> Result<Tree, (String, &'static str)> {
    if depth > DEPTH_MAX {
        return Err((String::new(), "it is nested too deep"));
    }
    Ok(match json {
        Json::Null => Tree::Scalar(ScalarValue::Null),
        Json::Bool(flag) => Tree::Scalar(ScalarValue::Boolean(*flag)),
        Json::String(text) => Tree::Scalar(ScalarValue::Str(text.as_str().into())),
        Json::Number(number) => Tree::Scalar(if let Some(number) = number.as_i64() {
            ScalarValue::Int(number)
        } else if let Some(number) = number.as_u64() {
            ScalarValue::Uint(number)
        } else {
            ScalarValue::F64(number.as_f64().unwrap_or_default())
        }),
        Json::Array(items) => {
            let read = |(index, item)| {
                from_json(item, depth + 1).map_err(|(path, why)| (format!("[{index}]{path}"), why))
            };
            Tree::List(
                items
                    .iter()
                    .enumerate()
                    .map(read)
                    .collect::<Result<_, _>>()?,
            )
        }
        Json::Object(map) => match special(map) {
            Some(tree) => tree.ok_or((String::new(), "its “$” form is not one that is known"))?,
            None => Tree::Map(
                map.iter()
                    .map(|(key, item)| match from_json(item, depth + 1) {
                        Ok(tree) => Ok((unescape(key), tree)),
                        Err((path, why)) => Err((format!(".{key}{path}"), why)),
                    })
                    .collect::<Result<_, _>>()?,
            ),
        },
    })
}

/// Reads an object with one `$` key; `None` for any other map, `Some(None)` for a form that is unknown.
fn special(map: &Map<String, Json>) -> Option<Option<Tree>> {
    let (key, value) = map.iter().next()?;
    if map.len() != 1 || !key.starts_with('$') || key.starts_with("$$") {
        return None;
    }
    let decode = |value: &Json| BASE64.decode(value.as_str()?.as_bytes()).ok();
    let scalar = match key.as_str() {
        "$text" => return Some(value.as_str().map(|text| Tree::Text(text.to_owned()))),
        "$bytes" => decode(value).map(ScalarValue::Bytes),
        "$timestamp" => value.as_i64().map(ScalarValue::Timestamp),
        "$counter" => value.as_i64().map(ScalarValue::counter),
        "$f64" => match value.as_str() {
            Some("NaN") => Some(ScalarValue::F64(f64::NAN)),
            Some("inf") => Some(ScalarValue::F64(f64::INFINITY)),
            Some("-inf") => Some(ScalarValue::F64(f64::NEG_INFINITY)),
            _ => None,
        },
        "$unknown" => unknown(value),
        _ => None,
    };
    Some(scalar.map(Tree::Scalar))
}

fn unknown(value: &Json) -> Option<ScalarValue> {
    let type_code = u8::try_from(value.get(0)?.as_u64()?).ok()?;
    // Only the codes that Automerge leaves free; a known one would be written as another type.
    if !(10..=15).contains(&type_code) {
        return None;
    }
    let bytes = BASE64.decode(value.get(1)?.as_str()?.as_bytes()).ok()?;
    Some(ScalarValue::Unknown { type_code, bytes })
}

/// The key of a map as it stands in JSON.
pub(crate) fn escape(key: &str) -> String {
    if key.starts_with('$') {
        format!("${key}")
    } else {
        key.to_owned()
    }
}

/// The key of a map that stands in JSON as `key`.
pub(crate) fn unescape(key: &str) -> String {
    match key.strip_prefix('$') {
        Some(rest) if rest.starts_with('$') => rest.to_owned(),
        _ => key.to_owned(),
    }
}
