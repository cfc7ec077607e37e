//! Pools: the list, a new one, an old one changed.

use domain::capacity::CapacityLine;
use domain::event::EventNoun;
use domain::id::PoolId;
use domain::page::Page;
use domain::pool::{Pool, PoolInput, PublishedApp};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::api::pool::{pool_create, pool_get, pool_lines, pool_list, pool_replace};
use crate::components::badge::Badge;
use crate::components::data::{Data, data};
use crate::components::empty::Empty;
use crate::components::filter::{Rank, filter_bar, narrowed, use_sort, use_wanted_text};
use crate::components::form::page::{Beside, Cancel, FormPage};
use crate::components::form::{FormState, Start};
use crate::components::live::Live;
use crate::components::load::{Tried, heading_of, loaded, loaded_beside, submit, use_go, use_id};
use crate::components::problem::LastProblem;
use crate::components::saved::LastSaved;
use crate::components::step_line::small_chart;
use crate::components::table::{Table, link};
use crate::components::time::use_passed;
use crate::forms;
use crate::pages::drafts::draft_section;
use crate::text::{common, pools as text, words};

/// All pools.
#[component]
pub fn PoolsPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let pools = data(move || {
        live.follow(&[EventNoun::Pool, EventNoun::Server, EventNoun::Session]);
        pool_list()
    });
    let lines = last_hours();
    let (tried, wanted, table) = (Tried::new(), use_wanted_text(), pool_table());
    view! {
        <Title text=common::POOLS />
        <div class="page-head">
            <h1>{common::POOLS}</h1>
            <A href="/admin/pools/new" attr:class="button primary">
                {common::NEW_POOL}
            </A>
            <A href="/admin/scaling/new" attr:class="button">
                {common::SET_UP_SCALING}
            </A>
        </div>
        <LastProblem problem=tried.problem />
        {filter_bar(text::FILTERED, true, Vec::new())}
        {draft_section(tried)}
        {loaded_beside(
            pools,
            lines,
            move |page, lines| {
                if page.items.is_empty() {
                    return view! { <Empty text=text::NONE /> }.into_any();
                }
                let texts = |pool: &Pool| format!("{} {}", pool.name, words::pool(pool).word);
                show_pools(table, narrowed(page, wanted.get().as_deref(), texts), lines.as_ref())
            },
        )}
    }
}

/// What each pool held in the last hour. Asked for step by step, however much happens within one.
pub fn last_hours() -> Data<Page<CapacityLine>> {
    let live = expect_context::<Live>();
    let passed = use_passed(|| CapacityLine::STEP_MILLIS);
    data(move || {
        live.follow_steps(CapacityLine::STEP_MILLIS, passed, &[]);
        pool_lines()
    })
}

/// A pool, and what it held in the last hour.
type PoolLine = (Pool, Option<CapacityLine>);

/// Pools with what they hold, and what they held in the last hour.
pub fn pool_table() -> Table<PoolLine> {
    Table::new(
        common::POOLS,
        &[
            common::NAME,
            common::STATE,
            text::LAST_HOUR,
            common::SESSIONS,
            text::FREE_SEATS,
            text::STARTING,
            common::WAITING,
        ],
        |(pool, _): &PoolLine| pool.id.to_string(),
        |(pool, line)| {
            let counts = pool.counts;
            vec![
                link(format!("/admin/pools/{}", pool.id), &pool.name),
                view! { <Badge state=words::pool(&pool) /> }.into_any(),
                line.as_ref().map(small_chart).into_any(),
                counts.sessions.into_any(),
                counts.free_seats.into_any(),
                counts.starting.into_any(),
                counts.waiting.into_any(),
            ]
        },
    )
}

/// These pools in that table.
pub fn show_pools(
    table: Table<PoolLine>,
    mut pools: Page<Pool>,
    lines: Option<&Page<CapacityLine>>,
) -> AnyView {
    let lines = lines.map_or(&[][..], |page| &page.items);
    let sort = use_sort();
    sort.apply(&mut pools.items, rank);
    let pools = pools.map(|pool| {
        let line = lines.iter().find(|line| line.pool_id == pool.id);
        (pool, line.cloned())
    });
    let keys = [
        (common::NAME, "name"),
        (common::STATE, "state"),
        (common::SESSIONS, "sessions"),
        (text::FREE_SEATS, "free"),
        (text::STARTING, "starting"),
        (common::WAITING, "waiting"),
    ];
    table.sorted(&keys, &sort, pools)
}

fn rank(pool: &Pool, key: &str) -> Option<Rank> {
    let counts = pool.counts;
    let number = match key {
        "name" => return Some((0, pool.name.to_lowercase())),
        "state" => return Some((0, words::pool(pool).word.to_owned())),
        "sessions" => counts.sessions,
        "free" => counts.free_seats,
        "starting" => counts.starting,
        "waiting" => counts.waiting,
        _ => return None,
    };
    Some((number.into(), String::new()))
}

