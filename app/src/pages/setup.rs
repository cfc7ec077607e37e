//! The first page of a new Weir: makes the first admin, by the one-time link that the start prints. A plain form: it
//! works without any script.

use domain::error::ProblemCode;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::components::problem::code_of;

/// Name and password of the first admin. The server checks the token when the form arrives.
#[component]
pub fn SetupPage() -> impl IntoView {
    let query = use_query_map();
    let token = move || query.read().get("token").unwrap_or_default();
    let message = move || {
        let word = query.read().get("error")?;
        Some(match code_of(&word) {
            Some(ProblemCode::Gone) => {
                "This set-up link is used up or too old. Start Weir again: it prints a new one until set-up is done."
            }
            Some(ProblemCode::Invalid)
                if query.read().get("field").as_deref() == Some("password") =>
            {
                "The password has 12 to 256 characters."
            }
            Some(ProblemCode::Invalid) => {
                "The name has 1 to 63 of a-z, 0-9, '.', '_', '-' and '@'."
            }
            _ => "That did not work. Try again.",
        })
    };
    view! {
        <Title text="Set up" />
        <article class="narrow">
            <h1>"Set up Weir"</h1>
            <p>"Make the first admin. You are signed in right after."</p>
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
                                <p>"Open the whole set-up link that Weir prints when it starts: it holds a token."</p>
                            </div>
                        }
                    })
            }}
            <form method="post" action="/ui/setup" class="form-body">
                <input type="hidden" name="token" value=token />
                <div class="field">
                    <label for="name">"Name"</label>
                    <p class="help" id="name-help">
                        "The name to sign in with: a-z, 0-9, '.', '_', '-' and '@'."
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
                    <label for="password">"Password"</label>
                    <p class="help" id="password-help">
                        "12 to 256 characters."
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
                        "Create admin"
                    </button>
                </div>
            </form>
        </article>
    }
}
