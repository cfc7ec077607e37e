//! Provider configs: the list with a test, a new one, an old one changed.

use domain::deployment::Deployment;
use domain::event::EventNoun;
use domain::form::Form;
use domain::id::ProviderId;
use domain::plan::explain;
use domain::provider::{
    Provider, ProviderChoicesInput, ProviderInput, ProviderKind, ProviderWarning, TestCheck,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

use crate::api::deployment::{deployment_get, deployment_pause, deployment_resume};
use crate::api::provider::{
    provider_choice_list, provider_create, provider_delete, provider_get, provider_list,
    provider_replace, provider_test,
};
use crate::components::act::Act;
use crate::components::confirm::{delete_button, use_ready};
use crate::components::data::data;
use crate::components::empty::Empty;
use crate::components::filter::{Rank, filter_bar, narrowed, use_sort, use_wanted_text};
use crate::components::finding::finding_list;
use crate::components::form::offers::Offers;
use crate::components::form::page::{Beside, Cancel, FormPage, fields};
use crate::components::form::{FormState, Start};
use crate::components::frame::pause_sentence;
use crate::components::live::Live;
use crate::components::load::{heading_of, loaded, submit, use_go, use_id};
use crate::components::problem::LastProblem;
use crate::components::saved::LastSaved;
use crate::components::table::{Table, link};
use crate::forms;
use crate::text::{common, frame, providers as text};

/// All provider configs.
#[component]
pub fn ProvidersPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let providers = data(move || {
        live.follow(&[EventNoun::Provider, EventNoun::Server]);
        provider_list()
    });
    let deployment = data(move || {
        live.follow(&[EventNoun::Deployment]);
        deployment_get()
    });
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let wanted = use_wanted_text();
    let cells = move |provider: Provider| {
        let delete = Callback::new(move |()| {
            let call = provider_delete(provider.id, provider.version);
            submit(busy, problem, call, move |()| {
                live.changed(EventNoun::Provider);
            });
        });
        let name = provider.name.clone();
        let (health, has_failed) = (health(&provider), provider.health.failures > 0);
        vec![
            link(format!("/admin/providers/{}/edit", provider.id), &name),
            providers::form(provider.kind).title.into_any(),
            text::machines(provider.health.existing, provider.max_instances).into_any(),
            view! {
                <span class="health" class:failed=has_failed>{health}</span>
                {provider
                    .findings
                    .first()
                    .map(|finding| {
                        view! { <p class="muted">{explain::sentence(finding, None)}</p> }
                    })}
            }
            .into_any(),
            delete_button(
                &name,
                &text::the_provider(&name),
                text::DELETE,
                text::DELETE_HELP,
                delete,
            ),
        ]
    };
    let table = Table::new(
        common::PROVIDERS,
        &[
            common::NAME,
            common::KIND,
            text::MACHINES,
            common::HEALTH,
            common::ACTIONS,
        ],
        |provider: &Provider| provider.id.to_string(),
        cells,
    );
    view! {
        <Title text=common::PROVIDERS />
        <div class="page-head">
            <h1>{common::PROVIDERS}</h1>
            <A href="/admin/providers/new" attr:class="button primary">
                {common::NEW_PROVIDER}
            </A>
        </div>
        <LastProblem problem=problem />
        {expect_context::<LastSaved>().notice_of_thing()}
        {loaded(deployment, |deployment| hold(&deployment))}
        {filter_bar(text::FILTERED, true, Vec::new())}
        {loaded(
            providers,
            move |page| {
                if page.items.is_empty() {
                    return view! { <Empty text=text::NONE /> }.into_any();
                }
                let mut page = narrowed(page, wanted.get().as_deref(), texts);
                let sort = use_sort();
                sort.apply(&mut page.items, rank);
                let keys = [
                    (common::NAME, "name"),
                    (common::KIND, "kind"),
                    (text::MACHINES, "machines"),
                    (common::HEALTH, "health"),
                ];
                table.sorted(&keys, &sort, page)
            },
        )}
    }
}

fn health(provider: &Provider) -> String {
    text::health(provider.health.failures)
}

fn texts(provider: &Provider) -> String {
    let kind = providers::form(provider.kind).title;
    format!("{} {kind} {}", provider.name, health(provider))
}

