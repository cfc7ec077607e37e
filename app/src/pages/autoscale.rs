//! The wizard of an autoscale config: a new one for a pool, or an old one changed.

use domain::autoscale::{ConfigWarning, FORM, PlanPreview, RenderedScript, SavedConfig};
use domain::draft::SavedDraft;
use domain::error::{Problem, ProblemCode};
use domain::form::{Draft, Noun};
use domain::id::{ConfigId, DraftId, PoolId};
use domain::ldap::SavedLdapConfig;
use domain::pool::Pool;
use domain::provider::Provider;
use domain::start::StartTimes;
use domain::zone::Zone;
use futures::try_join;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};

use crate::api::autoscale::{
    autoscale_create, autoscale_get, autoscale_list, autoscale_plan, autoscale_replace,
    autoscale_script, autoscale_validate,
};
use crate::api::ldap_config::ldap_config_list;
use crate::api::pool::{pool_get, pool_list, pool_starts_get};
use crate::api::provider::provider_list;
use crate::api::zone::zone_list;
use crate::api::{ApiError, ApiResult};
use crate::components::data::data;
use crate::components::form::clash::{Clash, Theirs};
use crate::components::form::copy_as::copy_as;
use crate::components::form::keep::Keeper;
use crate::components::form::side::Side;
use crate::components::form::wizard::{Base, Wizard};
use crate::components::form::{FormState, Options, Settled, Start};
use crate::components::load::{heading_of, loaded, submit, use_address_with, use_go, use_id};
use crate::components::saved::LastSaved;
use crate::pages::autoscale_forecast::{Machines, forecast};
use crate::pages::autoscale_mode::mode;
use crate::pages::autoscale_start::{Beginning, settled_type};
use crate::pages::directories::name_of;
use crate::pages::drafts::{draft_hints, drafts_for};
use crate::pages::pool::config_report;
use crate::pages::{directories, pools, providers, zones};
use crate::text::pools::NOUN as POOL_NOUN;
use crate::text::{autoscale as text, common};

/// A new config for the pool of this address, or for any pool where it names none; where it names a draft, goes on with it.
#[component]
pub fn AutoscaleNewPage() -> impl IntoView {
    let id = use_id::<PoolId>(POOL_NOUN);
    let (params, query) = (use_params_map(), use_query_map());
    let known = data(move || {
        let is_named = params.read().get("id").is_some();
        let id = is_named.then(|| id.get()).transpose();
        // Read once: the address changes when the draft is kept for the first time, and the form goes on.
        let draft = query.read_untracked().get("draft");
        async move {
            let id = id?;
            let pools = match id {
                Some(id) => vec![pool_get(id).await?],
                None => pool_list().await?.items,
            };
            let starts = async {
                match id {
                    Some(id) => Ok(pool_starts_get(id).await?.usual),
                    None => Ok(None),
                }
            };
            // What can be copied: of all pools.
            let configs = autoscale_list(None);
            let (choices, drafts, configs, starts) =
                try_join!(choices(&pools), drafts_for(id), configs, starts)?;
            let pool = id.and_then(|id| pools.into_iter().find(|pool| pool.id == id));
            Ok((pool, choices, drafts, draft, configs.items, starts))
        }
    });
    view! {
        <Title text=common::SET_UP_SCALING />
        <h1>{common::SET_UP_SCALING}</h1>
        {expect_context::<LastSaved>().notice_of_thing()}
        {loaded(
            known,
            |(pool, (options, machines), mut drafts, wanted, configs, starts)| {
                let is_wanted = |draft: &SavedDraft| Some(draft.id.to_string()) == wanted;
                let kept = drafts.iter().position(is_wanted).map(|at| drafts.remove(at));
                let is_gone = wanted.is_some() && kept.is_none();
                let locked = LOCKED.into_iter().filter(|key| *key != POOL || pool.is_some());
                let locked: Vec<_> = locked.collect();
                let given = given(pool.as_ref(), &options);
                // What was typed comes before what is chosen for people, and neither moves it to another pool.
                let mut draft = given.clone();
                let typed = kept.as_ref().map(|kept| &kept.values);
                for key in typed.into_iter().flat_map(Draft::keys).filter(|key| !locked.contains(key)) {
                    if let Some(value) = typed.and_then(|values| values.get(key)) {
                        draft.set(key, value.clone());
                    }
                }
                let id = pool.as_ref().map(|pool| pool.id);
                let is_for = |draft: &SavedDraft| pool_of(&draft.values).ok() == id;
                drafts.retain(|draft| kept.is_none() && is_for(draft));
                let settled = pool.and_then(|pool| pool.protocol).map(settled_type);
                let start = Start {
                    draft,
                    options,
                    locked,
                    settled: settled.clone(),
                    ..Start::default()
                };
                let gone = is_gone
                    .then(|| {
                        view! {
                            <p class="banner starting" role="status">
                                {text::DRAFT_GONE}
                            </p>
                        }
                    });
                let new = New { kept, given, configs, settled };
                view! {
                    {gone}
                    {draft_hints(id, &drafts, true)}
                    {wizard(start, Subject::New(new), id, machines, starts)}
                }
                    .into_any()
            },
        )}
    }
}

