//! The history of a pool's configs: who has changed what and when, and the way back to each version.

use domain::autoscale::{ConfigVersion, FORM, FieldChange, SavedConfig, SecretChange};
use domain::event::EventNoun;
use domain::id::{ConfigId, PoolId};
use domain::page::Page;
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
use crate::components::table::{paged_table, use_cursor};
use crate::components::time::Time;
use crate::pages::autoscale::choices;
use crate::pages::pool::NO_CONFIG;
use crate::words;

/// What the button of a version says.
const RESTORE: &str = "Restore this version";

/// The versions of the config that the address names (`?config=`); of the first, where it names none.
pub fn history(id: Signal<ApiResult<PoolId>>, tried: Tried) -> AnyView {
    let last = expect_context::<LastSaved>();
    let query = use_query_map();
    let cursor = use_cursor();
    let wanted = Memo::new(move |_| query.read().get("config"));
    // Not live: a row that becomes another while its button is pressed would restore another version.
    let history = data(move || {
        last.follow();
        let (id, wanted, cursor) = (id.get(), wanted.get(), cursor.get());
        async move {
            let id = id?;
            let (options, _) = choices(&[pool_get(id).await?]).await?;
            let configs = autoscale_list(Some(id)).await?.items;
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
    loaded(
        history,
        move |(configs, options, versions)| match versions {
            Some((config, page)) => view! {
                {config_links(&configs, config.id)}
                {version_table(id, &config, page, options, tried)}
            }
            .into_any(),
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
                    {words::older_servers(config.older_servers)} " " <a href="?tab=servers">"See the servers"</a>
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
                <nav class="tabs" aria-label="Configs of the pool">
                    {configs.iter().map(link).collect_view()}
                </nav>
            }
        })
        .into_any()
}

fn version_table(
    pool: Signal<ApiResult<PoolId>>,
    config: &SavedConfig,
    page: Page<ConfigVersion>,
    options: Options,
    tried: Tried,
) -> AnyView {
    let name = config.name().to_owned();
    let state = FormState::new(
        &FORM,
        Start {
            options,
            ..Start::default()
        },
    );
    let row = |version: ConfigVersion| {
        vec![
            format!("Version {}", version.version).into_any(),
            view! { <Time at=version.at /> }.into_any(),
            version
                .actor_name
                .clone()
                .unwrap_or_else(|| version.actor.clone())
                .into_any(),
            what(state, &version),
            restore(pool, config, &version, state, tried),
        ]
    };
    view! {
        <section aria-label=name.clone()>
            <h2>{name.clone()}</h2>
            {drift(config)}
            {paged_table(
                "Versions",
                "No version is kept.",
                &["Version", "When", "Who", "What changed", "Actions"],
                page,
                row,
            )}
        </section>
    }
    .into_any()
}

/// What a version changed in the one before it.
fn what(state: FormState, version: &ConfigVersion) -> AnyView {
    let restored = version
        .restored_from
        .map(|from| view! { <p>{format!("Restored from version {from}.")}</p> });
    let nothing = match (version.previous, version.version) {
        (None, 1) => "It was made.",
        (None, _) => "What was changed before it was not kept.",
        (Some(_), _) => "No field was changed.",
    };
    let changes = if version.changes.is_empty() {
        view! { <span class="muted">{nothing}</span> }.into_any()
    } else {
        change_list(state, &version.changes)
    };
    view! {
        {restored}
        {changes}
    }
    .into_any()
}

fn change_list(state: FormState, changes: &[FieldChange]) -> AnyView {
    let line = |change| view! { <li>{change_line(state, change)}</li> };
    view! { <ul class="findings">{changes.iter().map(line).collect_view()}</ul> }.into_any()
}

fn change_line(state: FormState, change: &FieldChange) -> String {
    let what = match change.secret {
        Some(SecretChange::Set) => "set".to_owned(),
        Some(SecretChange::Changed) => "changed".to_owned(),
        Some(SecretChange::Removed) => "removed".to_owned(),
        None => {
            let [old, new] = [&change.old, &change.new].map(|value| {
                let field = state.form.field(&change.key);
                field.map_or_else(String::new, |field| state.shown(field, value.as_ref()))
            });
            words::became(&old, &new)
        }
    };
    format!("{}: {what}", change.label)
}

/// The button that sets the config back to a version, after it has shown what that changes.
fn restore(
    pool: Signal<ApiResult<PoolId>>,
    config: &SavedConfig,
    version: &ConfigVersion,
    state: FormState,
    tried: Tried,
) -> AnyView {
    let (id, seen, number) = (config.id, config.version, version.version);
    let about = format!("{number} of {}", config.name().to_owned());
    if number == seen {
        return disabled(number, &about, "This is what holds now.");
    }
    if version.restore_changes.is_empty() {
        return disabled(number, &about, "It is the same as what holds now.");
    }
    let live = expect_context::<Live>();
    let last = expect_context::<LastSaved>();
    let Tried { busy, problem } = tried;
    let restore = Callback::new(move |()| {
        let call = autoscale_restore(id, seen, number);
        submit(busy, problem, call, move |saved| {
            // The page may be gone meanwhile.
            if let Some(Ok(pool)) = pool.try_get_untracked() {
                last.set(pool, &saved);
            }
            live.changed(EventNoun::Pool);
        });
    });
    let changes = change_list(state, &version.restore_changes);
    view! {
        <Confirm
            label=RESTORE
            about=about.clone()
            question=format!("Restore version {about}?")
            consequence="This changes now. Servers that are there keep what they were made with."
            action="Restore"
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
            aria-label=format!("{RESTORE} {about}")
            aria-describedby=id.clone()
            disabled
        >
            {RESTORE}
        </button>
        <p class="muted" id=id>
            {why}
        </p>
    }
    .into_any()
}
