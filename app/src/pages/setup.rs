//! The first page of a new Weir: makes the first admin, by the one-time link that the start prints. A plain form: it
//! works without any script.

use domain::error::ProblemCode;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::components::problem::code_of;
use crate::text::{common, setup as text};

/// Name and password of the first admin. The server checks the token when the form arrives.
#[component]
pub fn SetupPage() -> impl IntoView {
    let query = use_query_map();
    let token = move || query.read().get("token").unwrap_or_default();
    let message = move || {
        let word = query.read().get("error")?;
        Some(match code_of(&word) {
            Some(ProblemCode::Gone) => text::LINK_GONE,
            Some(ProblemCode::Invalid)
                if query.read().get("field").as_deref() == Some("password") =>
            {
                text::WRONG_PASSWORD
            }
            Some(ProblemCode::Invalid) => text::WRONG_NAME,
            _ => text::FAILED,
        })
    };
    view! {
        <Title text=text::TITLE />
        <article class="narrow">
            <h1>{text::HEADING}</h1>
            <p>{text::LEAD}</p>
            {move || {
                message()
                    .map(|message| {
                        view! {
                            <div class="banner failed" role="alert">
                                <p>{message}</p>
                            </div>
                        }
                    })
            }}
            {move || {
                token()
                    .is_empty()
                    .then(|| {
                        view! {
                            <div class="banner starting">
                                <p>{text::NO_TOKEN}</p>
                            </div>
                        }
                    })
            }}
            <form method="post" action="/ui/setup" class="form-body">
                <input type="hidden" name="token" value=token />
                <div class="field">
                    <label for="name">{common::NAME}</label>
                    <p class="help" id="name-help">
                        {text::NAME_HELP}
                    </p>
                    <input
                        type="text"
                        id="name"
                        name="name"
                        autocomplete="username"
                        autocapitalize="none"
                        required
                        maxlength="63"
                        aria-describedby="name-help"
                    />
                </div>
                <div class="field">
                    <label for="password">{common::PASSWORD}</label>
                    <p class="help" id="password-help">
                        {text::PASSWORD_HELP}
                    </p>
                    <input
                        type="password"
                        id="password"
                        name="password"
                        autocomplete="new-password"
                        required
                        minlength="12"
                        maxlength="256"
                        aria-describedby="password-help"
                    />
                </div>
                <div class="actions">
                    <button type="submit" class="button primary">
                        {text::CREATE}
                    </button>
                </div>
            </form>
        </article>
    }
}
