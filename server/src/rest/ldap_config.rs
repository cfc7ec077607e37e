//! LDAP configs: bodies are the keys of the form `ldap`.

use crate::openapi::LdapConfigDocument;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::form::Draft;
use domain::id::LdapConfigId;
use domain::ldap::SavedLdapConfig;
use domain::page::Page;

use crate::auth::Caller;
use crate::rest::create::{Create, Created, IdempotencyKeyHeader};
use crate::rest::error::ApiResult;
use crate::rest::json::Json;
use crate::rest::params::{Id, PageParams, Query};
use crate::rest::version::{IfMatch, IfMatchHeader, versioned};
use crate::state::AppState;

impl Created for SavedLdapConfig {
    fn id(&self) -> String {
        self.id.to_string()
    }

    fn version(&self) -> Option<i64> {
        Some(self.version)
    }
}

/// LDAP configs in the order of their making.
#[utoipa::path(get, path = "/ldap-configs", tag = "ldap-configs", params(PageParams),
    responses((status = 200, body = Page<SavedLdapConfig>)))]
pub async fn list_ldap_configs(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Query(page): Query<PageParams>,
) -> ApiResult<Json<Page<SavedLdapConfig>>> {
    Ok(Json(
        control::ldap_config::list(&state.plane, &actor, &page.into()).await?,
    ))
}

/// One LDAP config.
#[utoipa::path(get, path = "/ldap-configs/{id}", tag = "ldap-configs", params(("id" = LdapConfigId, Path)),
    responses((status = 200, body = SavedLdapConfig, headers(("ETag" = String)))))]
pub async fn get_ldap_config(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<LdapConfigId>,
) -> ApiResult<Response> {
    let ldap_config = control::ldap_config::get(&state.plane, &actor, id).await?;
    Ok(versioned(ldap_config.version, ldap_config))
}

/// Makes an LDAP config.
#[utoipa::path(post, path = "/ldap-configs", tag = "ldap-configs", params(IdempotencyKeyHeader), request_body = LdapConfigDocument,
    responses((status = 201, body = SavedLdapConfig, headers(("Location" = String), ("ETag" = String)))))]
pub async fn create_ldap_config(
    State(state): State<AppState>,
    Caller(actor): Caller,
    create: Create<Draft>,
) -> ApiResult<Response> {
    create
        .run(&state, &actor, async |state: AppState, actor, input| {
            control::ldap_config::create(&state.plane, &actor, input).await
        })
        .await
}

/// Replaces an LDAP config. An absent secret stays, `null` removes it.
#[utoipa::path(put, path = "/ldap-configs/{id}", tag = "ldap-configs", params(("id" = LdapConfigId, Path), IfMatchHeader),
    request_body = LdapConfigDocument, responses((status = 200, body = SavedLdapConfig, headers(("ETag" = String)))))]
pub async fn replace_ldap_config(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<LdapConfigId>,
    IfMatch(seen): IfMatch,
    Json(input): Json<Draft>,
) -> ApiResult<Response> {
    let ldap_config = control::ldap_config::replace(&state.plane, &actor, id, seen, input).await?;
    Ok(versioned(ldap_config.version, ldap_config))
}

/// Deletes an LDAP config.
#[utoipa::path(delete, path = "/ldap-configs/{id}", tag = "ldap-configs", params(("id" = LdapConfigId, Path), IfMatchHeader),
    responses((status = 204), (status = 409, description = "Still in use.", body = domain::error::Problem,
        content_type = "application/problem+json")))]
pub async fn delete_ldap_config(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<LdapConfigId>,
    IfMatch(seen): IfMatch,
) -> ApiResult<StatusCode> {
    control::ldap_config::delete(&state.plane, &actor, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}
