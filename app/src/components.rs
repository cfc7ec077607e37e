//! Parts that several pages share.

pub mod theme;
