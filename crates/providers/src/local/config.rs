//! What the form of the kind `local` means.

use domain::error::FieldError;
use domain::form::{Draft, Reader, SecretKeys};

use super::FORM;

/// The key of the login shell.
pub(super) const SHELL: &str = "login_shell";

/// The typed settings of a provider config of the kind `local`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalConfig {
    /// How long a new server waits before it starts, in seconds (0 to 600).
    pub boot_delay_secs: u32,
    /// The path of the program that people get when they sign in; none for bash.
    pub login_shell: Option<String>,
}

impl LocalConfig {
    /// Reads the form.
    pub fn parse(draft: &Draft) -> Result<Self, Vec<FieldError>> {
        let secrets = SecretKeys::default();
        Self::read(&Reader::new(&FORM, draft, &secrets)?)
    }

    /// The draft that [`Self::parse`] reads as this config.
    pub fn draft(&self) -> Draft {
        Draft::new()
            .with("boot_delay_seconds", self.boot_delay_secs)
            .with(SHELL, self.login_shell.as_deref().unwrap_or_default())
    }

    fn read(reader: &Reader<'_>) -> Result<Self, Vec<FieldError>> {
        let shell: Option<String> = reader.optional(SHELL)?;
        let shell = shell.map(|shell| shell.trim().to_owned());
        if shell.as_deref().is_some_and(|shell| !is_plain_path(shell)) {
            let message = "This is the path of a program, such as /usr/bin/bash: letters, digits and / . _ - + from its root on.";
            return Err(Reader::error(SHELL, "bad_format", message));
        }
        Ok(Self {
            boot_delay_secs: reader.int("boot_delay_seconds")?,
            login_shell: shell,
        })
    }
}

/// Whether a path can stand in a script without quotes.
pub(super) fn is_plain_path(path: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    path.starts_with('/') && path.chars().all(is_plain)
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
            for login_shell in [None, Some("/usr/bin/dash".to_owned())] {
                let config = LocalConfig {
                    boot_delay_secs,
                    login_shell,
                };
                assert_eq!(LocalConfig::parse(&config.draft()), Ok(config));
            }
        }
        let errors = LocalConfig::parse(&Draft::new().with("boot_delay_seconds", 601))
            .expect_err("too long");
        assert_eq!(errors[0].pointer, "/boot_delay_seconds");
    }

    #[test]
    fn a_shell_is_a_path_that_needs_no_quotes() {
        let parse = |shell: &str| LocalConfig::parse(&Draft::new().with(SHELL, shell));
        assert_eq!(parse("  ").map(|config| config.login_shell), Ok(None));
        for shell in ["bash", "/bin/a b", "/bin/$(id)", "/bin/a;b", "/bin/\u{e4}"] {
            let errors = parse(shell).expect_err(shell);
            assert_eq!(errors[0].pointer, "/login_shell");
        }
    }
}
