//! A JSON object whose keys we do not know.

use super::ValueError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A JSON object, at most 16 KiB when written out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct JsonObject(Map<String, Value>);

impl JsonObject {
    /// The greatest size in bytes, written without spaces.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// The members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl TryFrom<Value> for JsonObject {
    type Error = ValueError;
    fn try_from(value: Value) -> Result<Self, ValueError> {
        let bytes = value.to_string().len();
        match value {
            Value::Object(_) if bytes > Self::MAX_BYTES => Err(ValueError::malformed(format!(
                "takes {bytes} bytes, {} are allowed",
                Self::MAX_BYTES
            ))),
            Value::Object(members) => Ok(Self(members)),
            _ => Err(ValueError::malformed("is not a JSON object: { ... }")),
        }
    }
}

impl From<JsonObject> for Value {
    fn from(object: JsonObject) -> Value {
        Value::Object(object.0)
    }
}
