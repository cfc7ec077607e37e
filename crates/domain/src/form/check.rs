//! What is wrong with a draft.

use super::json::{noun_of, read_object};
use super::{Draft, Field, Form, Format, Kind, Noun, Preset, SecretKeys};
use crate::{
    error::FieldError,
    id::{LdapConfigId, PoolId, ProviderId, ZoneId},
    startup_script::Script,
    value::{Authority, Dn, Host, JsonObject, LdapUrl, Name, SsoDomain, ValueError},
};
use serde_json::Value;

/// What is wrong with a document that is about to be saved, in the form's order; keys that the form does not know last.
///
/// Absent keys take their default. A value for a field that is not shown is an error, and so is a secret that is set for
/// one. The draft holds no secrets any more; `secrets` says which are set.
pub fn check(form: &Form, draft: &Draft, secrets: &SecretKeys) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for field in form.fields {
        if form.is_shown(field, draft) {
            errors.extend(field_errors(form, field, draft, secrets));
        } else if draft.get(field.key).is_some() || secrets.contains(field.key) {
            let message = format!(
                "Leave this out: it applies when {}.",
                field.shown.words(form)
            );
            errors.push(error(field, "not_applicable", message));
        }
    }
    errors.extend(unknown(form, draft));
    errors
}

/// What is wrong so far with a draft that is still being filled in: fields that are not shown may keep their values.
pub fn check_draft(form: &Form, draft: &Draft, secrets: &SecretKeys) -> Vec<FieldError> {
    let mut errors: Vec<_> = form
        .fields
        .iter()
        .filter(|field| form.is_shown(field, draft))
        .flat_map(|field| field_errors(form, field, draft, secrets))
        .collect();
    errors.extend(unknown(form, draft));
    errors
}

/// Why this word cannot be chosen in this draft; none if it can.
pub fn refusal(form: &Form, field: &Field, word: &str, draft: &Draft) -> Option<&'static str> {
    field
        .choice(word)?
        .refused
        .iter()
        .find(|refusal| refusal.when.holds(form, draft))
        .map(|refusal| refusal.reason)
}

fn unknown(form: &Form, draft: &Draft) -> impl Iterator<Item = FieldError> {
    draft
        .keys()
        .filter(|key| form.field(key).is_none())
        .map(|key| {
            let pointer: String = key.chars().take(80).collect();
            // RFC 6901
            let pointer = pointer.replace('~', "~0").replace('/', "~1");
            FieldError::new(&pointer, "unknown_field", "There is no such field.")
        })
}

fn field_errors(
    form: &Form,
    field: &Field,
    draft: &Draft,
    secrets: &SecretKeys,
) -> Vec<FieldError> {
    let missing = || {
        if form.is_required(field, draft) && !default_is_undecided(form, field, draft) {
            vec![error(
                field,
                "required",
                format!("{} is missing.", field.label),
            )]
        } else {
            Vec::new()
        }
    };
    if field.kind.is_secret() {
        // A draft from the browser may still hold a secret that was just typed.
        let typed = draft.get(field.key).is_some_and(|value| !value.is_null());
        return if typed || secrets.contains(field.key) {
            Vec::new()
        } else {
            missing()
        };
    }
    match form.value(field, draft) {
        None => missing(),
        Some(Value::String(text)) if text.trim().is_empty() && is_text(&field.kind) => missing(),
        Some(value) => value_errors(form, field, &value, draft),
    }
}

/// Whether the field has no default only because the choice behind it is wrong: one mistake is told once.
fn default_is_undecided(form: &Form, field: &Field, draft: &Draft) -> bool {
    let Preset::IntBy(key, _) = field.default else {
        return false;
    };
    form.field(key).is_some_and(|other| {
        draft
            .get(key)
            .is_some_and(|value| !value_errors(form, other, value, draft).is_empty())
    })
}

const fn is_text(kind: &Kind) -> bool {
    matches!(kind, Kind::Text { .. } | Kind::Multiline { .. })
}

