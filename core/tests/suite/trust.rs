//! Trust as companies have it: certificates that openssl made, keys that are encrypted.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use keepalive_core::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("keepalive-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Directory(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output().expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// `openssl s_server` with that certificate.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// On a port that no other server of this process had.
    fn start(certificate: &str, key: &str) -> Server {
        loop {
            let server = Server::anywhere(certificate, key);
            if keepalive_origin::is_new_port(server.port) {
                return server;
            }
        }
    }

    fn anywhere(certificate: &str, key: &str) -> Server {
        let mut child = Command::new("openssl")
            .args(["s_server", "-www", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.parse().ok()
        });
        // It goes on writing.
        std::thread::spawn(move || lines.for_each(drop));
        Server { child, port: port.expect("its port") }
    }

    fn get(&self, host: &str, trusted: Option<&str>) -> Result<u16> {
        let client = crate::common::client(|config| {
            config.ca_file = trusted.map(str::to_string);
            config.resolve = Some(format!("other.example:{}:127.0.0.1", self.port));
        });
        let request = Request::new("GET", &format!("https://{host}:{}/", self.port))?;
        client.send_whole(&request, Blocking::default()).map(|response| response.status())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rejected(result: Result<u16>, reason: &str) {
    let error = result.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::CertificateRejected, "{error}");
    assert!(error.message().contains(reason), "{error}");
    assert!(!error.retry_safe());
    for debug in ["Other(", "CaUsed", "{", "Error"] {
        assert!(!error.message().contains(debug), "{error}");
    }
}

#[test]
fn what_openssl_req_makes_is_trusted_where_it_is_named() {
    let dir = Directory::new("req");
    for (name, extra) in [
        ("plain", &[][..]),
        ("san", &["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]),
        ("leaf", &["-addext", "basicConstraints=critical,CA:FALSE"]),
    ] {
        let (cert, key) = (dir.file(&format!("{name}.pem")), dir.file(&format!("{name}.key")));
        let args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let subject = ["-nodes", "-days", "30", "-subj", "/O=Company/CN=localhost"];
        let files = ["-keyout", &key, "-out", &cert];
        openssl(&[&args[..], &subject, &files, extra].concat());
        let server = Server::start(&cert, &key);
        assert_eq!(server.get("localhost", Some(&cert)).expect(name), 200);
        // Named is not enough: the name must fit.
        let reason = if name == "san" { "only for" } else { "names no host" };
        rejected(server.get("other.example", Some(&cert)), reason);
        let ip = server.get("127.0.0.1", Some(&cert));
        if name == "san" {
            assert_eq!(ip.expect("its address"), 200);
        } else {
            rejected(ip, "names no host");
        }
        // Nor is being an authority: another one's certificate is not trusted.
        let (other, other_key) = (dir.file("other.pem"), dir.file("other.key"));
        let files = ["-keyout", &other_key, "-out", &other];
        openssl(&[&args[..], &subject, &files].concat());
        assert!(server.get("localhost", Some(&other)).is_err());
        assert!(server.get("localhost", None).is_err());
    }
}

#[test]
fn the_dates_of_a_named_certificate_count() {
    let dir = Directory::new("dates");
    for (from, until, reason) in [(2000, 2001, "expired"), (2090, 2099, "not valid yet")] {
        for authority in [true, false] {
            let mut params = CertificateParams::new(vec!["localhost".to_string()]).expect("names");
            params.distinguished_name.push(DnType::CommonName, "localhost");
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(until, 1, 1);
            if authority {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            }
            let key = KeyPair::generate().expect("a key");
            let cert = params.self_signed(&key).expect("a certificate");
            let (cert_file, key_file) = (dir.file("cert.pem"), dir.file("cert.key"));
            std::fs::write(&cert_file, cert.pem()).expect("written");
            std::fs::write(&key_file, key.serialize_pem()).expect("written");
            let server = Server::start(&cert_file, &key_file);
            rejected(server.get("localhost", Some(&cert_file)), reason);
        }
    }
}

#[test]
fn an_authority_s_own_certificate_that_is_not_named_is_refused_in_words() {
    let dir = Directory::new("words");
    let (cert, key) = (dir.file("cert.pem"), dir.file("cert.key"));
    let ca = crate::common::origin();
    let args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let rest = ["-days", "30", "-subj", "/CN=localhost", "-keyout", &key, "-out", &cert];
    openssl(&[&args[..], &rest].concat());
    let server = Server::start(&cert, &key);
    let trusted = ca.ca_file().to_string_lossy().into_owned();
    rejected(server.get("localhost", Some(&trusted)), "give it as ca_file");
}

#[test]
fn an_encrypted_key_says_so_and_its_password_opens_it() {
    let dir = Directory::new("keys");
    let origin = crate::common::origin();
    let all = origin.endpoints();
    let plain = all.client_key_file.to_string_lossy().into_owned();
    let text = |path: &Path| Some(path.to_string_lossy().into_owned());
    let client = |key: &str, password: Option<&str>| {
        let mut config = ClientConfig::default();
        config.ca_file = text(origin.ca_file());
        config.client_cert_file = text(&all.client_cert_file);
        config.client_key_file = Some(key.to_string());
        config.client_key_password = password.map(str::to_string);
        Client::new(config)
    };
    for (name, how) in [
        ("aes256", &["-v2", "aes-256-cbc"][..]),
        ("aes128", &["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"]),
        ("triple DES", &["-v2", "des3"]),
        ("scrypt", &["-scrypt"]),
    ] {
        let key = dir.file(&format!("{name}.key"));
        let to = ["pkcs8", "-topk8", "-in", &plain, "-out", &key, "-passout", "pass:geheim"];
        openssl(&[&to[..], how].concat());
        let error = client(&key, None).err().expect("encrypted");
        let message = error.message();
        assert!(message.contains("option client_key_file: "), "{error}");
        assert!(message.contains("is encrypted; client_key_password"), "{error}");
        let error = client(&key, Some("falsch")).err().expect("another password");
        assert!(error.message().contains("option client_key_password"), "{error}");
        assert!(!error.message().contains("falsch"), "{error}");
        let client = client(&key, Some("geheim")).expect(name);
        assert!(!format!("{:?}", client.config()).contains("geheim"));
        let request = Request::new("GET", &format!("{}/ok", all.mtls)).expect("a request");
        let response = client.send_whole(&request, Blocking::default()).expect("a response");
        assert_eq!(response.status(), 200);
    }
    let old = dir.file("old.key");
    std::fs::write(
        &old,
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA\n-----END RSA PRIVATE KEY-----",
    )
    .expect("written");
    let error = client(&old, Some("geheim")).err().expect("the old form");
    assert!(error.message().contains("openssl pkcs8 -topk8"), "{error}");
}
