//! Virtual cloud, people, faults and clock around the real control crate.
