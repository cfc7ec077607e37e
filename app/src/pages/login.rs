//! The page to sign in. It is a plain form: it works without any script.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::components::problem::code_of;
use crate::text::{common, login as text};
use domain::error::ProblemCode;

/// Name, password, and what was wrong the last time.
#[component]
pub fn LoginPage() -> impl IntoView {
    let query = use_query_map();
    let message = move || {
        let word = query.read().get("error")?;
        Some(match code_of(&word) {
            Some(ProblemCode::Unauthenticated) => text::REFUSED,
            Some(ProblemCode::TooManyRequests) => text::TOO_MANY,
            _ => text::FAILED,
        })
    };
    let next = move || {
        query
            .read()
            .get("next")
            .map(|next| view! { <input type="hidden" name="next" value=next /> })
    };
    view! {
        <Title text=common::SIGN_IN />
        <article class="narrow">
            <h1>{common::SIGN_IN}</h1>
            {move || {
                message()
                    .map(|message| {
                        view! {
                            <div class="banner failed" role="alert">
                                <p id="login-error">{message}</p>
                            </div>
                        }
                    })
            }}
            <form method="post" action="/ui/login" class="form-body">
                {next}
                <div class="field">
                    <label for="name">{common::NAME}</label>
                    <input type="text" id="name" name="name" autocomplete="username" autocapitalize="none" required />
                </div>
                <div class="field">
                    <label for="password">{common::PASSWORD}</label>
                    <input type="password" id="password" name="password" autocomplete="current-password" required />
                </div>
                <div class="actions">
                    <button type="submit" class="button primary">
                        {common::SIGN_IN}
                    </button>
                </div>
            </form>
        </article>
    }
}