/// What the way here fills in.
fn given(pool: Option<&Pool>, options: &Options) -> Draft {
    let mut draft = Draft::new().with("autoscale_type", "server");
    if let Some(pool) = pool {
        draft.set(POOL, pool.id.to_string());
    }
    if let Some(protocol) = pool.and_then(|pool| pool.protocol) {
        draft.set("connection_type", protocol.as_str());
    }
    // Where there is only one to choose, it is chosen.
    for (key, choices) in options {
        if let [(only, _)] = choices.as_slice() {
            draft.set(key, only.as_str());
        }
    }
    draft
}

/// The config of this address.
#[component]
pub fn AutoscaleEditPage() -> impl IntoView {
    let id = use_id::<ConfigId>(text::NOUN);
    let known = data(move || {
        let id = id.get();
        async move {
            let config = autoscale_get(id?).await?;
            let pool = pool_get(pool_of(&config.values)?).await?;
            let id = pool.id;
            let pools = [pool];
            let (choices, starts) = try_join!(choices(&pools), pool_starts_get(id))?;
            Ok((config, id, choices, starts.usual))
        }
    });
    view! {
        <Title text=common::CHANGE_SCALING />
        {heading_of(common::CHANGE_SCALING, known, |(config, ..)| config.name().to_owned())}
        {loaded(
            known,
            |(config, pool, (options, machines), starts)| {
                let start = Start {
                    draft: config.values,
                    secrets: config.secrets,
                    options,
                    locked: LOCKED
                        .into_iter()
                        .chain((config.servers > 0).then_some("deployment_zone_id"))
                        .collect(),
                    ..Start::default()
                };
                wizard(start, Subject::Old(config.id, config.version), Some(pool), machines, starts)
            },
        )}
    }
}

/// What the way here has decided already.
const LOCKED: [&str; 2] = [POOL, "autoscale_type"];

/// The field that says which pool a config is for.
const POOL: &str = "pool_id";

/// Which pool a config is for.
pub fn pool_of(values: &Draft) -> ApiResult<PoolId> {
    values
        .get(POOL)
        .and_then(|id| id.as_str()?.parse().ok())
        .ok_or_else(|| Problem::not_found(POOL_NOUN).into())
}

/// What can be chosen in the references of configs of these pools, with its name, and Max Instances of the provider configs.
pub async fn choices(pools: &[Pool]) -> ApiResult<(Options, Machines)> {
    let (zones, providers, directories) =
        try_join!(zone_list(), provider_list(), ldap_config_list())?;
    let zones = zones
        .items
        .into_iter()
        .map(|zone| (zone.id.to_string(), zone.input.name));
    let providers = providers.items;
    let machines = providers
        .iter()
        .map(|one| (one.id.to_string(), one.max_instances))
        .collect();
    let providers = providers
        .into_iter()
        .map(|one| (one.id.to_string(), one.name));
    let directories = directories
        .items
        .into_iter()
        .map(|one| (one.id.to_string(), name_of(&one)));
    let pools = pools
        .iter()
        .map(|pool| (pool.id.to_string(), pool.name.clone()));
    let options = Options::from([
        (POOL.to_owned(), pools.collect()),
        ("deployment_zone_id".to_owned(), zones.collect()),
        ("provider_id".to_owned(), providers.collect()),
        ("ldap_config_id".to_owned(), directories.collect()),
    ]);
    Ok((options, machines))
}

/// What the wizard is about.
enum Subject {
    /// A config that is not there yet.
    New(New),
    /// One that is, with the version that was read.
    Old(ConfigId, i64),
}

/// What a config that is not there yet begins with.
struct New {
    /// The draft that it goes on with.
    kept: Option<SavedDraft>,
    /// What the way here has filled in.
    given: Draft,
    /// The configs that can be copied.
    configs: Vec<SavedConfig>,
    /// The Connection Type that the pool has already.
    settled: Option<Settled>,
}

