//! Orphans as the loop sees them: what a complete list shows without a row, and which rows' machines it does not show.
//!
//! The store keeps them, so that the grace time outlives a process and any process can answer for them. What is written is
//! what differs from the store; how often and when an orphan was last seen is written once a minute at most.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{GenerationId, OrphanId, ProviderId, ServerId};
use domain::orphan::{LISTS, OrphanDecision};
use domain::server::{MachineId, ServerState};
use domain::snapshot::{Hold, Listed, ServerSnapshot, Sighting, Stranger};
use domain::timestamp::Timestamp;
use providers::{Listing, Machine};
use store::{OrphanRow, OrphanSide, OrphanWrite, StoredSnapshot};

use super::observe::{ProviderMemory, servers_of};
use super::outcome::DELETE_AGAIN_SECS;

/// That an orphan is still one is written again after this long, in milliseconds.
const NOTE_MILLIS: i64 = 60_000;

/// What this process remembers of a machine without a row.
pub(crate) struct StrangerMemory {
    /// The generation in its tags.
    generation: Option<GenerationId>,
    first_seen_at: Timestamp,
    lists: u32,
    /// Lists in a row that do not show it, if the newest does not.
    missing: Option<Missing>,
    pub delete_in_flight: bool,
    /// It was asked to go, and is not asked again before.
    pub retry_at: Option<Timestamp>,
}

#[derive(Clone, Copy)]
struct Missing {
    first_at: Timestamp,
    last_at: Timestamp,
    lists: u32,
}

/// How long a machine without a row must be missing from lists before it is forgotten, in milliseconds.
pub(super) struct Waits {
    /// As for any machine that is gone.
    pub gone: i64,
    /// Where an admin keeps it. That is not forgotten because lists lag.
    pub kept_gone: i64,
}

/// A complete list beside what the store knew after it.
pub(super) struct Seen<'a> {
    pub provider: ProviderId,
    pub list: &'a Listing,
    pub stored: &'a StoredSnapshot,
    pub waits: Waits,
}

/// Compares a list, whose sightings are noted already, with the orphans that are known. Gives what the store does not know.
pub(super) fn compare(
    memory: &mut ProviderMemory,
    seen: &Seen<'_>,
    new_id: &mut dyn FnMut() -> OrphanId,
) -> Vec<OrphanWrite> {
    let rows = seen.stored.orphans.iter();
    let (machines, servers): (Vec<&OrphanRow>, Vec<&OrphanRow>) = rows
        .filter(|row| row.provider == seen.provider)
        .partition(|row| row.side == OrphanSide::Machine);
    let mut writes = strangers_of(memory, seen, &machines, new_id);
    writes.extend(missing_of(memory, seen, &servers, new_id));
    writes
}

/// All machines of a provider config that no row claims, by machine: those in the store, with what this process has seen of
/// them, and those that are not in the store yet.
pub(super) fn strangers(
    memory: Option<&ProviderMemory>,
    provider: ProviderId,
    stored: &StoredSnapshot,
) -> Vec<Stranger> {
    let mut all = BTreeMap::new();
    let foreign = |generation: Option<GenerationId>| generation != Some(stored.generation);
    let rows = stored.orphans.iter();
    for row in rows.filter(|row| row.provider == provider) {
        if let (OrphanSide::Machine, Some(machine)) = (row.side, &row.machine) {
            let stranger = of_row(row, machine, foreign(row.generation));
            all.insert(machine.clone(), stranger);
        }
    }
    for (machine, seen) in memory.iter().flat_map(|memory| &memory.strangers) {
        let stranger = all
            .entry(machine.clone())
            .or_insert_with(|| of_memory(machine, seen, foreign(seen.generation)));
        stranger.lists = stranger.lists.max(seen.lists);
        stranger.listed = if seen.missing.is_some() {
            Listed::Missing
        } else {
            Listed::Shown
        };
        stranger.delete_in_flight = seen.delete_in_flight;
        stranger.retry_at = seen.retry_at;
    }
    all.into_values().collect()
}

fn of_row(row: &OrphanRow, machine: &MachineId, foreign: bool) -> Stranger {
    Stranger {
        machine: machine.clone(),
        foreign,
        first_seen_at: row.first_seen_at,
        lists: row.lists,
        listed: Listed::NotLookedFor,
        decision: row.decision,
        decided_at: row.decided_at,
        delete_in_flight: false,
        retry_at: retry_at(row),
    }
}

fn of_memory(machine: &MachineId, seen: &StrangerMemory, foreign: bool) -> Stranger {
    Stranger {
        machine: machine.clone(),
        foreign,
        first_seen_at: seen.first_seen_at,
        lists: seen.lists,
        listed: Listed::Shown,
        decision: OrphanDecision::Quarantine,
        decided_at: None,
        delete_in_flight: false,
        retry_at: None,
    }
}

