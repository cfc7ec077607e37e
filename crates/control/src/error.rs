//! What can go wrong in a use case. [`Error::problem`] is what people and clients see of it; the cause stays in the
//! log, where the edge writes it once.

use domain::error::{FieldError, Problem, ProblemCode};
use store::StoreError;

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A refusal that the caller can understand and act on.
    #[error("{0}")]
    Problem(Problem),
    /// The store could not do its part.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// A part of Weir does not fit another: a fault of ours.
    #[error("{0}")]
    Fault(String),
}

impl Error {
    /// The problem as it leaves Weir. Causes are not in it.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Problem(problem) => problem.clone(),
            Self::Store(error) => store_problem(error),
            Self::Fault(_) => Problem::new(
                ProblemCode::Internal,
                "Weir has a fault. Its log says more.",
            ),
        }
    }

    /// Whether the edge should log the chain: faults and outages, not refusals.
    pub fn is_fault(&self) -> bool {
        self.problem().status >= 500
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Vec<FieldError>> for Error {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Problem(Problem::invalid(errors))
    }
}

/// The refusal of a thing that is not there, or not this actor's.
pub(crate) fn not_found(noun: &str) -> Error {
    Error::Problem(Problem::not_found(noun))
}

/// The refusal of one field.
pub(crate) fn invalid(key: &str, code: &'static str, message: impl Into<String>) -> Error {
    Error::Problem(Problem::invalid(vec![FieldError::new(key, code, message)]))
}

fn store_problem(error: &StoreError) -> Problem {
    match error {
        StoreError::StaleVersion => Problem::new(
            ProblemCode::VersionMismatch,
            "It has been changed since you read it. Read it again and repeat your change.",
        ),
        StoreError::Duplicate { what } => Problem::invalid(vec![FieldError::new(
            what,
            "duplicate",
            format!("This {what} is taken. Choose another one."),
        )]),
        StoreError::InUse { by, more } => {
            let rest = if *more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            Problem::new(
                ProblemCode::InUse,
                format!("Still used by {}{rest}. Remove that first.", by.join(", ")),
            )
        }
        StoreError::NulInText => Problem::new(
            ProblemCode::BadRequest,
            "A text holds a NUL character. Leave it out.",
        ),
        StoreError::NotFound => {
            Problem::new(ProblemCode::NotFound, "It does not exist (any more).")
        }
        StoreError::ProtocolMismatch { pool } => Problem::invalid(vec![FieldError::new(
            "connection_type",
            "protocol_mismatch",
            format!(
                "The pool's servers use {}. All servers of a pool use one connection type.",
                pool.label()
            ),
        )]),
        // Where the connection breaks during a commit, only the database knows whether that was done.
        StoreError::Unavailable(_) | StoreError::StaleFence => {
            let mut problem = Problem::new(
                ProblemCode::Unavailable,
                "The database does not answer. Where you have changed something, look whether it was done before you try again.",
            );
            problem.retry_after = Some(5);
            problem
        }
        StoreError::Inconsistent { .. } | StoreError::Seal { .. } | StoreError::Rejected(_) => {
            Problem::new(
                ProblemCode::Internal,
                "Stored data cannot be read. Weir's log says which.",
            )
        }
    }
}
