//! Values on their way into a statement ([`Arg`]) and out of a row ([`Row`]). What cannot be read names its table, row
//! and column.

use std::sync::Arc;

use domain::actor::Role;
use domain::connection::Protocol;
use domain::id::{
    ApiKeyId, AuditId, ConfigId, DecisionId, DeploymentId, DraftId, GenerationId, LdapConfigId,
    OrphanId, PoolId, ProviderId, ServerId, SessionId, SshKeyId, UserId, ZoneId,
};
use domain::orphan::OrphanDecision;
use domain::provider::ProviderKind;
use domain::server::MachineId;
use domain::session::EndReason;
use domain::timestamp::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::error::StoreError;

/// An argument of a statement: the only two types that a column has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Arg {
    Text(Option<String>),
    Int(Option<i64>),
}

/// The arguments of a statement: `args![id, now, Some("text")]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::row::Arg::from($value)),*] };
}
pub(crate) use args;

/// The statement with its arguments bound, each with its type, so that a NULL has one too.
macro_rules! bound {
    ($database:ty, $sql:expr, $args:expr) => {{
        let mut query = sqlx::query::<$database>($sql);
        for arg in $args {
            query = match arg {
                $crate::row::Arg::Text(text) => query.bind(text),
                $crate::row::Arg::Int(int) => query.bind(int),
            };
        }
        query
    }};
}
pub(crate) use bound;

/// What `LIKE ... ESCAPE '!'` finds in every text that contains this one.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '!' | '%' | '_') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// A row of either database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Row {
    table: &'static str,
    cells: Arc<Cells>,
}

