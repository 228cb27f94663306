//! Names to addresses by getaddrinfo, so that nsswitch, /etc/hosts and search domains behave as
//! users expect. It cannot be cancelled, so it runs on a helper thread that a deadline abandons.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// All addresses of `host`, in the system's order (RFC 6724).
pub(crate) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = host.to_string();
    let lookup = move || (name.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
    let addresses = tokio::task::spawn_blocking(lookup).await.map_err(io::Error::other)??;
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}
