//! Points in time. The server writes them in UTC; the browser rewrites them in its own time once it has taken over,
//! so that the first render is the same on both sides.

use domain::timestamp::Timestamp;
use leptos::prelude::*;
use web_sys::js_sys::Date;
use web_sys::wasm_bindgen::JsValue;

use crate::words;

/// The browser's clock in milliseconds, to the second; nothing before the browser has taken the page over.
#[derive(Clone, Copy)]
pub struct Now(RwSignal<Option<i64>>);

impl Now {
    /// Provides the one clock of the page. Call once, at the root.
    pub fn provide() {
        let now = RwSignal::new(None);
        provide_context(Self(now));
        Effect::new(move |_| {
            now.set(Some(read()));
            let timer = set_interval_with_handle(
                move || now.set(Some(read())),
                std::time::Duration::from_secs(1),
            );
            on_cleanup(move || {
                if let Ok(timer) = timer {
                    timer.clear();
                }
            });
        });
    }

    /// The time, as far as it is known.
    pub fn get(self) -> Option<i64> {
        self.0.get()
    }
}

/// A point in time.
#[component]
pub fn Time(
    /// When.
    at: Timestamp,
) -> impl IntoView {
    let local = RwSignal::new(None);
    Effect::new(move |_| local.set(Some(localised(at))));
    let text = move || local.get().unwrap_or_else(|| at.in_words());
    view! { <time datetime=at.to_string()>{text}</time> }
}

/// What an age is part of, so that the sentence is right with the time itself too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgeAs {
    /// It stands alone: `1:04`.
    #[default]
    Alone,
    /// Something that has happened: `1:04 ago`.
    Ago,
    /// Something that lasts: `for 1:04`, `since 2026-11-24 08:00:00 UTC`.
    Lasting,
}

/// How long ago something was: the time itself until the browser has taken the page over.
#[component]
pub fn Age(
    /// Since when.
    since: Timestamp,
    /// What it is part of.
    #[prop(optional)]
    part_of: AgeAs,
) -> impl IntoView {
    let now = expect_context::<Now>();
    let text = move || {
        let age = now.get().map(|now| words::duration(now - since.millis()));
        match (part_of, age) {
            (AgeAs::Alone, Some(age)) => age,
            (AgeAs::Ago, Some(age)) => format!("{age} ago"),
            (AgeAs::Lasting, Some(age)) => format!("for {age}"),
            (AgeAs::Lasting, None) => format!("since {}", since.in_words()),
            (AgeAs::Alone | AgeAs::Ago, None) => since.in_words(),
        }
    };
    view! { <time datetime=since.to_string()>{text}</time> }
}

fn localised(at: Timestamp) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds stay exact in an f64 for 285 000 years"
    )]
    let date = Date::new(&JsValue::from_f64(at.millis() as f64));
    String::from(date.to_locale_string("default", &JsValue::UNDEFINED))
}

fn read() -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the present time in milliseconds is a whole number far below 2^53"
    )]
    let now = Date::now() as i64;
    now
}
