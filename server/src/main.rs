//! The `weir` process, with the web bundle in it.
//!
//! With the feature `embed` the bundle that `xtask` has made is compiled in: its folder is named by the environment
//! variable `WEIR_SITE` at compile time and holds `assets.rs`, the expression of a [`Site`]. Without it there is no bundle.

use std::process::ExitCode;

use clap::Parser as _;
use server::assets::Site;
#[cfg(feature = "embed")]
use server::assets::{Asset, Bundle};
use server::cli::Cli;

#[cfg(feature = "embed")]
static SITE: Site = include!(concat!(
    env!(
        "WEIR_SITE",
        "the feature `embed` needs a web bundle: build with `make build`"
    ),
    "/assets.rs"
));

#[cfg(not(feature = "embed"))]
static SITE: Site = Site::NONE;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run(&SITE).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("weir: {message}");
            ExitCode::FAILURE
        }
    }
}
