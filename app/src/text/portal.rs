//! The portal.

use domain::error::ProblemCode;

pub const TITLE: &str = "Your computers";
pub const RUNNING: &str = "Running";
pub const POOLS: &str = "What you can open";
pub const NO_POOL: &str = "There is nothing to open yet.";

pub const SEE_PROGRESS: &str = "See progress";
pub const OPEN: &str = "Open";

/// What to say when a button was refused with this code.
pub const fn refused(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::NoCapacityComing => "Every computer of this pool is in use. Try again later.",
        ProblemCode::SessionQuotaReached => "End a running session first.",
        ProblemCode::TooManyRequests => "Wait a moment, then try again.",
        ProblemCode::NotFound => "It is gone. The list below is up to date.",
        ProblemCode::Unavailable => "Try again in a moment.",
        _ => "That did not work. Try again.",
    }
}

/// `what`: the pool, and the app where it is one.
pub fn connect_to(what: &str) -> String {
    format!("Connect to {what}")
}

pub fn see_progress_of(what: &str) -> String {
    format!("See progress of {what}")
}

/// `word`: what the button says.
pub fn button_of(word: &str, pool: &str) -> String {
    format!("{word} {pool}")
}

pub fn open(pool: &str) -> String {
    format!("Open {pool}")
}

pub fn open_app(app: &str, pool: &str) -> String {
    format!("Open {app} of {pool}")
}
