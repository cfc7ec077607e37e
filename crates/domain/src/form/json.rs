//! A JSON object as a person types it: read, or refused with the place of what is wrong, and set out in lines.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// What keeps a text from being a JSON object, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonFault {
    /// The line, from 1 on.
    pub line: usize,
    /// The character in the line, from 1 on.
    pub column: usize,
    /// What is wrong there; no full stop.
    pub what: String,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Line {}, column {}: {}.",
            self.line, self.column, self.what
        )
    }
}

/// The members of the object that this text is.
///
/// # Errors
/// It is not JSON, or not an object, or a key stands twice in it: one of the two values would be lost.
pub fn read_object(text: &str) -> Result<Map<String, Value>, JsonFault> {
    match serde_json::from_str::<Unique>(text) {
        Ok(Unique(Value::Object(members))) => Ok(members),
        Ok(Unique(other)) => {
            let start = text.len() - text.trim_start().len();
            let before = text.get(..start).unwrap_or_default();
            let line = before.rsplit('\n').next().unwrap_or_default();
            Err(JsonFault {
                line: before.matches('\n').count() + 1,
                column: line.chars().count() + 1,
                what: format!("this is {}, not an object: {{ ... }}", noun_of(&other)),
            })
        }
        Err(error) => Err(fault(text, &error)),
    }
}

/// The same object with each member on a line of its own. Order, numbers and texts stay as they were typed.
///
/// # Errors
/// Those of [`read_object`].
pub fn set_out(text: &str) -> Result<String, JsonFault> {
    read_object(text)?;
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut is_in_text, mut is_escaped, mut is_opened) = (0_usize, false, false, false);
    let new_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    for c in text.chars() {
        if is_in_text {
            out.push(c);
            is_in_text = is_escaped || c != '"';
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        if c.is_ascii_whitespace() {
            continue;
        }
        let is_end = matches!(c, '}' | ']');
        if is_end {
            depth = depth.saturating_sub(1);
        }
        // What is empty stays on its line.
        if is_opened != is_end {
            new_line(&mut out, depth);
        }
        out.push(c);
        is_opened = matches!(c, '{' | '[');
        match c {
            '{' | '[' => depth += 1,
            ',' => new_line(&mut out, depth),
            ':' => out.push(' '),
            '"' => is_in_text = true,
            _ => {}
        }
    }
    Ok(out)
}

/// What a value is called that is not the wanted object.
pub(super) const fn noun_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The library counts bytes, puts what ends a line at the begin of the next, and an end before the last character.
fn fault(text: &str, error: &serde_json::Error) -> JsonFault {
    let lines: Vec<&str> = text.split('\n').collect();
    let line = error.line().clamp(1, lines.len());
    let (line, bytes) = match (line, error.column()) {
        (2.., 0) => (line - 1, usize::MAX),
        _ if error.is_eof() => (line, usize::MAX),
        (_, column) => (line, column.saturating_sub(1)),
    };
    let of = lines.get(line - 1).copied().unwrap_or_default();
    let before = of.char_indices().take_while(|(at, _)| *at < bytes);
    let said = error.to_string();
    let said = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(said, _)| said);
    JsonFault {
        line,
        column: before.count() + 1,
        what: in_words(said),
    }
}

/// What the library says, for people.
fn in_words(said: &str) -> String {
    match said {
        "EOF while parsing an object" => "the text ends, and a } is missing",
        "EOF while parsing a list" => "the text ends, and a ] is missing",
        "EOF while parsing a string" => "the text ends within double quotes that are not closed",
        "EOF while parsing a value" => "the text ends, and a value is missing",
        "expected `:`" => "a colon is missing between a key and its value",
        "expected `,` or `}`" => "a comma or } is missing before this",
        "expected `,` or `]`" => "a comma or ] is missing before this",
        "key must be a string" => "a key stands here, in double quotes",
        "trailing comma" => "the comma before this is one too many",
        "trailing characters" => "the object has ended before this",
        "expected value" | "expected ident" => {
            "this is no value: texts stand in double quotes; true, false and null in small letters"
        }
        "invalid escape" => "this escape is none of JSON; a backslash itself is written twice",
        "invalid number" => "this is no number of JSON",
        "number out of range" => "this number is too large",
        "recursion limit exceeded" => "this is nested too deeply",
        _ if said.starts_with("control character") => {
            "a line break or tab within a text is written \\n or \\t"
        }
        other => other,
    }
    .to_owned()
}

