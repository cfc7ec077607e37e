//! The name a person gives to something.

use super::{ValueError, one_line, written_as_text};
use std::{fmt, str::FromStr};

/// Free text of 1 to 63 characters on one line, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The greatest length in characters.
    pub const MAX: usize = 63;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        Ok(Self(one_line(text, Self::MAX)?.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

written_as_text!(Name);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_free_text() {
        assert_eq!(
            "  Büro Süd 7 ".parse::<Name>().unwrap().as_str(),
            "Büro Süd 7"
        );
        assert!("ü".repeat(63).parse::<Name>().is_ok());
    }

    #[test]
    fn names_have_limits() {
        assert_eq!("   ".parse::<Name>(), Err(ValueError::Empty));
        assert_eq!(
            "x".repeat(64).parse::<Name>(),
            Err(ValueError::TooLong {
                length: 64,
                max: 63
            })
        );
        assert_eq!(
            "a\0b".parse::<Name>(),
            Err(ValueError::ControlCharacter { code: 0 })
        );
        assert_eq!(
            "a\nb".parse::<Name>(),
            Err(ValueError::ControlCharacter { code: 10 })
        );
    }
}