fn rank(provider: &Provider, key: &str) -> Option<Rank> {
    match key {
        "name" => Some((0, provider.name.to_lowercase())),
        "kind" => Some((0, providers::form(provider.kind).title.to_owned())),
        "machines" => Some((provider.health.existing.into(), String::new())),
        "health" => Some((provider.health.failures.into(), String::new())),
        _ => None,
    }
}

/// That everything is held, and the button that holds it or lets it go on: one button, whose word changes, so that it keeps
/// the focus.
fn hold(deployment: &Deployment) -> AnyView {
    let live = expect_context::<Live>();
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let is_paused = deployment.pause.is_some();
    let turn = Callback::new(move |()| {
        let done = move |_| live.changed(EventNoun::Deployment);
        if is_paused {
            submit(busy, problem, deployment_resume(), done);
        } else {
            submit(busy, problem, deployment_pause(), done);
        }
    });
    let label = if is_paused {
        frame::RESUME
    } else {
        text::PAUSE
    };
    view! {
        <LastProblem problem=problem />
        // The button comes first, and stays in its place when something is said beside it.
        <div class="banner hold" class:starting=is_paused>
            <Act label busy on_press=turn />
            // There before it says something: only then is it heard.
            <p role="status">
                {deployment.pause.as_ref().map(pause_sentence)}
            </p>
        </div>
    }
    .into_any()
}

/// A new provider config.
#[component]
pub fn ProviderNewPage() -> impl IntoView {
    view! {
        <Title text=common::NEW_PROVIDER />
        <h1>{common::NEW_PROVIDER}</h1>
        {editor(None, None)}
    }
}

/// A provider config that is there already.
#[component]
pub fn ProviderEditPage() -> impl IntoView {
    let id = use_id::<ProviderId>(text::NOUN);
    let again = Trigger::new();
    let provider = data(move || {
        let id = id.get();
        again.track();
        async move { provider_get(id?).await }
    });
    view! {
        <Title text=text::CHANGE />
        {heading_of(text::CHANGE, provider, |provider| provider.name.clone())}
        {loaded(
            provider,
            move |provider| {
                let id = provider.id;
                view! {
                    {found(&provider)}
                    {test(id)}
                    {editor(Some((provider, again)), None)}
                }
                    .into_any()
            },
        )}
    }
}

/// What the loop has concluded about the provider itself, and how the configs that use it get on with it, where there is
/// something to say.
fn found(provider: &Provider) -> AnyView {
    let findings = (!provider.findings.is_empty()).then(|| {
        view! {
            <section aria-labelledby="findings">
                <h2 id="findings">{text::FINDINGS}</h2>
                {finding_list(provider.findings.iter(), None, true)}
            </section>
        }
    });
    let warnings = (!provider.warnings.is_empty()).then(|| {
        let item = |one: &ProviderWarning| view! { <li>{warning(one)}</li> };
        view! {
            <div class="banner starting" role="status">
                <p>
                    <strong>{text::WARNINGS}</strong>
                </p>
                <ul>{provider.warnings.iter().map(item).collect_view()}</ul>
            </div>
        }
    });
    view! {
        {findings}
        {warnings}
    }
    .into_any()
}

/// A warning, which leads to the config that it is about.
fn warning(warning: &ProviderWarning) -> AnyView {
    let config = format!("/admin/autoscale/{}/edit", warning.config_id);
    view! {
        {link(config, &warning.config_name)} ": " {warning.message.clone()}
    }
    .into_any()
}

