//! One pool: what it holds, and why.

use domain::autoscale::SavedConfig;
use domain::demo::Demo;
use domain::event::EventNoun;
use domain::id::{ConfigId, PoolId};
use domain::plan::{ConfigReport, Decision};
use domain::pool::Pool;
use futures::try_join;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::hooks::use_query_map;

use crate::api::ApiResult;
use crate::api::autoscale::{autoscale_delete, autoscale_list};
use crate::api::decision::decision_list;
use crate::api::demo::demo_get;
use crate::api::pool::{pool_delete, pool_get};
use crate::attention::held;
use crate::components::act::Act;
use crate::components::badge::Badge;
use crate::components::confirm::Confirm;
use crate::components::data::{Data, data};
use crate::components::empty::Empty;
use crate::components::figures::pool_figures;
use crate::components::finding::finding_list;
use crate::components::form::copy_as::copy_as;
use crate::components::form::{FormState, Options, Start};
use crate::components::kept::kept;
use crate::components::live::Live;
use crate::components::load::{Tried, loaded, loaded_page, submit, use_go, use_id};
use crate::components::pause::Pause;
use crate::components::problem::LastProblem;
use crate::components::saved::LastSaved;
use crate::components::table::facts;
use crate::components::time::Time;
use crate::pages::admin::need_list;
use crate::pages::autoscale::{choices, config_path};
use crate::pages::drafts::drafts_of_pool;
use crate::pages::pool_chart::capacity_chart;
use crate::pages::pool_decisions::{decision_card, decisions};
use crate::pages::pool_demo;
use crate::pages::pool_history::{drift, history};
use crate::pages::servers::servers;
use crate::pages::sessions::{queue, sessions};
use crate::text::pool_decisions::UNDECIDED;
use crate::text::{common, pool as text, pools, words};

/// The tabs, with their words in the address.
const TABS: [(&str, &str); 7] = [
    ("overview", common::OVERVIEW),
    ("servers", common::SERVERS),
    ("sessions", common::SESSIONS),
    ("queue", common::QUEUE),
    (pool_demo::WHY, common::DECISIONS),
    ("config", common::CONFIG),
    ("history", text::HISTORY),
];

/// The id of the tabs: addresses that name it have what they lead to in sight, wherever the page begins.
pub const PARTS: &str = "parts";

/// A pool, the demo where there is one, and the newest decision about the pool.
pub type PoolData = (Pool, Option<Demo>, Option<Decision>);

/// The pool of this address.
#[component]
pub fn PoolPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let id = use_id::<PoolId>(pools::NOUN);
    let query = use_query_map();
    let pool = data(move || {
        let id = id.get();
        live.follow(&[
            EventNoun::Pool,
            EventNoun::Server,
            EventNoun::Session,
            EventNoun::Decision,
        ]);
        async move {
            let id = id?;
            let newest = decision_list(id, None, None, None, Some(1));
            let (pool, demo, newest) = try_join!(pool_get(id), demo_get(), newest)?;
            Ok((pool, demo, newest.items.into_iter().next()))
        }
    });
    let tab = Memo::new(move |_| {
        let wanted = query.read().get("tab");
        TABS.into_iter()
            .find(|(key, _)| Some(*key) == wanted.as_deref())
            .unwrap_or(TABS[0])
    });
    pool_demo::follow(pool, tab);
    let tried = Tried::new();
    let kept = pool_demo::Kept::new(tried);
    view! {
        <Title text=common::POOL />
        {loaded_page(
            pool,
            move |(pool, demo, newest)| {
                let demo = demo.filter(|demo| demo.pool_id == pool.id);
                head(&pool, newest.as_ref(), demo.as_ref(), tried, kept)
            },
        )}
        {drafts_of_pool(id)}
        <LastProblem problem=tried.problem />
        {expect_context::<LastSaved>().notice(id, tried)}
        <nav class="tabs" id=PARTS aria-label=text::PARTS>
            {TABS
                .iter()
                .map(|(key, word)| {
                    view! {
                        <a href=format!("?tab={key}") aria-current=move || (tab.get().0 == *key).then_some("page")>
                            {*word}
                        </a>
                    }
                })
                .collect_view()}
        </nav>
        {move || {
            let (key, word) = tab.get();
            let body = match key {
                "servers" => servers(Some(id), tried),
                "sessions" => sessions(Some(id), tried),
                "queue" => queue(Some(id), tried),
                pool_demo::WHY => decisions(id),
                "config" => configs(id, tried),
                "history" => history(id, tried),
                _ => return overview(id, pool, tried),
            };
            view! {
                <h2 class="visually-hidden">{word}</h2>
                {body}
            }
            .into_any()
        }}
    }
}

type Id = Signal<ApiResult<PoolId>>;

fn head(
    pool: &Pool,
    newest: Option<&Decision>,
    demo: Option<&Demo>,
    tried: Tried,
    kept: pool_demo::Kept,
) -> AnyView {
    let live = expect_context::<Live>();
    let go = use_go();
    let Tried { busy, problem } = tried;
    let (id, version) = (pool.id, pool.version);
    let delete = Callback::new(move |()| {
        submit(busy, problem, pool_delete(id, version), move |()| {
            live.changed(EventNoun::Pool);
            go.run("/admin/pools".to_owned());
        });
    });
    let hint = pool.protocol.is_none().then(|| {
        view! {
            <p>
                {text::NO_SCALING} <A href=format!("/admin/pools/{id}/scaling/new")>{common::SET_UP_SCALING}</A>
            </p>
        }
    });
    view! {
        <Title text=pool.name.clone() />
        <div class="page-head">
            <h1>{pool.name.clone()}</h1>
            <Badge state=words::pool(pool) />
            <A href=format!("/admin/pools/{id}/edit") attr:class="button">
                {pools::CHANGE}
            </A>
            <Confirm
                label=common::DELETE
                question=text::delete_pool(&pool.name)
                consequence=text::DELETE_POOL_KEEPS
                action=text::DELETE_POOL
                on_confirm=delete
            />
        </div>
        {(!pool.description.is_empty()).then(|| view! { <p class="muted">{pool.description.clone()}</p> })}
        {pool_figures(pool.counts)}
        {hint}
        {need_list(&held(pool, newest), true, &[])}
        {demo.map(|demo| pool_demo::panel(demo, kept))}
    }
    .into_any()
}

