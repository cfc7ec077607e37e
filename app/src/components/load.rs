//! Data that a page asks the server for, and what stands there meanwhile.

use std::pin::Pin;
use std::str::FromStr;

use domain::error::Problem;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_params_map};
use serde::de::DeserializeOwned;

use crate::api::{ApiError, ApiResult};
use crate::components::data::Data;
use crate::components::problem::problem_banner;
use crate::text::live as text;

/// Shows `view` once the data is there, or the problem instead. What is shown stays while the data is asked for again;
/// then the view is made anew, so what must outlive new data (what was typed, what was refused) belongs outside of it.
pub fn loaded<T>(data: Data<T>, view: impl Fn(T) -> AnyView + Send + Sync + 'static) -> AnyView
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    shown(data, view, problem_banner)
}

/// The same with what stands beside the data and can be missing: it is waited for, and left out where it was refused.
pub fn loaded_beside<T, B>(
    data: Data<T>,
    beside: Data<B>,
    view: impl Fn(T, Option<B>) -> AnyView + Send + Sync + 'static,
) -> AnyView
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
    B: DeserializeOwned + Clone + Send + Sync + 'static,
{
    transition(Box::new(move || {
        // Both are asked for before either is there.
        let (data, beside) = (data.get(), beside.get());
        let (data, beside) = data.zip(beside)?;
        Some(match data {
            Ok(value) => view(value, beside.ok()),
            Err(error) => problem_banner(&error.0),
        })
    }))
}

/// The same for data that a whole page is about: with a problem, the problem is the page, and what stands behind it is
/// hidden (`.gone` in the style sheet). The view has the page's title; the page has one of its own for the time until then.
pub fn loaded_page<T>(data: Data<T>, view: impl Fn(T) -> AnyView + Send + Sync + 'static) -> AnyView
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    shown(data, view, problem_page)
}

fn shown<T>(
    data: Data<T>,
    view: impl Fn(T) -> AnyView + Send + Sync + 'static,
    refused: fn(&Problem) -> AnyView,
) -> AnyView
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    transition(Box::new(move || {
        data.get().map(|answer| match answer {
            Ok(value) => view(value),
            Err(error) => refused(&error.0),
        })
    }))
}

/// The heading of a page that changes something: what it does, and to what, once that is there.
pub fn heading_of<T>(words: &'static str, data: Data<T>, name: fn(&T) -> String) -> AnyView
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    let name = move || {
        let thing = data.get()?.ok()?;
        Some(format!(": {}", name(&thing)))
    };
    view! {
        <h1>
            {words}
            <Transition fallback=|| ()>{name}</Transition>
        </h1>
    }
    .into_any()
}

/// One for all types of data.
fn transition(view: Box<dyn Fn() -> Option<AnyView> + Send + Sync>) -> AnyView {
    view! {
        <Transition fallback=loading>{move || view()}</Transition>
    }
    .into_any()
}

/// What stands where data will.
pub fn loading() -> AnyView {
    view! { <p class="muted" role="status">{text::LOADING}</p> }.into_any()
}

fn problem_page(problem: &Problem) -> AnyView {
    view! {
        <Title text=problem.title.clone() />
        <div class="gone">
            <h1>{problem.title.clone()}</h1>
            <p role="alert">{problem.detail.clone()}</p>
        </div>
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

/// Goes to another page. One for all pages, as it is often asked to go by an answer, and the view that put the question may be
/// gone by then.
#[derive(Clone, Copy)]
pub struct Go(Callback<(String, How)>);

/// How another page is gone to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// At its top.
    Away,
    /// It is the same page, which stays where it is on the screen.
    Stay,
    /// The same, and Back skips how it was before.
    InPlace,
}

impl Go {
    /// Provides the one of the tab. Call once, inside of the router.
    pub fn provide() {
        let navigate = use_navigate();
        provide_context(Self(Callback::new(move |(path, how): (String, How)| {
            let options = NavigateOptions {
                scroll: how == How::Away,
                replace: how == How::InPlace,
                ..NavigateOptions::default()
            };
            navigate(&path, options);
        })));
    }

    /// Goes there.
    pub fn run(self, path: String) {
        self.0.run((path, How::Away));
    }

    /// Puts another address on the page that is there: in place of its present one, or after it.
    pub fn stay(self, path: String, in_place: bool) {
        let how = if in_place { How::InPlace } else { How::Stay };
        self.0.run((path, how));
    }
}

/// What goes to another page.
pub fn use_go() -> Go {
    expect_context()
}

/// The address of this page with another value for one key of its query, or without it. What else stands in it stays.
pub fn use_address_with()
-> impl Fn(&'static str, Option<String>) -> String + Copy + Send + Sync + 'static {
    let location = use_location();
    let (path, query) = (location.pathname, location.query);
    move |key, value| {
        let mut query = query.get_untracked();
        match value {
            Some(value) => query.replace(key, value),
            None => {
                query.remove(key);
            }
        }
        format!("{}{}", path.get_untracked(), query.to_query_string())
    }
}

/// How the last try of something went: what several buttons of a page share.
#[derive(Clone, Copy)]
pub struct Tried {
    /// Whether a call is under way.
    pub busy: RwSignal<bool>,
    /// What was refused.
    pub problem: RwSignal<Option<ApiError>>,
}

impl Tried {
    /// Nothing has been tried yet.
    #[expect(
        clippy::new_without_default,
        reason = "it makes signals, which belong to the component that runs"
    )]
    pub fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            problem: RwSignal::new(None),
        }
    }
}

/// Makes a call, and tells what became of it: `busy` while it lasts, `problem` if it was refused.
pub fn submit<T: 'static>(
    busy: RwSignal<bool>,
    problem: RwSignal<Option<ApiError>>,
    call: impl Future<Output = ApiResult<T>> + 'static,
    done: impl FnOnce(T) + 'static,
) {
    let then = |value| -> Then { Box::new(move || done(value)) };
    run(busy, problem, Box::pin(async move { call.await.map(then) }));
}

/// What follows a call that was not refused.
type Then = Box<dyn FnOnce()>;

/// One for all calls.
fn run(
    busy: RwSignal<bool>,
    problem: RwSignal<Option<ApiError>>,
    call: Pin<Box<dyn Future<Output = ApiResult<Then>>>>,
) {
    busy.set(true);
    problem.set(None);
    spawn_local(async move {
        let answer = call.await;
        // The page may be gone meanwhile.
        let _ = busy.try_set(false);
        let (then, refused) = match answer {
            Ok(then) => (Some(then), None),
            Err(refused) => (None, Some(refused)),
        };
        let _ = problem.try_set(refused);
        // The last: it may take away the view that has made both signals, and what shows them would look for them once more.
        if let Some(then) = then {
            then();
        }
    });
}
