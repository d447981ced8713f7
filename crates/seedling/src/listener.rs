//! The socket that the node listens on: its own, or one that was handed down.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait to be accepted; the system may allow fewer (`net.core.somaxconn`). When it is full, callers try
/// again after a second: a carrier with a burst of messages opens hundreds at once.
const BACKLOG: u32 = 4_096;

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
    let Some(socket) = socket else {
        return bind(address).with_context(|| {
            format!("cannot listen on {address}; is it in use? Choose another with --listen")
        });
    };
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket).context("cannot listen on the socket")
}

fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As the standard library does: a restart does not wait for connections of the last run to fade.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
