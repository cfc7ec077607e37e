//! The history of a pool's configs: who has changed what and when, and the way back to each version.

use domain::autoscale::{ConfigVersion, FORM, FieldChange, SavedConfig, SecretChange};
use domain::event::EventNoun;
use domain::id::{ConfigId, PoolId};
use domain::page::Page;
use futures::try_join;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::ApiResult;
use crate::api::autoscale::{autoscale_list, autoscale_restore, autoscale_version_list};
use crate::api::pool::pool_get;
use crate::components::confirm::Confirm;
use crate::components::data::data;
use crate::components::empty::Empty;
use crate::components::form::{FormState, Options, Start};
use crate::components::live::Live;
use crate::components::load::{Tried, loaded, submit};
use crate::components::saved::LastSaved;
use crate::components::table::{Table, use_cursor};
use crate::components::time::Time;
use crate::pages::autoscale::choices;
use crate::text::pool::NO_CONFIG;
use crate::text::{common, pool_history as text, words};

/// The versions of the config that the address names (`?config=`); of the first, where it names none.
pub fn history(id: Signal<ApiResult<PoolId>>, tried: Tried) -> AnyView {
    let (live, last) = (expect_context::<Live>(), expect_context::<LastSaved>());
    let query = use_query_map();
    let cursor = use_cursor();
    let wanted = Memo::new(move |_| query.read().get("config"));
    let history = data(move || {
        last.follow();
        live.follow(&[EventNoun::Pool]);
        let (id, wanted, cursor) = (id.get(), wanted.get(), cursor.get());
        async move {
            let id = id?;
            let (pool, configs) = try_join!(pool_get(id), autoscale_list(Some(id)))?;
            let (options, _) = choices(&[pool]).await?;
            let configs = configs.items;
            let is_wanted = |config: &&SavedConfig| Some(config.id.to_string()) == wanted;
            let chosen = configs.iter().find(is_wanted).or(configs.first());
            let versions = match chosen.cloned() {
                Some(config) => {
                    let page = autoscale_version_list(config.id, cursor).await?;
                    Some((config, page))
                }
                None => None,
            };
            Ok((configs, options, versions))
        }
    });
    let table = Table::new(
        text::VERSIONS,
        &[
            text::VERSION,
            common::WHEN,
            common::WHO,
            text::WHAT_CHANGED,
            common::ACTIONS,
        ],
        |line: &Line| format!("{} {}", line.config, line.version.version),
        move |line| cells(&line, id, tried),
    );
    loaded(
        history,
        move |(configs, options, versions)| match versions {
            Some((config, page)) => {
                let lines = lines(&config, page, options);
                let name = config.name().to_owned();
                view! {
                    {config_links(&configs, config.id)}
                    <section aria-label=name.clone()>
                        <h2>{name.clone()}</h2>
                        {drift(&config)}
                        {table.paged(text::NONE, lines)}
                    </section>
                }
                .into_any()
            }
            None => view! { <Empty text=NO_CONFIG /> }.into_any(),
        },
    )
}

/// How many servers still are what an older version of a config said, with the way to them; nothing where there is none.
pub fn drift(config: &SavedConfig) -> AnyView {
    (config.older_servers > 0)
        .then(|| {
            view! {
                <p>
                    {words::older_servers(config.older_servers)} " " <a href="?tab=servers">{text::SEE_SERVERS}</a>
                </p>
            }
        })
        .into_any()
}

/// The configs of the pool, where there are several.
fn config_links(configs: &[SavedConfig], chosen: ConfigId) -> AnyView {
    let link = |config: &SavedConfig| {
        view! {
            <a
                href=format!("?tab=history&config={}", config.id)
                aria-current=(config.id == chosen).then_some("true")
            >
                {config.name().to_owned()}
            </a>
        }
    };
    (configs.len() > 1)
        .then(|| {
            view! {
                <nav class="tabs" aria-label=text::CONFIGS>
                    {configs.iter().map(link).collect_view()}
                </nav>
            }
        })
        .into_any()
}

/// A version, and what the texts of its row are made of.
#[derive(Clone, PartialEq)]
struct Line {
    config: ConfigId,
    name: String,
    /// The version that holds now.
    current: i64,
    version: ConfigVersion,
    /// What it changed in the one before it, a line for each field.
    changes: Vec<String>,
    /// What its restoring changes now.
    restore_changes: Vec<String>,
}

