//! People: the list, a new one, an old one changed.

use domain::actor::Role;
use domain::id::UserId;
use domain::user::User;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;
use leptos_router::params::ParamsMap;
use serde::Deserialize;

use crate::api::user::{user_create, user_delete, user_get, user_list, user_replace};
use crate::components::confirm::delete_button;
use crate::components::data::data;
use crate::components::filter::{Rank, TEXT, filter_bar, narrowed, use_sort, use_wanted_text};
use crate::components::form::page::FormPage;
use crate::components::form::{FormState, Start};
use crate::components::load::{heading_of, loaded, submit, use_go, use_id};
use crate::components::problem::LastProblem;
use crate::components::saved::LastSaved;
use crate::components::table::{Table, link};
use crate::components::time::Time;
use crate::forms;
use crate::text::{common, users as text};

/// Everyone.
#[component]
pub fn UsersPage() -> impl IntoView {
    let (users, wanted) = (data(user_list), use_wanted_text());
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let cells = move |user: User| {
        let delete = Callback::new(move |()| {
            submit(
                busy,
                problem,
                user_delete(user.id, user.version),
                move |()| users.refetch(),
            );
        });
        let name = user.name;
        vec![
            link(format!("/admin/users/{}/edit", user.id), &name),
            role(user.role).into_any(),
            view! { <Time at=user.created_at /> }.into_any(),
            delete_button(&name, &name, text::DELETE, text::DELETE_HELP, delete),
        ]
    };
    let table = Table::new(
        common::PEOPLE,
        &[common::NAME, common::ROLE, common::MADE, common::ACTIONS],
        |user: &User| user.id.to_string(),
        cells,
    );
    view! {
        <Title text=common::PEOPLE />
        <div class="page-head">
            <h1>{common::PEOPLE}</h1>
            <A href="/admin/users/new" attr:class="button primary">
                {common::NEW_PERSON}
            </A>
        </div>
        <LastProblem problem=problem />
        {expect_context::<LastSaved>().notice_of_thing()}
        {filter_bar(text::FILTERED, true, Vec::new())}
        {loaded(
            users,
            move |mut page| {
                let all = page.items.len();
                page.items.retain(|user| !user.visitor);
                let visitors = visitor_note(all - page.items.len());
                let texts = |user: &User| format!("{} {}", user.name, role(user.role));
                let mut page = narrowed(page, wanted.get().as_deref(), texts);
                let sort = use_sort();
                sort.apply(&mut page.items, rank);
                let keys = [(common::NAME, "name"), (common::ROLE, "role"), (common::MADE, "made")];
                let people = table.sorted(&keys, &sort, page);
                view! {
                    {people}
                    {visitors}
                }
                    .into_any()
            },
        )}
    }
}

/// Visitors are counted and not listed: there is nothing to be done with one of them.
fn visitor_note(count: usize) -> AnyView {
    if count == 0 {
        return ().into_any();
    }
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    view! { <p class="muted">{text::visitors(count)}</p> }.into_any()
}

fn rank(user: &User, key: &str) -> Option<Rank> {
    match key {
        "name" => Some((0, user.name.to_lowercase())),
        "role" => Some((0, role(user.role).to_owned())),
        "made" => Some((user.created_at.millis(), String::new())),
        _ => None,
    }
}

/// A role as people read it.
pub const fn role(role: Role) -> &'static str {
    match role {
        Role::User => text::USER,
        Role::Admin => common::ADMIN,
    }
}

/// A new person.
#[component]
pub fn UserNewPage() -> impl IntoView {
    view! {
        <Title text=common::NEW_PERSON />
        <h1>{common::NEW_PERSON}</h1>
        {editor(None)}
    }
}

/// A person who is there already.
#[component]
pub fn UserEditPage() -> impl IntoView {
    let id = use_id::<UserId>(text::NOUN);
    let user = data(move || {
        let id = id.get();
        async move { user_get(id?).await }
    });
    view! {
        <Title text=text::CHANGE />
        {heading_of(text::CHANGE, user, |user| user.name.clone())}
        {loaded(
            user,
            |user| {
                let sessions = sessions_of(&user.name);
                view! {
                    <p>{link(sessions, text::SESSIONS_OF)}</p>
                    {editor(Some(user))}
                }
                    .into_any()
            },
        )}
    }
}

/// The list of sessions, narrowed to those of people with this in their name.
fn sessions_of(name: &str) -> String {
    let mut query = ParamsMap::new();
    query.insert(TEXT, name.to_owned());
    format!("/admin/sessions{}", query.to_query_string())
}

/// The form's values. The password is no [`domain::secret::Secret`], because it must be sent.
#[derive(Deserialize)]
struct Entered {
    name: String,
    role: Role,
    #[serde(default)]
    password: Option<String>,
}

fn editor(old: Option<User>) -> AnyView {
    let draft = old
        .as_ref()
        .map(|user| forms::draft_of(&forms::USER, user))
        .unwrap_or_default();
    let seen = old.map(|user| (user.id, user.version));
    let state = FormState::new(
        &forms::USER,
        Start {
            draft,
            ..Start::default()
        },
    );
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None));
    let (go, last) = (use_go(), expect_context::<LastSaved>());
    let save = Callback::new(move |()| {
        let call = async move {
            let Entered {
                name,
                role,
                password,
            } = forms::read(&forms::USER, state.document())?;
            match seen {
                Some((id, version)) => {
                    state
                        .send(user_replace(id, version, name, role, password))
                        .await
                }
                None => state.send(user_create(name, role, password)).await,
            }
        };
        submit(busy, problem, call, move |user| {
            last.set_thing(&user.name);
            go.run("/admin/users".to_owned());
        });
    });
    let word = if seen.is_some() {
        text::SAVE
    } else {
        text::CREATE
    };
    view! { <FormPage state=state save=word cancel="/admin/users".to_owned() on_save=save busy=busy problem=problem /> }
        .into_any()
}
