//! Data that a page asks the server for, and what stands there meanwhile.

use std::str::FromStr;

use domain::error::Problem;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map};

use crate::api::{ApiError, ApiResult};
use crate::components::problem::problem_banner;

/// Shows `view` once the data is there, or the problem instead. What is shown stays while the data is asked for again.
pub fn loaded<T>(
    resource: Resource<ApiResult<T>>,
    view: impl Fn(T) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    view! {
        <Transition fallback=|| {
            view! { <p class="muted" role="status">"Loading"</p> }
        }>
            {move || {
                let view = view.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(value) => view(value),
                        Err(error) => problem_banner(&error.0),
                    }
                })
            }}
        </Transition>
    }
    .into_any()
}

/// The id in the page's address.
pub fn use_id<T>(noun: &'static str) -> Signal<ApiResult<T>>
where
    T: FromStr + Send + Sync + 'static,
{
    let params = use_params_map();
    Signal::derive(move || {
        params
            .read()
            .get("id")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| ApiError(Problem::not_found(noun)))
    })
}

/// Goes to another page.
pub fn use_go() -> Callback<String> {
    let navigate = use_navigate();
    Callback::new(move |path: String| navigate(&path, NavigateOptions::default()))
}

/// Makes a call, and tells what became of it: `busy` while it lasts, `problem` if it was refused.
pub fn submit<T: 'static>(
    busy: RwSignal<bool>,
    problem: RwSignal<Option<ApiError>>,
    call: impl Future<Output = ApiResult<T>> + 'static,
    done: impl FnOnce(T) + 'static,
) {
    busy.set(true);
    problem.set(None);
    spawn_local(async move {
        let answer = call.await;
        // The page may be gone meanwhile.
        let _ = busy.try_set(false);
        match answer {
            Ok(value) => done(value),
            Err(error) => {
                let _ = problem.try_set(Some(error));
            }
        }
    });
}
