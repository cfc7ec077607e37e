//! Where a directory listens.

use super::{Authority, ValueError, one_line, written_as_text};
use std::{fmt, str::FromStr};

/// `ldap://host[:port]` or `ldaps://host[:port]`; a path, query or user part is refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LdapUrl {
    secure: bool,
    authority: Authority,
}

impl LdapUrl {
    /// Whether the connection is TLS from its first byte. Computer records need that.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The directory's host and port.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl FromStr for LdapUrl {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = one_line(text, 270)?;
        let (secure, rest) = if let Some(rest) = text.strip_prefix("ldaps://") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("ldap://") {
            (false, rest)
        } else {
            return Err(ValueError::malformed(
                "does not begin with ldaps:// or ldap://",
            ));
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest).parse()?;
        Ok(Self { secure, authority })
    }
}

impl fmt::Display for LdapUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "ldaps" } else { "ldap" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

written_as_text!(LdapUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes() {
        let url: LdapUrl = "ldaps://dc.corp.example:636/".parse().unwrap();
        assert!(url.is_secure());
        assert_eq!(url.to_string(), "ldaps://dc.corp.example:636");
        assert!(!"ldap://10.1.1.1".parse::<LdapUrl>().unwrap().is_secure());
        for wrong in [
            "dc.example",
            "https://a",
            "ldap://",
            "ldap://u@a",
            "ldap://a/b",
            "ldap://a?b",
        ] {
            assert!(wrong.parse::<LdapUrl>().is_err(), "{wrong}");
        }
    }
}
