//! Ids in paths and values in queries.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use domain::error::{Problem, ProblemCode};
use domain::page::PageQuery;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::rest::error::{ApiError, ApiResult, wrong_field};

/// The one id of a path. A text that is none names nothing: 404.
pub struct Id<T>(pub T);

impl<T: FromStr<Err: Display>, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::new(ProblemCode::NotFound, "The path holds no id."))?;
        named(&text).map(Self)
    }
}

/// The id of a path and the version behind it. A text that is neither names nothing: 404.
pub struct IdAndVersion<T>(pub T, pub i64);

impl<T: FromStr<Err: Display>, S: Send + Sync> FromRequestParts<S> for IdAndVersion<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let Path((id, version)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::new(ProblemCode::NotFound, "The path holds no id."))?;
        let version = version.parse().map_err(|_| Problem::not_found("version"))?;
        Ok(Self(named(&id)?, version))
    }
}

fn named<T: FromStr<Err: Display>>(text: &str) -> ApiResult<T> {
    text.parse()
        .map_err(|error| Problem::new(ProblemCode::NotFound, format!("Not found: {error}.")).into())
}

/// The query of a request.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|rejection| {
                wrong_field(
                    String::new(),
                    "query",
                    format!("The query is wrong: {}.", cause(&rejection)),
                )
            })
    }
}

/// Which page of a list is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// `next_cursor` of the page before; absent for the first page.
    #[param(pattern = "^[0-9a-f]{32}$")]
    pub cursor: Option<String>,
    /// Items in the page, 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

impl From<PageParams> for PageQuery {
    fn from(params: PageParams) -> Self {
        Self {
            cursor: params.cursor,
            limit: params.limit,
        }
    }
}

/// The innermost cause: what the parser said.
fn cause(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
