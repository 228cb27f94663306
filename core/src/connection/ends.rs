//! The two ends of a connection, as they are told.

use std::net::SocketAddr;
use std::sync::Arc;

use socket2::SockRef;

use crate::net::socket::Io;
use crate::origin::route::{Address, Route};
use crate::sync::Mutex;

/// Shared by the connection and its responses.
#[derive(Debug)]
pub(crate) struct Ends {
    pub local: End,
    pub peer: End,
}

/// One of them.
#[derive(Debug)]
pub(crate) enum End {
    Address(SocketAddr, Written),
    Path(Arc<str>),
    /// It is not known, or the socket has no such thing.
    Unknown,
}

/// A text that is written when somebody first asks: a small allocation that stays for as long as the
/// connection keeps the page that it lies in, between the buffers of requests that are over.
#[derive(Debug, Default)]
pub(crate) struct Written(Mutex<Option<Arc<str>>>);

impl End {
    pub fn text(&self) -> Option<Arc<str>> {
        match self {
            End::Address(address, written) => Some(written.of(address)),
            End::Path(path) => Some(path.clone()),
            End::Unknown => None,
        }
    }
}

impl Written {
    /// Nobody is waited for: a lock that another thread had when the process forked stays taken.
    fn of(&self, address: &SocketAddr) -> Arc<str> {
        let text = || address.to_string().into();
        match self.0.try_lock() {
            Ok(mut written) => written.get_or_insert_with(text).clone(),
            Err(_) => text(),
        }
    }
}

impl From<Option<SocketAddr>> for End {
    fn from(address: Option<SocketAddr>) -> End {
        address.map_or(End::Unknown, |address| End::Address(address, Written::default()))
    }
}

impl Ends {
    /// Of a connection that was opened along `route`, to `peer`.
    pub fn of(io: &Io, route: &Route, peer: Option<SocketAddr>) -> Ends {
        let peer = match &route.road().address {
            // Abstract names with an @, as the option has it.
            Address::Unix(path) => {
                let shown: Arc<str> = path.to_string_lossy().replacen('\0', "@", 1).into();
                End::Path(shown)
            }
            Address::Name | Address::Other(..) => peer.into(),
        };
        let local = SockRef::from(&io.fd()).local_addr().ok();
        Ends { local: local.and_then(|local| local.as_socket()).into(), peer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_end_is_written_once_and_not_before_somebody_asks() {
        let address: SocketAddr = "[::1]:80".parse().unwrap();
        let end = End::from(Some(address));
        let End::Address(_, written) = &end else { panic!("an address") };
        assert_eq!(*written.0.lock().unwrap(), None);
        let first = end.text().unwrap();
        assert_eq!(&*first, "[::1]:80");
        assert!(Arc::ptr_eq(&first, &end.text().unwrap()));
        assert_eq!(End::from(None).text(), None);
    }

    #[test]
    fn the_text_waits_for_nobody() {
        let end = End::from(Some("127.0.0.1:80".parse().unwrap()));
        let End::Address(_, written) = &end else { panic!("an address") };
        let _taken = written.0.lock();
        assert_eq!(end.text().as_deref(), Some("127.0.0.1:80"));
    }
}
