//! Ports that no other process can get.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port on loopback, reserved until this is dropped.
///
/// A socket is bound to the port but does not listen. The kernel gives the port to no other process by itself, but a server
/// or worker that names it can listen on it, because all set `SO_REUSEADDR` or `SO_REUSEPORT`. Only Linux allows that, so
/// elsewhere the port is free but not reserved.
pub(crate) struct Port {
    number: u16,
    _reservation: Option<TcpSocket>,
}

impl Port {
    pub(crate) fn reserve() -> Result<Self, String> {
        let reserve = || {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            #[cfg(unix)]
            socket.set_reuseport(true)?;
            socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
            let number = socket.local_addr()?.port();
            Ok(Self { number, _reservation: cfg!(target_os = "linux").then_some(socket) })
        };
        reserve().map_err(|error: std::io::Error| format!("no port can be reserved: {error}"))
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}
