//! A day on which no server becomes ready, and people ask for them all the time: the loop must not make them without end.
//!
//! Each fault is one that a real autoscaler met without such a bound: machines that failed and were not counted, machines
//! that stopped at once and were not counted, a refused call that was made again and again.

use providers::fake::Fault;

/// Once the breaker is open one is tried after 5, 10, 20 and from there on every 30 minutes, at each of two provider configs.
const TRIED: u64 = 2 * 50;
/// Before it opens as many may be on their way as both may have.
const AT_FIRST: u64 = 16 + 5;

#[test]
fn a_day_on_which_no_server_becomes_ready_costs_few_machines() {
    let stops_at_once = Fault::Dies { after_millis: 0 };
    for fault in [
        Fault::NeverBoots,
        stops_at_once,
        Fault::Capacity,
        Fault::CreateLost,
    ] {
        let run = sim::run_with_only(11, fault).expect("runs");
        assert_eq!(run.violations, [], "{}", fault.word());
        let totals = run.totals;
        assert!(totals.requests >= 200, "{}: {totals:?}", fault.word());
        // Enough to see that it was tried, and no more than the bound.
        assert!(totals.asked_for >= 20, "{}: {totals:?}", fault.word());
        assert!(
            totals.asked_for <= AT_FIRST + TRIED,
            "{}: {totals:?}",
            fault.word()
        );
    }
}