pub(crate) enum Cells {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl From<SqliteRow> for Cells {
    fn from(row: SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl From<PgRow> for Cells {
    fn from(row: PgRow) -> Self {
        Self::Postgres(row)
    }
}

impl Row {
    pub(crate) fn new(table: &'static str, cells: Cells) -> Self {
        let cells = Arc::new(cells);
        Self { table, cells }
    }

    /// The value of a column.
    pub(crate) fn get<T: Column>(&self, column: &'static str) -> Result<T, StoreError> {
        T::read(self, column).map_err(|why| self.inconsistent(column, why))
    }

    /// A JSON document.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let text = text(self, column).and_then(|text| text.ok_or_else(missing));
        let text = text.map_err(|why| self.inconsistent(column, why))?;
        serde_json::from_str(text).map_err(|error| self.inconsistent(column, error.to_string()))
    }

    /// The error that names this row and the column.
    pub(crate) fn inconsistent(&self, column: &'static str, why: impl Into<String>) -> StoreError {
        StoreError::Inconsistent {
            table: self.table,
            row: <Option<String>>::read(self, "id")
                .ok()
                .flatten()
                .unwrap_or_default(),
            column,
            why: why.into(),
        }
    }
}

/// What can be read from a column.
pub(crate) trait Column: Sized {
    fn read(row: &Row, column: &'static str) -> Result<Self, String>;
}

/// A text where it lies in the row.
fn text<'r>(row: &'r Row, column: &'static str) -> Result<Option<&'r str>, String> {
    match &*row.cells {
        Cells::Sqlite(row) => row.try_get(column),
        Cells::Postgres(row) => row.try_get(column),
    }
    .map_err(|error| error.to_string())
}

fn int(row: &Row, column: &'static str) -> Result<Option<i64>, String> {
    match &*row.cells {
        Cells::Sqlite(row) => row.try_get(column),
        Cells::Postgres(row) => row.try_get(column),
    }
    .map_err(|error| error.to_string())
}

impl Column for Option<String> {
    fn read(row: &Row, column: &'static str) -> Result<Self, String> {
        Ok(text(row, column)?.map(str::to_owned))
    }
}

impl Column for Option<i64> {
    fn read(row: &Row, column: &'static str) -> Result<Self, String> {
        int(row, column)
    }
}

impl Column for String {
    fn read(row: &Row, column: &'static str) -> Result<Self, String> {
        <Option<Self>>::read(row, column)?.ok_or_else(missing)
    }
}

impl Column for i64 {
    fn read(row: &Row, column: &'static str) -> Result<Self, String> {
        <Option<Self>>::read(row, column)?.ok_or_else(missing)
    }
}

fn missing() -> String {
    "is NULL".to_owned()
}

/// Types kept in a TEXT (`$from`: [`text`]) or BIGINT (`$from`: [`int`]) column.
macro_rules! columns {
    ($from:ident: $($type:ty, $read:expr, $write:expr;)*) => { $(
        impl Column for Option<$type> {
            fn read(row: &Row, column: &'static str) -> Result<Self, String> {
                let read: fn(_) -> Result<$type, String> = $read;
                $from(row, column)?.map(read).transpose()
            }
        }

        impl Column for $type {
            fn read(row: &Row, column: &'static str) -> Result<Self, String> {
                <Option<Self>>::read(row, column)?.ok_or_else(missing)
            }
        }

        impl From<Option<$type>> for Arg {
            fn from(value: Option<$type>) -> Self {
                let write: fn($type) -> _ = $write;
                Self::from(value.map(write))
            }
        }

        impl From<$type> for Arg {
            fn from(value: $type) -> Self {
                Self::from(Some(value))
            }
        }
    )* };
}

macro_rules! ids {
    ($($id:ident)*) => { columns! { text: $(
        $id, |text| $id::from_bare(text).map_err(|error| error.to_string()), $id::bare;
    )* } };
}

ids! {
    ApiKeyId AuditId ConfigId DecisionId DeploymentId DraftId GenerationId LdapConfigId OrphanId PoolId ProviderId ServerId SessionId
    SshKeyId UserId ZoneId
}

columns! { text:
    Role, |text| Role::from_word(text).ok_or_else(|| unknown(text)), |role| role.as_str().to_owned();
    Protocol, |text| Protocol::from_word(text).ok_or_else(|| unknown(text)), |protocol| protocol.as_str().to_owned();
    ProviderKind, |text| ProviderKind::from_word(text).ok_or_else(|| unknown(text)), |kind| kind.as_str().to_owned();
    EndReason, end_reason, |reason| reason.as_str().to_owned();
    OrphanDecision, orphan_decision, |decision| decision.word().to_owned();
    MachineId, |text: &str| Ok(MachineId(text.to_owned())), |machine| machine.0;
}

columns! { int:
    bool, |int| match int {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(format!("{other} is neither 0 nor 1")),
    }, i64::from;
    u8, |int| u8::try_from(int).map_err(|_| out_of_range(int)), i64::from;
    u16, |int| u16::try_from(int).map_err(|_| out_of_range(int)), i64::from;
    u32, |int| u32::try_from(int).map_err(|_| out_of_range(int)), i64::from;
    Timestamp, |int| Ok(Timestamp::from_millis(int)), Timestamp::millis;
}

fn end_reason(text: &str) -> Result<EndReason, String> {
    EndReason::ALL
        .into_iter()
        .find(|reason| reason.as_str() == text)
        .ok_or_else(|| unknown(text))
}

fn orphan_decision(text: &str) -> Result<OrphanDecision, String> {
    OrphanDecision::ALL
        .into_iter()
        .find(|decision| decision.word() == text)
        .ok_or_else(|| unknown(text))
}

fn unknown(text: &str) -> String {
    format!("`{text}` is not a word this version knows")
}

fn out_of_range(int: i64) -> String {
    format!("{int} is out of range")
}

impl From<Option<String>> for Arg {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<&String> for Arg {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<Option<&str>> for Arg {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<Option<i64>> for Arg {
    fn from(int: Option<i64>) -> Self {
        Self::Int(int)
    }
}

impl From<i64> for Arg {
    fn from(int: i64) -> Self {
        Self::Int(Some(int))
    }
}

/// A document on its way into a TEXT column.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("documents have text keys and no failing serialisers")
}
