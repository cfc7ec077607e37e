//! How a person's name becomes a name on a server that signs them in by themselves.

use super::{ValueError, one_line, written_as_text};
use std::{fmt, str::FromStr};

/// The SSO Domain of an autoscale config. The default passes names on as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SsoDomain {
    /// Blank: the name goes as it is.
    #[default]
    AsIs,
    /// `localhost`: a domain part is dropped.
    Dropped,
    /// `CORP\`: the domain goes before the name.
    Before(String),
    /// `corp.local`: the domain goes behind the name.
    Behind(String),
}

impl SsoDomain {
    /// The name on the server for a person called `name` here: with `corp.local`, `john@example.com` becomes
    /// `john@corp.local`.
    pub fn apply(&self, name: &str) -> String {
        let bare = name.rsplit_once('@').map_or(name, |(bare, _)| bare);
        let bare = bare.rsplit_once('\\').map_or(bare, |(_, bare)| bare);
        match self {
            Self::AsIs => name.to_owned(),
            Self::Dropped => bare.to_owned(),
            Self::Before(domain) => format!("{domain}\\{bare}"),
            Self::Behind(domain) => format!("{bare}@{domain}"),
        }
    }
}

impl FromStr for SsoDomain {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text.trim().is_empty() {
            return Ok(Self::AsIs);
        }
        let text = one_line(text, 255)?;
        let domain = text.strip_suffix('\\').unwrap_or(text);
        if domain.is_empty() || domain.contains(['\\', '@', ' ']) {
            return Err(ValueError::malformed(
                "is no domain: write corp.local, CORP\\ or localhost",
            ));
        }
        Ok(match domain {
            _ if domain.len() < text.len() => Self::Before(domain.to_owned()),
            _ if domain.eq_ignore_ascii_case("localhost") => Self::Dropped,
            _ => Self::Behind(domain.to_owned()),
        })
    }
}

impl fmt::Display for SsoDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsIs => Ok(()),
            Self::Dropped => f.write_str("localhost"),
            Self::Before(domain) => write!(f, "{domain}\\"),
            Self::Behind(domain) => f.write_str(domain),
        }
    }
}

written_as_text!(SsoDomain);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_domain() {
        for (domain, name) in [
            ("", "john@example.com"),
            ("localhost", "john"),
            ("CORP\\", "CORP\\john"),
            ("corp.local", "john@corp.local"),
        ] {
            let parsed: SsoDomain = domain.parse().unwrap();
            assert_eq!(parsed.apply("john@example.com"), name);
            assert_eq!(parsed.to_string(), domain);
        }
        for wrong in ["\\", "a\\b", "a@b", "a b", "a\0"] {
            assert!(wrong.parse::<SsoDomain>().is_err(), "{wrong}");
        }
    }
}
