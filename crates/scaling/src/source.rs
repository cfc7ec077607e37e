//! A provider config during one pass: what it may still make, what its lists prove, and what waits for the next list.

use domain::id::ProviderId;
use domain::plan::{Finding, Reason};
use domain::server::{Origin, ServerState};
use domain::snapshot::{
    ConfigSnapshot, Hold, Listed, LoopSettings, ProviderSnapshot, ServerSnapshot, Sighting,
    Snapshot,
};
use domain::timestamp::Timestamp;

use crate::tick::Tick;

/// A list that misses no more machines than this is believed, however small the deployment.
const SHORT_LIST_MACHINES: u32 = 3;
/// A list that misses no more than this share of the machines that should be there is believed.
const SHORT_LIST_PERCENT: u64 = 30;

/// A provider config with the tallies of this pass.
pub(crate) struct Source<'a> {
    pub(crate) provider: &'a ProviderSnapshot,
    /// Creates planned in this pass.
    pub(crate) planned: u32,
    /// Servers that may still fail to become ready: the breaker's probe is one of them.
    pub(crate) starting: u32,
    pub(crate) findings: Vec<Finding>,
    /// Machines that the newest list should show and does not, if they are too many to be believed.
    is_short: bool,
    /// How long the youngest server that waits for a list has waited, in milliseconds.
    evidence_age: Option<i64>,
    /// Calls not made because the provider asked to be left alone.
    held_calls: u32,
    /// Calls that would make or delete something, not made because everything is held.
    held_changes: u32,
    rests_until: Option<Timestamp>,
}

/// What may be made from a provider config now.
pub(crate) enum Gate {
    /// Everything.
    Open,
    /// One server, to see whether creating works again.
    Probe,
    /// Nothing: the config's create call cannot be put together.
    Unprepared,
    /// Nothing: everything is held, for this reason.
    Held(Reason),
    /// Nothing: the breaker is open, until then or until its probe has come to an end.
    Broken(Option<Timestamp>),
    /// Nothing: the provider asked for it.
    Resting(Timestamp),
}

impl<'a> Source<'a> {
    fn new(provider: &'a ProviderSnapshot, now: Timestamp) -> Self {
        Self {
            provider,
            planned: 0,
            starting: 0,
            findings: Vec::new(),
            is_short: false,
            evidence_age: None,
            held_calls: 0,
            held_changes: 0,
            rests_until: provider.not_before.filter(|&until| until > now),
        }
    }

    /// Machines that count against the limit: a machine without a row costs money too, unless another Weir answers for it.
    pub(crate) fn existing(&self) -> u32 {
        let strangers = self.provider.strangers.iter();
        let strangers = strangers.filter(|one| !one.foreign && one.listed != Listed::Missing);
        let strangers = u32::try_from(strangers.count()).unwrap_or(u32::MAX);
        self.provider
            .existing
            .saturating_add(strangers)
            .saturating_add(self.planned)
    }

    /// Creates within the last hour, with those planned in this pass.
    pub(crate) fn creates_last_hour(&self) -> u32 {
        self.provider.creates_last_hour.saturating_add(self.planned)
    }

    /// When the oldest create of the last hour stops counting.
    pub(crate) fn hour_over_at(&self) -> Option<Timestamp> {
        self.provider
            .oldest_create_at
            .map(|oldest| oldest.plus_millis(Timestamp::HOUR_MILLIS))
    }

    /// What may be made now.
    pub(crate) fn gate(&self, settings: &LoopSettings, now: Timestamp) -> Gate {
        if let Some(reason) = self.held() {
            return Gate::Held(reason);
        }
        if let Some(until) = self.rests_until {
            return Gate::Resting(until);
        }
        let Some(excess) = self
            .provider
            .failures
            .checked_sub(settings.breaker_failures)
        else {
            return Gate::Open;
        };
        let opened_at = self.provider.failed_at.unwrap_or(Timestamp::from_millis(0));
        let doubled = u64::from(settings.breaker_base_secs) << excess.min(31);
        let secs = doubled.min(u64::from(settings.breaker_max_secs));
        let until = opened_at.plus_secs(u32::try_from(secs).unwrap_or(u32::MAX));
        if until > now {
            Gate::Broken(Some(until))
        } else if self.starting > 0 {
            Gate::Broken(None)
        } else {
            Gate::Probe
        }
    }

