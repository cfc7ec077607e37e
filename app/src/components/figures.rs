//! A few numbers that say how something is, large enough to be read from afar.

use domain::pool::PoolCounts;
use leptos::prelude::*;

use crate::text::{figures as text, words};

/// A number and what it counts.
struct Figure {
    number: u32,
    word: &'static str,
    /// The class of a number that is not 0, where it is one that asks for something.
    tone: &'static str,
}

/// What a pool holds, or all of them: those who wait first.
pub fn pool_figures(counts: PoolCounts) -> AnyView {
    let figure = |number, word, tone| Figure { number, word, tone };
    figures([
        figure(counts.waiting, text::WAITING, "failed"),
        figure(counts.free_seats, words::free_seats(counts.free_seats), ""),
        figure(counts.sessions, text::IN_USE, ""),
        figure(counts.starting, text::STARTING, ""),
        figure(counts.servers, words::servers(counts.servers), ""),
    ])
}

fn figures<const N: usize>(all: [Figure; N]) -> AnyView {
    let item = |figure: Figure| {
        let class = if figure.number == 0 {
            "muted"
        } else {
            figure.tone
        };
        view! {
            <div>
                <dt>{figure.word}</dt>
                <dd class=class>{figure.number}</dd>
            </div>
        }
    };
    view! { <dl class="figures">{all.into_iter().map(item).collect_view()}</dl> }.into_any()
}
