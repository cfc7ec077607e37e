//! Where something listens: a host, with or without a port.

use super::{Port, ValueError, one_line, written_as_text};
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

/// A host name (letters, digits, hyphens; RFC 1123) or an IP address.
///
/// Names are kept in lower case. An IPv6 address is written without brackets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Inner);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Inner {
    Ip(IpAddr),
    Name(String),
}

impl Host {
    /// The IP address, if the host is written as one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.0 {
            Inner::Ip(ip) => Some(ip),
            Inner::Name(_) => None,
        }
    }
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        Self(Inner::Ip(ip))
    }
}

impl FromStr for Host {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = one_line(text, 253)?;
        if let Ok(ip) = text.parse() {
            return Ok(Self(Inner::Ip(ip)));
        }
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if !text.split('.').all(label) {
            return Err(ValueError::malformed(
                "is not a host: letters, digits and hyphens with dots between, or an IP address",
            ));
        }
        // A last label of digits only reads as a broken IPv4 address to every resolver.
        if text
            .rsplit('.')
            .next()
            .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(ValueError::malformed(
                "is neither an IPv4 address nor a name",
            ));
        }
        Ok(Self(Inner::Name(text.to_ascii_lowercase())))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Ip(ip) => ip.fmt(f),
            Inner::Name(name) => f.write_str(name),
        }
    }
}

written_as_text!(Host);

/// A host with an optional port, as it stands in a URL (RFC 3986 calls it the authority): `weir.example`, `10.0.0.4:8443`, `[::1]:3000`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Authority {
    /// The host.
    pub host: Host,
    /// The port; none means the scheme's own.
    pub port: Option<Port>,
}

impl FromStr for Authority {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = one_line(text, 261)?;
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest
                .split_once(']')
                .ok_or_else(|| ValueError::malformed("lacks the closing ]"))?;
            let host = host
                .parse::<Ipv6Addr>()
                .map_err(|_| ValueError::malformed("holds no IPv6 address between [ and ]"))?;
            let port = match rest {
                "" => None,
                _ => Some(rest.strip_prefix(':').ok_or_else(|| {
                    ValueError::malformed("has something other than a port after ]")
                })?),
            };
            (Host::from(IpAddr::V6(host)), port)
        } else {
            match text.split_once(':') {
                Some((_, rest)) if rest.contains(':') => {
                    return Err(ValueError::malformed(
                        "has more than one colon: write an IPv6 address in [ and ]",
                    ));
                }
                Some((host, port)) => (host.parse()?, Some(port)),
                None => (text.parse()?, None),
            }
        };
        Ok(Self {
            host,
            port: port.map(str::parse).transpose()?,
        })
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.ip() {
            Some(IpAddr::V6(ip)) => write!(f, "[{ip}]")?,
            _ => self.host.fmt(f)?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

written_as_text!(Authority);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, shown) in [
            ("Weir.Example", "weir.example"),
            ("10.0.0.4", "10.0.0.4"),
            ("2001:DB8::1", "2001:db8::1"),
            ("a-1", "a-1"),
        ] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), shown);
        }
        for wrong in [
            "",
            "-a",
            "a-",
            "a..b",
            "a_b",
            "$request_host$",
            "a b",
            "a/b",
            "a;b",
            "1.2.3",
            "300.1.1.1",
            "[::1]",
        ] {
            assert!(wrong.parse::<Host>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_print_as_they_are_read() {
        for text in ["weir.example", "10.0.0.4:8443", "[::1]:3000", "[::1]"] {
            assert_eq!(text.parse::<Authority>().unwrap().to_string(), text);
        }
        for wrong in [
            "::1",
            "[::1",
            "[::1]3000",
            "[a]:1",
            "a:",
            "a:0",
            "a:x",
            "https://a",
            "$request_host$",
        ] {
            assert!(wrong.parse::<Authority>().is_err(), "{wrong}");
        }
    }
}