/// A new pool.
#[component]
pub fn PoolNewPage() -> impl IntoView {
    view! {
        <Title text=common::NEW_POOL />
        <h1>{common::NEW_POOL}</h1>
        <p class="help">{text::NEW_HELP}</p>
        {editor(None, None)}
    }
}

/// A pool that is there already.
#[component]
pub fn PoolEditPage() -> impl IntoView {
    let id = use_id::<PoolId>(text::NOUN);
    let pool = data(move || {
        let id = id.get();
        async move { pool_get(id?).await }
    });
    view! {
        <Title text=text::CHANGE />
        {heading_of(text::CHANGE, pool, |pool| pool.name.clone())}
        {loaded(pool, |pool| editor(Some(pool), None))}
    }
}

/// The form of a pool, on a page of its own or beside another form.
pub fn editor(old: Option<Pool>, beside: Option<Beside<Pool>>) -> AnyView {
    let draft = old
        .as_ref()
        .map(|pool| forms::draft_of(&forms::POOL, pool))
        .unwrap_or_default();
    let apps = RwSignal::new(
        old.as_ref()
            .map(|pool| {
                pool.apps
                    .iter()
                    .cloned()
                    .map(RwSignal::new)
                    .collect::<Vec<_>>()
            })
            .unwrap_or_default(),
    );
    let seen = old.map(|pool| (pool.id, pool.version));
    let state = FormState::new(
        &forms::POOL,
        Start {
            draft,
            is_beside: beside.is_some(),
            ..Start::default()
        },
    );
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let (go, last) = (use_go(), expect_context::<LastSaved>());
    let save = Callback::new(move |()| {
        let call = async move {
            let mut input: PoolInput = forms::read(&forms::POOL, state.document())?;
            input.apps =
                apps.with_untracked(|apps| apps.iter().map(|app| app.get_untracked()).collect());
            match seen {
                Some((id, version)) => state.send(pool_replace(id, version, input)).await,
                None => state.send(pool_create(input)).await,
            }
        };
        submit(busy, problem, call, move |pool: Pool| {
            if let Some(beside) = beside {
                beside.try_run(Some(pool));
                return;
            }
            last.set_thing(&pool.name);
            let next = if seen.is_some() { "" } else { "/scaling/new" };
            go.run(format!("/admin/pools/{}{next}", pool.id));
        });
    });
    let (word, cancel) = match seen {
        Some((id, _)) => (text::SAVE, format!("/admin/pools/{id}")),
        None => (text::CREATE, "/admin/pools".to_owned()),
    };
    let cancel = Cancel::of(cancel, beside);
    view! {
        <FormPage state=state save=word cancel=cancel on_save=save busy=busy problem=problem>
            {app_editor(apps)}
        </FormPage>
    }
    .into_any()
}

/// The published apps of an RDP pool, one group of fields each.
fn app_editor(apps: RwSignal<Vec<RwSignal<PublishedApp>>>) -> AnyView {
    let new = || PublishedApp {
        key: String::new(),
        name: String::new(),
        program: String::new(),
        arguments: String::new(),
    };
    view! {
        <fieldset class="field">
            <legend>{text::APPS}</legend>
            <p class="help">{text::APPS_HELP}</p>
            {move || {
                apps.get()
                    .into_iter()
                    .enumerate()
                    .map(|(at, app)| app_fields(at, app, apps))
                    .collect_view()
            }}
            <button
                type="button"
                class="button"
                on:click=move |_| apps.update(|apps| apps.push(RwSignal::new(new())))
            >
                {text::ADD_APP}
            </button>
        </fieldset>
    }
    .into_any()
}

fn app_fields(
    at: usize,
    app: RwSignal<PublishedApp>,
    apps: RwSignal<Vec<RwSignal<PublishedApp>>>,
) -> AnyView {
    type Part = fn(&mut PublishedApp) -> &mut String;
    let parts: [(&str, &str, Part); 4] = [
        ("key", text::APP_KEY, |app| &mut app.key),
        ("name", common::NAME, |app| &mut app.name),
        ("program", text::APP_PROGRAM, |app| &mut app.program),
        ("arguments", text::APP_ARGUMENTS, |app| &mut app.arguments),
    ];
    let inputs = parts.into_iter().map(|(key, label, part)| {
        let id = format!("app-{at}-{key}");
        view! {
            <div class="field">
                <label for=id.clone()>{label}</label>
                <input
                    type="text"
                    id=id.clone()
                    autocomplete="off"
                    prop:value=move || app.with(|app| part(&mut app.clone()).clone())
                    on:input=move |event| app.update(|app| *part(app) = event_target_value(&event))
                />
            </div>
        }
    });
    view! {
        <fieldset class="group">
            <legend>{text::app(at + 1)}</legend>
            {inputs.collect_view()}
            <button
                type="button"
                class="button"
                aria-label=text::remove_app(at + 1)
                on:click=move |_| {
                    apps.update(|apps| {
                        apps.remove(at);
                    });
                }
            >
                {common::REMOVE}
            </button>
        </fieldset>
    }
    .into_any()
}
