//! Pausing an autoscale config, and letting it go on.

use domain::autoscale::SavedConfig;
use domain::form::Draft;
use domain::id::ConfigId;

use crate::api::ApiResult;
use crate::api::autoscale::autoscale_replace;
use crate::text::pause as text;

/// What turns a config off, or on where it is off.
#[derive(Clone, Debug, PartialEq)]
pub struct Pause {
    /// The config's name.
    pub name: String,
    /// The word for what is done.
    pub word: &'static str,
    /// Whether the config is on now.
    pub is_on: bool,
    id: ConfigId,
    version: i64,
    values: Draft,
}

impl Pause {
    /// What turns this one off or on.
    pub fn of(config: &SavedConfig) -> Self {
        let is_on = config.values.get("enabled") != Some(&false.into());
        Self {
            name: config.name().to_owned(),
            word: if is_on { text::PAUSE } else { text::RESUME },
            is_on,
            id: config.id,
            version: config.version,
            values: config.values.clone().with("enabled", !is_on),
        }
    }

    /// What is done, and to what.
    pub fn label(&self) -> String {
        if self.is_on {
            text::pause(&self.name)
        } else {
            text::resume(&self.name)
        }
    }

    /// Does it, if nobody has changed the config meanwhile.
    pub async fn run(self) -> ApiResult<()> {
        let saved = autoscale_replace(self.id, self.version, self.values).await;
        saved.map(drop)
    }
}