fn wizard(
    start: Start,
    subject: Subject,
    pool: Option<PoolId>,
    machines: Machines,
    starts: Option<StartTimes>,
) -> AnyView {
    let side = Side::new();
    let state = FormState::new(&FORM, start).with_side(side);
    let machines = RwSignal::new(machines);
    let (saved, begun, values) = match subject {
        Subject::New(new) => {
            let beginning = Beginning::new(state, new.given, new.configs, new.settled);
            let keeper = Keeper::new(state, new.kept, use_draft_address());
            (None, Some((beginning, keeper)), beginning.values())
        }
        Subject::Old(id, version) => {
            let clash = Clash::new(state, version);
            (Some((id, clash)), None, clash.base_signal())
        }
    };
    let (beginning, keeper) = begun.unzip();
    let words = if saved.is_some() {
        text::AS_SAVED
    } else {
        text::AS_SUGGESTED
    };
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let go = use_go();
    let last = expect_context::<LastSaved>();
    let save = Callback::new(move |()| {
        let call = async move {
            match saved {
                Some((id, clash)) => replace(state, id, clash).await,
                None => state
                    .send(autoscale_create(state.document()))
                    .await
                    .map(Some),
            }
        };
        submit(busy, problem, call, move |answer| {
            let Some(config) = answer else { return };
            let pool = pool_of(&config.values).ok();
            // A new one has nothing to go back to.
            if let (Some(pool), true) = (pool, saved.is_some()) {
                last.set(pool, &config);
            }
            if let Some(keeper) = keeper {
                keeper.finish();
            }
            go.run(page_of(pool));
        });
    });
    let word = if saved.is_some() {
        text::SAVE
    } else {
        text::CREATE
    };
    view! {
        {saved.map(|(_, clash)| clash.banner())}
        <Wizard
            state=state
            save=word
            cancel=page_of(pool)
            on_save=save
            busy=busy
            problem=problem
            review=move || {
                let copy = match saved {
                    Some((id, clash)) => copy_as(state, config_path(id), Some(clash.version_signal())),
                    None => copy_as(state, CONFIGS.to_owned(), None),
                };
                view! {
                    {saved.is_none().then(|| mode(state))}
                    {preview(state, saved.map(|(id, _)| id))}
                    {copy}
                }
            }
            beside=forecast(state, saved.map(|_| values), machines, starts)
            base=Base { values, words }
            opening=beginning.map(|beginning| ViewFn::from(move || beginning.view()))
            keeper=keeper
        />
        {new_things(state, side, machines)}
    }
    .into_any()
}

/// Where a config is shown, once it is saved or given up.
fn page_of(pool: Option<PoolId>) -> String {
    match pool {
        Some(pool) => format!("/admin/pools/{pool}"),
        None => "/admin/pools".to_owned(),
    }
}

/// The forms of what a config points at, beside the wizard. What is made there is chosen.
fn new_things(state: FormState, side: Side, machines: RwSignal<Machines>) -> AnyView {
    let made = move |noun, made: Option<(String, String)>| {
        if let Some((id, name)) = made {
            state.choose_new(noun, id, name);
        }
        side.close();
    };
    // They are the wizard's own: an answer may come after its form has been closed.
    let pool = Callback::new(move |pool: Option<Pool>| {
        made(
            Noun::Pool,
            pool.map(|pool| (pool.id.to_string(), pool.name)),
        );
    });
    let zone = Callback::new(move |zone: Option<Zone>| {
        made(
            Noun::Zone,
            zone.map(|zone| (zone.id.to_string(), zone.input.name)),
        );
    });
    let provider = Callback::new(move |provider: Option<Provider>| {
        if let Some(provider) = &provider {
            machines.update(|machines| {
                machines.insert(provider.id.to_string(), provider.max_instances);
            });
        }
        let provider = provider.map(|provider| (provider.id.to_string(), provider.name));
        made(Noun::Provider, provider);
    });
    let directory = Callback::new(move |directory: Option<SavedLdapConfig>| {
        let directory = directory.map(|one| (one.id.to_string(), name_of(&one)));
        made(Noun::LdapConfig, directory);
    });
    side.view(move |noun| match noun {
        Noun::Pool => pools::editor(None, Some(pool)),
        Noun::Zone => zones::editor(None, Some(zone)),
        Noun::Provider => providers::editor(None, Some(provider)),
        Noun::LdapConfig => directories::editor(None, Some(directory)),
    })
}

/// Where the API has the configs.
const CONFIGS: &str = "/autoscale-configs";

/// Where the API has one of them.
pub fn config_path(id: ConfigId) -> String {
    format!("{CONFIGS}/{id}")
}

