//! Lists: what narrows them, how they are sorted, what stands where one would.

use domain::page::Page;
use domain::plan::{Decision, PoolReport};
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use super::{NOW, id, marks, state};
use crate::components::badge::Badge;
use crate::components::filter::{Choice, Rank, filter_bar, none_left, use_sort};
use crate::components::table::{Table, facts, link};
use crate::fold::fold;
use crate::pages::pool_decisions::fold_list;
use crate::text::words::{Shape, StateWord};

/// A row: its name, its state, a number.
type Desk = (&'static str, StateWord, i64);

const DESKS: [Desk; 3] = [
    ("desk-1", word("Ready", Shape::Filled), 2),
    ("desk-2", word("In use", Shape::Half), 0),
    (
        "desk-3 with a name that is longer than a narrow screen has room for",
        word("Failed", Shape::Cross),
        1,
    ),
];

const fn word(word: &'static str, shape: Shape) -> StateWord {
    StateWord { word, shape }
}

/// Tables and what stands around them.
pub fn lists() -> AnyView {
    let states = Choice {
        key: "state",
        label: "State",
        none: "Any state",
        options: vec![("ready", "Ready"), ("failed", "Failed")],
    };
    view! {
        {state("What narrows a list", filter_bar("desks", true, vec![states]))}
        {state("Sorted by a column, where the address says so", sorted())}
        {state("A page of a long list", table("Pages of desks").paged(NONE, page(&DESKS[..1], true)))}
        {state("The last page, empty by now", table("Left desks").paged(NONE, page(&[], false)))}
        {state("Cut off", table("First desks").first(page(&DESKS[..2], true)))}
        {state("Nothing is left of a list that the address narrows", none_left())}
        {state(
            "Names and values",
            facts(vec![
                ("Zone", link("/gallery".to_owned(), "Amsterdam")),
                ("Seats", "2".into_any()),
                ("Address", "a-host-name-without-any-break-that-is-much-too-long-for-a-narrow-screen.weir.example".into_any()),
            ]),
        )}
    }
    .into_any()
}

const NONE: &str = "There is no desk.";

fn table(label: &'static str) -> Table<Desk> {
    Table::new(
        label,
        &["Name", "State", "Free seats", "Actions"],
        |desk: &Desk| desk.0.to_owned(),
        cells,
    )
}

fn sorted() -> AnyView {
    let sort = use_sort();
    let mut desks = page(&DESKS, false);
    sort.apply(&mut desks.items, rank);
    table("Desks").sorted(&[("Name", "name"), ("Free seats", "free")], &sort, desks)
}

fn rank(desk: &Desk, key: &str) -> Option<Rank> {
    match key {
        "name" => Some((0, desk.0.to_owned())),
        "free" => Some((desk.2, String::new())),
        _ => None,
    }
}

fn page(desks: &[Desk], has_next: bool) -> Page<Desk> {
    Page {
        items: desks.to_vec(),
        next_cursor: has_next.then(|| "2".to_owned()),
    }
}

fn cells((name, state, free): Desk) -> Vec<AnyView> {
    let drain = view! {
        <button type="button" class="button" aria-label=format!("Drain {name}")>
            "Drain"
        </button>
    };
    vec![
        link("/gallery".to_owned(), name),
        view! { <Badge state=state /> }.into_any(),
        free.into_any(),
        drain.into_any(),
    ]
}

/// Two decisions that say the same, and one before them.
pub fn folded() -> AnyView {
    let decision = |number, at: Timestamp, many| {
        let mut config = marks::report();
        config.findings.truncate(many);
        Decision {
            id: id("dec", number),
            pool_id: id("pool", 1),
            at,
            report: PoolReport {
                pool_id: id("pool", 1),
                configs: vec![config],
                findings: Vec::new(),
            },
        }
    };
    let decisions = vec![
        decision(3, NOW, 2),
        decision(2, NOW.plus_millis(-600_000), 2),
        decision(1, NOW.plus_millis(-900_000), 1),
    ];
    fold_list(Box::new(move || fold(decisions.clone(), &[])))
}
