//! The wizard of an autoscale config: a new one for a pool, or an old one changed.

use domain::autoscale::{ConfigWarning, FORM, PlanPreview, RenderedScript, SavedConfig};
use domain::error::Problem;
use domain::form::Draft;
use domain::id::{ConfigId, PoolId};
use domain::pool::Pool;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::autoscale::{
    autoscale_create, autoscale_get, autoscale_plan, autoscale_replace, autoscale_script,
    autoscale_validate,
};
use crate::api::ldap_config::ldap_config_list;
use crate::api::pool::pool_get;
use crate::api::provider::provider_list;
use crate::api::zone::zone_list;
use crate::api::{ApiError, ApiResult};
use crate::components::data::data;
use crate::components::form::wizard::Wizard;
use crate::components::form::{FormState, Options, Start};
use crate::components::load::{loaded, submit, use_go, use_id};
use crate::pages::directories::name_of;
use crate::pages::pool::config_report;
use crate::words;

/// A new config for the pool of this address.
#[component]
pub fn AutoscaleNewPage() -> impl IntoView {
    let id = use_id::<PoolId>("pool");
    let known = data(move || {
        let id = id.get();
        async move {
            let pool = pool_get(id?).await?;
            let options = options(&pool).await?;
            Ok((pool, options))
        }
    });
    view! {
        <Title text="Set up scaling" />
        <h1>"Set up scaling"</h1>
        {loaded(
            known,
            |(pool, options)| {
                let mut draft = Draft::new().with("pool_id", pool.id.to_string()).with("autoscale_type", "server");
                if let Some(protocol) = pool.protocol {
                    draft.set("connection_type", protocol.as_str());
                }
                // Where there is only one to choose, it is chosen.
                for (key, choices) in &options {
                    if let [(only, _)] = choices.as_slice() {
                        draft.set(key, only.as_str());
                    }
                }
                let start = Start { draft, options, locked: LOCKED.to_vec(), ..Start::default() };
                wizard(start, None, pool.id)
            },
        )}
    }
}

/// The config of this address.
#[component]
pub fn AutoscaleEditPage() -> impl IntoView {
    let id = use_id::<ConfigId>("autoscale config");
    let known = data(move || {
        let id = id.get();
        async move {
            let config = autoscale_get(id?).await?;
            let pool = pool_get(pool_of(&config)?).await?;
            let options = options(&pool).await?;
            Ok((config, pool, options))
        }
    });
    view! {
        <Title text="Change scaling" />
        <h1>"Change scaling"</h1>
        {loaded(
            known,
            |(config, pool, options)| {
                let start = Start {
                    draft: config.values,
                    secrets: config.secrets,
                    options,
                    locked: LOCKED
                        .into_iter()
                        .chain((config.servers > 0).then_some("deployment_zone_id"))
                        .collect(),
                };
                wizard(start, Some((config.id, config.version)), pool.id)
            },
        )}
    }
}

/// What the way here has decided already.
const LOCKED: [&str; 2] = ["pool_id", "autoscale_type"];

fn pool_of(config: &SavedConfig) -> ApiResult<PoolId> {
    config
        .values
        .get("pool_id")
        .and_then(|id| id.as_str()?.parse().ok())
        .ok_or_else(|| Problem::not_found("pool").into())
}

/// What can be chosen in the references of a pool's configs, with its name.
pub async fn options(pool: &Pool) -> ApiResult<Options> {
    let zones = zone_list()
        .await?
        .items
        .into_iter()
        .map(|zone| (zone.id.to_string(), zone.input.name));
    let providers = provider_list()
        .await?
        .items
        .into_iter()
        .map(|one| (one.id.to_string(), one.name));
    let directories = ldap_config_list()
        .await?
        .items
        .into_iter()
        .map(|one| (one.id.to_string(), name_of(&one)));
    Ok(Options::from([
        (
            "pool_id".to_owned(),
            vec![(pool.id.to_string(), pool.name.clone())],
        ),
        ("deployment_zone_id".to_owned(), zones.collect()),
        ("provider_id".to_owned(), providers.collect()),
        ("ldap_config_id".to_owned(), directories.collect()),
    ]))
}

