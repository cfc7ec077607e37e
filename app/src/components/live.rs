//! What keeps pages live: one stream of events a tab. An event says only that something has changed; the data that
//! depends on it is asked for again.
//!
//! A stream begins after the last event that the tab knows of: at first that is the newest one before the server has made
//! the page. So nothing is missed while scripts load, while the network is away, or while the tab is hidden.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use domain::event::{ChangeEvent, EventNoun};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::wasm_bindgen::JsCast;
use web_sys::wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

use crate::api::me::me_get;
use crate::components::time::Passed;
use crate::text::live as text;

/// Where the events come from.
const ADDRESS: &str = "/api/v1/events";

/// The attribute of `<html>` that holds the id of the newest event before the server has made the page.
pub const AFTER: &str = "data-events-after";

/// Events within this time are answered by one question.
const GATHER: Duration = Duration::from_millis(200);

/// A stream that has been refused is asked for again after this time.
const AGAIN: Duration = Duration::from_secs(3);

/// The server says something every 15 seconds. A stream that is silent for so long is dead, whatever the browser takes it for:
/// the network may have gone away without a word.
const SILENCE: Duration = Duration::from_secs(45);

/// A tab that is hidden for so long closes its stream: browsers open six connections to a server at most, whatever the number
/// of tabs.
const HIDDEN: Duration = Duration::from_secs(30);

/// How many nouns there are.
const KINDS: usize = 8;

/// All nouns, in the order of [`Live::counts`].
const NOUNS: [EventNoun; KINDS] = [
    EventNoun::Pool,
    EventNoun::Provider,
    EventNoun::Zone,
    EventNoun::Server,
    EventNoun::Session,
    EventNoun::Decision,
    EventNoun::Deployment,
    EventNoun::Orphan,
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
    /// The stream broke, or a question got no answer; both are tried again.
    Reconnecting,
    /// The stream is over: the sign-in has ended, for one.
    Lost,
}

/// The stream of this tab.
#[derive(Clone, Copy)]
pub struct Live {
    link: RwSignal<Link>,
    /// How many questions wait for a server that does not answer.
    unanswered: RwSignal<u32>,
    counts: [RwSignal<u64>; KINDS],
    gathered: StoredValue<[bool; KINDS]>,
}

impl Live {
    /// Provides the one stream of the tab, not yet open. Call once, at the root.
    pub fn provide() {
        provide_context(Self {
            link: RwSignal::new(Link::Off),
            unanswered: RwSignal::new(0),
            counts: std::array::from_fn(|_| RwSignal::new(0)),
            gathered: StoredValue::new([false; KINDS]),
        });
    }

    /// How the stream is doing, and the questions with it.
    pub fn link(self) -> Link {
        match self.link.get() {
            Link::Live if self.unanswered.get() > 0 => Link::Reconnecting,
            link => link,
        }
    }

    /// One more question waits for a server that does not answer.
    pub fn begin_waiting(self) {
        self.unanswered.update(|unanswered| *unanswered += 1);
    }

    /// One of those waits no more.
    pub fn end_waiting(self) {
        self.unanswered
            .update(|unanswered| *unanswered = unanswered.saturating_sub(1));
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
    pub fn follow_steps(self, step_millis: i64, passed: Passed, nouns: &[EventNoun]) {
        if step_millis < LONG_STEP_MILLIS {
            self.follow(nouns);
        } else {
            passed.follow();
        }
    }

    /// Asks again for everything that depends on this noun: after an own change, without waiting for its event.
    pub fn changed(self, noun: EventNoun) {
        self.gather(|at| NOUNS[at] == noun);
    }

    /// Opens the stream. Runs in the browser only, once.
    pub fn open(self) {
        if self.link.get_untracked() == Link::Off {
            Stream::begin(self);
        }
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
                    self.gathered.set_value([false; KINDS]);
                    for (count, _) in self.counts.iter().zip(gathered).filter(|(_, flag)| *flag) {
                        count.update(|count| *count += 1);
                    }
                },
                GATHER,
            );
        }
    }
}

/// The stream itself. It lives as long as the tab, and is closed and opened as the tab and the network come and go.
struct Stream {
    live: Live,
    /// None while it is closed.
    source: RefCell<Option<EventSource>>,
    /// The id of the last event that the tab knows of; empty if it knows of none.
    last: RefCell<String>,
    /// Opens it again, unless something is heard before.
    again: RefCell<Option<TimeoutHandle>>,
    /// Closes it, unless the tab is seen before.
    hiding: RefCell<Option<TimeoutHandle>>,
    on_open: Closure<dyn Fn()>,
    on_error: Closure<dyn Fn()>,
    on_event: Closure<dyn Fn(MessageEvent)>,
}

