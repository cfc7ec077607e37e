//! One plain sentence for each finding, with its numbers: the same words in the UI, the API and the log.

use super::{ConfigReport, Downscale, Finding, Reason, Upscale};
use crate::count::counted;

/// What a finding says, in one sentence. With the report of its config the sentence shows the arithmetic; without it,
/// what the finding alone knows.
pub fn sentence(finding: &Finding, config: Option<&ConfigReport>) -> String {
    let text = match finding.reason {
        reason @ (Reason::GrewBelowMinimum
        | Reason::GrewWaiting
        | Reason::GrewProbe
        | Reason::HeldEnough
        | Reason::HeldEnoughStarting
        | Reason::HeldAtLimit
        | Reason::HeldCreatesPerHour
        | Reason::HeldBreakerOpen) => growth(reason, finding.count, config.map(|one| &one.up)),
        Reason::HeldDryRun => dry_run(finding, config),
        Reason::HeldProviderBackoff => match config {
            Some(_) => format!(
                "{} held back: the provider asked to be left alone",
                wanted(finding.count)
            ),
            None => format!(
                "The provider asked to be left alone; {} held back",
                counted(finding.count, "call", "calls")
            ),
        },
        Reason::HeldPaused => held(
            finding,
            config,
            "everything is paused",
            "Everything is paused",
        ),
        Reason::HeldObserving => held(finding, config, "Weir only observes", "Weir only observes"),
        Reason::HeldDisabled => match finding.server_id {
            Some(_) => "The server has served its person and stays: its config is disabled".into(),
            None if finding.count == 0 => "The config is disabled".into(),
            None => format!(
                "The config is disabled; enabled, it makes {}",
                counted(finding.count, "server", "servers")
            ),
        },
        Reason::HeldUnprepared => {
            let problem = config.and_then(|config| config.problem.as_deref());
            format!(
                "{} held back: the create call cannot be put together{}",
                wanted(finding.count),
                problem.map_or(String::new(), |problem| format!(
                    ": {}",
                    problem.trim_end_matches('.')
                ))
            )
        }
        Reason::HeldShortList => format!(
            "The provider's list misses {}, too many at once to be believed; nothing is concluded from it",
            counted(finding.count, "server", "servers")
        ),
        reason @ (Reason::ShrankSurplus
        | Reason::KeptBackoff
        | Reason::KeptInUse
        | Reason::KeptMinimum
        | Reason::BackoffStarted
        | Reason::BackoffCleared) => surplus(reason, finding.count, config.map(|one| &one.down)),
        reason => single(reason, finding.count).into_owned(),
    };
    let first = if is_of_who_waits(finding) && finding.count > 1 {
        "the first "
    } else {
        ""
    };
    match finding.until {
        Some(until) => format!("{text} ({first}until {}).", until.in_words()),
        None => format!("{text}."),
    }
}

/// The same findings, where people who wait for the same reason are one: so many, and until when the first of them does.
pub fn gathered<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for finding in findings {
        let is_same = |one: &&mut Finding| one.reason == finding.reason;
        let waits = is_of_who_waits(finding);
        match waits.then(|| all.iter_mut().find(is_same)).flatten() {
            Some(one) => {
                one.count = one.count.saturating_add(finding.count);
                one.session_id = None;
                one.until = one.until.into_iter().chain(finding.until).min();
            }
            None => all.push(finding.clone()),
        }
    }
    all
}

const fn is_of_who_waits(finding: &Finding) -> bool {
    matches!(
        finding.reason,
        Reason::QueuedInFlight | Reason::QueuedAggressive | Reason::QueuedHeld
    )
}

/// Why somebody waits, in words for them: without the numbers of scaling, which are those of configs and providers and not of what
/// they see. `held` is what holds the pool back.
pub fn to_whom_waits(reason: Reason, held: Option<Reason>) -> String {
    let taken = "All computers of this pool are taken";
    let when = "You are served when one is free.";
    match (reason, held) {
        (Reason::QueuedInFlight | Reason::QueuedAggressive, _) => {
            "A computer is being prepared.".to_owned()
        }
        (_, Some(Reason::HeldAtLimit)) => {
            format!("{taken}, and there may be no more of them. {when}")
        }
        (_, Some(Reason::HeldBreakerOpen)) => {
            "New computers fail to start at the moment.".to_owned()
        }
        (_, Some(Reason::HeldUnprepared)) => {
            "New computers cannot be made until an administrator has mended the settings of this pool."
                .to_owned()
        }
        (_, Some(Reason::HeldCreatesPerHour)) => {
            format!("{taken}, and as many new ones as an hour allows have been made. {when}")
        }
        (_, Some(Reason::HeldProviderBackoff)) => {
            "New computers cannot be made for a while.".to_owned()
        }
        (
            _,
            Some(
                Reason::HeldDisabled
                | Reason::HeldDryRun
                | Reason::HeldPaused
                | Reason::HeldObserving,
            )
            | None,
        ) => format!("{taken}, and no new ones are made. {when}"),
        (_, Some(_)) => format!("{taken}. {when}"),
    }
}