    /// Why everything is held, while it is.
    pub(crate) fn held(&self) -> Option<Reason> {
        self.provider.hold.map(|hold| match hold {
            Hold::Paused => Reason::HeldPaused,
            Hold::Observing => Reason::HeldObserving,
        })
    }

    /// Whether nobody has said yet what this database is, which was restored or copied.
    pub(crate) fn is_observing(&self) -> bool {
        self.provider.hold == Some(Hold::Observing)
    }

    /// Whether a call may be made now. A call that may not is counted and reported.
    pub(crate) fn takes_calls(&mut self) -> bool {
        if self.rests_until.is_some() {
            self.held_calls += 1;
        }
        self.rests_until.is_none()
    }

    /// The same for a call that makes or deletes a machine.
    pub(crate) fn takes_changes(&mut self) -> bool {
        if self.provider.hold.is_some() {
            self.held_changes += 1;
            return false;
        }
        self.takes_calls()
    }

    /// Whether complete lists prove that the machine is not there: two of them, so far apart that a machine of which
    /// the provider knows would be in the second. A list that misses too much proves nothing.
    pub(crate) fn proves_absent(&self, sighting: &Sighting, settings: &LoopSettings) -> bool {
        match sighting {
            Sighting::Absent {
                first_at,
                last_at,
                lists,
            } => {
                !self.is_short
                    && *lists >= 2
                    && last_at.since(*first_at)
                        >= i64::from(settings.gone_gap_millis) + self.list_lag()
            }
            Sighting::NotLookedFor | Sighting::Present { .. } => false,
        }
    }

    /// Whether complete lists since the last call show that an unanswered create call made nothing: one that began a
    /// list lag after the first of them, hence a list lag after the call.
    pub(crate) fn shows_nothing_made(&self, sighting: &Sighting, intent_at: Timestamp) -> bool {
        match sighting {
            Sighting::Absent {
                first_at, last_at, ..
            } => {
                !self.is_short
                    && last_at.since(*first_at) >= self.list_lag()
                    && last_at.since(intent_at) >= self.list_lag()
            }
            Sighting::NotLookedFor | Sighting::Present { .. } => false,
        }
    }

    /// A server has waited this long for what a list shows.
    pub(crate) fn await_evidence(&mut self, age_millis: i64) {
        let age = age_millis.max(0);
        self.evidence_age = Some(self.evidence_age.map_or(age, |youngest| youngest.min(age)));
    }

    /// How long ago the last list must have begun, in milliseconds, if something waits for the next. The longer the
    /// wait has lasted, the less a moment more matters, and the fewer calls it may cost.
    pub(crate) fn hurry_millis(&self, settings: &LoopSettings) -> Option<i64> {
        let at_rest = i64::from(settings.list_interval_secs) * 1000;
        let at_least = i64::from(settings.list_hurry_millis).min(at_rest);
        self.evidence_age
            .map(|age| (age / 8).clamp(at_least, at_rest))
    }

    /// Says that calls were held back, if they were.
    pub(crate) fn report_held(&mut self, tick: &mut Tick<'_>) {
        if let Some(reason) = self.held() {
            self.findings.push(Finding::new(reason, self.held_changes));
        }
        if let Some(until) = self.rests_until {
            tick.wake_at(until);
            self.findings
                .push(Finding::new(Reason::HeldProviderBackoff, self.held_calls).until(until));
        }
    }

    fn list_lag(&self) -> i64 {
        i64::from(self.provider.facts.list_lag_millis)
    }
}

