//! What the console of a server's machine shows, read again and again while the server starts.

use domain::console::ConsoleLog;
use domain::event::EventNoun;
use domain::id::ServerId;
use leptos::prelude::*;

use crate::api::ApiResult;
use crate::api::server::server_console_get;
use crate::components::data::{Data, data};
use crate::components::live::Live;
use crate::components::load::loaded;
use crate::components::time::use_passed;
use crate::text::server_console as text;

/// It is read again after so long; nothing tells when a script writes.
const AGAIN_MILLIS: i64 = 2000;

/// The console of this server. Not inside of a view that waits for other data.
pub fn console_of(id: Signal<ApiResult<ServerId>>) -> Data<ConsoleLog> {
    let live = expect_context::<Live>();
    let passed = use_passed(|| AGAIN_MILLIS);
    // Until the first answer says otherwise.
    let is_starting = RwSignal::new(true);
    data(move || {
        let id = id.get();
        live.follow(&[EventNoun::Server]);
        if is_starting.get_untracked() {
            passed.follow();
        }
        async move {
            let log = server_console_get(id?).await?;
            // The page may be gone meanwhile.
            let _ = is_starting.try_set(log.is_starting());
            Ok(log)
        }
    })
}

/// Shows it.
pub fn console_section(console: Data<ConsoleLog>) -> AnyView {
    view! {
        <section aria-labelledby="console">
            <h2 id="console">{text::TITLE}</h2>
            {loaded(console, |log| shown(&log))}
        </section>
    }
    .into_any()
}

fn shown(log: &ConsoleLog) -> AnyView {
    match log {
        ConsoleLog::None { why, .. } => view! { <p class="muted">{why.clone()}</p> }.into_any(),
        ConsoleLog::Machine { text, .. } if text.is_empty() => {
            view! { <p class="muted">{text::NOTHING_YET}</p> }.into_any()
        }
        ConsoleLog::Machine { text, is_cut, .. } => written(text, *is_cut),
        ConsoleLog::Last { text, is_cut, .. } => view! {
            <p>{text::GONE}</p>
            {written(text, *is_cut)}
        }
        .into_any(),
    }
}

fn written(text: &str, is_cut: bool) -> AnyView {
    let cut = is_cut.then(|| view! { <p class="muted">{text::CUT}</p> });
    view! {
        {cut}
        <pre class="console" tabindex="0" aria-label=text::TITLE>
            <code>{text.to_owned()}</code>
        </pre>
    }
    .into_any()
}