fn growth(reason: Reason, count: u32, up: Option<&Upscale>) -> String {
    let servers = counted(count, "server", "servers");
    let text = match reason {
        Reason::GrewBelowMinimum => format!("{servers} made to keep the minimum free"),
        Reason::GrewWaiting => format!("{servers} made for people who wait"),
        Reason::GrewProbe => {
            format!("{servers} made to see whether creating works again after the failures")
        }
        Reason::HeldEnough => "Free seats cover the minimum, and nobody waits".into(),
        Reason::HeldEnoughStarting => "Seats on their way cover what is missing".into(),
        Reason::HeldAtLimit => match up {
            Some(up) => format!(
                "{} held back: the limit of {} of the provider config {}",
                wanted(count),
                counted(up.max_instances, "instance", "instances"),
                at_limit(up)
            ),
            None => format!(
                "{} held back: max instances of the provider config is reached",
                wanted(count)
            ),
        },
        Reason::HeldCreatesPerHour => match up {
            Some(up) => format!(
                "{} held back: {} of {} creates an hour are used",
                wanted(count),
                up.creates_last_hour,
                up.creates_per_hour
            ),
            None => format!(
                "{} held back: the creates of this hour are used",
                wanted(count)
            ),
        },
        _ => format!(
            "{} held back: too many servers in a row did not become ready",
            wanted(count)
        ),
    };
    match up {
        Some(up) => format!("{text}: {}", arithmetic(up)),
        None => text,
    }
}

/// How a limit holds, counting what is made now; where something else keeps it from being reached, how much it leaves.
fn at_limit(up: &Upscale) -> String {
    let existing = up.existing.saturating_add(up.create);
    match up.max_instances.saturating_sub(existing) {
        0 => format!("is reached with {existing}"),
        room => format!("leaves room for {room} beside {existing}"),
    }
}

/// `2 minimum, 1 waiting, 0 free, 0 on their way, 4 per server`.
fn arithmetic(up: &Upscale) -> String {
    format!(
        "{} minimum, {} waiting, {} free, {} on their way, {} per server",
        up.minimum, up.waiting, up.free_seats, up.seats_in_flight, up.seats_per_server
    )
}

fn dry_run(finding: &Finding, config: Option<&ConfigReport>) -> String {
    let servers = counted(finding.count, "server", "servers");
    match config {
        _ if finding.server_id.is_some() => {
            "Dry run: the server has served its person and would be drained".into()
        }
        Some(config) if config.up.servers_wanted > 0 => {
            format!(
                "Dry run: {servers} would be made: {}",
                arithmetic(&config.up)
            )
        }
        Some(_) => format!("Dry run: {servers} would be drained as surplus"),
        None => format!("Dry run: {servers} would be made or drained"),
    }
}

/// What is held everywhere, and by what; `begins` are the same words at the beginning of a sentence.
fn held(finding: &Finding, config: Option<&ConfigReport>, by: &str, begins: &str) -> String {
    match config {
        _ if finding.server_id.is_some() => {
            format!("{begins}: the server has served its person and stays")
        }
        Some(config) if config.up.servers_wanted > 0 => {
            format!("{} held back: {by}", wanted(finding.count))
        }
        Some(_) => format!(
            "{begins}: {} would be drained as surplus",
            counted(finding.count, "server", "servers")
        ),
        None if finding.count == 0 => begins.to_owned(),
        None => format!(
            "{begins}; {} held back",
            counted(finding.count, "call", "calls")
        ),
    }
}