/// Asked by whichever process, it is not asked again before.
fn retry_at(row: &OrphanRow) -> Option<Timestamp> {
    row.asked_at.map(|at| at.plus_secs(DELETE_AGAIN_SECS))
}

/// Machines that the list shows without a row, and those that it showed before.
fn strangers_of(
    memory: &mut ProviderMemory,
    seen: &Seen<'_>,
    rows: &[&OrphanRow],
    new_id: &mut dyn FnMut() -> OrphanId,
) -> Vec<OrphanWrite> {
    let at = seen.list.started_at;
    let rows: BTreeMap<&MachineId, &OrphanRow> = rows
        .iter()
        .filter_map(|row| Some((row.machine.as_ref()?, *row)))
        .collect();
    let claimed: BTreeSet<&MachineId> = servers_of(seen.stored, seen.provider)
        .filter_map(|server| match memory.sightings.get(&server.id)? {
            Sighting::Present { machine, .. } => Some(machine),
            Sighting::NotLookedFor | Sighting::Absent { .. } => None,
        })
        .collect();
    let mut writes = Vec::new();
    let mut known = std::mem::take(&mut memory.strangers);
    // Until somebody has said whose they are, their grace time has not begun.
    let is_observing = seen.stored.hold == Some(Hold::Observing);
    if is_observing {
        known.clear();
    }
    let mut next = BTreeMap::new();
    let shown = seen.list.machines.iter();
    for machine in shown.filter(|machine| !claimed.contains(&machine.id)) {
        let row = rows.get(&machine.id).copied();
        let known = known.remove(&machine.id);
        // Its time runs from what the store knows: whoever forgets it there has it begin anew.
        let mut stranger = match row {
            Some(row) if !is_observing => known.unwrap_or_else(|| recalled(row)),
            Some(_) | None => found(at, machine.generation),
        };
        stranger.lists += 1;
        stranger.missing = None;
        match row {
            None => writes.push(find(seen.provider, machine, at, new_id())),
            Some(row) => writes.extend(note(row, stranger.lists, at)),
        }
        next.insert(machine.id.clone(), stranger);
    }
    let is_doubted = memory.doubt.is_some();
    // What is left is not in the list, or has a row by now.
    let gone: BTreeSet<&MachineId> = known.keys().chain(rows.keys().copied()).collect();
    let gone: Vec<MachineId> = gone
        .into_iter()
        .filter(|machine| !next.contains_key(*machine))
        .cloned()
        .collect();
    for machine in gone {
        let Some(row) = rows.get(&machine) else {
            continue;
        };
        if claimed.contains(&machine) {
            writes.push(OrphanWrite::Over { id: row.id });
            continue;
        }
        let mut stranger = known.remove(&machine).unwrap_or_else(|| recalled(row));
        if is_over(&mut stranger, row, at, is_doubted, &seen.waits) {
            writes.push(OrphanWrite::Over { id: row.id });
        } else {
            next.insert(machine, stranger);
        }
    }
    memory.strangers = next;
    writes
}

/// Whether a machine that the list does not show has gone for good.
fn is_over(
    stranger: &mut StrangerMemory,
    row: &OrphanRow,
    at: Timestamp,
    is_doubted: bool,
    waits: &Waits,
) -> bool {
    let missing = match stranger.missing {
        // A list that is not believed proves nothing of these machines either.
        _ if is_doubted => Missing {
            first_at: at,
            last_at: at,
            lists: 0,
        },
        Some(missing) if missing.lists > 0 => Missing {
            last_at: at,
            lists: missing.lists + 1,
            ..missing
        },
        Some(_) | None => Missing {
            first_at: at,
            last_at: at,
            lists: 1,
        },
    };
    stranger.missing = Some(missing);
    let wait = match row.decision {
        OrphanDecision::Keep => waits.kept_gone.max(waits.gone),
        OrphanDecision::Quarantine | OrphanDecision::Delete => waits.gone,
    };
    missing.lists >= LISTS && missing.last_at.since(missing.first_at) >= wait
}

fn found(at: Timestamp, generation: Option<GenerationId>) -> StrangerMemory {
    StrangerMemory {
        generation,
        first_seen_at: at,
        lists: 0,
        missing: None,
        delete_in_flight: false,
        retry_at: None,
    }
}

fn recalled(row: &OrphanRow) -> StrangerMemory {
    StrangerMemory {
        first_seen_at: row.first_seen_at,
        lists: row.lists,
        retry_at: retry_at(row),
        ..found(row.first_seen_at, row.generation)
    }
}

