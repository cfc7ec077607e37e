//! What Weir says to people in the browser: every word of a page stands here, and the views hold none (`crates/tidy` sees to
//! it). One module for each page or component, named as that is; [`common`] has what several of them say, [`words`] the words
//! for states.
//!
//! A text is a whole sentence or label: other languages order words otherwise. What it speaks of is handed to it, and a number
//! chooses its own form. How a second language comes in: `docs/adr/0010-texts.md`.

pub mod activity;
pub mod admin;
pub mod api;
pub mod api_keys;
pub mod autoscale;
pub mod autoscale_forecast;
pub mod autoscale_mode;
pub mod autoscale_start;
pub mod common;
pub mod confirm;
pub mod copy;
pub mod directories;
pub mod drafts;
pub mod figures;
pub mod filter;
pub mod finding;
pub mod form;
pub mod forms;
pub mod frame;
pub mod live;
pub mod login;
pub mod manual;
pub mod not_found;
pub mod notify;
pub mod orphans;
pub mod palette;
pub mod pause;
pub mod pool;
pub mod pool_chart;
pub mod pool_decisions;
pub mod pool_demo;
pub mod pool_history;
pub mod pools;
pub mod portal;
pub mod profile;
pub mod providers;
pub mod saved;
pub mod server;
pub mod server_console;
pub mod server_start;
pub mod servers;
pub mod session;
pub mod sessions;
pub mod setup;
pub mod table;
pub mod theme;
pub mod time;
pub mod users;
pub mod words;
pub mod zones;
