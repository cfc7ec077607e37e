//! What holds for every seed, shown for one.

#[test]
fn the_same_seed_gives_the_same_timeline_and_a_whole_day() {
    let (once, again) = (sim::run(11).expect("runs"), sim::run(11).expect("runs"));
    assert_eq!(once.timeline.lines(), again.timeline.lines());
    assert_eq!(once.totals, again.totals);
    assert_eq!(once.violations, []);
    assert!(once.totals.requests >= 200, "{:?}", once.totals);
    assert!(once.totals.faults.len() >= 3, "{:?}", once.totals);
    assert!(
        once.timeline
            .lines()
            .last()
            .is_some_and(|last| last.as_str() > "24:"),
        "a day and more"
    );
}
