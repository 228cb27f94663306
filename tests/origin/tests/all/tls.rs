//! The origin's TLS ports, seen with a rustls client.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::Arc;

use keepalive_origin::Origin;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};
use serde_json::{Value, json};

use crate::common::{LIMIT, Peer, origin, socket};

type TlsPeer = Peer<StreamOwned<ClientConnection, TcpStream>>;

fn config(origin: &Origin, with_certificate: bool) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(origin.ca_pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let files = origin.endpoints();
    let mut config = if with_certificate {
        let certificate = CertificateDer::from_pem_file(&files.client_cert_file).unwrap();
        let key = PrivateKeyDer::from_pem_file(&files.client_key_file).unwrap();
        builder.with_client_auth_cert(vec![certificate], key).unwrap()
    } else {
        builder.with_no_client_auth()
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

fn connect(config: &Arc<ClientConfig>, base: &str) -> Result<TlsPeer, String> {
    let name = "localhost".try_into().unwrap();
    let client = ClientConnection::new(config.clone(), name).unwrap();
    let mut stream = StreamOwned::new(client, socket(base));
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(|e| e.to_string())?;
    }
    Ok(Peer::over(stream))
}

fn echo(peer: &mut TlsPeer) -> Value {
    serde_json::from_slice(&peer.get("/echo").body).unwrap()
}

#[test]
fn requests_are_answered_and_sessions_resumed() {
    let origin = origin();
    let config = config(&origin, false);
    let mut peer = connect(&config, origin.https()).unwrap();
    let first = echo(&mut peer);
    let expected = json!({
        "version": "TLSv1_3", "server_name": "localhost", "alpn": "http/1.1",
        "resumed": false, "client_certificate": false,
    });
    assert_eq!(first["tls"], expected);
    assert_eq!(peer.get("/bytes/300000").body.len(), 300_000);
    assert_eq!(echo(&mut connect(&config, origin.https()).unwrap())["tls"]["resumed"], true);
    let tls12 = echo(&mut connect(&config, &origin.endpoints().tls12).unwrap());
    assert_eq!(tls12["tls"]["version"], "TLSv1_2");
}

#[test]
fn certificates_fail_as_their_port_says() {
    let origin = origin();
    let config = config(&origin, false);
    let ports = origin.endpoints();
    let failures = [
        (&ports.wrong_host, "not valid for name"),
        (&ports.expired, "expired"),
        (&ports.untrusted, "UnknownIssuer"),
    ];
    for (base, says) in failures {
        let error = connect(&config, base).err().unwrap();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_client_certificate_is_required_where_it_is_asked_for() {
    let origin = origin();
    let base = &origin.endpoints().mtls;
    let mut peer = connect(&config(&origin, true), base).unwrap();
    assert_eq!(echo(&mut peer)["tls"]["client_certificate"], true);
    let mut peer = connect(&config(&origin, false), base).unwrap();
    let (_, error) = peer.rest();
    assert_eq!(error, Some(ErrorKind::InvalidData), "the alert arrives");
}

#[test]
fn close_notify_is_sent_when_it_should_be() {
    let origin = origin();
    let config = config(&origin, false);
    let ends = [
        ("/close", None),
        ("/close?notify=0", Some(ErrorKind::UnexpectedEof)),
        ("/reset", Some(ErrorKind::ConnectionReset)),
        ("/wire/close_notify", None),
        ("/wire/no_close_notify", Some(ErrorKind::UnexpectedEof)),
        ("/wire/reset", Some(ErrorKind::ConnectionReset)),
    ];
    for (target, error) in ends {
        let mut peer = connect(&config, origin.https()).unwrap();
        peer.send(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let (rest, end) = peer.rest();
        assert_eq!(end, error, "{target}");
        assert_eq!(rest.is_empty(), !target.starts_with("/wire"), "{target}");
    }
}

#[test]
fn gates_notice_a_tls_peer_that_leaves() {
    let origin = origin();
    let mut peer = connect(&config(&origin, false), origin.https()).unwrap();
    peer.send("GET /gate/g HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(origin.wait_at_gate("g", 1, LIMIT));
    drop(peer);
    assert!(origin.wait_for_open(0, LIMIT));
    assert_eq!(origin.waiting_at("g"), 0);
}
