//! People.

#![expect(
    missing_docs,
    reason = "the macro makes a struct of each function's arguments"
)]

use domain::actor::Role;
use domain::id::UserId;
use domain::page::Page;
use domain::user::User;
use leptos::prelude::*;

use super::ApiResult;
use super::codec::Call;
#[cfg(feature = "ssr")]
use super::{actor, answer, plane, whole};

#[cfg(feature = "ssr")]
fn input(name: String, role: Role, password: Option<String>) -> domain::user::UserInput {
    domain::user::UserInput {
        name,
        role,
        password: password.map(domain::secret::Secret::new),
    }
}

/// Everyone, as many as one page holds.
#[server(prefix = "/ui/fn", endpoint = "user_list", protocol = Call)]
pub async fn user_list() -> ApiResult<Page<User>> {
    answer(control::user::list(&plane()?, &actor()?, &whole()).await)
}

/// One person.
#[server(prefix = "/ui/fn", endpoint = "user_get", protocol = Call)]
pub async fn user_get(id: UserId) -> ApiResult<User> {
    answer(control::user::get(&plane()?, &actor()?, id).await)
}

/// Makes a person; without a password they can not sign in by one.
#[server(prefix = "/ui/fn", endpoint = "user_create", protocol = Call)]
pub async fn user_create(name: String, role: Role, password: Option<String>) -> ApiResult<User> {
    answer(control::user::create(&plane()?, &actor()?, input(name, role, password)).await)
}

/// Replaces a person, if it still has the version `seen`. No password keeps the old one.
#[server(prefix = "/ui/fn", endpoint = "user_replace", protocol = Call)]
pub async fn user_replace(
    id: UserId,
    seen: i64,
    name: String,
    role: Role,
    password: Option<String>,
) -> ApiResult<User> {
    answer(
        control::user::replace(&plane()?, &actor()?, id, seen, input(name, role, password)).await,
    )
}

/// Deletes a person, if it still has the version `seen`.
#[server(prefix = "/ui/fn", endpoint = "user_delete", protocol = Call)]
pub async fn user_delete(id: UserId, seen: i64) -> ApiResult<()> {
    answer(control::user::delete(&plane()?, &actor()?, id, seen).await)
}