impl Stream {
    fn begin(live: Live) {
        let root = document().document_element();
        let last = root.and_then(|root| root.get_attribute(AFTER));
        let stream = Rc::new_cyclic(|stream: &Weak<Self>| Self {
            live,
            source: RefCell::new(None),
            last: RefCell::new(last.unwrap_or_default()),
            again: RefCell::new(None),
            hiding: RefCell::new(None),
            on_open: Closure::new(of(stream, |stream| {
                stream.live.link.set(Link::Live);
                stream.again_after(SILENCE);
            })),
            on_error: Closure::new(of(stream, Self::failed)),
            on_event: {
                let stream = stream.clone();
                Closure::new(move |event: MessageEvent| {
                    if let Some(stream) = stream.upgrade() {
                        stream.heard(&event);
                    }
                })
            },
        });
        stream.connect();
        stream.seen();
        let online = Rc::clone(&stream);
        // Both listeners stay as long as the tab, and the stream with them.
        let _ = window_event_listener(ev::online, move |_| {
            if !document().hidden() {
                online.connect();
            }
        });
        let _ = window_event_listener_untyped("visibilitychange", move |_| stream.seen());
    }

    /// Opens it, anew where it is open.
    fn connect(self: &Rc<Self>) {
        self.close();
        let last = self.last.borrow();
        // An id holds letters, digits and a dash, so it needs no escaping.
        let address = if last.is_empty() {
            ADDRESS.to_owned()
        } else {
            format!("{ADDRESS}?after={last}")
        };
        let Ok(source) = EventSource::new(&address) else {
            return self.live.link.set(Link::Lost);
        };
        source.set_onopen(Some(self.on_open.as_ref().unchecked_ref()));
        source.set_onerror(Some(self.on_error.as_ref().unchecked_ref()));
        for name in ["change", "resync", "beat"] {
            // The names are constants, so the browser can not refuse them.
            let _ = source
                .add_event_listener_with_callback(name, self.on_event.as_ref().unchecked_ref());
        }
        self.source.replace(Some(source));
        self.again_after(SILENCE);
    }

    fn close(&self) {
        self.live.link.set(Link::Reconnecting);
        if let Some(again) = self.again.take() {
            again.clear();
        }
        if let Some(source) = self.source.take() {
            source.close();
        }
    }

    fn again_after(self: &Rc<Self>, pause: Duration) {
        let stream = Rc::clone(self);
        let again = set_timeout_with_handle(move || stream.connect(), pause).ok();
        if let Some(before) = self.again.replace(again) {
            before.clear();
        }
    }

    /// It broke. The browser opens it again by itself, unless what it got was an answer: of Weir, that the sign-in is over, or of
    /// what stands between, that Weir is away.
    fn failed(self: &Rc<Self>) {
        self.live.link.set(Link::Reconnecting);
        let is_refused = self
            .source
            .borrow()
            .as_ref()
            .is_some_and(|source| source.ready_state() == EventSource::CLOSED);
        if !is_refused {
            return;
        }
        self.again_after(AGAIN);
        let stream = Rc::clone(self);
        spawn_local(async move {
            if let Ok(None) = me_get().await {
                stream.close();
                stream.live.link.set(Link::Lost);
            }
        });
    }

    fn heard(self: &Rc<Self>, event: &MessageEvent) {
        self.again_after(SILENCE);
        let id = event.last_event_id();
        if !id.is_empty() {
            self.last.replace(id);
        }
        match &*event.type_() {
            "resync" => self.live.gather(|_| true),
            "change" => {
                let text = event.data().as_string().unwrap_or_default();
                if let Ok(change) = serde_json::from_str::<ChangeEvent>(&text) {
                    self.live.changed(change.noun);
                }
            }
            _ => {}
        }
    }

    /// The tab has come to be seen, or to be hidden.
    fn seen(self: &Rc<Self>) {
        let stream = Rc::clone(self);
        let hiding = document()
            .hidden()
            .then(|| set_timeout_with_handle(move || stream.close(), HIDDEN).ok());
        let is_hidden = hiding.is_some();
        if let Some(before) = self.hiding.replace(hiding.flatten()) {
            before.clear();
        }
        if !is_hidden && self.source.borrow().is_none() {
            self.connect();
        }
    }
}

/// What does something with a stream that is still there.
fn of(stream: &Weak<Stream>, act: fn(&Rc<Stream>)) -> impl Fn() + 'static {
    let stream = stream.clone();
    move || {
        if let Some(stream) = stream.upgrade() {
            act(&stream);
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
            Link::Live => Some(text::LIVE),
            Link::Reconnecting => Some(text::RECONNECTING),
            Link::Lost => Some(text::NOT_LIVE),
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