/// The form of a provider config, on a page of its own or beside another form. `old` comes with what asks for it again.
pub fn editor(old: Option<(Provider, Trigger)>, beside: Option<Beside<Provider>>) -> AnyView {
    let (old, again) = old.unzip();
    let mut start = old
        .as_ref()
        .map(|provider| Start {
            draft: forms::draft_of(&forms::PROVIDER, provider),
            locked: vec!["kind"],
            ..Start::default()
        })
        .unwrap_or_default();
    start.is_beside = beside.is_some();
    let state = FormState::new(&forms::PROVIDER, start);
    let kinds = kind_states(old.as_ref(), beside.is_some());
    let seen = old.map(|provider| (provider.id, provider.version));
    let kind = Memo::new(move |_| {
        let word = forms::PROVIDER
            .field("kind")
            .and_then(|field| state.value(field));
        word.as_ref()
            .and_then(|word| word.as_str())
            .and_then(ProviderKind::from_word)
    });
    let settings = move |kind: Option<ProviderKind>| {
        kinds
            .into_iter()
            .find(|(one, _)| Some(*one) == kind)
            .map(|(_, state)| state)
    };
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let (go, last) = (use_go(), expect_context::<LastSaved>());
    let save = Callback::new(move |()| {
        let own = settings(kind.get_untracked());
        if let Some(own) = own {
            own.touch_step(None);
            if !own.errors_in(None).is_empty() {
                return;
            }
        }
        let call = async move {
            let mut input: ProviderInput = forms::read(&forms::PROVIDER, state.document())?;
            let answer = async move {
                if let Some(own) = own {
                    input.settings = own.document().into();
                }
                match seen {
                    Some((id, version)) => provider_replace(id, version, input).await,
                    None => provider_create(input).await,
                }
            };
            match own {
                // Boxed: this future is large.
                Some(own) => Box::pin(own.send(state.send(answer))).await,
                None => state.send(answer).await,
            }
        };
        submit(busy, problem, call, move |saved: Provider| {
            match (again, beside) {
                (_, Some(beside)) => {
                    beside.try_run(Some(saved));
                }
                // It is saved, and this page says what to look at.
                (Some(again), _) if !saved.warnings.is_empty() => again.notify(),
                _ => {
                    last.set_thing(&saved.name);
                    go.run("/admin/providers".to_owned());
                }
            }
        });
    });
    let word = if seen.is_some() {
        text::SAVE
    } else {
        text::CREATE
    };
    view! {
        <FormPage
            state=state
            save=word
            cancel=Cancel::of("/admin/providers".to_owned(), beside)
            on_save=save
            busy=busy
            problem=problem
        >
            {move || settings(kind.get()).map(kind_fields)}
        </FormPage>
    }
    .into_any()
}

/// The form of each kind, which keeps what was entered for it while another one is looked at.
fn kind_states(
    old: Option<&Provider>,
    is_beside: bool,
) -> [(ProviderKind, FormState); ProviderKind::ALL.len()] {
    ProviderKind::ALL.map(|kind| {
        let old = old.filter(|provider| provider.kind == kind);
        let settings = old.map(|provider| provider.settings.clone());
        let secrets = old.map(|provider| provider.secrets.clone());
        let provider_id = old.map(|provider| provider.id);
        let start = Start {
            draft: settings.map(Into::into).unwrap_or_default(),
            secrets: secrets.unwrap_or_default(),
            is_beside,
            ..Start::default()
        };
        let state = FormState::new(providers::form(kind), start);
        let offers = Offers::new(move || {
            let settings = state.document().into();
            Box::pin(provider_choice_list(ProviderChoicesInput {
                kind,
                settings,
                provider_id,
            }))
        });
        (kind, state.with_offers(offers))
    })
}

fn kind_fields(state: FormState) -> AnyView {
    let form: &'static Form = state.form;
    form.steps
        .iter()
        .map(|step| {
            view! {
                <h2>{step.title}</h2>
                <p class="help">{step.about}</p>
                {fields(state, step)}
            }
        })
        .collect_view()
        .into_any()
}

/// Tries the provider as it is saved, without side effects.
fn test(id: ProviderId) -> AnyView {
    let ready = use_ready();
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let checks = RwSignal::new(None::<Vec<TestCheck>>);
    let run = move |_| {
        submit(busy, problem, provider_test(id), move |answer| {
            checks.set(Some(answer));
        });
    };
    view! {
        <section aria-label=text::TEST>
            <button type="button" class="button" disabled=move || !ready.get() || busy.get() on:click=run>
                {move || if busy.get() { text::TESTING } else { text::TEST }}
            </button>
            <LastProblem problem=problem />
            <div role="status">
                {move || {
                    checks
                        .get()
                        .map(|checks| {
                            let items = checks
                                .into_iter()
                                .map(|check| {
                                    let (class, word) = if check.passed {
                                        ("ready", text::PASSED)
                                    } else {
                                        ("failed", text::FAILED)
                                    };
                                    view! {
                                        <li class=class>
                                            <strong>{word} {check.name}</strong>
                                            {text::END}
                                            {check.detail}
                                        </li>
                                    }
                                });
                            view! { <ul class="checks">{items.collect_view()}</ul> }
                        })
                }}
            </div>
        </section>
    }
    .into_any()
}
