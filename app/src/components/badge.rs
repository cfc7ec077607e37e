//! A state as a shape and a word.

use leptos::prelude::*;

use crate::text::words::{Shape, StateWord};

/// The shape and the word of a state.
#[component]
pub fn Badge(
    /// The state.
    state: StateWord,
) -> impl IntoView {
    view! {
        <span class=format!("badge {}", state.shape.tone())>{drawing(state.shape)} {state.word}</span>
    }
}

/// A shape alone, before a sentence that says what it means.
pub fn mark(shape: Shape) -> AnyView {
    view! { <span class=format!("badge {}", shape.tone())>{drawing(shape)}</span> }.into_any()
}

fn drawing(shape: Shape) -> AnyView {
    view! {
        <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
            <path d=outline(shape) />
        </svg>
    }
    .into_any()
}

/// The drawing of a shape in a box of 12, as one path with the even-odd rule.
const fn outline(shape: Shape) -> &'static str {
    match shape {
        Shape::Filled => "M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10z",
        Shape::Half => "M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10zM6 2.5a3.5 3.5 0 0 0 0 7z",
        Shape::Ring => "M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10zM6 3a3 3 0 1 0 0 6a3 3 0 1 0 0-6z",
        Shape::Chevron => "M1 3.5L2.5 2L6 5.5L9.5 2L11 3.5L6 8.5zM1 10h10v1.5h-10z",
        Shape::Cross => {
            "M1 1h10v10h-10zM3.2 4.2L5 6L3.2 7.8L4.2 8.8L6 7L7.8 8.8L8.8 7.8L7 6L8.8 4.2L7.8 3.2L6 5L4.2 3.2z"
        }
        Shape::Hollow => "M6 1a5 5 0 1 1 0 10a5 5 0 1 1 0-10zM6 2a4 4 0 1 0 0 8a4 4 0 1 0 0-8z",
    }
}
