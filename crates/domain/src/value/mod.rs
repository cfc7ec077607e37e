//! Validated values: one that exists is valid.

mod dn;
mod host;
mod json_object;
mod ldap_url;
mod name;
mod port;
mod sso_domain;
mod text;

pub use dn::Dn;
pub use host::{Authority, Host};
pub use json_object::JsonObject;
pub use ldap_url::LdapUrl;
pub use name::Name;
pub use port::Port;
pub use sso_domain::SsoDomain;
pub use text::Text;

/// Why a text is not a value of the kind asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Nothing, or only spaces.
    #[error("is empty")]
    Empty,
    /// More characters than the kind allows.
    #[error("has {length} characters, {max} are allowed")]
    TooLong {
        /// Characters found.
        length: usize,
        /// Characters allowed.
        max: usize,
    },
    /// A control character (NUL, a line break, a bell ...).
    #[error("holds the control character U+{code:04X}")]
    ControlCharacter {
        /// Its code point.
        code: u32,
    },
    /// A rule of the kind is broken.
    #[error("{0}")]
    Malformed(String),
}

impl ValueError {
    fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }
}

/// Trims, then refuses an empty text, one above `max` characters, and control characters.
///
/// NUL is among the control characters: no database of ours stores it in text.
fn one_line(text: &str, max: usize) -> Result<&str, ValueError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ValueError::Empty);
    }
    let length = text.chars().count();
    if length > max {
        return Err(ValueError::TooLong { length, max });
    }
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(ValueError::ControlCharacter { code: c.into() }),
        None => Ok(text),
    }
}

/// Gives a value that is written as text its `FromStr`-based conversions and serde forms.
macro_rules! written_as_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = crate::value::ValueError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
use written_as_text;
