//! Checks the rules of the house: arrows, homes of packages, words, paths in docs.
//!
//! Each rule is a function from text to findings, so that a test can plant a breach and see it found; another test holds
//! the rule against the tree. A finding says where, what, and which rule.

pub mod docs;
pub mod manifests;
pub mod sources;
pub mod texts;
pub mod tree;
