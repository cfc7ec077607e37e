//! Parts that several pages share.

pub mod act;
pub mod arrival;
pub mod badge;
pub mod confirm;
pub mod copy;
pub mod data;
pub mod dialog;
pub mod empty;
pub mod figures;
pub mod filter;
pub mod finding;
pub mod form;
pub mod frame;
pub mod kept;
pub mod live;
pub mod load;
pub mod notify;
pub mod palette;
pub mod pause;
pub mod problem;
pub mod saved;
pub mod step_line;
pub mod table;
pub mod theme;
pub mod time;
