//! What the settings of a config mean, before it is saved and without looking at anything that runs: how much is kept ready
//! and how far it grows. The arithmetic is the loop's own ([`SeatLimits::seats_of_new`], [`Upscale`]).

use super::{ConfigWarning, FORM};
use crate::count::counted;
use crate::form::Draft;
use crate::plan::Upscale;
use crate::server::SeatLimits;
use serde_json::Value;

/// What a config would come to, were it the only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// Minimum Available Sessions.
    pub minimum: u32,
    /// The limits of a server.
    pub limits: SeatLimits,
    /// Whether a server serves again after a session.
    pub reusable: bool,
    /// Whether people wait for a new server where none has a free seat.
    pub aggressive: bool,
    /// Seats of a new server.
    pub seats_per_server: u32,
    /// Max Instances of the provider config, once one is chosen.
    pub max_instances: Option<u32>,
    /// Servers that the minimum takes, before any limit.
    pub servers_wanted: u32,
    /// Servers that are kept ready.
    pub servers_ready: u32,
}

impl Forecast {
    /// What a half-filled form means; none while a number that it takes is wrong.
    pub fn of(draft: &Draft, max_instances: Option<u32>) -> Option<Self> {
        let number = |key| FORM.number(key, draft);
        let is_on = |key| {
            let field = FORM.field(key);
            field.and_then(|field| FORM.value(field, draft)) == Some(Value::Bool(true))
        };
        let users = FORM.field("max_simultaneous_users")?;
        let limits = SeatLimits {
            max_sessions: number("max_simultaneous_sessions_per_server")?,
            max_users: if FORM.is_shown(users, draft) {
                Some(number(users.key)?)
            } else {
                None
            },
        };
        let (minimum, reusable) = (number("minimum_available_sessions")?, is_on("reusable"));
        // Nothing runs yet, and how many servers an hour may be made only says how long it takes.
        let bound = max_instances.unwrap_or(u32::MAX);
        let up = Upscale {
            minimum,
            seats_per_server: limits.seats_of_new(reusable),
            max_instances: bound,
            creates_per_hour: u32::MAX,
            gate: bound,
            ..Upscale::default()
        };
        Some(Self {
            minimum,
            limits,
            reusable,
            aggressive: is_on("aggressive_scaling"),
            seats_per_server: up.seats_per_server,
            max_instances,
            servers_wanted: up.servers_for_want(),
            servers_ready: up.recompute(),
        })
    }

    /// Sessions that find a seat at once.
    pub const fn sessions_ready(&self) -> u32 {
        self.servers_ready.saturating_mul(self.seats_per_server)
    }

    /// Sessions with all the servers that the provider may have.
    pub fn most_sessions(&self) -> Option<u32> {
        let most = |servers: u32| servers.saturating_mul(self.seats_per_server);
        self.max_instances.map(most)
    }

