//! The UI: pages, components, server functions.
