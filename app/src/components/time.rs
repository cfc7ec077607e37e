//! Points in time. The server writes them in UTC; the browser rewrites them in its own time once it has taken over,
//! so that the first render is the same on both sides.

use std::cell::OnceCell;

use domain::timestamp::Timestamp;
use leptos::prelude::*;
use web_sys::js_sys::Intl::DateTimeFormat;
use web_sys::js_sys::{Array, Date, Function, Object, Reflect};
use web_sys::wasm_bindgen::JsValue;

use crate::Hydrated;
use crate::text::{time as text, words};

/// The browser's clock in milliseconds, to the second; nothing before the browser has taken the page over.
#[derive(Clone, Copy)]
pub struct Now(RwSignal<Option<i64>>);

impl Now {
    /// Provides the one clock of the page. Call once, at the root, where [`Hydrated`] is provided.
    pub fn provide() {
        let now = RwSignal::new(None);
        provide_context(Self(now));
        let hydrated = expect_context::<Hydrated>();
        Effect::new(move |_| {
            if !hydrated.get() {
                return;
            }
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

    /// Provides a clock that stands still, for the gallery.
    #[cfg(debug_assertions)]
    pub fn provide_at(at: Timestamp) {
        provide_context(Self(RwSignal::new(Some(at.millis()))));
    }

    /// The time, as far as it is known.
    pub fn get(self) -> Option<i64> {
        self.0.get()
    }

    /// The time at this moment. Runs in the browser only.
    pub fn read(self) -> Timestamp {
        Timestamp::from_millis(read())
    }
}

/// How many stretches of some length have passed since the browser has taken the page over.
#[derive(Clone, Copy)]
pub struct Passed(Memo<i64>);

impl Passed {
    /// Has what calls this done again whenever one more has passed.
    pub fn follow(self) {
        // Read and not only tracked: a memo that nobody has read follows nothing itself.
        let _ = self.0.get();
    }
}

/// Stretches of this length.
pub fn use_passed(millis: impl Fn() -> i64 + Send + Sync + 'static) -> Passed {
    let (now, first) = (expect_context::<Now>(), StoredValue::new(None));
    Passed(Memo::new(move |_| {
        let Some(now) = now.get() else {
            return 0;
        };
        let since = first.get_value().unwrap_or(now);
        first.set_value(Some(since));
        (now - since) / millis().max(1)
    }))
}

/// How much of a point in time is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeAs {
    /// The day, the time to the second, and of which time zone it is.
    #[default]
    Whole,
    /// The hour and the minute, where the day stands beside it.
    OfDay,
}

/// A point in time.
#[component]
pub fn Time(
    /// When.
    at: Timestamp,
    /// How much of it is shown.
    #[prop(optional)]
    shown: TimeAs,
) -> impl IntoView {
    let local = RwSignal::new(None);
    Effect::new(move |_| local.set(Some(localised(at, shown))));
    let text = move || {
        local.get().unwrap_or_else(|| match shown {
            TimeAs::Whole => at.in_words(),
            TimeAs::OfDay => of_day(&at.in_words()),
        })
    };
    // A pointer that rests on it is told the time in UTC, in which logs and the API speak.
    view! {
        <time datetime=at.to_string() title=at.in_words()>
            {text}
        </time>
    }
}

/// What an age is part of, so that the sentence is right with the time itself too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AgeAs {
    /// It stands alone: `1:04`.
    #[default]
    Alone,
    /// Something that has happened: `4 min ago`.
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
    // Most seconds change nothing in it.
    let text = Memo::new(move |_| {
        let age = now.get().map(|now| now - since.millis());
        match (part_of, age) {
            (AgeAs::Alone, Some(age)) => words::duration(age),
            (AgeAs::Ago, Some(age)) => words::ago(age),
            (AgeAs::Lasting, Some(age)) => text::lasting_for(&words::duration(age)),
            (AgeAs::Lasting, None) => text::lasting_since(&since.in_words()),
            (AgeAs::Alone | AgeAs::Ago, None) => since.in_words(),
        }
    });
    let local = RwSignal::new(None);
    Effect::new(move |_| local.set(Some(localised(since, TimeAs::Whole))));
    let both = move || match local.get() {
        Some(local) => format!("{local} ({})", since.in_words()),
        None => since.in_words(),
    };
    view! {
        <time datetime=since.to_string() title=both>
            {move || text.get()}
        </time>
    }
}

/// `08:00 UTC`, of a time in words.
fn of_day(words: &str) -> String {
    let time = words.split(' ').nth(1).and_then(|time| time.get(..5));
    time.map_or_else(|| words.to_owned(), text::utc)
}

thread_local! {
    /// To make one costs more than to use it a hundred times.
    static FORMATS: [OnceCell<Function>; 2] = const { [OnceCell::new(), OnceCell::new()] };
}

fn localised(at: Timestamp, shown: TimeAs) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds stay exact in an f64 for 285 000 years"
    )]
    let millis = JsValue::from_f64(at.millis() as f64);
    let place = match shown {
        TimeAs::Whole => 0,
        TimeAs::OfDay => 1,
    };
    FORMATS.with(|formats| {
        let format = formats[place].get_or_init(|| format_of(shown));
        let text = format.call1(&JsValue::NULL, &millis);
        text.ok()
            .and_then(|text| text.as_string())
            .unwrap_or_default()
    })
}

/// What puts a time into the words of the browser's language, in its time zone.
fn format_of(shown: TimeAs) -> Function {
    let parts: &[(&str, &str)] = match shown {
        TimeAs::Whole => &[
            ("year", "numeric"),
            ("month", "short"),
            ("day", "numeric"),
            ("hour", "numeric"),
            ("minute", "2-digit"),
            ("second", "2-digit"),
            ("timeZoneName", "short"),
        ],
        TimeAs::OfDay => &[("timeStyle", "short")],
    };
    let options = Object::new();
    for (part, how) in parts {
        // A new object takes every property.
        let _ = Reflect::set(&options, &(*part).into(), &(*how).into());
    }
    DateTimeFormat::new(&Array::new(), &options).format()
}

fn read() -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the present time in milliseconds is a whole number far below 2^53"
    )]
    let now = Date::now() as i64;
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_hour_and_the_minute() {
        let time = Timestamp::from_millis(1_795_507_200_123);
        assert_eq!(of_day(&time.in_words()), "08:00 UTC");
    }
}
