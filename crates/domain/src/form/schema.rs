//! A form's document as JSON Schema, as `OpenAPI` 3.1 holds it.

use super::{Condition, Draft, Field, Form, Format, Kind, Preset};
use crate::value::JsonObject;
use serde_json::{Map, Value, json};

/// The schema of a document that is sent: secrets can be written, `null` removes one.
///
/// Conditions between fields stand in the descriptions: as `if`/`then` they would be exact, but the tools that read
/// `OpenAPI` mostly cannot use them.
pub fn schema(form: &Form) -> Value {
    let required: Vec<_> = form
        .fields
        .iter()
        .filter(|field| matches!(field.required, Condition::Always))
        .filter(|field| matches!(field.shown, Condition::Always))
        .filter(|field| matches!(field.default, Preset::None))
        .map(|field| field.key)
        .collect();
    object(form, form.fields.iter(), &required)
}

/// The schema of a document that is answered: without secrets, and only with the fields that are shown.
pub fn view_schema(form: &Form) -> Value {
    let fields = form.fields.iter().filter(|field| !field.kind.is_secret());
    object(form, fields, &[])
}

fn object(form: &Form, fields: impl Iterator<Item = &'static Field>, required: &[&str]) -> Value {
    let properties: Map<String, Value> = fields
        .map(|field| (field.key.to_owned(), property(form, field)))
        .collect();
    json!({
        "type": "object",
        "title": form.title,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(form: &Form, field: &Field) -> Value {
    let mut property = match field.kind {
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Text { max, format } => text(max, format, required_text(field)),
        Kind::Multiline { max, .. } => {
            json!({"type": "string", "maxLength": max, "minLength": required_text(field)})
        }
        Kind::Secret => secret(1024),
        Kind::SecretMultiline => secret(16_384),
        Kind::Int { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Choice(choices) => {
            let offered = choices.iter().filter(|choice| {
                let never = |refusal: &super::Refusal| matches!(refusal.when, Condition::Always);
                !choice.refused.iter().any(never)
            });
            let words: Vec<_> = offered.map(|choice| choice.value).collect();
            json!({"type": "string", "enum": words})
        }
        Kind::Reference(noun) => {
            let hex = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
            json!({"type": "string", "pattern": format!("^{}_{hex}$", noun.prefix())})
        }
        Kind::Object => json!({
            "type": "object",
            "description": format!("At most {} bytes.", JsonObject::MAX_BYTES),
        }),
        Kind::List {
            max_items,
            max,
            format,
        } => json!({"type": "array", "maxItems": max_items, "items": text(max, format, 1)}),
    };
    property["title"] = json!(field.label);
    property["description"] = json!(description(form, field));
    if let Some(value) = form
        .preset(field, &Draft::new())
        .filter(|_| !matches!(field.default, Preset::IntBy(..)))
    {
        property["default"] = value;
    }
    property
}

fn required_text(field: &Field) -> usize {
    usize::from(matches!(field.required, Condition::Always))
}

fn text(max: usize, format: Format, min: usize) -> Value {
    // Control characters are refused; for a text that may not be blank one visible character has to be there.
    let pattern = if min == 0 {
        r"^[^\u0000-\u001f\u007f-\u009f]*$"
    } else {
        r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    };
    let mut schema =
        json!({"type": "string", "minLength": min, "maxLength": max, "pattern": pattern});
    let shape = match format {
        Format::Host => "A host name or an IP address.",
        Format::Authority => "A host name or an IP address, with a port if need be.",
        Format::Dn => "A distinguished name (RFC 4514).",
        Format::LdapUrl => "ldaps://host or ldap://host, with a port if need be.",
        Format::SsoDomain => "Blank, localhost, CORP\\ or corp.local.",
        Format::Free | Format::Name | Format::StartupScript => return schema,
    };
    schema["x-shape"] = json!(shape);
    schema
}

fn secret(max: usize) -> Value {
    json!({"type": ["string", "null"], "minLength": 1, "maxLength": max, "writeOnly": true})
}

fn description(form: &Form, field: &Field) -> String {
    let mut parts = vec![field.help.to_owned()];
    if !field.unit.is_empty() {
        parts.push(format!("Unit: {}.", field.unit));
    }
    if let Kind::Choice(choices) = field.kind {
        for choice in choices {
            parts.push(format!("`{}`: {}", choice.value, choice.help));
            for refusal in choice.refused {
                let when = refusal.when.words(form);
                parts.push(format!("Not when {when}: {}", refusal.reason));
            }
        }
    }
    if field.kind.is_secret() {
        parts.push("Absent keeps the secret, null removes it. Answers never hold it.".to_owned());
    }
    if let Preset::IntBy(key, table) = field.default {
        let other = form.field(key).map_or(key, |field| field.label);
        let cases: Vec<_> = table
            .iter()
            .map(|(word, number)| format!("{number} for `{word}`"))
            .collect();
        parts.push(format!("Default by {other}: {}.", cases.join(", ")));
    }
    if !matches!(field.shown, Condition::Always) {
        parts.push(format!("Only when {}.", field.shown.words(form)));
    }
    if !matches!(field.required, Condition::Always | Condition::Never) {
        parts.push(format!("Required when {}.", field.required.words(form)));
    }
    parts.join(" ")
}