fn surplus(reason: Reason, count: u32, down: Option<&Downscale>) -> String {
    let servers = counted(count, "server", "servers");
    let backoff = down.map_or_else(
        || "the downscale backoff".to_owned(),
        |down| format!("the downscale backoff of {} s", down.backoff_secs),
    );
    match reason {
        Reason::ShrankSurplus => format!("{servers} drained: surplus for longer than {backoff}"),
        Reason::KeptBackoff => format!("{servers} could go and stay while {backoff} runs"),
        Reason::KeptInUse => format!("{servers} could go, but people have sessions there"),
        Reason::KeptMinimum => format!("{servers} kept: without them the minimum is not covered"),
        Reason::BackoffStarted => format!("{servers} could go: {backoff} begins"),
        _ => format!("No server is left that could go: {backoff} is cleared"),
    }
}

/// What concerns one server, session or machine, or nothing but the provider.
fn single(reason: Reason, count: u32) -> std::borrow::Cow<'static, str> {
    match reason {
        Reason::ShrankSingleUse => "Drained: a single-use server whose person has left",
        Reason::ShrankDrained => "Deleted: drained, and nobody is on it any more",
        Reason::ShrankFailed => "Deleted: the server cannot be used",
        Reason::KeptDraining => {
            return format!(
                "Drains; {} still open",
                counted(count, "session", "sessions")
            )
            .into();
        }
        Reason::KeptGrace if count > 0 => {
            return format!(
                "An admin deletes it: it goes with its {}, unless it is taken back",
                counted(count, "open session", "open sessions")
            )
            .into();
        }
        Reason::KeptGrace => "An admin drained or deleted it: it goes, unless it is taken back",
        Reason::FailedCreateLost => {
            "Given up: the create call was not answered, and two lists do not show the machine"
        }
        Reason::FailedLaunchTimeout => "Failed: accepted, but not up within the launch time",
        Reason::FailedCheckinTimeout => "Failed: not ready within the provision time-out",
        Reason::FailedMachineLost => "Failed: the machine stopped or went away by itself",
        Reason::CalledCreateAgain => "The create call is made again, unchanged",
        Reason::CalledLookFirst => {
            "An earlier create call was not answered: a complete list must show what became of it"
        }
        Reason::CalledDelete => "The provider is asked to delete the machine",
        Reason::SeenInList => "The provider's list shows the machine",
        Reason::GoneAbsentTwice => "Gone: two complete lists do not show the machine",
        Reason::GoneNotProven => "Not proven to be gone: another complete list is needed",
        Reason::ProbedPort => "No check-in is required: the connection port is probed",
        Reason::AuthorizedKeys => "The keys of the people with sessions are put on the server",
        Reason::AssignedFreeSeat => "A free seat is assigned",
        Reason::QueuedInFlight => {
            return format!("{} for a seat that is on its way", waits(count)).into();
        }
        Reason::QueuedAggressive => {
            return format!("{}: a server is made for them", waits(count)).into();
        }
        Reason::QueuedHeld => {
            return format!("{}, although the pool cannot grow now", waits(count)).into();
        }
        Reason::RefusedNoCapacityComing => "Turned away: no seat is free or on its way",
        Reason::EndedQueueTimeout => "Ended: no seat came within the queue time-out",
        Reason::EndedExpired => "Ended: the session's time is over",
        Reason::EndedServerLost => "Ended: the session's server is lost",
        Reason::EndedRemoval => "Ended: an admin deletes the session's server",
        Reason::OrphanQuarantined => {
            "A machine carries our tag and has no row; it is left alone for the grace time"
        }
        Reason::OrphanKept => "A machine carries our tag and has no row; an admin keeps it",
        Reason::OrphanAwaitsList => {
            "A machine with our tag and without a row is to be deleted once a complete list shows it again"
        }
        Reason::OrphanDeleted => "A machine with our tag and without a row is deleted",
        Reason::OrphanForeign => {
            "A machine carries our tag, and another Weir may have made it: it is left alone"
        }
        Reason::ListedDue => "A fresh list is due",
        Reason::ListedForEvidence => "A fresh list is fetched: something waits for what it shows",
        // The others are told with their arithmetic above.
        other => other.code(),
    }
    .into()
}

fn waits(count: u32) -> String {
    counted(count, "person waits", "people wait")
}