/// All provider configs of a snapshot, found by id.
pub(crate) struct Sources<'a> {
    sorted: Vec<Source<'a>>,
}

impl<'a> Sources<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot, now: Timestamp) -> Self {
        let mut sorted: Vec<_> = snapshot
            .providers
            .iter()
            .map(|provider| Source::new(provider, now))
            .collect();
        sorted.sort_by_key(|source| source.provider.id);
        let mut sources = Self { sorted };
        // Position in `sorted` beside (machines that should be in a list, those that are not).
        let mut seen = vec![(0_u32, 0_u32); sources.sorted.len()];
        for server in snapshot.pools.iter().flat_map(|pool| &pool.servers) {
            if let Some(at) = provider_of(server).and_then(|id| sources.position(id)) {
                count(server, &mut sources.sorted[at], &mut seen[at]);
            }
        }
        for (source, (expected, missing)) in sources.sorted.iter_mut().zip(seen) {
            let doubted = source.provider.doubted;
            if is_short(expected, missing) || doubted > 0 {
                source.is_short = true;
                let missing = missing.max(doubted);
                source
                    .findings
                    .push(Finding::new(Reason::HeldShortList, missing));
            }
        }
        sources
    }

    pub(crate) fn get(&self, id: ProviderId) -> Option<&Source<'a>> {
        self.position(id).map(|at| &self.sorted[at])
    }

    pub(crate) fn get_mut(&mut self, id: ProviderId) -> Option<&mut Source<'a>> {
        self.position(id).map(|at| &mut self.sorted[at])
    }

    /// Why what this config would do is held with everything else, while it is.
    pub(crate) fn held(&self, config: &ConfigSnapshot) -> Option<Reason> {
        self.get(config.provider).and_then(Source::held)
    }

    fn position(&self, id: ProviderId) -> Option<usize> {
        self.sorted
            .binary_search_by_key(&id, |source| source.provider.id)
            .ok()
    }
}

impl<'a> IntoIterator for Sources<'a> {
    type Item = Source<'a>;
    type IntoIter = std::vec::IntoIter<Source<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.sorted.into_iter()
    }
}

/// The provider config that made a server; none for a fixed one.
pub(crate) const fn provider_of(server: &ServerSnapshot) -> Option<ProviderId> {
    match server.origin {
        Origin::Scaled { provider, .. } => Some(provider),
        Origin::Fixed => None,
    }
}

fn count(server: &ServerSnapshot, source: &mut Source<'_>, seen: &mut (u32, u32)) {
    match server.state {
        ServerState::Requested | ServerState::Unknown | ServerState::Provisioning { .. } => {
            source.starting += 1;
        }
        ServerState::Booting { .. } => {
            source.starting += 1;
            look(server, seen);
        }
        _ => look(server, seen),
    }
}

fn look(server: &ServerSnapshot, (expected, missing): &mut (u32, u32)) {
    if !should_be_listed(server) {
        return;
    }
    *expected += 1;
    if matches!(server.sighting, Sighting::Absent { .. }) {
        *missing += 1;
    }
}

/// Whether a list that is right shows its machine: it has come up, and nobody has taken it away yet.
pub fn should_be_listed(server: &ServerSnapshot) -> bool {
    match server.state {
        ServerState::Booting { .. }
        | ServerState::Running { .. }
        | ServerState::Draining { .. } => true,
        ServerState::Requested
        | ServerState::Unknown
        | ServerState::Provisioning { .. }
        | ServerState::Deleting { .. }
        | ServerState::Failed { .. }
        | ServerState::Deleted { .. } => false,
    }
}

/// Whether a list that misses so many of the machines that it should show is too short to be believed.
pub fn is_short(expected: u32, missing: u32) -> bool {
    missing > SHORT_LIST_MACHINES
        && u64::from(missing) * 100 > u64::from(expected) * SHORT_LIST_PERCENT
}