/// A value in which no key stands twice.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if members.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "the key {} stands twice",
                    Value::from(key)
                )));
            }
            let Unique(value) = entries.next_value()?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, said) in [
            ("{", "Line 1, column 2: the text ends, and a } is missing."),
            (
                "{\n  \"a\": [1",
                "Line 2, column 10: the text ends, and a ] is missing.",
            ),
            (
                "{\"a\":",
                "Line 1, column 6: the text ends, and a value is missing.",
            ),
            (
                "{\"a",
                "Line 1, column 4: the text ends within double quotes that are not closed.",
            ),
            (
                "{\"a\" 1}",
                "Line 1, column 6: a colon is missing between a key and its value.",
            ),
            (
                "{\n  \"a\": 1\n  \"b\": 2\n}",
                "Line 3, column 3: a comma or } is missing before this.",
            ),
            (
                "{\"a\": [1 2]}",
                "Line 1, column 10: a comma or ] is missing before this.",
            ),
            (
                "{a: 1}",
                "Line 1, column 2: a key stands here, in double quotes.",
            ),
            (
                "{\"a\": 1,}",
                "Line 1, column 9: the comma before this is one too many.",
            ),
            (
                "{} x",
                "Line 1, column 4: the object has ended before this.",
            ),
            (
                "{\"a\": 'x'}",
                "Line 1, column 7: this is no value: texts stand in double quotes; true, false and null in small letters.",
            ),
            // The library counts bytes.
            (
                "{\"grün\": \"ö\" 1}",
                "Line 1, column 14: a comma or } is missing before this.",
            ),
            (
                "{\"a\": \"one\ntwo\"}",
                "Line 1, column 11: a line break or tab within a text is written \\n or \\t.",
            ),
            (
                "\n [1]",
                "Line 2, column 2: this is a list, not an object: { ... }.",
            ),
            (
                "7",
                "Line 1, column 1: this is a number, not an object: { ... }.",
            ),
        ] {
            let fault = read_object(text).expect_err(text);
            assert_eq!(fault.to_string(), said, "{text}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_would_lose_a_value() {
        for (text, line) in [
            ("{\"a\": 1,\n\"a\": 2}", 2),
            ("{\"b\": [\n{\"a\": 1,\n\"a\": 2}]}", 3),
        ] {
            let fault = read_object(text).expect_err(text);
            assert_eq!(
                (fault.line, fault.what.as_str()),
                (line, "the key \"a\" stands twice")
            );
        }
    }

    #[test]
    fn an_object_is_set_out_as_it_was_typed() {
        let text =
            r#" {"b":[1,{"x":"a, {\"b\": [\\"},[]],"a":{} , "long":12345678901234567890.50} "#;
        let set = r#"{
  "b": [
    1,
    {
      "x": "a, {\"b\": [\\"
    },
    []
  ],
  "a": {},
  "long": 12345678901234567890.50
}"#;
        assert_eq!(set_out(text), Ok(set.to_owned()));
        assert_eq!(set_out("{}"), Ok("{}".to_owned()));
        assert!(set_out("[1]").is_err());
    }

    fn some_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn setting_out_changes_no_value(members in prop::collection::btree_map(any::<String>(), some_value(), 0..4)) {
            let members: Map<String, Value> = members.into_iter().collect();
            let text = Value::Object(members.clone()).to_string();
            let set = set_out(&text).expect("an object");
            prop_assert_eq!(read_object(&set), Ok(members));
            prop_assert_eq!(set_out(&set), Ok(set));
        }

        #[test]
        fn no_text_panics(text in "[{}\\[\\]\",:a-c0-9ü\\\\ \n.]{0,40}") {
            match (read_object(&text), serde_json::from_str::<Map<String, Value>>(&text)) {
                (Ok(read), Ok(same)) => prop_assert_eq!(read, same),
                (Err(fault), _) => {
                    let lines: Vec<_> = text.split('\n').collect();
                    prop_assert!(fault.line <= lines.len());
                    prop_assert!(fault.column <= lines[fault.line - 1].chars().count() + 1);
                }
                (Ok(_), Err(error)) => prop_assert!(false, "{error}"),
            }
        }
    }
}
