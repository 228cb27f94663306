//! TLS: trust, names, client certificates, resumption, and ends without close_notify.

use crate::common::*;
use keepalive_core::*;

/// The whole body, read as it comes.
fn read(client: &Client, url: &str) -> Result<String> {
    let mut response = client.send(&Request::new("GET", url)?, Blocking::default())?;
    let body = response.read_all(Blocking::default())?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

#[test]
fn a_certificate_that_does_not_fit_is_refused_with_host_and_reason() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    let all = origin.endpoints();
    for (base, reason) in [
        (&all.wrong_host, "only for other.invalid"),
        (&all.expired, "expired"),
        (&all.untrusted, "not trusted"),
    ] {
        let error = read(&client, &format!("{base}/ok")).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::CertificateRejected, "{error}");
        assert_eq!(error.phase(), Phase::Tls);
        assert!(error.message().contains(reason), "{error}");
        assert!(error.message().contains("localhost:"), "{error}");
    }
    assert_eq!(client.stats().dialing, 0);
}

#[test]
fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let origin = origin();
    let all = origin.endpoints();
    let text = |path: &std::path::Path| Some(path.to_string_lossy().into_owned());
    let with = trusting(&origin, |config| {
        config.client_cert_file = text(&all.client_cert_file);
        config.client_key_file = text(&all.client_key_file);
    });
    assert_eq!(read(&with, &format!("{}/ok", all.mtls)).expect("a response"), "ok");
    let without = trusting(&origin, |_| {});
    let error = read(&without, &format!("{}/ok", all.mtls)).expect_err("refused");
    assert!(
        matches!(error.kind(), ErrorKind::TlsHandshakeFailed | ErrorKind::TlsProtocol),
        "{:?} {error}",
        error.kind()
    );
}

#[test]
fn bad_files_are_named_with_their_option() {
    let origin = origin();
    let ca = origin.ca_file().to_string_lossy().into_owned();
    let cases: [(&str, fn(&mut ClientConfig, String)); 3] = [
        ("ca_file", |config, _| config.ca_file = Some("/no/such/file".into())),
        ("ca_pem", |config, _| config.ca_pem = Some("no certificate".into())),
        ("client_key_pem", |config, ca| {
            let ca = std::fs::read(ca).expect("readable");
            config.client_cert_pem = Some(ca.clone().into());
            config.client_key_pem = Some(ca.into());
        }),
    ];
    for (option, change) in cases {
        let mut config = ClientConfig::default();
        change(&mut config, ca.clone());
        let error = Client::new(config).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.message().contains(option), "{error}");
    }
}

#[test]
fn an_end_without_close_notify_is_a_truncation() {
    let origin = origin();
    let client = trusting(&origin, |_| {});
    let url = format!("{}/close-delimited/1000", origin.https());
    read(&client, &url).expect("whole");
    let error = read(&client, &format!("{url}?notify=0")).expect_err("cut");
    assert_eq!(error.kind(), ErrorKind::BodyTruncated, "{error}");
}
