//! Times and bounds of the use cases (`docs/operating.md` says how to set them).

use domain::snapshot::LoopSettings;
use store::PersonLimits;

/// Settings of the use cases. The process reads them from its flags and variables.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Times and bounds of the loop.
    pub reconciler: LoopSettings,
    /// The longest time a create call may take, in seconds; then its outcome is unknown.
    pub create_call_secs: u32,
    /// How long a request waits for a seat, in seconds.
    pub queue_secs: u32,
    /// How long a session lasts without a keepalive, in seconds.
    pub session_secs: u32,
    /// How much a person may ask for.
    pub person: PersonLimits,
    /// A sign-in ends after this time without a request, in seconds.
    pub login_idle_secs: u32,
    /// A sign-in ends after this time at the latest, in seconds.
    pub login_secs: u32,
    /// A set-up link is good for this long, in seconds.
    pub setup_link_secs: u32,
    /// The lease of the loop, in milliseconds.
    pub lease_millis: i64,
    /// Whether provider configs of the kind `local` may be made: only on a loopback listener, or where the operator
    /// says so.
    pub allow_local_provider: bool,
    /// The address at which people and servers reach Weir, without a slash at its end.
    pub public_url: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reconciler: LoopSettings::default(),
            create_call_secs: 60,
            queue_secs: 900,
            session_secs: 12 * 3600,
            person: PersonLimits {
                sessions: 5,
                requests_per_minute: 30,
            },
            login_idle_secs: 30 * 60,
            login_secs: 12 * 3600,
            setup_link_secs: 15 * 60,
            lease_millis: 60_000,
            allow_local_provider: false,
            public_url: "http://127.0.0.1:3000".to_owned(),
        }
    }
}