/// What it held over time, the servers, and the newest decision.
fn overview(id: Id, pool: Data<PoolData>, tried: Tried) -> AnyView {
    view! {
        <section aria-labelledby="capacity">
            <h2 id="capacity">{common::CAPACITY}</h2>
            {capacity_chart(id)}
        </section>
        <section aria-labelledby="servers">
            <h2 id="servers">{common::SERVERS}</h2>
            {servers(Some(id), tried)}
        </section>
        <section aria-labelledby="newest">
            <h2 id="newest">{text::LAST_DECISION}</h2>
            {loaded(
                pool,
                |(_, _, newest)| match newest {
                    Some(decision) => decision_card(&decision),
                    None => view! { <Empty text=UNDECIDED /> }.into_any(),
                },
            )}
        </section>
    }
    .into_any()
}

/// What came of a config, and the numbers from which it can be recomputed. `leads_on`: with the ways to the fields that
/// decide it, where the config is a saved one.
pub fn config_report(report: &ConfigReport, leads_on: bool) -> AnyView {
    let mut lines = words::upscale_lines(&report.up);
    lines.extend(words::downscale_line(&report.down));
    view! {
        {finding_list(report.findings.iter(), Some(report), leads_on)}
        <details>
            <summary>{text::HOW_COMPUTED}</summary>
            <p class="muted">{text::config_version(report.config_version)}</p>
            <pre tabindex="0">{lines.join("\n")}</pre>
        </details>
    }
    .into_any()
}

fn configs(id: Id, tried: Tried) -> AnyView {
    let live = expect_context::<Live>();
    let configs = data(move || {
        let id = id.get();
        live.follow(&[EventNoun::Pool]);
        async move {
            let id = id?;
            let (pool, configs) = try_join!(pool_get(id), autoscale_list(Some(id)))?;
            let (options, _) = choices(&[pool]).await?;
            Ok((configs, options))
        }
    });
    let cards = kept(
        |(config, _): &(SavedConfig, Options)| config.id.to_string(),
        move |(config, options)| config_card(&config, options, tried),
    );
    let add = move || {
        id.get().ok().map(|id| {
            view! {
                <A href=format!("/admin/pools/{id}/scaling/new") attr:class="button">
                    {text::ADD_SCALING}
                </A>
            }
        })
    };
    view! {
        {loaded(
            configs,
            move |(page, options)| {
                if page.items.is_empty() {
                    return view! { <Empty text=text::NO_CONFIG /> }.into_any();
                }
                cards.show(page.items.into_iter().map(|config| (config, options.clone())).collect())
            },
        )}
        <div class="actions">{add}</div>
    }
    .into_any()
}

fn config_card(config: &SavedConfig, options: Options, tried: Tried) -> AnyView {
    let form = &domain::autoscale::FORM;
    let live = expect_context::<Live>();
    let Tried { busy, problem } = tried;
    let pause = Pause::of(config);
    let (name, is_on) = (pause.name.clone(), pause.is_on);
    let (id, version): (ConfigId, i64) = (config.id, config.version);
    let delete = Callback::new(move |()| {
        submit(busy, problem, autoscale_delete(id, version), move |()| {
            live.changed(EventNoun::Pool);
        });
    });
    let state = FormState::new(
        form,
        Start {
            draft: config.values.clone(),
            secrets: config.secrets.clone(),
            options,
            ..Start::default()
        },
    );
    let pairs = form
        .fields
        .iter()
        .filter(|field| form.is_shown(field, &config.values))
        .map(|field| (field.label, state.shown_value(field).into_any()))
        .collect();
    let pause_word = pause.word;
    let pause = Callback::new(move |()| {
        submit(busy, problem, pause.clone().run(), move |()| {
            live.changed(EventNoun::Pool);
        });
    });
    let paused = (!is_on).then(|| {
        view! {
            <p role="status">
                <strong>{text::PAUSED}</strong>
            </p>
        }
    });
    view! {
        <section class="card" aria-label=name.clone()>
            <div class="page-head">
                <h2>{name.clone()}</h2>
                <A href=format!("/admin/autoscale/{id}/edit") attr:class="button">
                    {common::CHANGE_SCALING}
                </A>
                <Act label=pause_word about=Some(name.clone()) busy on_press=pause />
                <Confirm
                    label=common::DELETE
                    about=name.clone()
                    question=text::delete_config(&name)
                    consequence=text::DELETE_CONFIG_KEEPS
                    action=text::DELETE_CONFIG
                    on_confirm=delete
                />
            </div>
            <p class="muted">
                {text::CHANGED} <Time at=config.updated_at /> {text::CHANGED_VERSION} {config.version}
                {text::CHANGED_END} <A href=format!("/admin/activity?target={id}")>{text::WHAT_WAS_CHANGED}</A>
            </p>
            {paused}
            {drift(config)}
            <ul class="findings">
                {config.warnings.iter().map(|warning| view! { <li>{warning.message.clone()}</li> }).collect_view()}
            </ul>
            {facts(pairs)}
            {copy_as(state, config_path(id), Some(version.into()))}
        </section>
    }
    .into_any()
}