    /// What should be looked at, though it forbids nothing.
    pub fn warnings(&self) -> Vec<ConfigWarning> {
        let mut warnings = Vec::new();
        let mut warn = |key: &str, message: String| {
            let key = key.to_owned();
            warnings.push(ConfigWarning { key, message });
        };
        let minimum = self.minimum;
        if let (Some(servers), Some(most)) = (self.max_instances, self.most_sessions())
            && most < minimum
        {
            let (servers, most) = (
                counted(servers, "server", "servers"),
                counted(most, "session", "sessions"),
            );
            warn(
                "minimum_available_sessions",
                format!(
                    "{minimum} sessions can never be kept ready: this provider's limit of {servers} allows {most}. Raise its Max Instances, or keep fewer ready."
                ),
            );
        }
        if minimum == 0 && !self.aggressive {
            warn(
                "aggressive_scaling",
                "No server is ever made: none is kept ready, and with Aggressive Scaling off nobody waits for a new one. Switch it on, or keep sessions ready."
                    .to_owned(),
            );
        }
        if !self.reusable && self.limits.seats() > 1 {
            warn(
                "reusable",
                "A server serves one person and is then removed, so the limits have no effect on other people. Switch Reusable on to share servers."
                    .to_owned(),
            );
        }
        if let Some(users) = self.limits.max_users
            && self.reusable
            && users > self.limits.max_sessions
        {
            let (users, sessions) = (
                users,
                counted(self.limits.max_sessions, "session", "sessions"),
            );
            warn(
                "max_simultaneous_users",
                format!("{users} people never fit on a server that holds {sessions}."),
            );
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(minimum: u32, sessions: u32, users: u32) -> Draft {
        Draft::new()
            .with("connection_type", "ssh")
            .with("reusable", true)
            .with("minimum_available_sessions", minimum)
            .with("max_simultaneous_sessions_per_server", sessions)
            .with("max_simultaneous_users", users)
    }

    fn of(draft: &Draft, max_instances: Option<u32>) -> Forecast {
        Forecast::of(draft, max_instances).expect("numbers")
    }

    fn warned(draft: &Draft, max_instances: Option<u32>) -> Vec<String> {
        let warnings = of(draft, max_instances).warnings();
        warnings.into_iter().map(|warning| warning.key).collect()
    }

    #[test]
    fn servers_are_kept_for_whole_minimums() {
        let forecast = of(&draft(10, 4, 4), Some(8));
        assert_eq!((forecast.servers_ready, forecast.sessions_ready()), (3, 12));
        assert_eq!(forecast.most_sessions(), Some(32));
        assert_eq!(forecast.warnings(), []);
    }

    #[test]
    fn the_lower_limit_counts_and_a_single_use_server_is_one_seat() {
        assert_eq!(of(&draft(10, 5, 2), None).seats_per_server, 2);
        let single = draft(3, 5, 2).with("reusable", false);
        let forecast = of(&single, None);
        assert_eq!((forecast.seats_per_server, forecast.servers_ready), (1, 3));
        assert_eq!(warned(&single, None), ["reusable"]);
        // Who shares nothing is not counted.
        let desktop = draft(3, 5, 2).with("connection_type", "kasmvnc");
        assert_eq!(of(&desktop, None).seats_per_server, 5);
    }

    #[test]
    fn max_instances_is_a_wall_and_a_minimum_beyond_it_is_told() {
        let forecast = of(&draft(40, 4, 4), Some(8));
        assert_eq!((forecast.servers_wanted, forecast.servers_ready), (10, 8));
        let [warning] = forecast.warnings().try_into().expect("one");
        assert_eq!(warning.key, "minimum_available_sessions");
        assert!(
            warning
                .message
                .contains("limit of 8 servers allows 32 sessions"),
            "{}",
            warning.message
        );
        assert_eq!(warned(&draft(32, 4, 4), Some(8)), [""; 0]);
        assert_eq!(of(&draft(40, 4, 4), None).most_sessions(), None);
    }

    #[test]
    fn what_makes_no_server_and_what_never_fits_is_told() {
        let idle = draft(0, 4, 4).with("aggressive_scaling", false);
        assert_eq!(warned(&idle, None), ["aggressive_scaling"]);
        assert_eq!(warned(&draft(0, 4, 4), None), [""; 0]);
        assert_eq!(warned(&draft(1, 2, 3), None), ["max_simultaneous_users"]);
    }

    #[test]
    fn a_wrong_number_has_no_forecast() {
        for value in [Value::from(-1), Value::from("many"), Value::from("")] {
            let draft = draft(1, 1, 1).with("minimum_available_sessions", value);
            assert_eq!(Forecast::of(&draft, None), None);
        }
        // One that is not there does not count.
        let desktop = draft(1, 1, 1).with("connection_type", "vnc");
        assert!(Forecast::of(&desktop.with("max_simultaneous_users", "many"), None).is_some());
        assert!(Forecast::of(&Draft::new(), None).is_some(), "the defaults");
    }
}
