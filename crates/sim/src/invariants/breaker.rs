//! The invariant of the breaker. It is counted here from what became of servers, and not read from Weir's own count.

use std::collections::BTreeMap;

use domain::id::{ProviderId, ServerId};
use domain::server::{Origin, ServerState};
use domain::snapshot::{LoopSettings, ServerSnapshot};
use domain::timestamp::Timestamp;

use super::{Gone, Invariant, Look};

/// What is known of each provider, by what became of its servers.
#[derive(Default)]
pub(super) struct Breakers {
    providers: BTreeMap<ProviderId, Breaker>,
    /// Who made each server on its way.
    makers: BTreeMap<ServerId, ProviderId>,
}

#[derive(Default)]
struct Breaker {
    /// An admin's change of the provider config begins anew.
    version: i64,
    /// Servers in a row that did not become ready.
    failures: u32,
    failed_at: Option<Timestamp>,
}

/// What became of the servers of a provider since the last look.
#[derive(Default, Clone, Copy)]
struct Ends {
    ready: u32,
    failed: u32,
    made: u32,
    starting: u32,
}

impl Breakers {
    /// Judges what was made since the last look by what was known then, and takes in what became of the others.
    pub(super) fn judge(
        &mut self,
        look: &Look,
        gone: &Gone,
        before: &BTreeMap<ServerId, ServerState>,
        violated: &mut impl FnMut(Invariant, String),
    ) {
        let ends = self.ends(look, gone, before);
        for provider in &look.stored.providers {
            let ends = ends.get(&provider.id).copied().unwrap_or_default();
            let breaker = self.providers.entry(provider.id).or_default();
            if breaker.version != provider.version {
                *breaker = Breaker {
                    version: provider.version,
                    ..Breaker::default()
                };
                continue;
            }
            if ends.made > 0
                && let Some(until) = breaker.open_until()
            {
                let what = format!(
                    "{} makes {} servers after {} failures in a row, {} are on their way",
                    provider.id, ends.made, breaker.failures, ends.starting
                );
                if look.now < until || ends.starting > 1 {
                    violated(Invariant::BreakerHolds, what);
                }
            }
            // In which order several ends came between two looks is not known: where one was good, all is.
            if ends.ready > 0 {
                breaker.failures = 0;
            } else if ends.failed > 0 {
                breaker.failures += ends.failed;
                breaker.failed_at = Some(look.now);
            }
        }
    }

    fn ends(
        &mut self,
        look: &Look,
        gone: &Gone,
        before: &BTreeMap<ServerId, ServerState>,
    ) -> BTreeMap<ProviderId, Ends> {
        let mut all: BTreeMap<ProviderId, Ends> = BTreeMap::new();
        for (_, server) in look.servers() {
            let Some(provider) = maker(server) else {
                continue;
            };
            let ends = all.entry(provider).or_default();
            ends.starting += u32::from(is_starting(&server.state));
            match before.get(&server.id) {
                None => {
                    ends.made += 1;
                    self.makers.insert(server.id, provider);
                }
                Some(was) if is_starting(was) => match server.state {
                    ServerState::Running { .. } | ServerState::Draining { .. } => ends.ready += 1,
                    ServerState::Failed { .. } => ends.failed += 1,
                    _ => {}
                },
                Some(_) => {}
            }
        }
        for id in gone.servers.keys() {
            let was = before.get(id);
            if let Some(provider) = self.makers.remove(id)
                && was.is_some_and(is_starting)
            {
                all.entry(provider).or_default().failed += 1;
            }
        }
        all
    }
}

impl Breaker {
    /// Where too many have failed: until when nothing may be made.
    fn open_until(&self) -> Option<Timestamp> {
        let settings = LoopSettings::default();
        let excess = self.failures.checked_sub(settings.breaker_failures)?;
        let secs = settings.breaker_base_secs << excess.min(8);
        let at = self.failed_at?;
        Some(at.plus_secs(secs.min(settings.breaker_max_secs)))
    }
}

const fn maker(server: &ServerSnapshot) -> Option<ProviderId> {
    match server.origin {
        Origin::Scaled { provider, .. } => Some(provider),
        Origin::Fixed => None,
    }
}

const fn is_starting(state: &ServerState) -> bool {
    matches!(
        state,
        ServerState::Requested
            | ServerState::Unknown
            | ServerState::Provisioning { .. }
            | ServerState::Booting { .. }
    )
}
