//! Runs a fault proxy until it is ended. The first two lines printed say where it listens.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use fault_proxy::{Chaos, FaultProxy, Settings};

/// Stands before moto, is as strict as EC2, injects faults and counts machines.
#[derive(Parser)]
struct Arguments {
    /// Where moto listens.
    #[arg(long)]
    upstream: String,
    /// Where calls are taken.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where orders are taken.
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Milliseconds for which a new instance is missing from lists.
    #[arg(long, default_value_t = 0)]
    list_lag_millis: u64,
    /// Most entries a page.
    #[arg(long, default_value_t = 1000)]
    page_size: u32,
    /// Faults by chance, of this seed: refused, dropped, late and failing calls.
    #[arg(long)]
    seed: Option<u64>,
    /// Of a thousand calls so many have each kind of fault, with `--seed`.
    #[arg(long, default_value_t = 20)]
    per_mille: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = Settings {
        list_lag_millis: arguments.list_lag_millis,
        page_size: arguments.page_size,
    };
    let started = FaultProxy::listen(
        &arguments.upstream,
        settings,
        arguments.listen,
        arguments.control,
    );
    let proxy = match started.await {
        Ok(proxy) => proxy,
        Err(source) => {
            eprintln!("can not listen: {source}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(seed) = arguments.seed {
        proxy.set_chaos(Chaos::usual(seed, arguments.per_mille));
    }
    println!("calls {}", proxy.url());
    println!("control {}", proxy.control_url());
    std::future::pending().await
}