fn find(provider: ProviderId, machine: &Machine, at: Timestamp, id: OrphanId) -> OrphanWrite {
    OrphanWrite::Found {
        id,
        provider,
        side: OrphanSide::Machine,
        machine: Some(machine.id.clone()),
        server: machine.server,
        generation: machine.generation,
        at,
    }
}

/// That it was seen once more, where that is worth a write: the list that makes it evidence, and then one a minute.
fn note(row: &OrphanRow, lists: u32, at: Timestamp) -> Option<OrphanWrite> {
    let is_news =
        (row.lists < LISTS && lists > row.lists) || at.since(row.last_seen_at) >= NOTE_MILLIS;
    is_news.then_some(OrphanWrite::Seen {
        id: row.id,
        at,
        lists,
    })
}

/// Rows whose machine the list does not show, and those whose machine lists did not show before.
fn missing_of(
    memory: &ProviderMemory,
    seen: &Seen<'_>,
    rows: &[&OrphanRow],
    new_id: &mut dyn FnMut() -> OrphanId,
) -> Vec<OrphanWrite> {
    let mut writes = Vec::new();
    let mut left: BTreeMap<ServerId, &OrphanRow> = rows
        .iter()
        .filter_map(|row| Some((row.server?, *row)))
        .collect();
    for server in servers_of(seen.stored, seen.provider).filter(|server| has_machine(server)) {
        let row = left.remove(&server.id);
        match (memory.sightings.get(&server.id), row) {
            (Some(Sighting::Absent { first_at, .. }), None) => {
                writes.push(OrphanWrite::Found {
                    id: new_id(),
                    provider: seen.provider,
                    side: OrphanSide::Server,
                    machine: server.state.machine().cloned(),
                    server: Some(server.id),
                    generation: None,
                    at: *first_at,
                });
            }
            (Some(Sighting::Absent { last_at, lists, .. }), Some(row)) => {
                // An earlier process has counted more of them, perhaps.
                writes.extend(note(row, (*lists).max(row.lists), *last_at));
            }
            (Some(Sighting::Present { .. }), Some(row)) => {
                writes.push(OrphanWrite::Over { id: row.id });
            }
            // This process does not know better yet than an earlier one.
            (Some(Sighting::NotLookedFor) | None, _) | (_, None) => {}
        }
    }
    writes.extend(left.values().map(|row| OrphanWrite::Over { id: row.id }));
    writes
}

