//! A point in time, in whole milliseconds since 1970-01-01T00:00:00Z.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};

/// A point in time with millisecond precision. In JSON it is RFC 3339 text in UTC (`2026-11-24T08:00:00.000Z`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// An hour, in milliseconds.
    pub const HOUR_MILLIS: i64 = 3_600_000;

    /// This many milliseconds later (earlier if negative), held at the ends of the range.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This many seconds later.
    #[must_use]
    pub const fn plus_secs(self, secs: u32) -> Self {
        self.plus_millis(secs as i64 * 1000)
    }

    /// Milliseconds from `earlier` to `self`; negative if `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole seconds from `earlier` to `self`, rounded up; 0 if `earlier` is later. What `Retry-After` says.
    pub fn secs_since(self, earlier: Self) -> u32 {
        let secs = self.since(earlier).max(0).saturating_add(999) / 1000;
        u32::try_from(secs).unwrap_or(u32::MAX)
    }

    /// The time as sentences hold it, to the second: `2026-11-24 08:00:00 UTC`.
    pub fn in_words(self) -> String {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(time) => {
                let text = time.to_rfc3339_opts(SecondsFormat::Secs, true);
                format!("{} UTC", text.trim_end_matches('Z').replace('T', " "))
            }
            None => self.to_string(),
        }
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Timestamp {}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an RFC 3339 time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time; write it like 2026-11-24T08:00:00Z")]
pub struct InvalidTimestamp(String);

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        DateTime::parse_from_rfc3339(text)
            .map(|time| Self(time.timestamp_millis()))
            .map_err(|_| InvalidTimestamp(text.chars().take(80).collect()))
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_the_time_to_the_second() {
        assert_eq!(
            Timestamp::from_millis(1_999).in_words(),
            "1970-01-01 00:00:01 UTC"
        );
    }

    #[test]
    fn text_and_back() {
        let time = Timestamp::from_millis(1_795_507_200_123);
        assert_eq!(time.to_string(), "2026-11-24T08:00:00.123Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert!("tomorrow".parse::<Timestamp>().is_err());
    }

    #[test]
    fn the_ends_of_the_range_hold() {
        assert_eq!(
            Timestamp::from_millis(i64::MAX).plus_secs(1).millis(),
            i64::MAX
        );
        assert!(Timestamp::from_millis(i64::MIN).since(Timestamp::from_millis(1)) < 0);
    }
}
