//! A TCP port.

use super::ValueError;
use serde::{Deserialize, Serialize};
use std::{fmt, num::NonZeroU16, str::FromStr};

/// A TCP port, 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Port(NonZeroU16);

impl Port {
    /// The port with this number; none for 0.
    pub const fn new(number: u16) -> Option<Self> {
        match NonZeroU16::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl TryFrom<i64> for Port {
    type Error = ValueError;
    fn try_from(number: i64) -> Result<Self, ValueError> {
        u16::try_from(number)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| ValueError::malformed("is not a port: 1 to 65535"))
    }
}

impl FromStr for Port {
    type Err = ValueError;
    fn from_str(text: &str) -> Result<Self, ValueError> {
        // `u16::from_str` also takes a leading plus sign; an address does not.
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        digits
            .then(|| text.parse::<i64>().ok())
            .flatten()
            .map_or_else(
                || Err(ValueError::malformed("is not a port: 1 to 65535")),
                Self::try_from,
            )
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_1_and_65535() {
        assert_eq!(Port::try_from(1).unwrap().get(), 1);
        assert_eq!(Port::try_from(65_535).unwrap().get(), 65_535);
        for wrong in [0, -1, 65_536] {
            assert!(Port::try_from(wrong).is_err());
        }
        for wrong in ["", "+1", "0", "65536", "1x", "99999999999999999999"] {
            assert!(wrong.parse::<Port>().is_err(), "{wrong}");
        }
    }
}
