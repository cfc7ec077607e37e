//! Collects what is wrong with the fields of a request, so that one answer names all of it.

use std::fmt::Display;
use std::str::FromStr;

use domain::error::FieldError;

use crate::error::Result;

/// The longest part of a name that is looked for, in characters.
const MAX_PART: usize = 200;

/// The errors found so far.
#[derive(Default)]
pub(crate) struct Fields(Vec<FieldError>);

impl Fields {
    /// Reads a value written as text. On an error the text itself comes back, so that checking can go on.
    pub(crate) fn read<T: FromStr<Err: Display> + Display>(
        &mut self,
        key: &str,
        text: &str,
    ) -> String {
        match text.parse::<T>() {
            Ok(value) => value.to_string(),
            Err(error) => {
                self.refuse(key, "invalid", format!("This text {error}."));
                text.to_owned()
            }
        }
    }

    /// Refuses a text with more characters than `max`, or with control characters other than line breaks and tabs.
    pub(crate) fn free_text(&mut self, key: &str, text: &str, max: usize) {
        if text.chars().count() > max {
            self.refuse(
                key,
                "too_long",
                format!("This text has more than {max} characters."),
            );
        }
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            self.refuse(key, "invalid", "This text holds a control character.");
        }
    }

    /// Refuses what no name contains.
    pub(crate) fn part_of_name(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.free_text(key, text, MAX_PART);
        }
    }

    /// Refuses a number outside of its bounds.
    pub(crate) fn bounds(&mut self, key: &str, number: u32, min: u32, max: u32) {
        if !(min..=max).contains(&number) {
            self.refuse(
                key,
                "out_of_bounds",
                format!("This is a number from {min} to {max}."),
            );
        }
    }

    /// Adds an error of this field.
    pub(crate) fn refuse(&mut self, key: &str, code: &'static str, message: impl Into<String>) {
        self.0.push(FieldError::new(key, code, message));
    }

    /// Adds errors that were found elsewhere.
    pub(crate) fn extend(&mut self, errors: Vec<FieldError>) {
        self.0.extend(errors);
    }

    /// The end of checking.
    pub(crate) fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0.into())
        }
    }
}
