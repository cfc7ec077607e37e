//! Runs a fault proxy until it is ended. The first two lines printed say where it listens.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use fault_proxy::{Chance, Chaos, DeadState, Fault, FaultProxy, Settings};

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
        proxy.set_chaos(chaos(seed, arguments.per_mille));
    }
    println!("calls {}", proxy.url());
    println!("control {}", proxy.control_url());
    std::future::pending().await
}

/// Each kind of fault at its usual calls.
fn chaos(seed: u64, per_mille: u16) -> Chaos {
    let on = |action: Option<&str>, fault: Fault| Chance {
        action: action.map(str::to_owned),
        per_mille,
        fault,
    };
    let create = Some("RunInstances");
    let failing = |state, after_millis| Fault::FailsLater {
        state,
        after_millis,
    };
    let chances = vec![
        on(None, Fault::error("RequestLimitExceeded")),
        on(None, Fault::error("InternalError")),
        on(None, Fault::DropBefore),
        on(None, Fault::DropAfter),
        on(None, Fault::Truncated),
        on(None, Fault::Delay { millis: 300 }),
        on(create, Fault::error("InsufficientInstanceCapacity")),
        on(create, Fault::error("VcpuLimitExceeded")),
        on(create, failing(DeadState::Terminated, 0)),
        on(create, failing(DeadState::Stopped, 500)),
        on(create, Fault::ListedLate { millis: 1000 }),
    ];
    Chaos { seed, chances }
}
