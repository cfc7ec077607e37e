//! The `weir` process.

fn main() {}