fn lines(config: &SavedConfig, page: Page<ConfigVersion>, options: Options) -> Page<Line> {
    let state = FormState::new(
        &FORM,
        Start {
            options,
            ..Start::default()
        },
    );
    let in_words = |changes: &[FieldChange]| {
        let line = |change| change_line(state, change);
        changes.iter().map(line).collect()
    };
    page.map(|version| Line {
        config: config.id,
        name: config.name().to_owned(),
        current: config.version,
        changes: in_words(&version.changes),
        restore_changes: in_words(&version.restore_changes),
        version,
    })
}

fn cells(line: &Line, pool: Signal<ApiResult<PoolId>>, tried: Tried) -> Vec<AnyView> {
    let version = &line.version;
    let who = version.actor_name.as_ref().unwrap_or(&version.actor);
    vec![
        common::version(version.version).into_any(),
        view! { <Time at=version.at /> }.into_any(),
        who.clone().into_any(),
        what(line),
        restore(line, pool, tried),
    ]
}

/// What a version changed in the one before it.
fn what(line: &Line) -> AnyView {
    let version = &line.version;
    let restored = version
        .restored_from
        .map(|from| view! { <p>{text::restored_from(from)}</p> });
    let nothing = match (version.previous, version.version) {
        (None, 1) => text::MADE,
        (None, _) => text::NOT_KEPT,
        (Some(_), _) => text::NO_CHANGE,
    };
    let changes = if line.changes.is_empty() {
        view! { <span class="muted">{nothing}</span> }.into_any()
    } else {
        change_list(&line.changes)
    };
    view! {
        {restored}
        {changes}
    }
    .into_any()
}

fn change_list(changes: &[String]) -> AnyView {
    let line = |change: &String| view! { <li>{change.clone()}</li> };
    view! { <ul class="findings">{changes.iter().map(line).collect_view()}</ul> }.into_any()
}

fn change_line(state: FormState, change: &FieldChange) -> String {
    let what = match change.secret {
        Some(SecretChange::Set) => text::SECRET_SET.to_owned(),
        Some(SecretChange::Changed) => text::SECRET_CHANGED.to_owned(),
        Some(SecretChange::Removed) => text::SECRET_REMOVED.to_owned(),
        None => {
            let [old, new] = [&change.old, &change.new].map(|value| {
                let field = state.form.field(&change.key);
                field.map_or_else(String::new, |field| state.shown(field, value.as_ref()))
            });
            words::became(&old, &new)
        }
    };
    text::change(&change.label, &what)
}

/// The button that sets the config back to a version, after it has shown what that changes.
fn restore(line: &Line, pool: Signal<ApiResult<PoolId>>, tried: Tried) -> AnyView {
    let (id, seen, number) = (line.config, line.current, line.version.version);
    let about = text::version_of(number, &line.name);
    if number == seen {
        return disabled(number, &about, text::HOLDS_NOW);
    }
    if line.restore_changes.is_empty() {
        return disabled(number, &about, text::SAME_AS_NOW);
    }
    let (events, last) = (expect_context::<Live>(), expect_context::<LastSaved>());
    let Tried { busy, problem } = tried;
    let restore = Callback::new(move |()| {
        let call = autoscale_restore(id, seen, number);
        submit(busy, problem, call, move |saved| {
            // The page may be gone meanwhile.
            if let Some(Ok(pool)) = pool.try_get_untracked() {
                last.set(pool, &saved);
            }
            events.changed(EventNoun::Pool);
        });
    });
    let changes = change_list(&line.restore_changes);
    view! {
        <Confirm
            label=text::RESTORE
            about=about.clone()
            question=text::restore_question(&about)
            consequence=text::RESTORE_CHANGES
            action=text::RESTORE_NOW
            on_confirm=restore
        >
            {changes}
        </Confirm>
    }
    .into_any()
}

fn disabled(number: i64, about: &str, why: &'static str) -> AnyView {
    let id = format!("why-not-{number}");
    view! {
        <button
            type="button"
            class="button"
            aria-label=text::restore(about)
            aria-describedby=id.clone()
            disabled
        >
            {text::RESTORE}
        </button>
        <p class="muted" id=id>
            {why}
        </p>
    }
    .into_any()
}
