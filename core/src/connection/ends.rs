//! The two ends of a connection, as they are told.

use std::net::SocketAddr;
use std::sync::Arc;

use socket2::SockRef;

use crate::net::socket::Io;
use crate::origin::route::{Address, Route};

/// Written once for each connection, shared by its responses.
#[derive(Debug)]
pub(crate) struct Ends {
    pub local: Option<Arc<str>>,
    pub peer: Option<Arc<str>>,
}

impl Ends {
    /// Of a connection that was opened along `route`, to `peer`.
    pub fn of(io: &Io, route: &Route, peer: Option<SocketAddr>) -> Ends {
        let shown = |address: SocketAddr| -> Arc<str> { address.to_string().into() };
        let peer = match &route.road().address {
            // Abstract names with an @, as the option has it.
            Address::Unix(path) => Some(path.to_string_lossy().replacen('\0', "@", 1).into()),
            Address::Name | Address::Other(..) => peer.map(shown),
        };
        let local = SockRef::from(&io.fd()).local_addr().ok();
        Ends { local: local.and_then(|local| local.as_socket()).map(shown), peer }
    }
}
