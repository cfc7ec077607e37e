//! What the form of the kind `local` means.

use domain::error::FieldError;
use domain::form::{Draft, Reader, SecretKeys};

use super::FORM;

/// The typed settings of a provider config of the kind `local`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalConfig {
    /// How long a new server waits before it starts, in seconds (0 to 600).
    pub boot_delay_secs: u32,
}

impl LocalConfig {
    /// Reads the form.
    pub fn parse(draft: &Draft) -> Result<Self, Vec<FieldError>> {
        let secrets = SecretKeys::default();
        Self::read(&Reader::new(&FORM, draft, &secrets)?)
    }

    /// The draft that [`Self::parse`] reads as this config.
    pub fn draft(self) -> Draft {
        Draft::new().with("boot_delay_seconds", self.boot_delay_secs)
    }

    fn read(reader: &Reader<'_>) -> Result<Self, Vec<FieldError>> {
        Ok(Self {
            boot_delay_secs: reader.int("boot_delay_seconds")?,
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
        LocalConfig::read(&reader).expect("defaults can be read");
        let keys = FORM.fields.iter().map(|field| field.key.to_owned());
        assert_eq!(reader.keys_read(), keys.collect());
    }

    #[test]
    fn there_and_back() {
        for boot_delay_secs in [0, 7, 600] {
            let config = LocalConfig { boot_delay_secs };
            assert_eq!(LocalConfig::parse(&config.draft()), Ok(config));
        }
        let errors = LocalConfig::parse(&Draft::new().with("boot_delay_seconds", 601))
            .expect_err("too long");
        assert_eq!(errors[0].pointer, "/boot_delay_seconds");
    }
}
