//! Builds, runs and tests Weir.

fn main() {}
