//! The real program, as people and machines meet it.

#![expect(
    clippy::disallowed_methods,
    reason = "a test of real processes waits by the real clock"
)]

mod commands;
mod postgres;
mod replicas;
mod restored;
mod weir;
