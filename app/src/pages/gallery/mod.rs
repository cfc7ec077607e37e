//! Every component in each of its states, with data that never changes: to look at while one is worked on, and for the pictures
//! that the end-to-end tests compare (`end2end/tests/ui/gallery.spec.ts`). In debug builds alone.
//!
//! What depends on the address is there in both ways: `?step=review&sort=-name&q=nothing&cursor=2&open=side` shows the other.

mod actions;
mod fields;
mod forms;
mod frame;
mod lists;
mod marks;
mod notices;

use std::fmt::Debug;
use std::str::FromStr;

use domain::timestamp::Timestamp;
use leptos::context::Provider;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::confirm::ReadyAtOnce;

/// A group of components: what its id is, what it is called, and what shows it.
type Section = (&'static str, &'static str, fn() -> AnyView);

/// The groups. A new component is shown in one of them.
const SECTIONS: [Section; 17] = [
    ("badges", "Badges", marks::badges),
    ("times", "Times", marks::times),
    ("step-lines", "Step lines", marks::step_lines),
    ("findings", "Findings", marks::findings),
    ("buttons", "Buttons", actions::buttons),
    ("asking", "Buttons that open something", actions::asking),
    ("copying", "Texts to copy", actions::copying),
    ("frame", "Frame", frame::frame),
    ("notices", "Notices", notices::notices),
    ("waiting", "Data on its way", notices::waiting),
    ("lists", "Lists", lists::lists),
    ("folded", "Folded rows", lists::folded),
    ("fields", "Fields", fields::fields),
    ("secrets", "Secrets", fields::secrets),
    ("forms", "Forms on one page", forms::pages),
    ("wizard", "Wizard", forms::wizard),
    ("clash", "Two people, one form", forms::clash),
];

/// All of them.
#[component]
pub fn GalleryPage() -> impl IntoView {
    let section = |(id, title, show): &Section| {
        let (id, title, show) = (*id, *title, *show);
        view! {
            <section aria-labelledby=format!("gallery-{id}")>
                <h2 id=format!("gallery-{id}")>{title}</h2>
                {show()}
            </section>
        }
    };
    view! {
        <Title text="Gallery" />
        <h1>"Gallery"</h1>
        <Provider value=ReadyAtOnce(true)>{SECTIONS.iter().map(section).collect_view()}</Provider>
    }
}

/// When everything here happens.
const NOW: Timestamp = Timestamp::from_millis(1_795_507_200_000);

/// A state of a component, in words and as it looks.
fn state(words: &'static str, view: impl IntoView + 'static) -> AnyView {
    view! {
        <div class="card">
            <p class="muted">{words}</p>
            {view.into_any()}
        </div>
    }
    .into_any()
}

/// States beside each other.
fn row(states: impl IntoIterator<Item = AnyView>) -> AnyView {
    view! { <div class="cards">{states.into_iter().collect_view()}</div> }.into_any()
}

/// A view in a context of its own.
fn within(
    provide: impl FnOnce() + Send + 'static,
    view: impl FnOnce() -> AnyView + Send + 'static,
) -> AnyView {
    let shown = move || {
        provide();
        view()
    };
    view! { <Provider value=()>{shown()}</Provider> }.into_any()
}

/// A view as it is before the browser has taken the page over.
fn early(view: impl FnOnce() -> AnyView + Send + 'static) -> AnyView {
    within(|| provide_context(ReadyAtOnce(false)), view)
}

/// An id that nothing has.
fn id<T>(prefix: &str, number: u32) -> T
where
    T: FromStr<Err: Debug>,
{
    let text = format!("{prefix}_01980000-0000-7000-8000-{number:012}");
    text.parse().expect("the text has the form of an id")
}
