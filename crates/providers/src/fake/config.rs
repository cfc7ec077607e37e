//! What the form of the kind `fake` means.

use domain::error::FieldError;
use domain::form::{Draft, Reader, SecretKeys};

use super::FORM;

/// The typed settings of a provider config of the kind `fake`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FakeConfig {
    /// From the create call to a machine that is up, in milliseconds.
    pub boot_millis: u32,
    /// From a machine that is up to the last check-in of its script, in milliseconds.
    pub script_millis: u32,
    /// A new machine is missing from lists for this long, in milliseconds.
    pub list_lag_millis: u32,
    /// A repeated create call gives the same machine.
    pub repeatable_create: bool,
    /// The largest start-up script, in bytes after substitution.
    pub script_limit_bytes: u32,
}

impl FakeConfig {
    /// Machines that are up and checked in at the moment of their making.
    pub const INSTANT: Self = Self {
        boot_millis: 0,
        script_millis: 0,
        list_lag_millis: 0,
        repeatable_create: true,
        script_limit_bytes: 16_384,
    };

    /// Reads the form.
    pub fn parse(draft: &Draft) -> Result<Self, Vec<FieldError>> {
        let secrets = SecretKeys::default();
        Self::read(&Reader::new(&FORM, draft, &secrets)?)
    }

    /// The draft that [`Self::parse`] reads as this config.
    pub fn draft(self) -> Draft {
        Draft::new()
            .with("boot_millis", self.boot_millis)
            .with("script_millis", self.script_millis)
            .with("list_lag_millis", self.list_lag_millis)
            .with("repeatable_create", self.repeatable_create)
            .with("script_limit_bytes", self.script_limit_bytes)
    }

    fn read(reader: &Reader<'_>) -> Result<Self, Vec<FieldError>> {
        Ok(Self {
            boot_millis: reader.int("boot_millis")?,
            script_millis: reader.int("script_millis")?,
            list_lag_millis: reader.int("list_lag_millis")?,
            repeatable_create: reader.bool("repeatable_create"),
            script_limit_bytes: reader.int("script_limit_bytes")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_form_is_read() {
        let secrets = SecretKeys::default();
        let reader = Reader::new(&FORM, &Draft::new(), &secrets).expect("defaults are right");
        FakeConfig::read(&reader).expect("defaults can be read");
        let keys = FORM.fields.iter().map(|field| field.key.to_owned());
        assert_eq!(reader.keys_read(), keys.collect());
    }

    #[test]
    fn there_and_back() {
        let config = FakeConfig {
            boot_millis: 1,
            script_millis: 20,
            list_lag_millis: 300,
            repeatable_create: false,
            script_limit_bytes: 4000,
        };
        assert_eq!(FakeConfig::parse(&config.draft()), Ok(config));
        assert_eq!(
            FakeConfig::parse(&FakeConfig::INSTANT.draft()),
            Ok(FakeConfig::INSTANT)
        );
        assert!(FakeConfig::parse(&Draft::new().with("boot_millis", -1)).is_err());
    }
}
