//! The two ends of a connection, as they are told.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use socket2::SockRef;

use crate::net::socket::Io;
use crate::origin::route::{Address, Route};

/// Shared by the connection and its responses.
#[derive(Debug)]
pub(crate) struct Ends {
    pub local: End,
    pub peer: End,
}

/// One of them. Its text is written when somebody first asks: a small allocation that stays for as long as
/// the connection keeps the page that it lies in, between the buffers of requests that are over.
#[derive(Debug, Default)]
pub(crate) struct End {
    address: Option<SocketAddr>,
    text: OnceLock<Arc<str>>,
}

impl End {
    /// `None`: it is not known, or the socket has no such thing.
    pub fn text(&self) -> Option<Arc<str>> {
        match self.address {
            Some(address) => Some(self.text.get_or_init(|| address.to_string().into()).clone()),
            None => self.text.get().cloned(),
        }
    }
}

impl From<Option<SocketAddr>> for End {
    fn from(address: Option<SocketAddr>) -> End {
        End { address, text: OnceLock::new() }
    }
}

impl Ends {
    /// Of a connection that was opened along `route`, to `peer`.
    pub fn of(io: &Io, route: &Route, peer: Option<SocketAddr>) -> Ends {
        let peer = match &route.road().address {
            // Abstract names with an @, as the option has it.
            Address::Unix(path) => {
                let shown: Arc<str> = path.to_string_lossy().replacen('\0', "@", 1).into();
                End { address: None, text: shown.into() }
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
        assert!(end.text.get().is_none());
        let first = end.text().unwrap();
        assert_eq!(&*first, "[::1]:80");
        assert!(Arc::ptr_eq(&first, &end.text().unwrap()));
        assert_eq!(End::default().text(), None);
    }
}
