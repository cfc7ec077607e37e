//! What an admin puts over a create call, in the words of the provider's own API.

use serde_json::{Map, Value};

/// Puts `over` into `base`: objects member by member; anything else takes the place of what was there.
pub(crate) fn merge(base: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(Value::Object(base)), Value::Object(over)) => merge(base, over),
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}
