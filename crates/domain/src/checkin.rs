//! A server's report about itself (`POST /api/set_server_status`).

use serde::{Deserialize, Serialize};

/// What a server reports. Unknown members are ignored, as scripts written for Kasm Workspaces may send some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckinReport {
    /// What it says about its state.
    pub status: CheckinStatus,
    /// Free text; up to 1 KiB, control characters are dropped.
    #[serde(default)]
    pub status_message: Option<String>,
    /// 0 to 100, as a number or as text.
    #[serde(default)]
    pub status_progress: Option<Progress>,
}

/// The statuses a server may report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CheckinStatus {
    /// Ready for people.
    Running,
    /// On its way; message and progress say how far.
    Progress,
    /// The script cannot get the server ready.
    Failed,
}

/// A percentage, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "ProgressForm", into = "u8")]
pub struct Progress(u8);

impl Progress {
    /// From whole percents.
    pub const fn new(percent: u8) -> Option<Self> {
        if percent <= 100 {
            Some(Self(percent))
        } else {
            None
        }
    }

    /// Whole percents.
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl From<Progress> for u8 {
    fn from(progress: Progress) -> Self {
        progress.0
    }
}

/// The ways scripts write a percentage.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "status_progress is a whole number from 0 to 100"
)]
enum ProgressForm {
    Number(u64),
    /// `40.0` is a whole number too.
    Float(f64),
    Text(String),
}

impl TryFrom<ProgressForm> for Progress {
    type Error = &'static str;

    fn try_from(form: ProgressForm) -> Result<Self, Self::Error> {
        let percent = match form {
            ProgressForm::Number(number) => u8::try_from(number).ok(),
            ProgressForm::Float(number) => {
                (0..=100).find(|whole| f64::from(*whole).total_cmp(&number).is_eq())
            }
            ProgressForm::Text(text) => text.trim().parse().ok(),
        };
        percent
            .and_then(Self::new)
            .ok_or("status_progress is a whole number from 0 to 100")
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Progress {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
        OneOfBuilder::new()
            .item(
                ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .minimum(Some(0))
                    .maximum(Some(100)),
            )
            .item(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some("^([0-9]|[1-9][0-9]|100)$")),
            )
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Progress {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_own_body_is_read() {
        let body = r#"{"status": "running", "status_message": "Initialization Complete", "status_progress": "100"}"#;
        let report: CheckinReport = serde_json::from_str(body).expect("the seed's body");
        assert_eq!(report.status, CheckinStatus::Running);
        assert_eq!(report.status_progress.map(Progress::percent), Some(100));
    }

    #[test]
    fn other_statuses_and_percentages_are_refused() {
        for body in [
            r#"{"status": "booted"}"#,
            r#"{"status": "progress", "status_progress": 101}"#,
            r#"{"status": "progress", "status_progress": "-1"}"#,
            r#"{"status": "progress", "status_progress": "half"}"#,
            r#"{"status": "progress", "status_progress": 40.5}"#,
            r#"{"status": "progress", "status_progress": true}"#,
            r"{}",
        ] {
            assert!(
                serde_json::from_str::<CheckinReport>(body).is_err(),
                "{body}"
            );
        }
    }

    #[test]
    fn a_percentage_may_be_written_in_three_ways() {
        for progress in ["40", "40.0", "\"40\""] {
            let body = format!(r#"{{"status": "progress", "status_progress": {progress}}}"#);
            let report: CheckinReport = serde_json::from_str(&body).expect(progress);
            assert_eq!(report.status_progress.map(Progress::percent), Some(40));
        }
    }
}
