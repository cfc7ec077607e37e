//! Statements about many rows at once: the rows come as one argument, a JSON array, which both databases read as a table.
//!
//! So a batch costs as many round trips as one row would, and each statement is one text, prepared once, however many rows
//! there are.

use serde_json::{Map, Value};

use crate::Result;
use crate::db::Tx;
use crate::error::StoreError;
use crate::row::{Arg, Row, args, to_json};

/// One row of a set, by the names that a statement reads (`item.value ->> 'name'`).
pub(crate) type Item = Map<String, Value>;

/// A statement about the set in `$1`. The databases read JSON by the same operator and only name the table of it otherwise.
#[derive(Clone, Copy)]
pub(crate) struct SetSql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// `of_set!("SELECT … FROM " SET " WHERE …")`, with the set as the table `item`. What follows `HOLD` names the table whose rows a
/// SELECT keeps from changing until the transaction ends; on SQLite a transaction that writes holds everything.
macro_rules! of_set {
    ($($before:literal)+ SET $($after:literal)* $(HOLD $table:literal)?) => {
        $crate::set::SetSql {
            sqlite: concat!($($before,)+ "json_each($1) AS item", $($after),*),
            postgres: concat!(
                $($before,)+
                "jsonb_array_elements(CAST($1 AS jsonb)) AS item",
                $($after,)*
                // As an UPDATE holds them that leaves the key alone.
                $(" FOR NO KEY UPDATE OF ", $table)?
            ),
        }
    };
}
pub(crate) use of_set;

/// One row: `item! { "id": id, "at": now }`, of what can be an argument.
macro_rules! item {
    ($($name:literal: $value:expr),* $(,)?) => {{
        let mut item = $crate::set::Item::new();
        $(item.insert($name.to_owned(), $crate::row::Arg::from($value).into());)*
        item
    }};
}
pub(crate) use item;

/// A set of ids.
pub(crate) fn set_of<T: Into<Arg>>(ids: impl IntoIterator<Item = T>) -> Vec<Item> {
    ids.into_iter()
        .map(|id| item! { "id": id.into() })
        .collect()
}

impl From<Arg> for Value {
    fn from(arg: Arg) -> Self {
        match arg {
            Arg::Text(text) => text.into(),
            Arg::Int(int) => int.into(),
        }
    }
}

impl Tx {
    /// Runs a statement about a set and returns how many rows it touched. Of no rows there is nothing to ask.
    pub(crate) async fn run_of(&mut self, sql: SetSql, set: &[Item]) -> Result<u64> {
        if set.is_empty() {
            return Ok(0);
        }
        let sql = self.text_of(sql);
        self.run(sql, args![text(set)?]).await
    }

    /// The rows of a statement about a set; `rest` begins with `$2`.
    pub(crate) async fn all_of(
        &mut self,
        table: &'static str,
        sql: SetSql,
        set: &[Item],
        rest: Vec<Arg>,
    ) -> Result<Vec<Row>> {
        if set.is_empty() {
            return Ok(Vec::new());
        }
        let mut args = args![text(set)?];
        args.extend(rest);
        let sql = self.text_of(sql);
        self.all(table, sql, args).await
    }
}

/// The set as it is sent. JSON would hide a NUL from the check that every argument goes through.
fn text(set: &[Item]) -> Result<String> {
    let holds_nul = |value: &Value| value.as_str().is_some_and(|text| text.contains('\0'));
    if set.iter().flat_map(Item::values).any(holds_nul) {
        return Err(StoreError::NulInText);
    }
    Ok(to_json(set))
}
