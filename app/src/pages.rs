//! One file a page, named after its noun.

pub mod home;
pub mod not_found;
