//! A wire that can be cut: bytes go through it to one address, or stay where they are for a while, as in a network that loses
//! every packet and tells nobody.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Result;

/// A wire; it ends, with its connections, when this is dropped.
pub struct Relay {
    address: SocketAddr,
    is_cut: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl Relay {
    /// A wire from a free port of the loopback address to `to`.
    pub async fn to(to: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(|source| format!("no free port: {source}"))?;
        let address = listener
            .local_addr()
            .map_err(|source| format!("no address: {source}"))?;
        let (is_cut, seen) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(take(listener, to, seen));
        Ok(Self {
            address,
            is_cut,
            _tasks: tasks,
        })
    }

    /// Where it begins.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Nothing goes through, either way, until it is mended; connections stay open.
    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// Everything that has waited goes through.
    pub fn mend(&self) {
        self.is_cut.send_replace(false);
    }
}

async fn take(listener: TcpListener, to: SocketAddr, is_cut: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((near, _)) = listener.accept().await else {
            continue;
        };
        let mut is_cut = is_cut.clone();
        connections.spawn(async move {
            // A cut wire takes no connection to its other end.
            whole(&mut is_cut).await;
            let Ok(far) = TcpStream::connect(to).await else {
                return;
            };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            // Where one direction ends, the connection does.
            tokio::select! {
                () = carry(near_in, far_out, is_cut.clone()) => {}
                () = carry(far_in, near_out, is_cut) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut is_cut: watch::Receiver<bool>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count) = from.read(&mut bytes).await {
        whole(&mut is_cut).await;
        if count == 0 || to.write_all(&bytes[..count]).await.is_err() {
            break;
        }
    }
}

/// Waits until the wire is whole.
async fn whole(is_cut: &mut watch::Receiver<bool>) {
    // The wire is gone where its other end is: then the connection is dropped anyway.
    let _ = is_cut.wait_for(|is_cut| !is_cut).await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_cut_wire_holds_everything_back_and_loses_nothing() {
        let far = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let relay = Relay::to(far.local_addr().expect("an address"))
            .await
            .expect("a wire");
        let mut near = TcpStream::connect(relay.address())
            .await
            .expect("it is there");
        let (mut other, _) = far.accept().await.expect("it comes");
        let mut byte = [0];
        near.write_all(b"a").await.expect("it is sent");
        other.read_exact(&mut byte).await.expect("it comes");
        assert_eq!(&byte, b"a");
        relay.cut();
        near.write_all(b"b").await.expect("nobody tells");
        let waited = tokio::time::timeout(Duration::from_millis(100), other.read_exact(&mut byte));
        assert!(waited.await.is_err(), "nothing comes");
        relay.mend();
        other.read_exact(&mut byte).await.expect("it comes");
        assert_eq!(&byte, b"b");
    }
}
