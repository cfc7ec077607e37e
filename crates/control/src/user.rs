//! People.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use domain::actor::{Actor, Role};
use domain::error::{Problem, ProblemCode};
use domain::id::UserId;
use domain::page::{Page, PageQuery};
use domain::secret::Secret;
use domain::user::{User, UserInput};
use serde_json::json;
use store::NewUser;

use crate::error::{Error, Result, invalid, not_found};
use crate::fields::Fields;
use crate::page;
use crate::plane::ControlPlane;

/// The shortest password.
pub const MIN_PASSWORD: usize = 12;
/// The longest password: bounds the work of hashing.
pub const MAX_PASSWORD: usize = 256;

/// People in the order of their making.
pub async fn list(plane: &ControlPlane, actor: &Actor, query: &PageQuery) -> Result<Page<User>> {
    actor.require_admin()?;
    let request = page::request(query)?;
    let rows = plane.store().users_page(request).await?;
    Ok(page::page(rows, &request, |user| user.id.uuid()))
}

/// One person: admins see everyone, others themselves.
pub async fn get(plane: &ControlPlane, actor: &Actor, id: UserId) -> Result<User> {
    if actor.user() != Some(id) && !actor.is_admin() {
        return Err(not_found("person"));
    }
    plane
        .store()
        .user(id)
        .await?
        .ok_or_else(|| not_found("person"))
}

/// Makes a person.
pub async fn create(plane: &ControlPlane, actor: &Actor, input: UserInput) -> Result<User> {
    actor.require_admin()?;
    let user = parse_new(plane, &input)?;
    let audit = plane.audit(
        actor,
        "user.create",
        user.id,
        json!({ "name": user.name, "role": user.role }),
    );
    Ok(plane.store().user_insert(user, audit).await?)
}

/// Replaces a person, if it still has the version `seen`. A new password ends the person's sign-ins.
pub async fn replace(
    plane: &ControlPlane,
    actor: &Actor,
    id: UserId,
    seen: i64,
    input: UserInput,
) -> Result<User> {
    actor.require_admin()?;
    let new = parse_new(plane, &input)?;
    if get(plane, actor, id).await?.visitor {
        return Err(Problem::new(
            ProblemCode::Conflict,
            "A visitor of the demo cannot be changed. They go with the demo.",
        )
        .into());
    }
    if actor.user() == Some(id) && new.role != Role::Admin {
        return Err(invalid(
            "role",
            "own_role",
            "You cannot take the admin role from yourself.",
        ));
    }
    let detail = json!({ "name": new.name, "role": new.role, "password_changed": new.password_hash.is_some() });
    let audit = plane.audit(actor, "user.replace", id, detail);
    Ok(plane
        .store()
        .user_replace(
            id,
            seen,
            new.name,
            new.role,
            new.password_hash,
            plane.now(),
            audit,
        )
        .await?)
}

/// Deletes a person without open sessions, with their keys and sign-ins.
pub async fn delete(plane: &ControlPlane, actor: &Actor, id: UserId, seen: i64) -> Result<()> {
    actor.require_admin()?;
    if actor.user() == Some(id) {
        return Err(invalid("", "own_account", "You cannot delete yourself."));
    }
    let old = get(plane, actor, id).await?;
    let audit = plane.audit(actor, "user.delete", id, json!({ "name": old.name }));
    Ok(plane.store().user_delete(id, seen, audit).await?)
}

/// Checks what was entered for a new person and hashes the password.
pub(crate) fn parse_new(plane: &ControlPlane, input: &UserInput) -> Result<NewUser> {
    let mut fields = Fields::default();
    let name = input.name.trim().to_ascii_lowercase();
    let allowed = |c: char| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '@')
    };
    if name.is_empty() || name.len() > 63 || !name.chars().all(allowed) {
        fields.refuse(
            "name",
            "invalid",
            "A sign-in name has 1 to 63 of a-z, 0-9, '.', '_', '-' and '@'.",
        );
    }
    if let Some(password) = &input.password {
        let length = password.expose().chars().count();
        if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&length) {
            let message = format!("A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.");
            fields.refuse("password", "out_of_bounds", message);
        }
    }
    fields.finish()?;
    let password_hash = input
        .password
        .as_ref()
        .map(|password| hash(plane, password))
        .transpose()?;
    let id = UserId::new(plane.clock(), plane.entropy());
    Ok(NewUser {
        id,
        name,
        role: input.role,
        password_hash,
        at: plane.now(),
    })
}

fn hash(plane: &ControlPlane, password: &Secret) -> Result<String> {
    let mut salt = [0; 16];
    plane.entropy().fill(&mut salt);
    Argon2::default()
        .hash_password_with_salt(password.expose().as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Fault(format!("hashing a password failed: {error}")))
}

/// A hash of nobody's password, with the parameters of all others.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$9OZ1zvxZV8bPkLyUXmQ9hT0vU3kF8ys2o2yyM1fXKsw";

/// Whether `password` belongs to `hash`. Without a hash the same work is done in vain, so that an unknown name takes
/// as long as a wrong password.
pub(crate) fn verify(hash: Option<&str>, password: &Secret) -> bool {
    let text = hash.unwrap_or(NOBODY);
    let matches = PasswordHash::new(text).is_ok_and(|parsed| {
        Argon2::default()
            .verify_password(password.expose().as_bytes(), &parsed)
            .is_ok()
    });
    matches && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_costs_as_much_as_a_wrong_password() {
        let nobody = PasswordHash::new(NOBODY).expect("the stand-in is a real hash");
        let fresh = Argon2::default()
            .hash_password_with_salt(b"correct horse", b"0123456789abcdef")
            .expect("hashes");
        let fresh = fresh.to_string();
        let real = PasswordHash::new(&fresh).expect("a hash");
        assert_eq!(
            (nobody.algorithm, nobody.params),
            (real.algorithm, real.params.clone())
        );
        assert!(verify(Some(&fresh), &Secret::new("correct horse")));
        assert!(!verify(Some(&fresh), &Secret::new("wrong")));
        assert!(!verify(None, &Secret::new("correct horse")));
    }
}
