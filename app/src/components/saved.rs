//! What was saved last in this tab: said on the page that comes next, with the way back where it is a config.

use domain::autoscale::SavedConfig;
use domain::error::{Problem, ProblemCode};
use domain::event::EventNoun;
use domain::id::{ConfigId, PoolId};
use leptos::prelude::*;

use crate::api::autoscale::autoscale_restore;
use crate::api::{ApiError, ApiResult};
use crate::components::confirm::use_ready;
use crate::components::form::summary::focus_later;
use crate::components::live::Live;
use crate::components::load::{Tried, submit};
use crate::text::{common, saved as text};

/// The id of the notice, which takes the focus when its button goes.
const ID: &str = "saved";

/// What was saved.
#[derive(Clone)]
enum Saved {
    /// A config that had been there before.
    Config(SavedAgain),
    /// Something else, with its name.
    Thing(String),
}

/// A config that was saved again.
#[derive(Clone, Copy)]
struct SavedAgain {
    pool: PoolId,
    config: ConfigId,
    /// The version that it made.
    version: i64,
    is_undone: bool,
}

/// What was saved last in this tab, until the page that has said so is left.
#[derive(Clone, Copy)]
pub struct LastSaved {
    last: RwSignal<Option<Saved>>,
    /// The path of the page that says it, once that has been gone to.
    said_at: StoredValue<Option<String>>,
}

impl LastSaved {
    /// Provides the one of the tab. Call once, at the root.
    pub fn provide() {
        provide_context(Self {
            last: RwSignal::new(None),
            said_at: StoredValue::new(None),
        });
    }

    /// From now on what is said stays until its page is left: nobody has to be quick. `path` is that of the page.
    pub fn forget_on_leaving(self, path: Memo<String>) {
        Effect::new(move |_| {
            let path = path.get();
            if self.last.with_untracked(Option::is_none) {
                return;
            }
            match self.said_at.get_value() {
                None => self.said_at.set_value(Some(path)),
                Some(at) if at != path => self.last.set(None),
                Some(_) => {}
            }
        });
    }

    fn say(self, saved: Saved) {
        self.said_at.set_value(None);
        self.last.set(Some(saved));
    }

    /// A config of this pool has been saved.
    pub fn set(self, pool: PoolId, config: &SavedConfig) {
        self.say(Saved::Config(SavedAgain {
            pool,
            config: config.id,
            version: config.version,
            is_undone: false,
        }));
    }

    /// A thing of this name has been made or changed.
    pub fn set_thing(self, name: &str) {
        self.say(Saved::Thing(name.to_owned()));
    }

    /// What was saved has been taken back.
    pub fn set_undone(self) {
        self.last.update(|saved| {
            if let Some(Saved::Config(saved)) = saved {
                saved.is_undone = true;
            }
        });
    }

    /// Called in a question of [`data`](super::data::data), has it asked again whenever a config was saved here.
    pub fn follow(self) {
        self.last.track();
    }

    /// Says on the page of a pool that it or its config was saved.
    pub fn notice(self, pool: Signal<ApiResult<PoolId>>, tried: Tried) -> AnyView {
        let ready = use_ready();
        let shown = move || match self.last.get()? {
            Saved::Thing(name) => Some(notice_of(&name)),
            Saved::Config(saved) => {
                let is_here = pool.get().ok() == Some(saved.pool);
                is_here.then(|| notice(self, saved, tried, ready))
            }
        };
        shown.into_any()
    }

    /// Says on another page that a thing was saved.
    pub fn notice_of_thing(self) -> AnyView {
        let shown = move || match self.last.get()? {
            Saved::Thing(name) => Some(notice_of(&name)),
            Saved::Config(_) => None,
        };
        shown.into_any()
    }
}

fn notice(last: LastSaved, saved: SavedAgain, tried: Tried, ready: RwSignal<bool>) -> AnyView {
    let live = expect_context::<Live>();
    let Tried { busy, problem } = tried;
    let SavedAgain {
        config, version, ..
    } = saved;
    let back = move |_| {
        submit(busy, problem, undo(config, version), move |_| {
            last.set_undone();
            live.changed(EventNoun::Pool);
            focus_later(ID);
        });
    };
    let text = if saved.is_undone {
        text::UNDONE
    } else {
        text::SAVED
    };
    let button = (!saved.is_undone).then(|| {
        view! {
            <button type="button" class="button" disabled=move || !ready.get() || busy.get() on:click=back>
                {common::UNDO}
            </button>
        }
    });
    view! {
        <div class="banner ready" id=ID tabindex="-1" role="status">
            <div class="actions">
                <span>{text}</span>
                {button}
                <a href=format!("?tab=history&config={config}")>{text::HISTORY}</a>
            </div>
        </div>
    }
    .into_any()
}

fn notice_of(name: &str) -> AnyView {
    view! {
        <div class="banner ready" role="status">
            <p>{text::saved(name)}</p>
        </div>
    }
    .into_any()
}

/// Takes back the change that made this version of a config, if it is the last one.
pub async fn undo(config: ConfigId, version: i64) -> ApiResult<SavedConfig> {
    match autoscale_restore(config, version, version - 1).await {
        Err(ApiError(problem)) if problem.code == ProblemCode::VersionMismatch => {
            Err(Problem::new(ProblemCode::Conflict, text::CHANGED_SINCE).into())
        }
        answer => answer,
    }
}
