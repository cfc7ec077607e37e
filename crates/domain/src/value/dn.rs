//! A distinguished name of a directory.

use super::{ValueError, one_line, written_as_text};
use std::{fmt, str::FromStr};

/// A distinguished name in the text form of RFC 4514, such as `OU=Desks,DC=corp,DC=example`.
///
/// The text is kept as it was written; only its syntax is checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dn {
    text: String,
    parts: Vec<(String, String)>,
}

impl Dn {
    /// The greatest length in characters.
    pub const MAX: usize = 1024;

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The DNS name that the `DC=` parts spell: `DC=corp,DC=example` is `corp.example`. None without such parts.
    pub fn domain(&self) -> Option<String> {
        let labels: Vec<&str> = self
            .parts
            .iter()
            .filter(|(attribute, _)| attribute == "dc")
            .map(|(_, value)| value.as_str())
            .collect();
        (!labels.is_empty()).then(|| labels.join("."))
    }

    /// Whether this name is `base` or lies below it. Attributes and values compare without case.
    pub fn is_under(&self, base: &Dn) -> bool {
        self.parts.len() >= base.parts.len()
            && self.parts[self.parts.len() - base.parts.len()..]
                .iter()
                .zip(&base.parts)
                .all(|((a, v), (b, w))| a == b && v.to_lowercase() == w.to_lowercase())
    }
}

impl FromStr for Dn {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = one_line(text, Self::MAX)?;
        let parts = split_unescaped(text)
            .into_iter()
            .map(part)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

written_as_text!(Dn);

/// Splits at the commas and plus signs that are not escaped.
fn split_unescaped(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' | '+' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Reads `attribute=value`; the attribute in lower case, the value without escapes.
fn part(text: &str) -> Result<(String, String), ValueError> {
    let wrong =
        |why: &str| ValueError::malformed(format!("is no directory name at “{text}”: {why}"));
    let (attribute, value) = text
        .split_once('=')
        .ok_or_else(|| wrong("attribute=value is missing"))?;
    let attribute = attribute.trim();
    let plain = attribute
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    if attribute.is_empty() || !plain {
        return Err(wrong("the attribute is not a word"));
    }
    let value = unescape(value.trim()).ok_or_else(|| wrong("an escape is broken"))?;
    if value.is_empty() {
        return Err(wrong("the value is empty"));
    }
    Ok((attribute.to_ascii_lowercase(), value))
}

/// Undoes `\,` and `\2C`; none for a broken escape or a character that must be escaped.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' | ';' | '<' | '>' => return None,
            '\\' => {
                let next = rest.next()?;
                if let Some(high) = next.to_digit(16) {
                    let low = rest.next()?.to_digit(16)?;
                    bytes.push(u8::try_from(high * 16 + low).ok()?);
                } else if next.is_ascii() && !next.is_ascii_alphanumeric() {
                    bytes.push(u8::try_from(next).ok()?);
                } else {
                    return None;
                }
            }
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> Dn {
        text.parse().unwrap()
    }

    #[test]
    fn the_domain_is_made_of_the_dc_parts() {
        assert_eq!(
            dn("OU=Desks, DC=corp,dc=example").domain().as_deref(),
            Some("corp.example")
        );
        assert_eq!(dn("O=Example").domain(), None);
    }

    #[test]
    fn escapes_do_not_split() {
        let name = dn(r"OU=Sales\, East,OU=L\C3\BCbeck,DC=corp");
        assert!(name.is_under(&dn("ou=lübeck,dc=CORP")));
        assert!(!name.is_under(&dn("OU=East,DC=corp")));
        assert_eq!(name.domain().as_deref(), Some("corp"));
    }

    #[test]
    fn broken_names() {
        for wrong in [
            "", "corp", "=x", "OU=", "OU=a,", "OU=a\\", "OU=a\\zz", "O U=a", "OU=a;b", "OU=a\0",
        ] {
            assert!(wrong.parse::<Dn>().is_err(), "{wrong}");
        }
    }
}
