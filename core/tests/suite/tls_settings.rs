//! What a client can ask of TLS: whom it believes, which versions, which keys, and what each faulty
//! option is told.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::common::*;
use keepalive_core::*;
use keepalive_origin::Endpoints;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

fn text(path: &Path) -> Option<String> {
    Some(path.to_string_lossy().into_owned())
}

fn unverified(change: impl FnOnce(&mut ClientConfig)) -> Client {
    client(|config| {
        config.tls_verify = false;
        change(config);
    })
}

fn rejected(client: &Client, url: &str, reason: &str) {
    let error = try_get(client, url).err().unwrap_or_else(|| panic!("{url} was believed"));
    assert_eq!(error.kind(), ErrorKind::CertificateRejected, "{error}");
    assert!(error.message().contains(reason), "{error}");
}

fn refused(change: impl FnOnce(&mut ClientConfig)) -> String {
    let mut config = ClientConfig::default();
    change(&mut config);
    let error = Client::new(config).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    error.message().to_string()
}

/// `openssl`'s standard output, from those arguments.
fn openssl(arguments: &str) -> Vec<u8> {
    let output = Command::new("sh").args(["-c", arguments]).output().expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The pin of a certificate, as curl's manual page makes it.
fn pin_of(certificate: &Path) -> String {
    let digest = openssl(&format!(
        "openssl x509 -in {} -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst \
         -sha256 -binary | openssl enc -base64",
        certificate.display()
    ));
    format!("sha256//{}", String::from_utf8(digest).expect("base64").trim())
}

#[test]
fn without_verification_any_certificate_will_do() {
    let origin = origin();
    let Endpoints { wrong_host, expired, untrusted, .. } = origin.endpoints();
    let anybody = unverified(|_| {});
    for base in [wrong_host, expired, untrusted, &origin.https().to_string()] {
        assert_eq!(text_of(&anybody, &format!("{base}/ok")), "ok");
    }
}

fn text_of(client: &Client, url: &str) -> String {
    crate::common::text(get(client, url))
}

#[test]
fn what_was_got_without_verification_stays_there() {
    let origin = origin();
    let all = origin.endpoints();
    for base in [&all.https, &all.tls12, &all.untrusted] {
        let url = format!("{base}/echo");
        let anybody = unverified(|_| {});
        let resumed = |client: &Client| text_of(client, &url).contains("\"resumed\":true");
        assert!(!resumed(&anybody));
        anybody.close_idle();
        assert!(resumed(&anybody), "its own session");
        // The connection and the session are there, and neither serves one that verifies.
        let verifying = trusting(&origin, |_| {});
        match *base == all.untrusted {
            true => rejected(&verifying, &url, "not trusted"),
            false => assert!(!resumed(&verifying)),
        }
        assert_eq!(verifying.stats().reused, 0);
    }
}

#[test]
fn own_authorities_are_added_to_the_system_s_or_stand_instead() {
    let origin = origin();
    let other = keepalive_origin::Origin::start(Default::default()).expect("another");
    // The system's store is read once for the process.
    let Ok(system) = std::env::var("KEEPALIVE_TEST_SYSTEM") else {
        let test = "own_authorities_are_added_to_the_system_s_or_stand_instead";
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", test])
            .env("SSL_CERT_FILE", origin.ca_file())
            .env("KEEPALIVE_TEST_SYSTEM", origin.https())
            .output()
            .expect("run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    };
    let system = format!("{system}/ok");
    let own = format!("{}/ok", other.https());
    rejected(&client(|_| {}), &own, "has not signed it");
    let pem = other.ca_pem().as_bytes().to_vec();
    let both = client(|config| config.ca_pem = Some(pem.clone().into()));
    assert_eq!((text_of(&both, &system), text_of(&both, &own)), ("ok".into(), "ok".into()));
    let alone = client(|config| {
        config.ca_pem = Some(pem.into());
        config.ca_only = true;
    });
    assert_eq!(text_of(&alone, &own), "ok");
    rejected(&alone, &system, "has not signed it");
}

#[test]
fn a_directory_of_authorities_is_read_whole() {
    let origin = origin();
    let own = origin.ca_file().parent().expect("a directory").join("authorities");
    std::fs::create_dir(&own).expect("made");
    let directory = text(&own);
    let empty = refused(|config| config.ca_dir = directory.clone());
    assert!(empty.contains("option ca_dir: ") && empty.contains("no file in it"), "{empty}");
    std::fs::write(own.join("README"), "no certificate").expect("written");
    std::fs::write(own.join("broken.pem"), "-----BEGIN CERTIFICATE-----\n!\n").expect("written");
    std::fs::create_dir(own.join("further")).expect("made");
    std::fs::copy(origin.ca_file(), own.join("ca.pem")).expect("copied");
    std::os::unix::fs::symlink("ca.pem", own.join("0f5dc4f3.0")).expect("linked");
    std::os::unix::fs::symlink("nowhere", own.join("dangling")).expect("linked");
    let client = client(|config| {
        config.ca_dir = directory.clone();
        config.ca_only = true;
    });
    assert_eq!(text_of(&client, &format!("{}/ok", origin.https())), "ok");
}

#[test]
fn versions_are_bounded_from_both_sides() {
    let origin = origin();
    let echo = |base: &str| format!("{base}/echo");
    let newest = trusting(&origin, |config| config.tls_min_version = Some("1.3".into()));
    assert!(text_of(&newest, &echo(origin.https())).contains("TLSv1_3"));
    let error = try_get(&newest, &echo(&origin.endpoints().tls12)).err().expect("no version");
    assert_eq!(error.kind(), ErrorKind::TlsHandshakeFailed, "{error}");
    let oldest = trusting(&origin, |config| config.tls_max_version = Some("1.2".into()));
    assert!(text_of(&oldest, &echo(origin.https())).contains("TLSv1_2"));
    let both = trusting(&origin, |config| {
        config.tls_min_version = Some("1.2".into());
        config.tls_max_version = Some("1.3".into());
    });
    assert!(text_of(&both, &echo(origin.https())).contains("TLSv1_3"));
}

#[test]
fn another_name_is_asked_for_and_verified() {
    let origin = origin();
    let all = origin.endpoints();
    let other = trusting(&origin, |config| config.tls_server_name = Some("other.invalid".into()));
    let echo = text_of(&other, &format!("{}/echo", all.wrong_host));
    assert!(echo.contains("\"server_name\":\"other.invalid\""), "{echo}");
    rejected(&other, &format!("{}/ok", all.https), "only for localhost");
    let address = trusting(&origin, |config| config.tls_server_name = Some("::1".into()));
    assert_eq!(text_of(&address, &format!("{}/ok", all.https)), "ok");
}

#[test]
fn the_host_may_be_another_where_that_is_said_but_nothing_else() {
    let origin = origin();
    let Endpoints { wrong_host, expired, untrusted, .. } = origin.endpoints();
    let client = trusting(&origin, |config| config.tls_verify_host = false);
    assert_eq!(text_of(&client, &format!("{wrong_host}/ok")), "ok");
    rejected(&client, &format!("{expired}/ok"), "expired");
    rejected(&client, &format!("{untrusted}/ok"), "not trusted");
}

#[test]
fn a_server_needs_one_of_the_pinned_keys_verified_or_not() {
    let origin = origin();
    let url = format!("{}/ok", origin.https());
    let right = pin_of(&origin.endpoints().server_cert_file);
    let wrong = pin_of(&origin.endpoints().client_cert_file);
    let both = format!("{wrong}; {right};");
    for verify in [true, false] {
        let with = |pins: &str| {
            trusting(&origin, |config| {
                config.tls_pins = Some(pins.into());
                config.tls_verify = verify;
            })
        };
        assert_eq!(text_of(&with(&right), &url), "ok");
        assert_eq!(text_of(&with(&both), &url), "ok");
        rejected(&with(&wrong), &url, &format!("({right}) is none of the pinned ones"));
    }
    // A pin is no trust.
    let strange = client(|config| config.tls_pins = Some(right));
    rejected(&strange, &url, "not trusted");
}

#[test]
fn the_name_and_the_keys_are_the_server_s_not_those_of_a_proxy_on_the_way() {
    let origin = origin();
    let config = tls::config(&origin, |_| {});
    let listener = listen_local();
    let proxy = format!("https://localhost:{}", listener.local_addr().expect("an address").port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).expect("a session");
            let mut tls = rustls::StreamOwned::new(connection, stream.expect("a connection"));
            if tls.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {
                let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        }
    });
    let client = trusting(&origin, |config| {
        config.proxy = Some(proxy);
        config.tls_server_name = Some("other.invalid".into());
        config.tls_pins = Some(format!("sha256//{}=", "A".repeat(43)));
    });
    assert_eq!(text_of(&client, "http://behind.invalid/"), "ok");
}

/// Answers as it is told, and notes what it is asked.
struct Check {
    accepts: Option<bool>,
    asked: Mutex<Vec<(String, usize, Option<String>)>>,
}

impl CertificateCheck for Check {
    fn accepts(&self, presented: &Presented<'_>) -> bool {
        let Presented { host, chain, rejected, .. } = presented;
        assert!(chain.iter().all(|der| CertificateDer::from(*der).len() > 100));
        let asked = (host.to_string(), chain.len(), rejected.map(str::to_string));
        self.asked.lock().unwrap().push(asked);
        self.accepts.expect("asked to panic")
    }
}

#[test]
fn the_program_s_own_check_has_the_last_word() {
    let origin = origin();
    let all = origin.endpoints();
    let checked = |accepts, change: fn(&mut ClientConfig)| {
        let check = Arc::new(Check { accepts, asked: Mutex::default() });
        let client = trusting(&origin, |config| {
            config.certificate_check = Some(check.clone());
            change(config);
        });
        (client, move || std::mem::take(&mut *check.asked.lock().unwrap()))
    };
    let own = |reason: Option<&str>| ("localhost".to_string(), 1, reason.map(str::to_string));
    for (base, rejected) in
        [(&all.https, None), (&all.untrusted, Some("its issuer is not trusted"))]
    {
        let (believing, asked) = checked(Some(true), |_| {});
        let resumed = || get(&believing, &format!("{base}/ok")).tls().expect("TLS").resumed();
        assert!(!resumed());
        assert_eq!(asked(), [own(rejected)]);
        // A session that was believed is believed again.
        believing.close_idle();
        assert!(resumed());
        assert_eq!(asked(), []);
    }
    for (answer, verify) in [(Some(false), true), (Some(false), false), (None, true)] {
        let (refusing, asked) = checked(answer, |_| {});
        let unverifying = checked(answer, |config| config.tls_verify = false);
        let client = if verify { &refusing } else { &unverifying.0 };
        rejected(client, &format!("{}/ok", all.https), "the program's own check refused it");
        assert_eq!(if verify { asked() } else { unverifying.1() }, [own(None)]);
    }
    let (pinned, _) = checked(Some(true), |config| {
        config.tls_pins = Some(format!("sha256//{}=", "A".repeat(43)));
    });
    rejected(&pinned, &format!("{}/ok", all.https), "is none of the pinned ones");
}

#[test]
fn a_response_tells_of_its_tls() {
    let origin = origin();
    let all = origin.endpoints();
    let client = trusting(&origin, |_| {});
    assert!(get(&client, &format!("{}/ok", origin.http())).tls().is_none());
    let pem = std::fs::read(&all.server_cert_file).expect("a file");
    let der = CertificateDer::from_pem_slice(&pem).expect("a certificate");
    for (base, version, cipher) in [
        (&all.https, "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        (&all.tls12, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    ] {
        // Sessions are known by the server's name alone: two servers of one name would mix them up.
        let client = trusting(&origin, |_| {});
        let tls_of = |base: &str| get(&client, &format!("{base}/ok")).tls().expect("TLS").clone();
        let tls = tls_of(base);
        assert_eq!((tls.version(), tls.cipher()), (version, cipher));
        assert_eq!((tls.alpn(), tls.resumed(), tls.early()), (Some("http/1.1"), false, false));
        assert!(tls.group().is_some_and(|group| group.to_uppercase().contains("X25519")));
        assert!(Arc::ptr_eq(&tls, &tls_of(base)), "made once for a connection");
        assert_eq!(tls.chain().collect::<Vec<_>>(), [&*der]);
        let certificate = tls.certificate(0).expect("well-formed");
        assert_eq!(certificate.subject, "CN=localhost");
        assert_eq!(certificate.issuer, "CN=keepalive-origin test CA");
        assert_eq!(certificate.names, ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(certificate.pin, pin_of(&all.server_cert_file));
        let said = openssl(&format!(
            "openssl x509 -in {} -noout -serial -dates -dateopt iso_8601",
            all.server_cert_file.display()
        ));
        let said = String::from_utf8(said).expect("text");
        assert!(said.contains(&format!("serial={}", certificate.serial.to_uppercase())), "{said}");
        // rcgen's defaults.
        assert!(said.contains("notBefore=1975-01-01") && said.contains("notAfter=4096-01-01"));
        assert_eq!((certificate.not_before, certificate.not_after), (157_766_400, 67_090_118_400));
        client.close_idle();
        let again = tls_of(base);
        assert!(again.resumed());
        assert_eq!(again.chain().collect::<Vec<_>>(), [&*der], "that of the first session");
    }
}

#[test]
fn secrets_go_to_the_keylog_file_and_to_no_other() {
    let origin = origin();
    let file = origin.ca_file().with_file_name("keys.log");
    std::fs::write(&file, "# what was there\n").expect("written");
    let fresh = origin.ca_file().with_file_name("fresh.log");
    for (path, base) in [(&file, origin.https()), (&fresh, &*origin.endpoints().tls12)] {
        let client = trusting(&origin, |config| config.keylog_file = text(path));
        assert_eq!(text_of(&client, &format!("{base}/ok")), "ok");
    }
    let lines = std::fs::read_to_string(&file).expect("a file");
    assert!(lines.starts_with("# what was there\n"), "appended");
    for label in ["CLIENT_HANDSHAKE_TRAFFIC_SECRET ", "SERVER_TRAFFIC_SECRET_0 "] {
        assert!(lines.lines().any(|line| line.starts_with(label)), "{lines}");
    }
    let old = std::fs::read_to_string(&fresh).expect("a file");
    let words: Vec<&str> = old.split_whitespace().collect();
    let lengths: Vec<usize> = words.iter().map(|word| word.len()).collect();
    assert_eq!((words[0], &lengths[1..]), ("CLIENT_RANDOM", &[64, 96][..]), "{old}");
    let mode = std::fs::metadata(&fresh).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let error = refused(|config| config.keylog_file = text(origin.ca_file().parent().unwrap()));
    assert!(error.contains("option keylog_file: ") && error.contains("directory"), "{error}");
}

#[test]
fn a_certificate_and_its_key_may_share_a_file() {
    let origin = origin();
    let all = origin.endpoints();
    let certificate = std::fs::read(&all.client_cert_file).expect("a file");
    let key = std::fs::read(&all.client_key_file).expect("a file");
    for parts in [[&certificate, &key], [&key, &certificate]] {
        let joined = parts.map(|part| &**part).concat();
        let file = origin.ca_file().with_file_name("both.pem");
        std::fs::write(&file, &joined).expect("written");
        let of_file = trusting(&origin, |config| config.client_cert_file = text(&file));
        let of_pem = trusting(&origin, |config| config.client_cert_pem = Some(joined.into()));
        for client in [of_file, of_pem] {
            assert_eq!(text_of(&client, &format!("{}/ok", all.mtls)), "ok");
            assert!(!format!("{:?}", client.config()).contains("PRIVATE"), "never shown");
        }
    }
    let mixed = trusting(&origin, |config| {
        config.client_cert_file = text(&all.client_cert_file);
        config.client_key_pem = Some(key.into());
    });
    assert_eq!(text_of(&mixed, &format!("{}/ok", all.mtls)), "ok");
}

#[test]
fn what_cannot_be_meant_is_told_by_option_and_reason() {
    let origin = origin();
    let all = origin.endpoints();
    let dir = origin.ca_file().parent().expect("a directory");
    let file = |name: &str, bytes: &[u8]| {
        std::fs::write(dir.join(name), bytes).expect("written");
        text(&dir.join(name))
    };
    let run = |arguments: String| openssl(&format!("cd {} && openssl {arguments}", dir.display()));
    let der = file("ca.der", &run("x509 -in ca.pem -outform der".into()));
    let key_der = file("key.der", &run("pkey -in client.key -outform der".into()));
    run("pkcs12 -export -in client.pem -inkey client.key -out client.p12 -passout pass:x".into());
    let p12 = text(&dir.join("client.p12"));
    let empty = file("empty.pem", b"\n");
    let [ca, cert, key] = [origin.ca_file(), &all.client_cert_file, &all.client_key_file].map(text);
    let server_key = text(&all.server_key_file);
    let long = "sha256//".to_string() + &"A".repeat(60);
    let cases: Vec<(&str, Box<dyn Fn(&mut ClientConfig)>)> = vec![
        (
            "option ca_file: .* is a directory; ca_dir takes one",
            Box::new(|c| c.ca_file = text(dir)),
        ),
        ("option ca_file: .*ca.der: is DER; `openssl x509", Box::new(|c| c.ca_file = der.clone())),
        ("option ca_file: .*is empty", Box::new(|c| c.ca_file = empty.clone())),
        ("option ca_file: .*holds no certificate", Box::new(|c| c.ca_file = key.clone())),
        (
            "option ca_file: .*larger than 16 MiB",
            Box::new(|c| c.ca_file = Some("/dev/zero".into())),
        ),
        ("option ca_pem: is empty", Box::new(|c| c.ca_pem = Some("".into()))),
        ("option ca_dir: .*Not a directory", Box::new(|c| c.ca_dir = ca.clone())),
        ("option ca_only: needs ca_file", Box::new(|c| c.ca_only = true)),
        (
            "option client_cert_file: .*no private key; client_key_file",
            Box::new(|c| {
                c.client_cert_file = cert.clone();
            }),
        ),
        (
            "option client_key_file: .*needs client_cert_file",
            Box::new(|c| {
                c.client_key_file = key.clone();
            }),
        ),
        (
            "option client_key_file: .*does not belong to the certificate of client_cert_file",
            Box::new(|c| {
                c.client_cert_file = cert.clone();
                c.client_key_file = server_key.clone();
            }),
        ),
        (
            "option client_key_file: .*is DER; `openssl pkey",
            Box::new(|c| {
                c.client_cert_file = cert.clone();
                c.client_key_file = key_der.clone();
            }),
        ),
        (
            "option client_cert_file: .*is PKCS #12; `openssl pkcs12",
            Box::new(|c| {
                c.client_cert_file = p12.clone();
                c.client_key_password = Some("x".into());
            }),
        ),
        (
            "options client_cert_file and client_cert_pem: only one",
            Box::new(|c| {
                c.client_cert_file = cert.clone();
                c.client_cert_pem = Some("x".into());
            }),
        ),
        (
            "option tls_min_version: \"1.1\" .*expected \"1.2\" or \"1.3\".*RFC 8996",
            Box::new(|c| {
                c.tls_min_version = Some("1.1".into());
            }),
        ),
        (
            "option tls_max_version: \"TLS\" is not a version",
            Box::new(|c| {
                c.tls_max_version = Some("TLS".into());
            }),
        ),
        (
            "options tls_min_version and tls_max_version: 1.3 is newer than 1.2",
            Box::new(|c| {
                c.tls_min_version = Some("1.3".into());
                c.tls_max_version = Some("1.2".into());
            }),
        ),
        (
            "option tls_server_name: \"a b\" is no host name",
            Box::new(|c| {
                c.tls_server_name = Some("a b".into());
            }),
        ),
        (
            "option tls_pins: \"sha1//AAAA\" is no pin; expected sha256//",
            Box::new(|c| {
                c.tls_pins = Some("sha1//AAAA".into());
            }),
        ),
        (
            "option tls_pins: \"sha256//AAAA\" is no pin; .* 32 bytes",
            Box::new(|c| {
                c.tls_pins = Some("sha256//AAAA".into());
            }),
        ),
        ("option tls_pins: \"sha256//A.*is no pin", Box::new(|c| c.tls_pins = Some(long.clone()))),
        ("option tls_pins: has no pin", Box::new(|c| c.tls_pins = Some(" ; ".into()))),
    ];
    for (expected, change) in cases {
        let message = refused(change);
        let mut rest = &*message;
        for part in expected.split(".*") {
            let at = rest.find(part).unwrap_or_else(|| panic!("{message}: {expected}"));
            rest = &rest[at + part.len()..];
        }
    }
}
