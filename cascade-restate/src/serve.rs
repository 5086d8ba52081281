//! The HTTP server of a worker.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use restate_sdk::hyper::HyperEndpoint;
use restate_sdk::prelude::Endpoint;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The time that calls in flight have to end when a worker stops.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// The age at which a connection accepts no further calls, so that Restate opens another, perhaps to a newer worker.
const CONNECTION_AGE: Duration = Duration::from_secs(10);

/// The length of the queue of connections that are not accepted yet.
const BACKLOG: u32 = 1024;

/// Listens on an address that other workers may share.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    #[cfg(all(unix, not(target_os = "solaris"), not(target_os = "illumos")))]
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop` completes, then waits for the calls in flight.
pub(crate) async fn serve(
    endpoint: Endpoint,
    streams: u32,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) {
    let endpoint = HyperEndpoint::new(endpoint);
    let (stopping, connections) = (CancellationToken::new(), TaskTracker::new());
    let mut stop = std::pin::pin!(stop);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // One failed connection must not stop the others.
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    continue;
                }
            },
            () = &mut stop => break,
        };
        connections.spawn(serve_connection(stream, endpoint.clone(), streams, stopping.clone()));
    }
    drop(listener);
    stopping.cancel();
    connections.close();
    if tokio::time::timeout(STOP_LIMIT, connections.wait()).await.is_err() {
        tracing::warn!("the worker stops with calls in flight: Restate repeats them on another worker");
    }
}

/// Serves one connection until it is closed. Once the connection is old, or the worker stops, it accepts no further calls,
/// and ends with the last call in flight.
async fn serve_connection(
    stream: TcpStream,
    endpoint: HyperEndpoint,
    streams: u32,
    stopping: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was closed before it was served");
        return;
    }
    let mut connection = http2::Builder::new(TokioExecutor::new());
    connection.max_concurrent_streams(streams);
    let serving = connection.serve_connection(TokioIo::new(stream), endpoint);
    let mut serving = std::pin::pin!(serving);
    let old = async {
        let (stop, age) = (stopping.cancelled(), tokio::time::sleep(CONNECTION_AGE));
        futures::future::select(std::pin::pin!(stop), std::pin::pin!(age)).await;
    };
    let served = tokio::select! {
        served = &mut serving => served,
        () = old => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection failed");
    }
}
