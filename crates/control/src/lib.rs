//! The use cases, the reconciler and the check-in tokens.