/// Whether a list should show its machine: one was made for it, and it is not on its way out.
fn has_machine(server: &ServerSnapshot) -> bool {
    match server.state {
        ServerState::Provisioning { .. }
        | ServerState::Booting { .. }
        | ServerState::Running { .. }
        | ServerState::Draining { .. } => true,
        ServerState::Requested
        | ServerState::Unknown
        | ServerState::Deleting { .. }
        | ServerState::Failed { .. }
        | ServerState::Deleted { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use domain::snapshot::MachineState;
    use uuid::Uuid;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);
    const PROVIDER: ProviderId = ProviderId::from_uuid(Uuid::nil());
    const ORPHAN: OrphanId = OrphanId::from_uuid(Uuid::nil());
    const GENERATION: GenerationId = GenerationId::from_uuid(Uuid::nil());
    const WAITS: Waits = Waits {
        gone: 31_000,
        kept_gone: 600_000,
    };

    fn machine() -> MachineId {
        MachineId("stray".to_owned())
    }

    /// A machine without a row, as the store knows it.
    fn row(decision: OrphanDecision, lists: u32) -> OrphanRow {
        OrphanRow {
            id: ORPHAN,
            provider: PROVIDER,
            side: OrphanSide::Machine,
            machine: Some(machine()),
            server: None,
            generation: Some(GENERATION),
            first_seen_at: START,
            last_seen_at: START,
            lists,
            decision,
            decided_at: None,
            decided_by: None,
            asked_at: None,
            version: 1,
        }
    }

    /// A store that knows these rows.
    fn stored(rows: &[OrphanRow]) -> StoredSnapshot {
        StoredSnapshot {
            generation: GENERATION,
            hold: None,
            providers: Vec::new(),
            pools: Vec::new(),
            orphans: rows.to_vec(),
        }
    }

    /// What is written after a list that begins so many seconds after the first, where these rows are known.
    fn listed(
        memory: &mut ProviderMemory,
        rows: &[OrphanRow],
        secs: u32,
        is_shown: bool,
    ) -> Vec<OrphanWrite> {
        listed_beside(memory, &stored(rows), secs, is_shown)
    }

    fn listed_beside(
        memory: &mut ProviderMemory,
        stored: &StoredSnapshot,
        secs: u32,
        is_shown: bool,
    ) -> Vec<OrphanWrite> {
        let shown = Machine {
            id: machine(),
            server: None,
            generation: Some(GENERATION),
            state: MachineState::Up,
            address: None,
            host_key: None,
        };
        let list = Listing {
            started_at: START.plus_secs(secs),
            machines: is_shown.then_some(shown).into_iter().collect(),
        };
        let seen = Seen {
            provider: PROVIDER,
            list: &list,
            stored,
            waits: WAITS,
        };
        compare(memory, &seen, &mut || ORPHAN)
    }

    #[test]
    fn what_is_known_is_written_again_once_a_minute() {
        let mut memory = ProviderMemory::default();
        let found = listed(&mut memory, &[], 0, true);
        assert!(matches!(found[..], [OrphanWrite::Found { .. }]));
        let noted = |write: Vec<OrphanWrite>| match write[..] {
            [OrphanWrite::Seen { lists, .. }] => Some(lists),
            _ => None,
        };
        let known = |lists| [row(OrphanDecision::Quarantine, lists)];
        // The second list is evidence, the third says nothing new.
        let mut look = |lists, secs| noted(listed(&mut memory, &known(lists), secs, true));
        assert_eq!(
            [look(1, 30), look(2, 59), look(2, 60)],
            [Some(2), None, Some(4)]
        );
        assert_eq!(
            strangers(Some(&memory), PROVIDER, &stored(&known(2)))[0].listed,
            Listed::Shown
        );
    }

    #[test]
    fn a_machine_is_forgotten_once_two_lists_far_enough_apart_do_not_show_it() {
        for (decision, over) in [
            (OrphanDecision::Quarantine, [false, false, true]),
            (OrphanDecision::Keep, [false, false, false]),
        ] {
            let mut memory = ProviderMemory::default();
            let rows = [row(decision, 2)];
            listed(&mut memory, &rows, 0, true);
            let gone = [100, 120, 131].map(|secs| {
                let writes = listed(&mut memory, &rows, secs, false);
                writes == [OrphanWrite::Over { id: ORPHAN }]
            });
            assert_eq!(gone, over, "{decision:?}");
        }
    }

    #[test]
    fn a_list_that_is_not_believed_forgets_nothing() {
        let row = row(OrphanDecision::Quarantine, 2);
        let mut stranger = recalled(&row);
        let mut gone = |secs, is_doubted| {
            let at = START.plus_secs(secs);
            is_over(&mut stranger, &row, at, is_doubted, &WAITS)
        };
        assert_eq!([100, 200, 300].map(|secs| gone(secs, true)), [false; 3]);
        // From the first that is believed on, it is looked for as any that is missing.
        let believed = [400, 401, 431].map(|secs| gone(secs, false));
        assert_eq!(believed, [false, false, true]);
    }

    #[test]
    fn the_grace_time_of_a_machine_without_a_row_does_not_run_while_weir_only_observes() {
        let mut memory = ProviderMemory::default();
        let mut look = |hold, rows: &[OrphanRow], secs| {
            let beside = StoredSnapshot {
                hold,
                ..stored(rows)
            };
            listed_beside(&mut memory, &beside, secs, true);
            let seen = memory.strangers.values().next();
            let seen = seen.expect("a machine without a row");
            (seen.first_seen_at, seen.lists)
        };
        let known = [row(OrphanDecision::Quarantine, 2)];
        for secs in [10, 20] {
            let expected = (START.plus_secs(secs), 1);
            assert_eq!(look(Some(Hold::Observing), &known, secs), expected);
        }
        // Whoever says what the database is forgets the row too.
        assert_eq!(look(None, &[], 30), (START.plus_secs(30), 1));
        let anew = [OrphanRow {
            first_seen_at: START.plus_secs(30),
            lists: 1,
            ..row(OrphanDecision::Quarantine, 1)
        }];
        assert_eq!(
            look(Some(Hold::Paused), &anew, 40),
            (START.plus_secs(30), 2)
        );
    }

    #[test]
    fn a_machine_of_another_generation_is_foreign() {
        let other = OrphanRow {
            generation: None,
            ..row(OrphanDecision::Quarantine, 2)
        };
        let ours = row(OrphanDecision::Quarantine, 2);
        let foreign =
            [ours, other].map(|row| strangers(None, PROVIDER, &stored(&[row]))[0].foreign);
        assert_eq!(foreign, [false, true]);
    }

    #[test]
    fn what_was_asked_to_go_by_another_process_is_not_asked_again_at_once() {
        let asked = OrphanRow {
            asked_at: Some(START),
            ..row(OrphanDecision::Quarantine, 2)
        };
        let mut memory = ProviderMemory::default();
        listed(&mut memory, std::slice::from_ref(&asked), 10, true);
        let known = strangers(Some(&memory), PROVIDER, &stored(&[asked]));
        assert_eq!(
            (known[0].lists, known[0].retry_at),
            (3, Some(START.plus_secs(DELETE_AGAIN_SECS)))
        );
    }
}
