//! The published shape of an export: a JSON Schema (draft 2020-12), made from the tables that the export and the
//! import go by, so that it cannot lag behind them.

use serde_json::{Map, Value as Json, json};

use crate::id::Kind;
use crate::json::shape::{CONTENT, PEOPLE, TOP, mismatch, parts};
use crate::json::{FORMAT, VERSION};
use crate::word::Topic;

/// Fields that some kind has and whose type is known.
const FIELDS: [&str; 72] = [
    "title",
    "why",
    "kind",
    "status",
    "reason",
    "unit",
    "due",
    "note",
    "at",
    "zone",
    "place",
    "every",
    "template",
    "text",
    "owner",
    "goal",
    "session",
    "on",
    "person",
    "brought_by",
    "done_in",
    "next",
    "form",
    "phase",
    "wish",
    "outcome",
    "obstacle",
    "plan",
    "situation",
    "behaviour",
    "impact",
    "request",
    "to",
    "about",
    "shared_from",
    "exchange",
    "commitment",
    "words",
    "uri",
    "link",
    "of",
    "signed_text",
    "statement",
    "prompts",
    "sharing",
    "series",
    "slot",
    "circle",
    "stages",
    "ended",
    "anchor_1",
    "anchor_2",
    "anchor_3",
    "anchor_4",
    "anchor_5",
    "done",
    "resolved",
    "withdrawn",
    "removed",
    "series_ended",
    "standing",
    "closed",
    "reopened",
    "baseline",
    "target",
    "start",
    "current",
    "value",
    "minutes",
    "file_name",
    "file_hash",
    "file_bytes",
];