fn wizard(start: Start, seen: Option<(ConfigId, i64)>, pool: PoolId) -> AnyView {
    let state = FormState::new(&FORM, start);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let go = use_go();
    let save = Callback::new(move |()| {
        let call = async move {
            match seen {
                Some((id, version)) => {
                    state
                        .send(autoscale_replace(id, version, state.document()))
                        .await
                }
                None => state.send(autoscale_create(state.document())).await,
            }
        };
        submit(busy, problem, call, move |_| {
            go.run(format!("/admin/pools/{pool}"));
        });
    });
    let word = if seen.is_some() {
        "Save scaling"
    } else {
        "Create scaling"
    };
    view! {
        <Wizard
            state=state
            save=word
            cancel=format!("/admin/pools/{pool}")
            on_save=save
            busy=busy
            problem=problem
            review=move || forecast(state, seen.map(|(id, _)| id))
        />
    }
    .into_any()
}

/// What the server says about the answers: warnings, what the loop would do now, and the script as it would run. Nothing
/// while a field is wrong, since the list of mistakes says so already.
fn forecast(state: FormState, id: Option<ConfigId>) -> AnyView {
    let document = state.document();
    let is_complete = state.errors_in(None).is_empty();
    let forecast = data(move || {
        let document = document.clone();
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
        <section aria-labelledby="forecast">
            <h3 id="forecast">"What happens when you save"</h3>
            {loaded(
                forecast,
                |answer| match answer {
                    Some((warnings, plan, script)) => {
                        view! {
                            {plan_view(&warnings, &plan)}
                            <details>
                                <summary>"Start-up script as a new server gets it"</summary>
                                {script_view(&script)}
                            </details>
                        }
                            .into_any()
                    }
                    None => view! { <p class="muted">"This is computed once every field is right."</p> }.into_any(),
                },
            )}
        </section>
    }
    .into_any()
}

type Forecast = (Vec<ConfigWarning>, PlanPreview, RenderedScript);

async fn ask(id: Option<ConfigId>, document: Draft) -> ApiResult<Forecast> {
    let validation = autoscale_validate(id, document.clone()).await?;
    if !validation.errors.is_empty() {
        return Err(Problem::invalid(validation.errors).into());
    }
    let plan = autoscale_plan(id, document.clone()).await?;
    let script = autoscale_script(id, document, None).await?;
    Ok((validation.warnings, plan, script))
}

fn plan_view(warnings: &[ConfigWarning], plan: &PlanPreview) -> AnyView {
    let what = match (plan.create, plan.drain) {
        (0, 0) => "No server is made or removed now.".to_owned(),
        (create, 0) => format!("{} made now.", are(create)),
        (0, drain) => format!("{} drained now.", are(drain)),
        (create, drain) => format!("{} made and {} drained now.", are(create), are(drain)),
    };
    view! {
        <p class="lead">
            {what} " "
            {format!(
                "{} ready then; a server holds {}.",
                words::counted(plan.seats_ready, "seat is", "seats are"),
                words::counted(plan.seats_per_server, "seat", "seats"),
            )}
        </p>
        {warning_list(warnings)}
        {plan.report.configs.iter().map(config_report).collect_view()}
    }
    .into_any()
}

fn are(count: u32) -> String {
    words::counted(count, "server is", "servers are")
}

fn warning_list(warnings: &[ConfigWarning]) -> AnyView {
    (!warnings.is_empty())
        .then(|| {
            view! {
                <div class="banner starting" role="status">
                    <p>
                        <strong>"Look at this first"</strong>
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
    let limit = script.limit_bytes.map(|limit| format!(" of {limit}"));
    view! {
        <p class="muted">{script.bytes} {limit} " bytes; secrets are masked."</p>
        {warning_list(&script.warnings)}
        <pre tabindex="0" aria-label="Start-up script">{script.script.clone()}</pre>
    }
    .into_any()
}