/// Saves a config that is there already; nothing, where somebody else has saved it meanwhile: what to do then is asked.
async fn replace(state: FormState, id: ConfigId, clash: Clash) -> ApiResult<Option<SavedConfig>> {
    let replaced = state
        .send(autoscale_replace(id, clash.version(), state.document()))
        .await;
    match replaced {
        Err(ApiError(problem)) if problem.code == ProblemCode::VersionMismatch => {
            let now = autoscale_get(id).await?;
            clash.found(Theirs {
                values: now.values,
                secrets: now.secrets,
                version: now.version,
            });
            Ok(None)
        }
        answer => answer.map(Some),
    }
}

/// Puts the draft into the address, so that a reload goes on with it.
fn use_draft_address() -> Callback<DraftId> {
    let address_with = use_address_with();
    let navigate = use_navigate();
    Callback::new(move |id: DraftId| {
        navigate(
            &address_with("draft", Some(id.to_string())),
            NavigateOptions {
                replace: true,
                scroll: false,
                ..NavigateOptions::default()
            },
        );
    })
}

/// What the server says about the answers: warnings, what the loop would do now, and the script as it would run. Nothing
/// while a field is wrong, since the list of mistakes says so already. What is chosen on the review itself is asked for anew.
fn preview(state: FormState, id: Option<ConfigId>) -> AnyView {
    let document = Memo::new(move |_| state.draft.read().only_shown(state.form));
    let preview = data(move || {
        let document = document.get();
        let is_complete = state.is_right();
        async move {
            if !is_complete {
                return Ok(None);
            }
            match state.send(ask(id, document)).await {
                Err(ApiError(problem)) if !problem.errors.is_empty() => Ok(None),
                answer => answer.map(Some),
            }
        }
    });
    view! {
        <section aria-labelledby="preview">
            <h3 id="preview">{text::PREVIEW}</h3>
            {loaded(
                preview,
                |answer| match answer {
                    Some((warnings, plan, script)) => {
                        view! {
                            {plan_view(&warnings, &plan)}
                            <details>
                                <summary>{text::SCRIPT_OF_NEW}</summary>
                                {script_view(&script)}
                            </details>
                        }
                            .into_any()
                    }
                    None => view! { <p class="muted">{text::PREVIEW_LATER}</p> }.into_any(),
                },
            )}
        </section>
    }
    .into_any()
}

type Preview = (Vec<ConfigWarning>, PlanPreview, RenderedScript);

async fn ask(id: Option<ConfigId>, document: Draft) -> ApiResult<Preview> {
    let validation = autoscale_validate(id, document.clone()).await?;
    if !validation.errors.is_empty() {
        return Err(Problem::invalid(validation.errors).into());
    }
    let plan = autoscale_plan(id, document.clone());
    let (plan, script) = try_join!(plan, autoscale_script(id, document, None))?;
    Ok((validation.warnings, plan, script))
}

fn plan_view(warnings: &[ConfigWarning], plan: &PlanPreview) -> AnyView {
    let what = what_happens(plan);
    view! {
        <p class="lead">{what} " " {text::seats(plan.seats_ready, plan.seats_per_server)}</p>
        {warning_list(warnings)}
        {plan.report.configs.iter().map(|config| config_report(config, false)).collect_view()}
    }
    .into_any()
}

/// What is done at once.
fn what_happens(plan: &PlanPreview) -> String {
    let given_up = (plan.fail > 0).then(|| text::given_up(plan.fail));
    let rest = match (plan.create, plan.drain) {
        (0, 0) if plan.fail > 0 => None,
        (0, 0) => Some(text::NOTHING_NOW.to_owned()),
        (create, 0) => Some(text::made(create)),
        (0, drain) => Some(text::drained(drain)),
        (create, drain) => Some(text::made_and_drained(create, drain)),
    };
    let sentences: Vec<String> = given_up.into_iter().chain(rest).collect();
    sentences.join(" ")
}

fn warning_list(warnings: &[ConfigWarning]) -> AnyView {
    (!warnings.is_empty())
        .then(|| {
            view! {
                <div class="banner starting" role="status">
                    <p>
                        <strong>{text::LOOK_FIRST}</strong>
                    </p>
                    <ul>
                        {warnings.iter().map(|warning| view! { <li>{warning.message.clone()}</li> }).collect_view()}
                    </ul>
                </div>
            }
        })
        .into_any()
}

fn script_view(script: &RenderedScript) -> AnyView {
    view! {
        <p class="muted">{text::script_size(script.bytes, script.limit_bytes)}</p>
        {warning_list(&script.warnings)}
        <pre tabindex="0" aria-label=text::SCRIPT>{script.script.clone()}</pre>
    }
    .into_any()
}