/// The JSON Schema of an export.
#[must_use]
pub fn schema() -> Json {
    let mut definitions = Map::new();
    let author = json!({
        "type": "object",
        "required": ["person", "name", "device", "device_id"],
        "properties": {
            "person": { "type": "string" }, "name": { "type": "string" },
            "device": { "type": "string" }, "device_id": { "type": "string" },
        },
    });
    definitions.insert("author".to_owned(), author);
    let time =
        json!({ "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "null" }] });
    definitions.insert("time".to_owned(), time);
    for kind in TOP
        .into_iter()
        .chain(TOP.into_iter().flat_map(|kind| parts(kind).iter().copied()))
        .chain(CONTENT)
    {
        definitions.insert(kind.word().to_owned(), object(kind));
    }
    let mut properties = Map::new();
    properties.insert("format".to_owned(), json!({ "const": FORMAT }));
    properties.insert("version".to_owned(), json!({ "const": VERSION }));
    properties.insert("notebook".to_owned(), fields(json!({ "type": "object" })));
    for kind in TOP {
        properties.insert(kind.plural().to_owned(), list(kind));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A notebook of Hearthside",
        "type": "object",
        "required": ["format", "version"],
        "properties": properties,
        "additionalProperties": false,
        "$defs": definitions,
    })
}

fn list(kind: Kind) -> Json {
    json!({ "type": "array", "items": { "$ref": format!("#/$defs/{}", kind.word()) } })
}

fn object(kind: Kind) -> Json {
    let mut object = fields(json!({ "type": "object", "required": ["id"] }));
    let Some(Json::Object(properties)) = object.get_mut("properties") else {
        return object;
    };
    properties.insert(
        "id".to_owned(),
        json!({ "type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$" }),
    );
    for (by, at) in [("created_by", "created_at"), ("updated_by", "updated_at")] {
        properties.insert(by.to_owned(), json!({ "$ref": "#/$defs/author" }));
        properties.insert(at.to_owned(), json!({ "$ref": "#/$defs/time" }));
    }
    for (_, name) in PEOPLE {
        properties.insert(
            name.to_owned(),
            json!({ "type": "array", "items": { "type": "string" } }),
        );
    }
    let mut lists: Vec<Kind> = parts(kind).to_vec();
    if kind == Kind::Session {
        lists.extend(CONTENT);
        properties.insert("notes".to_owned(), json!({ "type": "string" }));
        properties.insert("document_extra".to_owned(), json!({ "type": "object" }));
    }
    for part in lists {
        properties.insert(part.plural().to_owned(), list(part));
    }
    if kind == Kind::Resource {
        for key in ["file_root", "file_key"] {
            let bytes = json!({
                "type": ["object", "null"],
                "properties": { "$bytes": { "type": "string" } },
            });
            properties.insert(key.to_owned(), bytes);
        }
    }
    if kind == Kind::Agreement {
        for topic in Topic::ALL {
            let text = json!({
                "type": "object",
                "required": ["$text"],
                "properties": { "$text": { "type": "string" } },
            });
            properties.insert(topic.consensus_key(), text);
        }
    }
    properties.insert("extra".to_owned(), json!({ "type": "object" }));
    properties.insert("conflicts".to_owned(), json!({ "type": "array" }));
    properties.insert("signatures".to_owned(), json!({ "type": "array" }));
    object
}

/// Adds the fields whose type is known. Any may be null: it was cleared.
fn fields(mut object: Json) -> Json {
    let typed = |key: &str| {
        let fits = |value: Json| mismatch(key, &value).is_none();
        match (fits(json!("")), fits(json!(true))) {
            (true, _) => "string",
            (_, true) => "boolean",
            _ => "number",
        }
    };
    let properties: Map<String, Json> = FIELDS
        .into_iter()
        .map(|key| (key.to_owned(), json!({ "type": [typed(key), "null"] })))
        .collect();
    object["properties"] = Json::Object(properties);
    object
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{Bench, bench, fill};

    /// Checks a value against what of JSON Schema the schema uses.
    fn check(schema: &Json, whole: &Json, value: &Json, path: &str) {
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            let target = whole.pointer(reference.trim_start_matches('#')).unwrap();
            return check(target, whole, value, path);
        }
        if let Some(wanted) = schema.get("const") {
            assert_eq!(wanted, value, "{path}");
        }
        let is = |name: &str| match name {
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "null" => value.is_null(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("{other}"),
        };
        match schema.get("type") {
            Some(Json::String(name)) => assert!(is(name), "{path}: no {name}: {value}"),
            Some(Json::Array(names)) => {
                let mut names = names.iter().filter_map(Json::as_str);
                assert!(names.any(is), "{path}: {value}");
            }
            _ => {}
        }
        for key in schema
            .get("required")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            assert!(
                value.get(key.as_str().unwrap()).is_some(),
                "{path}: no {key}"
            );
        }
        let properties = schema.get("properties");
        for (key, inner) in value.as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            match properties.and_then(|known| known.get(key)) {
                Some(known) => check(known, whole, inner, &path),
                None => assert!(schema.get("additionalProperties").is_none(), "{path}"),
            }
        }
        if let (Some(items), Json::Array(all)) = (schema.get("items"), value) {
            for (place, item) in all.iter().enumerate() {
                check(items, whole, item, &format!("{path}[{place}]"));
            }
        }
    }

    #[test]
    fn an_export_of_everything_fits_the_schema() {
        let Bench {
            mut docs,
            people,
            mut rng,
            now,
        } = bench();
        fill(&mut docs, &mut Bench::writer(&mut rng, now), "words");
        let export = crate::json::export_json(&mut docs, &people).unwrap();
        let export: Json = serde_json::from_str(&export).unwrap();
        let schema = schema();
        check(&schema, &schema, &export, "$");
        for (key, value) in export.as_object().unwrap() {
            assert!(
                schema["properties"].get(key).is_some(),
                "{key} is not in the schema"
            );
            for object in value.as_array().into_iter().flatten() {
                for field in object.as_object().unwrap().keys() {
                    let word = crate::id::Kind::KEYED
                        .into_iter()
                        .find(|kind| kind.plural() == key)
                        .unwrap()
                        .word();
                    let known = schema["$defs"][word]["properties"].get(field).is_some();
                    assert!(
                        known || field == "salt",
                        "{word}.{field} is not in the schema"
                    );
                }
            }
        }
    }
}
