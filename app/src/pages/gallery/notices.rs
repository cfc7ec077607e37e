//! What tells something: problems, what was saved, what is not there yet.

use std::future::ready;

use domain::autoscale::SavedConfig;
use domain::error::{Problem, ProblemCode};
use domain::form::Draft;
use domain::id::PoolId;
use leptos::prelude::*;

use super::{NOW, early, id, row, state, within};
use crate::api::{ApiError, ApiResult};
use crate::components::data::data;
use crate::components::empty::Empty;
use crate::components::load::{Tried, loaded, loading};
use crate::components::notify::{Wish, offer};
use crate::components::problem::{LastProblem, problem_banner};
use crate::components::saved::LastSaved;

/// What is said beside the things themselves.
pub fn notices() -> AnyView {
    let conflict = problem(
        ProblemCode::InUse,
        "The zone Amsterdam has 2 pool configs. Delete them first, or move them to another zone.",
    );
    let ended = problem(ProblemCode::Unauthenticated, "Your sign-in has ended.");
    let last = RwSignal::new(Some(ApiError(problem(
        ProblemCode::TooManyRequests,
        "Try again in 30 seconds.",
    ))));
    let wish = |words, wish| state(words, offer(Signal::stored(wish), |_| {}));
    view! {
        {row([
            state("A problem in place of the thing", problem_banner(&conflict)),
            state("The end of a sign-in", problem_banner(&ended)),
            state("The problem of the last try", view! { <LastProblem problem=last /> }),
        ])}
        {row([
            state("Something was saved", within(LastSaved::provide, || saved(false))),
            state("Taken back", within(LastSaved::provide, || saved(true))),
            state(
                "Before the browser has taken the page over",
                early(|| within(LastSaved::provide, || saved(false))),
            ),
        ])}
        {row([
            wish("Nobody wants to be told", Wish::No),
            wish("Somebody wants to be told", Wish::Yes),
            wish("The browser does not allow it", Wish::NotAllowed),
        ])}
    }
    .into_any()
}

/// What stands where something will, or would.
pub fn waiting() -> AnyView {
    let there = data(|| ready(Ok("3 servers".to_owned())));
    let refused = data(|| {
        let problem = problem(
            ProblemCode::Unavailable,
            "The database does not answer. Try again in a moment.",
        );
        ready(Err::<String, _>(ApiError(problem)))
    });
    row([
        state("Asked for", loading()),
        state(
            "There",
            loaded(there, |text| view! { <p>{text}</p> }.into_any()),
        ),
        state(
            "Refused",
            loaded(refused, |text| view! { <p>{text}</p> }.into_any()),
        ),
        state(
            "Nothing there",
            view! { <Empty text="There is no pool yet." /> },
        ),
        state(
            "Nothing there, and a way on",
            view! {
                <Empty text="There is no pool yet.">
                    <p>
                        <a href="/gallery">"Make one"</a>
                    </p>
                </Empty>
            },
        ),
    ])
}

fn problem(code: ProblemCode, detail: &str) -> Problem {
    Problem::new(code, detail)
}

/// What the page of a pool says of a config that was saved just now.
fn saved(is_undone: bool) -> AnyView {
    let pool: PoolId = id("pool", 1);
    let last: LastSaved = expect_context();
    last.set(
        pool,
        &SavedConfig {
            id: id("cfg", 1),
            values: Draft::new(),
            secrets: std::collections::BTreeMap::new(),
            warnings: Vec::new(),
            servers: 0,
            older_servers: 0,
            created_at: NOW,
            updated_at: NOW,
            version: 2,
        },
    );
    if is_undone {
        last.set_undone();
    }
    let here: ApiResult<PoolId> = Ok(pool);
    last.notice(Signal::stored(here), Tried::new())
}