/// What is wrong with this value of this field.
pub(super) fn value_errors(
    form: &Form,
    field: &Field,
    value: &Value,
    draft: &Draft,
) -> Vec<FieldError> {
    let one = |code, message: String| vec![error(field, code, message)];
    match (&field.kind, value) {
        (Kind::Bool, Value::Bool(_))
        | (Kind::Secret | Kind::SecretMultiline, Value::String(_) | Value::Null) => Vec::new(),
        (Kind::Bool, _) => one("wrong_type", "This is true or false.".to_owned()),
        (Kind::Int { min, max }, _) => match whole_number(value) {
            Some(number) if (*min..=*max).contains(&number) => Vec::new(),
            Some(_) => one("out_of_range", format!("{min} to {max} is allowed.")),
            None if value == "" => one("required", format!("{} is missing.", field.label)),
            None => one(
                "wrong_type",
                format!("This is a whole number, {min} to {max}."),
            ),
        },
        (Kind::Choice(choices), Value::String(word)) => match field.choice(word) {
            None => {
                let words: Vec<_> = choices.iter().map(|choice| choice.value).collect();
                one(
                    "not_a_choice",
                    format!("Choose one of {}.", words.join(", ")),
                )
            }
            Some(choice) => refusal(form, field, word, draft).map_or_else(Vec::new, |reason| {
                one(
                    "choice_unavailable",
                    format!("{} is not available: {reason}", choice.label),
                )
            }),
        },
        (Kind::Reference(noun), Value::String(text)) if is_id(*noun, text) => Vec::new(),
        (Kind::Reference(noun), _) => one(
            "bad_format",
            format!(
                "This is the id of a {}: {}_ and a UUID.",
                noun.word(),
                noun.prefix()
            ),
        ),
        (Kind::Object, Value::Object(_)) => match JsonObject::try_from(value.clone()) {
            Ok(_) => Vec::new(),
            Err(wrong) => one("too_long", format!("It {wrong}.")),
        },
        // What a person has typed stays a text until it is right.
        (Kind::Object, Value::String(text)) => match read_object(text) {
            Err(fault) => one("bad_format", fault.to_string()),
            Ok(_) => one(
                "wrong_type",
                "This is a text. Send the object itself, without quotes around it.".to_owned(),
            ),
        },
        (Kind::Object, _) => one(
            "wrong_type",
            format!("This is {}, not an object: {{ ... }}.", noun_of(value)),
        ),
        (Kind::Text { max, format } | Kind::Multiline { max, format }, Value::String(text)) => {
            let lines = matches!(field.kind, Kind::Multiline { .. });
            text_errors(text, *max, *format, lines)
                .into_iter()
                .map(|(code, message)| error(field, code, message))
                .collect()
        }
        (
            Kind::List {
                max_items,
                max,
                format,
            },
            Value::Array(items),
        ) => {
            if items.len() > *max_items {
                return one("too_long", format!("{max_items} entries are allowed."));
            }
            let errors = items.iter().enumerate().flat_map(|(at, item)| {
                let faults = match item.as_str() {
                    Some(text) => text_errors(text, *max, *format, false),
                    None => vec![("wrong_type", "This is a text.".to_owned())],
                };
                let pointer = format!("{}/{at}", field.key);
                faults
                    .into_iter()
                    .map(move |(code, message)| FieldError::new(&pointer, code, message))
            });
            errors.collect()
        }
        (Kind::List { .. }, _) => one("wrong_type", "This is a list of texts.".to_owned()),
        _ => one("wrong_type", "This is a text.".to_owned()),
    }
}

fn text_errors(text: &str, max: usize, format: Format, lines: bool) -> Vec<(&'static str, String)> {
    let length = text.chars().count();
    if length > max {
        let message = format!("It has {length} characters, {max} are allowed.");
        return vec![("too_long", message)];
    }
    let breaks = |c: char| lines && matches!(c, '\n' | '\r' | '\t');
    if let Some(c) = text.chars().find(|c| c.is_control() && !breaks(*c)) {
        let message = format!("It holds the control character U+{:04X}.", u32::from(c));
        return vec![("control_character", message)];
    }
    let value = |result: Result<(), ValueError>| match result {
        Ok(()) => Vec::new(),
        Err(wrong @ ValueError::TooLong { .. }) => vec![("too_long", format!("It {wrong}."))],
        Err(wrong) => vec![("bad_format", format!("It {wrong}."))],
    };
    match format {
        Format::Free => Vec::new(),
        Format::Name => value(text.parse::<Name>().map(drop)),
        Format::Host => value(text.parse::<Host>().map(drop)),
        Format::Authority => value(text.parse::<Authority>().map(drop)),
        Format::Dn => value(text.parse::<Dn>().map(drop)),
        Format::LdapUrl => value(text.parse::<LdapUrl>().map(drop)),
        Format::SsoDomain => value(text.parse::<SsoDomain>().map(drop)),
        Format::StartupScript => match Script::parse(text) {
            Ok(_) => Vec::new(),
            Err(errors) => errors
                .into_iter()
                .map(|error| ("bad_script", error.to_string()))
                .collect(),
        },
    }
}

fn is_id(noun: Noun, text: &str) -> bool {
    match noun {
        Noun::Pool => text.parse::<PoolId>().is_ok(),
        Noun::Zone => text.parse::<ZoneId>().is_ok(),
        Noun::Provider => text.parse::<ProviderId>().is_ok(),
        Noun::LdapConfig => text.parse::<LdapConfigId>().is_ok(),
    }
}

/// A whole number, also when it is written as `5.0` or `5e0`: JSON knows one kind of number.
pub(super) fn whole_number(value: &Value) -> Option<i64> {
    /// Every whole number up to here has an exact `f64`.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number within the exact range loses nothing"
        )]
        (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
    })
}

fn error(field: &Field, code: &'static str, message: String) -> FieldError {
    FieldError::new(field.key, code, message)
}
