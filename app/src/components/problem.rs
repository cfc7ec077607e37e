//! A problem where the thing itself would stand.

use domain::error::{Problem, ProblemCode};
use leptos::prelude::*;

use crate::api::ApiError;
use crate::text::common;

/// A problem with its sentence, read out at once.
pub fn problem_banner(problem: &Problem) -> AnyView {
    let sign_in = (problem.code == ProblemCode::Unauthenticated)
        .then(|| view! { <p><a href="/login" rel="external">{common::SIGN_IN}</a></p> });
    view! {
        <div class="banner failed" role="alert">
            <p>
                <strong>{problem.title.clone()}</strong>
            </p>
            <p>{problem.detail.clone()}</p>
            {sign_in}
        </div>
    }
    .into_any()
}

/// A place for the problem of the last try, if there was one.
#[component]
pub fn LastProblem(
    /// The problem of the last try.
    problem: RwSignal<Option<ApiError>>,
) -> impl IntoView {
    move || problem.get().map(|error| problem_banner(&error.0))
}

/// The code in `?error=`, which plain form posts come back with.
pub fn code_of(word: &str) -> Option<ProblemCode> {
    ProblemCode::ALL
        .iter()
        .copied()
        .find(|code| code.as_str() == word)
}
