//! What keeps pages live: one stream of events a tab. An event says only that something has changed; the data that
//! depends on it is asked for again.

use std::time::Duration;

use domain::event::{ChangeEvent, EventNoun};
use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;
use web_sys::wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

/// Where the events come from.
const ADDRESS: &str = "/api/v1/events";

/// Events within this time are answered by one question.
const GATHER: Duration = Duration::from_millis(200);

/// All nouns, in the order of [`Live::counts`].
const NOUNS: [EventNoun; 6] = [
    EventNoun::Pool,
    EventNoun::Provider,
    EventNoun::Zone,
    EventNoun::Server,
    EventNoun::Session,
    EventNoun::Decision,
];

/// A step of figures over time that lasts this long is worth asking for once it is over, and not with each event.
const LONG_STEP_MILLIS: i64 = 60_000;

/// How the stream is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nobody is signed in, or the page is not live yet.
    Off,
    /// Events arrive.
    Live,
    /// The stream broke; the browser tries again.
    Reconnecting,
    /// The stream is over: the sign-in has ended, for one.
    Lost,
}

/// The stream of this tab.
#[derive(Clone, Copy)]
pub struct Live {
    link: RwSignal<Link>,
    counts: [RwSignal<u64>; 6],
    gathered: StoredValue<[bool; 6]>,
}

impl Live {
    /// Provides the one stream of the tab, not yet open. Call once, at the root.
    pub fn provide() {
        provide_context(Self {
            link: RwSignal::new(Link::Off),
            counts: std::array::from_fn(|_| RwSignal::new(0)),
            gathered: StoredValue::new([false; 6]),
        });
    }

    /// How the stream is doing.
    pub fn link(self) -> Link {
        self.link.get()
    }

    /// Called in a question of [`data`](super::data::data), has it asked again whenever one of these nouns has changed.
    pub fn follow(self, nouns: &[EventNoun]) {
        for (noun, count) in NOUNS.iter().zip(self.counts) {
            if nouns.contains(noun) {
                count.track();
            }
        }
    }

    /// The same for figures over time, whose steps last so long: where the steps are long, when one has `passed`.
    pub fn follow_steps(self, step_millis: i64, passed: Memo<i64>, nouns: &[EventNoun]) {
        if step_millis < LONG_STEP_MILLIS {
            self.follow(nouns);
        } else {
            passed.track();
        }
    }

    /// Asks again for everything that depends on this noun: after an own change, without waiting for its event.
    pub fn changed(self, noun: EventNoun) {
        self.gather(|at| NOUNS[at] == noun);
    }

    /// Opens the stream. Runs in the browser only, once.
    pub fn open(self) {
        if self.link.get_untracked() != Link::Off {
            return;
        }
        let Ok(source) = EventSource::new(ADDRESS) else {
            return self.link.set(Link::Lost);
        };
        self.link.set(Link::Reconnecting);

        let on_open = Closure::<dyn Fn()>::new(move || {
            self.link.set(Link::Live);
        });
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));

        let state = source.clone();
        let on_error = Closure::<dyn Fn()>::new(move || {
            let is_over = state.ready_state() == EventSource::CLOSED;
            self.link.set(if is_over {
                Link::Lost
            } else {
                Link::Reconnecting
            });
        });
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));

        let on_event = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            if let Ok(change) = serde_json::from_str::<ChangeEvent>(&text) {
                self.changed(change.noun);
            }
        });
        source.set_onmessage(Some(on_event.as_ref().unchecked_ref()));
        // The names are constants, so the browser can not refuse them.
        let _ =
            source.add_event_listener_with_callback("change", on_event.as_ref().unchecked_ref());

        let on_resync = Closure::<dyn Fn()>::new(move || self.gather(|_| true));
        let _ =
            source.add_event_listener_with_callback("resync", on_resync.as_ref().unchecked_ref());

        // The stream lives as long as the tab, and its listeners with it.
        on_open.forget();
        on_error.forget();
        on_event.forget();
        on_resync.forget();
    }

    fn gather(self, is_meant: impl Fn(usize) -> bool) {
        let mut is_first = false;
        self.gathered.update_value(|gathered| {
            is_first = !gathered.contains(&true);
            for (at, flag) in gathered.iter_mut().enumerate() {
                *flag |= is_meant(at);
            }
        });
        if is_first {
            set_timeout(
                move || {
                    let gathered = self.gathered.get_value();
                    self.gathered.set_value([false; 6]);
                    for (count, _) in self.counts.iter().zip(gathered).filter(|(_, flag)| *flag) {
                        count.update(|count| *count += 1);
                    }
                },
                GATHER,
            );
        }
    }
}

/// Whether the page is live, in a word.
#[component]
pub fn LiveStatus() -> impl IntoView {
    let live = expect_context::<Live>();
    link_status(Signal::derive(move || live.link()))
}

/// How a stream is doing, in a word.
pub fn link_status(link: Signal<Link>) -> AnyView {
    let (word, class) = (
        // Where there is no word there is no text at all, not even an empty one: the dot before it goes too.
        move || match link.get() {
            Link::Off => None,
            Link::Live => Some("Live"),
            Link::Reconnecting => Some("Reconnecting"),
            Link::Lost => Some("Not live"),
        },
        move || match link.get() {
            Link::Live => "live-status ready",
            Link::Off | Link::Reconnecting => "live-status starting",
            Link::Lost => "live-status failed",
        },
    );
    view! {
        <span class=class role="status">
            {word}
        </span>
    }
    .into_any()
}
