//! Accepts connections, holds them to their limits, and lets them finish when the node stops.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use node::Node;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::site::Site;

/// Connections open at a time; more wait to be accepted.
const CONNECTIONS: usize = 30_000;
/// How long a client may take to send the head of a request; also how long a kept connection may rest.
const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// Bytes of a request's head, and of what is read ahead of its body.
const HEAD_BYTES: usize = 64 * 1_024;
/// How long open requests get to end when the node stops.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
/// Pause after an error of accepting, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is cancelled, then lets open requests end. Chat streams end by themselves when the node
/// says that it stops, which `stop` must bring about.
pub async fn serve(listener: TcpListener, node: Node, stop: CancellationToken) {
    let site = Arc::new(Site::new(node));
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        let permit = tokio::select! {
            biased;
            permit = room.clone().acquire_owned() => permit,
            () = stop.cancelled() => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (site, stop) = (site.clone(), stop.clone());
                connections.spawn(async move {
                    connection(stream, peer, site, stop).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(DRAIN_WITHIN, connections.wait()).await.is_err() {
        tracing::warn!(left = connections.len(), "requests that did not end in time are cut off");
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, site: Arc<Site>, stop: CancellationToken) {
    // Answers are small: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let site = site.clone();
        async move { Ok::<_, Infallible>(site.answer(peer, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
