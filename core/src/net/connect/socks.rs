//! The step through a SOCKS proxy: SOCKS4, 4A and 5 (RFC 1928) with a user name and password (RFC 1929).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_socks::tcp::{Socks4Stream, Socks5Stream};
use tokio_socks::{Error as SocksError, TargetAddr};

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::connect::dialled::Dialled;
use crate::net::connect::stream::Stream;
use crate::net::resolver::shown;

/// How a SOCKS proxy is spoken to.
pub(crate) struct Socks<'a> {
    /// 4 or 5.
    pub version: u8,
    pub login: Option<(&'a str, &'a str)>,
    /// As messages call it.
    pub shown: String,
}

/// Where the proxy is to connect to.
#[derive(Clone, Copy)]
pub(crate) enum SocksTarget<'a> {
    /// It looks the name up.
    Name(&'a str, u16),
    Address(SocketAddr),
}

pub(super) async fn through(
    below: Dialled,
    proxy: &Socks<'_>,
    target: SocksTarget<'_>,
) -> Result<Dialled> {
    let (address, to) = match target {
        SocksTarget::Address(address) => (TargetAddr::Ip(address), address.to_string()),
        SocksTarget::Name(host, port) => match host.parse() {
            Ok(ip) => (TargetAddr::Ip(SocketAddr::new(ip, port)), shown(host, port)),
            Err(_) => (TargetAddr::Domain(host.into(), port), shown(host, port)),
        },
    };
    let last = Arc::new(AtomicU32::new(0));
    let stream = Stream(below, last.clone());
    let made = match (proxy.version, proxy.login) {
        (4, None) => {
            Socks4Stream::connect_with_socket(stream, address).await.map(|s| s.into_inner())
        }
        (4, Some((user, _))) => {
            let made = Socks4Stream::connect_with_userid_and_socket(stream, address, user).await;
            made.map(|stream| stream.into_inner())
        }
        (_, None) => {
            Socks5Stream::connect_with_socket(stream, address).await.map(|s| s.into_inner())
        }
        (_, Some((user, password))) => {
            let made =
                Socks5Stream::connect_with_password_and_socket(stream, address, user, password);
            made.await.map(|stream| stream.into_inner())
        }
    };
    made.map(|Stream(dialled, _)| dialled).map_err(|error| {
        // VER, REP, RSV, ATYP.
        let [_, reply, ..] = last.load(Ordering::Relaxed).to_be_bytes();
        failed(proxy, reply, &to, error)
    })
}

fn failed(proxy: &Socks<'_>, reply: u8, to: &str, error: SocksError) -> Error {
    let Socks { version, shown: proxy, .. } = proxy;
    let unassigned;
    let reason = match &error {
        SocksError::GeneralSocksServerFailure if *version == 4 => "rejected or failed (reply 91)",
        SocksError::UnknownAuthMethod if *version == 5 && reply > 8 => {
            unassigned = format!("for a reason that has no name (reply {reply})");
            &unassigned
        }
        SocksError::GeneralSocksServerFailure => "general failure (reply 1)",
        SocksError::ConnectionNotAllowedByRuleset => "not allowed by its rules (reply 2)",
        SocksError::NetworkUnreachable => "network unreachable (reply 3)",
        SocksError::HostUnreachable => "host unreachable (reply 4)",
        SocksError::ConnectionRefused => "connection refused (reply 5)",
        SocksError::TtlExpired => "time to live expired (reply 6)",
        SocksError::CommandNotSupported => "it does not know CONNECT (reply 7)",
        SocksError::AddressTypeNotSupported => "it does not know this kind of address (reply 8)",
        SocksError::NoAcceptableAuthMethods | SocksError::AuthorizationRequired => {
            let text = format!("{proxy} asks for a user name and password, or refuses this kind");
            return Error::new(ErrorKind::ProxyAuthenticationRequired, Phase::Connect, text);
        }
        SocksError::PasswordAuthFailure(_)
        | SocksError::IdentdAuthFailure
        | SocksError::InvalidUserIdAuthFailure => {
            let text = format!("{proxy} refused the user name or password");
            return Error::new(ErrorKind::ProxyAuthenticationRequired, Phase::Connect, text);
        }
        SocksError::Io(error) => {
            let text = format!("{proxy} broke off before it reached {to}: {error}");
            return Error::new(ErrorKind::ProxyFailed, Phase::Connect, text).with_os(error);
        }
        SocksError::InvalidResponseVersion
        | SocksError::InvalidReservedByte
        | SocksError::UnknownAddressType
        | SocksError::UnknownAuthMethod => "what it answers is not SOCKS",
        _ => "for a reason that it does not give",
    };
    let text = format!("{proxy} did not reach {to}: {reason}");
    Error::new(ErrorKind::ProxyFailed, Phase::Connect, text)
}
