//! The socket that the node listens on: its own, or one that was handed down.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use listenfd::ListenFd;
use tokio::net::TcpListener;

/// The socket to accept connections on. One that systemd (or whoever speaks its protocol: `LISTEN_FDS`, descriptor 3)
/// hands down is taken as it is, whatever `address` says: it outlives this process, so that connections wait in it
/// during a restart instead of being refused.
///
/// # Errors
/// When the address is in use, or what was handed down is no TCP socket.
pub fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let mut inherited = ListenFd::from_env();
    if inherited.len() > 1 {
        bail!("{} sockets were handed down; hand down one", inherited.len());
    }
    let socket =
        inherited.take_tcp_listener(0).context("the socket that was handed down is not a TCP socket")?;
    let socket = match socket {
        Some(socket) => socket,
        None => std::net::TcpListener::bind(address).with_context(|| {
            format!("cannot listen on {address}; is it in use? Choose another with --listen")
        })?,
    };
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket).context("cannot listen on the socket")
}