fn wanted(count: u32) -> String {
    match count {
        1 => "1 more server is".into(),
        _ => format!("{count} more servers are"),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::id::{ConfigId, ProviderId, ServerId, ZoneId};
    use crate::timestamp::Timestamp;

    fn report() -> ConfigReport {
        ConfigReport {
            config_id: ConfigId::from_uuid(Uuid::nil()),
            config_version: 1,
            zone_id: ZoneId::from_uuid(Uuid::nil()),
            provider_id: ProviderId::from_uuid(Uuid::nil()),
            up: Upscale {
                minimum: 10,
                waiting: 2,
                want: 12,
                seats_per_server: 4,
                servers_wanted: 3,
                max_instances: 8,
                existing: 8,
                creates_per_hour: 60,
                gate: 8,
                ..Upscale::default()
            },
            down: Downscale::default(),
            findings: Vec::new(),
            problem: None,
        }
    }

    #[test]
    fn the_numbers_are_in_the_sentence() {
        let finding = Finding::new(Reason::HeldAtLimit, 3);
        assert_eq!(
            sentence(&finding, Some(&report())),
            "3 more servers are held back: the limit of 8 instances of the provider config is reached with 8: \
             10 minimum, 2 waiting, 0 free, 0 on their way, 4 per server."
        );
        // Two are made, and the limit is reached with these.
        let mut growing = report();
        growing.up.existing = 6;
        growing.up.create = 2;
        assert!(
            sentence(&Finding::new(Reason::HeldAtLimit, 1), Some(&growing))
                .contains("the limit of 8 instances of the provider config is reached with 8")
        );
        // Something else holds more back, such as the pause of everything: the limit is not reached.
        let mut paused = report();
        paused.up.existing = 6;
        assert!(
            sentence(&Finding::new(Reason::HeldAtLimit, 1), Some(&paused)).contains(
                "the limit of 8 instances of the provider config leaves room for 2 beside 6"
            )
        );
        let broken = ConfigReport {
            problem: Some("The script is too long.".to_owned()),
            ..report()
        };
        assert_eq!(
            sentence(&Finding::new(Reason::HeldUnprepared, 1), Some(&broken)),
            "1 more server is held back: the create call cannot be put together: The script is too long."
        );
        let until = Timestamp::from_millis(0);
        let finding = Finding::new(Reason::KeptBackoff, 1).until(until);
        assert_eq!(
            sentence(&finding, None),
            "1 server could go and stay while the downscale backoff runs (until 1970-01-01 00:00:00 UTC)."
        );
    }

    #[test]
    fn who_waits_is_told_what_holds_the_pool_back_without_its_jargon() {
        let told = |held| to_whom_waits(Reason::QueuedHeld, Some(held));
        assert_eq!(
            told(Reason::HeldAtLimit),
            "All computers of this pool are taken, and there may be no more of them. You are served when one is free."
        );
        assert_eq!(
            told(Reason::HeldBreakerOpen),
            "New computers fail to start at the moment."
        );
        assert_eq!(
            to_whom_waits(Reason::QueuedHeld, None),
            told(Reason::HeldDisabled)
        );
        for &reason in Reason::ALL {
            for text in [to_whom_waits(reason, None), told(reason)] {
                assert!(!text.contains("server") && text.ends_with('.'), "{text}");
            }
        }
    }

    #[test]
    fn people_who_wait_for_the_same_reason_are_told_of_once() {
        let held =
            |millis| Finding::new(Reason::QueuedHeld, 1).until(Timestamp::from_millis(millis));
        let coming = Finding::new(Reason::QueuedInFlight, 1);
        let seated = Finding::new(Reason::AssignedFreeSeat, 1);
        let all = [held(2000), coming, seated.clone(), held(1000), seated];
        let told: Vec<String> = gathered(&all)
            .iter()
            .map(|one| sentence(one, None))
            .collect();
        assert_eq!(
            told,
            [
                "2 people wait, although the pool cannot grow now (the first until 1970-01-01 00:00:01 UTC).",
                "1 person waits for a seat that is on its way.",
                "A free seat is assigned.",
                "A free seat is assigned.",
            ]
        );
    }

    #[test]
    fn every_reason_has_its_own_sentence() {
        let report = report();
        for of_config in [None, Some(&report)] {
            let mut told = std::collections::BTreeSet::new();
            for &reason in Reason::ALL {
                let text = sentence(&Finding::new(reason, 2), of_config);
                assert!(!text.contains(reason.code()), "{text}");
                assert!(text.ends_with('.') && !text.contains('!'), "{text}");
                assert!(told.insert(text), "{reason} says what another reason says");
            }
        }
        let server = ServerId::from_uuid(Uuid::nil());
        let finding = Finding::new(Reason::HeldDryRun, 1).of_server(server);
        assert!(sentence(&finding, None).contains("served its person"));
    }
}
