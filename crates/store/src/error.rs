//! What can go wrong; the variant chooses the reaction.

use domain::connection::Protocol;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a method of the store did nothing. In each case its transaction has left no trace.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away, full, or too busy. Trying again later makes sense.
    #[error("the database does not answer as it should")]
    Unavailable(#[source] Source),
    /// Somebody else changed the row meanwhile, or a rule of the database would have been broken: read and plan again.
    #[error("the row has changed since it was read")]
    StaleVersion,
    /// Another process holds the lease of the loop now.
    #[error("another process runs the loop now")]
    StaleFence,
    /// There is one already with the same value.
    #[error("there is one already with this {what}")]
    Duplicate {
        /// What is the same (`name`, `fingerprint`).
        what: &'static str,
    },
    /// A delete of something that others still refer to.
    #[error("still in use by {}{}", by.join(", "), more_text(*more))]
    InUse {
        /// The names of those, at most 5.
        by: Vec<String>,
        /// How many more there are.
        more: u32,
    },
    /// The pool's other configs or fixed servers use another protocol.
    #[error("the pool's other configs and fixed servers use {}", pool.label())]
    ProtocolMismatch {
        /// The protocol they use.
        pool: Protocol,
    },
    /// There is no such row, or one that it refers to is gone.
    #[error("there is no such row")]
    NotFound,
    /// A row holds something that no version of Weir writes.
    #[error("table {table}, row `{row}`, column {column}: {why}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row's id.
        row: String,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A text with a NUL character, which Postgres cannot hold.
    #[error("a text holds a NUL character; leave it out")]
    NulInText,
    /// The database refused a statement: a fault of Weir.
    #[error("the database refused a statement")]
    Rejected(#[source] Source),
    /// A sealed value cannot be opened: it was changed, moved or sealed with another key.
    #[error(
        "table {table}, row `{row}`, column {column}: the sealed value cannot be opened with this key"
    )]
    Seal {
        /// The table.
        table: &'static str,
        /// The row's id.
        row: String,
        /// The column or the secret's key.
        column: String,
    },
}

fn more_text(more: u32) -> String {
    match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

impl StoreError {
    /// [`StoreError::InUse`] of all these names.
    pub(crate) fn in_use(mut names: Vec<String>) -> Self {
        let more = u32::try_from(names.len().saturating_sub(5)).unwrap_or(u32::MAX);
        names.truncate(5);
        Self::InUse { by: names, more }
    }

    /// In a delete, a foreign key that holds means that somebody began to use the row this very moment.
    pub(crate) fn on_delete(self) -> Self {
        match self {
            Self::NotFound => Self::in_use(Vec::new()),
            error => error,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;

        let Some(database) = error.as_database_error() else {
            return Self::Unavailable(Box::new(error));
        };
        match database.kind() {
            ErrorKind::UniqueViolation => {
                // Postgres names the index, SQLite the columns.
                let place = database.constraint().unwrap_or_else(|| database.message());
                let what = ["fingerprint", "machine", "name"]
                    .into_iter()
                    .find(|what| place.ends_with(what))
                    .unwrap_or("id");
                Self::Duplicate { what }
            }
            ErrorKind::ForeignKeyViolation => Self::NotFound,
            ErrorKind::NotNullViolation | ErrorKind::CheckViolation => {
                Self::Rejected(Box::new(error))
            }
            _ => match database.code().as_deref() {
                // Postgres: serialization failure, deadlock.
                Some("40001" | "40P01") => Self::StaleVersion,
                // Postgres: data exceptions and errors in the statement itself. SQLite: SQLITE_ERROR, SQLITE_MISMATCH.
                Some(code)
                    if (code.len() == 5 && (code.starts_with("22") || code.starts_with("42")))
                        || matches!(code, "1" | "20") =>
                {
                    Self::Rejected(Box::new(error))
                }
                _ => Self::Unavailable(Box::new(error)),
            },
        }
    }
}

/// Why the database was not opened. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No connection.
    #[error(
        "cannot open the database {place}; see that it runs, that the address is right and that this account may use it"
    )]
    Connect {
        /// The file, or the server's address without its password.
        place: String,
        /// What the database said.
        #[source]
        source: Source,
    },
    /// The schema was made by a newer Weir.
    #[error(
        "the database was migrated by a newer Weir (its migration {migration} is not known here); start that version, or restore a backup made before the upgrade"
    )]
    NewerSchema {
        /// The first migration that is not known here.
        migration: i64,
    },
    /// A migration failed. It has left no trace.
    #[error(
        "cannot bring the database's schema up to date; nothing was changed by the step that failed"
    )]
    Migrate(#[source] Source),
    /// The key is not the one that the database's secrets are sealed with.
    #[error(
        "the key file does not belong to this database: its secrets are sealed with key {expected}, the file holds key {found}; put the right key file in place, or start with the data folder that belongs to this key"
    )]
    WrongKey {
        /// Id of the key that the database was made with.
        expected: String,
        /// Id of the key that was given.
        found: String,
    },
    /// The database opens but cannot be read or written.
    #[error("the database opens but cannot be used")]
    Store(#[from] StoreError),
}
