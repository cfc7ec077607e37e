//! What the daemon's refusals and failed connections mean, in one place.

use crate::ProviderError;

/// The most characters of the daemon's words that are kept.
const MAX_WORDS: usize = 500;

/// What each of these words in a refusal means, whatever its code: LXD and Incus say most things with 400 or 500, and their code
/// for a failed operation is 400 as a rule.
const MEANINGS: &[(&str, Meaning)] = &[
    ("Reached maximum", Meaning::Quota),
    ("limits.instances", Meaning::Quota),
    ("no space left on device", Meaning::Capacity),
    ("not enough space", Meaning::Capacity),
    ("not enough free space", Meaning::Capacity),
    ("disk quota exceeded", Meaning::Capacity),
    ("cannot allocate memory", Meaning::Capacity),
    ("no suitable cluster member", Meaning::Capacity),
    ("couldn't find a cluster member to place", Meaning::Capacity),
    ("already exists", Meaning::Conflict),
    ("requested profile", Meaning::Invalid("profiles")),
    ("image", Meaning::Image),
    ("storage pool", Meaning::Invalid("storage_pool")),
    ("network", Meaning::Invalid("network")),
];

#[derive(Clone, Copy)]
enum Meaning {
    Quota,
    Capacity,
    Conflict,
    /// A field of the form that is wrong, where the code says that something is.
    Invalid(&'static str),
    /// The same, but only where something was not found: other refusals speak of images too.
    Image,
}

/// What a refusal of the REST API, or of an operation that it had begun, means. A code that says nothing leaves open whether
/// there was an effect.
pub(super) fn meaning(code: u16, words: &str) -> ProviderError {
    let text: String = words.chars().take(MAX_WORDS).collect();
    let lower = words.to_lowercase();
    let says = |part: &str| lower.contains(&part.to_lowercase());
    // These codes are always meant.
    match code {
        401 | 403 => return ProviderError::Auth(text),
        429 => {
            return ProviderError::Throttled {
                retry_after_secs: None,
            };
        }
        503 => return ProviderError::Unavailable(text),
        _ => {}
    }
    for (part, meaning) in MEANINGS {
        if !says(part) {
            continue;
        }
        let is_missing = code == 404 || says("not found") || says("doesn't exist");
        match meaning {
            Meaning::Quota => return ProviderError::Quota(text),
            Meaning::Capacity => return ProviderError::Capacity(text),
            Meaning::Conflict => return ProviderError::Conflict(text),
            Meaning::Invalid(field) if is_missing => return invalid(field, text),
            Meaning::Image if is_missing => return invalid("image", text),
            Meaning::Invalid(_) | Meaning::Image => {}
        }
    }
    match code {
        404 => ProviderError::NotFound(text),
        409 | 412 => ProviderError::Conflict(text),
        400..=499 => invalid(config_key(words), text),
        _ => ProviderError::Unknown(text),
    }
}

/// Whether the daemon is at something else with this machine.
pub(super) fn is_busy(error: &ProviderError) -> bool {
    error.to_string().contains("Instance is busy")
}

/// What a request that got no answer means; `is_change` if it may have had an effect once it was sent.
pub(super) fn lost(error: &reqwest::Error, is_change: bool) -> ProviderError {
    let mut words = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    // The outermost ones say no more than that something went wrong.
    let words = words.pop().unwrap_or_else(|| error.to_string());
    if error.is_connect() {
        if words.contains("invalid peer certificate") {
            return ProviderError::Auth(format!(
                "the certificate it shows is not the server certificate of this config ({words})"
            ));
        }
        if words.contains("ermission denied") {
            return ProviderError::Auth(format!(
                "Weir's account may not use the socket ({words}); it must be in the group of the daemon, `lxd` or `incus-admin`"
            ));
        }
        return ProviderError::Unavailable(words);
    }
    // A daemon that demands a certificate ends a connection without a right one, after its beginning.
    if words.contains("received fatal alert") {
        return ProviderError::Auth(words);
    }
    if is_change {
        ProviderError::Unknown(words)
    } else {
        ProviderError::Unavailable(words)
    }
}

fn invalid(field: &str, text: String) -> ProviderError {
    ProviderError::Invalid {
        field: field.to_owned(),
        text,
    }
}

/// The field that a configuration key in the daemon's words comes from, as far as they name one.
fn config_key(words: &str) -> &'static str {
    let fields = [
        ("limits.cpu", "cpu_limit"),
        ("limits.memory", "memory_limit"),
        ("nknown configuration key", "config_override"),
    ];
    let found = fields.into_iter().find(|(key, _)| words.contains(key));
    found.map_or("settings", |(_, field)| field)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As LXD 5.0.2 has said them.
    const SEEN: &[(u16, &str, &str)] = &[
        (403, "not authorized", "auth"),
        (404, "Instance not found", "not found"),
        (404, "Image alias not found", "invalid image"),
        (
            404,
            "Failed loading project: Project not found",
            "not found",
        ),
        (
            500,
            "Requested profile \"nope\" doesn't exist",
            "invalid profiles",
        ),
        (
            400,
            "Failed creating instance record: Add instance info to the database: This \"instances\" entry already exists",
            "conflict",
        ),
        (
            400,
            "Failed creating instance record: Unknown configuration key: limits.bogus",
            "invalid config_override",
        ),
        (
            400,
            "Failed creating instance record: Invalid value: lots",
            "invalid settings",
        ),
        (
            400,
            "Reached maximum number of instances of type \"container\" in project \"small\"",
            "quota",
        ),
        (
            400,
            "Failed creating instance from image: write /a/b: no space left on device",
            "capacity",
        ),
        (412, "Precondition failed", "conflict"),
        (429, "slow down", "throttled"),
        (503, "LXD is shutting down", "unavailable"),
        (500, "something broke", "unknown"),
        (400, "Failed to load network limits", "invalid settings"),
    ];

    #[test]
    fn what_was_said_is_understood() {
        for (code, words, expected) in SEEN {
            let found = match meaning(*code, words) {
                ProviderError::Capacity(_) => "capacity".to_owned(),
                ProviderError::Quota(_) => "quota".to_owned(),
                ProviderError::Throttled { .. } => "throttled".to_owned(),
                ProviderError::Auth(_) => "auth".to_owned(),
                ProviderError::Invalid { field, .. } => format!("invalid {field}"),
                ProviderError::NotFound(_) => "not found".to_owned(),
                ProviderError::Conflict(_) => "conflict".to_owned(),
                ProviderError::Unavailable(_) => "unavailable".to_owned(),
                ProviderError::Unknown(_) => "unknown".to_owned(),
            };
            assert_eq!(found, *expected, "{code} {words}");
        }
    }

    #[test]
    fn long_words_are_cut() {
        let ProviderError::Unknown(text) = meaning(500, &"\u{e4}".repeat(9999)) else {
            panic!("nothing is known");
        };
        assert_eq!(text.chars().count(), MAX_WORDS);
    }
}
