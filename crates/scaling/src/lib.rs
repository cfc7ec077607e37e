//! The decision: what to make, drain, delete and seat, and why.
