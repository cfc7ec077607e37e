//! A machine of the fake cloud: what happens to it and when, settled at its making.

use domain::checkin::{CheckinReport, CheckinStatus, Progress};
use domain::connection::Address;
use domain::secret::Secret;
use domain::server::MachineId;
use domain::snapshot::MachineState;
use domain::timestamp::Timestamp;

use super::{FakeConfig, Fault};
use crate::CreateRequest;

/// A machine, also after its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeMachine {
    /// The cloud's name for it.
    pub id: MachineId,
    /// The create call.
    pub request: CreateRequest,
    /// Where it listens once it is up; no other machine of the cloud ever has this address.
    pub address: Address,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on lists show it.
    pub listed_at: Timestamp,
    /// When it is up; none if never.
    pub up_at: Option<Timestamp>,
    /// When it dies; it is still there then, and broken.
    pub dies_at: Option<Timestamp>,
    /// When its delete was accepted.
    pub delete_at: Option<Timestamp>,
    /// When it is no longer there.
    pub gone_at: Option<Timestamp>,
    /// The keys that open its account.
    pub keys: Vec<String>,
}

impl FakeMachine {
    /// The `number`th machine of a cloud.
    pub(super) fn new(
        number: u32,
        request: CreateRequest,
        config: FakeConfig,
        fault: Option<Fault>,
        now: Timestamp,
    ) -> Self {
        let plus = |time: Timestamp, millis: u32| time.plus_millis(i64::from(millis));
        let [_, a, b, c] = number.to_be_bytes();
        let mut machine = Self {
            id: MachineId(format!("fake-{number}")),
            address: Address {
                host: format!("10.{a}.{b}.{c}"),
                port: request.connection_port,
            },
            request,
            created_at: now,
            listed_at: plus(now, config.list_lag_millis),
            up_at: Some(plus(now, config.boot_millis)),
            dies_at: None,
            delete_at: None,
            gone_at: None,
            keys: Vec::new(),
        };
        match fault {
            Some(Fault::ListedLate { millis }) => {
                machine.listed_at = plus(machine.listed_at, millis);
            }
            Some(Fault::SlowBoot { millis }) => {
                machine.up_at = machine.up_at.map(|up_at| plus(up_at, millis));
            }
            Some(Fault::NeverBoots) => machine.up_at = None,
            Some(Fault::Dies { after_millis }) => {
                machine.dies_at = machine.up_at.map(|up_at| plus(up_at, after_millis));
            }
            _ => {}
        }
        machine
    }

    /// Whether it is there and so costs money, in whatever state.
    pub fn exists(&self, now: Timestamp) -> bool {
        self.gone_at.is_none_or(|gone_at| now < gone_at)
    }

    /// Whether it works: it is up, and neither dead nor being deleted.
    pub fn is_up(&self, now: Timestamp) -> bool {
        self.state(now) == MachineState::Up && self.exists(now)
    }

    /// What the cloud says of it.
    pub fn state(&self, now: Timestamp) -> MachineState {
        let is_past = |time: Option<Timestamp>| time.is_some_and(|time| time <= now);
        if is_past(self.dies_at) || is_past(self.delete_at) {
            MachineState::Broken
        } else if is_past(self.up_at) {
            MachineState::Up
        } else {
            MachineState::Pending
        }
    }

    /// What its start-up script reports, in the order of time; nothing if the script holds no token.
    pub(super) fn check_ins(
        &self,
        config: FakeConfig,
        fault: Option<Fault>,
    ) -> Vec<(Timestamp, Secret, CheckinReport)> {
        let (Some(up_at), Some(token)) = (self.up_at, token(self.request.script.expose())) else {
            return Vec::new();
        };
        if fault == Some(Fault::NeverChecksIn) {
            return Vec::new();
        }
        let end = match fault {
            Some(Fault::ScriptFails) => (100, CheckinStatus::Failed, "A package is missing"),
            _ => (100, CheckinStatus::Running, "Initialization complete"),
        };
        let steps = [
            (25, CheckinStatus::Progress, "Installing packages"),
            (50, CheckinStatus::Progress, "Preparing the desktop"),
            (75, CheckinStatus::Progress, "Starting services"),
            end,
        ];
        // A script that takes no time has no time to report progress.
        let skipped = if config.script_millis < 4 { 3 } else { 0 };
        steps[skipped..]
            .iter()
            .map(|(percent, status, message)| {
                let after = i64::from(config.script_millis) * i64::from(*percent) / 100;
                let report = CheckinReport {
                    status: *status,
                    status_message: Some((*message).to_owned()),
                    status_progress: Progress::new(*percent),
                };
                (up_at.plus_millis(after), Secret::new(token), report)
            })
            .collect()
    }
}

/// The check-in token in a rendered script: what follows the first `token=`, or else the first JSON web token.
fn token(script: &str) -> Option<&str> {
    let named = script.split("token=").skip(1);
    let bare = script.match_indices("eyJ").map(|(at, _)| &script[at..]);
    named.chain(bare).find_map(|text| {
        let is_inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let end = text.find(|c| !is_inside(c)).unwrap_or(text.len());
        let token = text[..end].trim_end_matches('.');
        let parts: Vec<&str> = token.split('.').collect();
        (parts.len() == 3 && parts.iter().all(|part| !part.is_empty())).then_some(token)
    })
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn the_token_is_found_where_scripts_put_it() {
        for (script, expected) in [
            (
                "curl 'https://a.b.c/api/set_server_status?token=eyJh.eyJp.s-_g' -d '{}'",
                Some("eyJh.eyJp.s-_g"),
            ),
            (
                "$token=$args[0]\nInvoke-WebRequest ?token=a.b.c",
                Some("a.b.c"),
            ),
            (
                "TOKEN=\"eyJh.eyJp.sig\"; curl \"x?token=$TOKEN\"",
                Some("eyJh.eyJp.sig"),
            ),
            (
                "-H 'Authorization: Bearer eyJh.eyJp.sig'.",
                Some("eyJh.eyJp.sig"),
            ),
            ("curl https://example.com/?token=", None),
            ("echo eyJh.half", None),
            ("", None),
        ] {
            assert_eq!(token(script), expected, "{script}");
        }
    }
}
