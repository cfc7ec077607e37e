//! The colour theme.

pub const THEME: &str = "Theme";
pub const AUTO: &str = "Auto";
pub const LIGHT: &str = "Light";
pub const DARK: &str = "Dark";
