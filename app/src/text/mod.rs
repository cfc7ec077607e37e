//! What Weir says to people in the browser: every word of a page stands here, and the views hold none (`crates/tidy` sees to
//! it). One module for each page or component, named as that is; [`common`] has what several of them say, [`words`] the words
//! for states.
//!
//! A text is a whole sentence or label, never a piece that a view puts together: other languages order words otherwise. What
//! it speaks of is handed to it, and a number chooses its own form. How a second language comes in: `docs/adr/0010-texts.md`.

pub mod api;
pub mod common;
pub mod copy;
pub mod figures;
pub mod filter;
pub mod finding;
pub mod form;
pub mod forms;
pub mod frame;
pub mod live;
pub mod notify;
pub mod pause;
pub mod pools;
pub mod saved;
pub mod table;
pub mod theme;
pub mod time;
pub mod words;
