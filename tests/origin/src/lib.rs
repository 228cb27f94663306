//! The scripted HTTP/1.1 server the tests of all languages and the demo talk to. It shares no code
//! with the library under test, and refuses what a lenient server would let pass, so that the
//! client's mistakes are noticed. Routes, control paths and guarantees: `README.md`.
#![forbid(unsafe_code)]

pub mod cases;
mod certificate_cases;
mod certificates;
pub mod chaos;
mod connection;
mod exchange;
pub mod facts;
mod listen;
mod request;
mod routes;
pub mod runs;
mod state;
mod verdict;

use std::error::Error;
use std::fs::DirBuilder;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde::Serialize;

use cases::Case;
pub use certificate_cases::CertificateCase;
use facts::Facts;
use listen::Listeners;
pub use listen::{is_new_port, listen_anew};
use runs::{Over, Report};
use state::Shared;
pub use state::{Connections, Entry};

/// Looks every millisecond whether something `holds` that nothing tells of; whether it did within `limit`.
pub fn within(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    while !holds() {
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Why an origin did not start.
pub type StartError = Box<dyn Error + Send + Sync>;

/// Where the origin listens and where it finds and puts its files.
#[derive(Clone, Debug)]
pub struct OriginOptions {
    /// Port of plain HTTP; 0 (the default) lets the kernel choose.
    pub port: u16,
    /// Port of HTTPS; 0 (the default) lets the kernel choose.
    pub tls_port: u16,
    /// Directory of the wire cases; default: the `tests/wire` this crate was built beside.
    pub wire: PathBuf,
    /// Directory for the certificates and keys, made if absent and left in place.
    /// `None` (the default): a temporary one, removed with the origin.
    pub dir: Option<PathBuf>,
}

impl Default for OriginOptions {
    fn default() -> Self {
        let wire = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire");
        Self { port: 0, tls_port: 0, wire, dir: None }
    }
}

/// The addresses and files of a running origin; the binary prints this as its one line of JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Endpoints {
    /// Plain HTTP, `http://127.0.0.1:PORT`.
    pub http: String,
    /// Plain HTTP over IPv6, `http://[::1]:PORT`, where the machine has it.
    pub ipv6: Option<String>,
    /// HTTPS with a certificate for localhost, 127.0.0.1 and ::1, signed by the CA.
    pub https: String,
    /// The same, TLS 1.2 alone.
    pub tls12: String,
    /// The same, requiring a client certificate signed by the CA.
    pub mtls: String,
    /// A certificate of the CA for another name.
    pub wrong_host: String,
    /// A certificate of the CA that has expired.
    pub expired: String,
    /// A certificate of a CA nobody knows.
    pub untrusted: String,
    /// The CA certificate, PEM.
    pub ca_file: PathBuf,
    /// A client certificate signed by the CA, PEM.
    pub client_cert_file: PathBuf,
    /// Its private key, PKCS#8 PEM.
    pub client_key_file: PathBuf,
    /// The certificate of `https`, PEM: for other servers that a test starts.
    pub server_cert_file: PathBuf,
    /// Its private key, PKCS#8 PEM.
    pub server_key_file: PathBuf,
}

/// A running origin. Dropping it closes every connection and joins every thread.
pub struct Origin {
    shared: Arc<Shared>,
    endpoints: Endpoints,
    ca_pem: String,
    _listeners: Listeners,
    _own_dir: Option<TemporaryDir>,
}

impl Origin {
    /// Makes certificates, reads the wire cases and listens. Fails when a port is taken, a
    /// directory cannot be used or a wire case is malformed (the error names it).
    pub fn start(options: OriginOptions) -> Result<Self, StartError> {
        let cases = cases::load(&options.wire)?;
        let shared = Arc::new(Shared::new(cases));
        let own_dir = options.dir.is_none().then(TemporaryDir::new).transpose()?;
        let dir = own_dir.as_ref().map(|dir| &dir.0).or(options.dir.as_ref());
        let dir = dir.ok_or("no directory")?;
        std::fs::create_dir_all(dir)?;
        let dir = dir.canonicalize()?;
        let mut certificates = certificates::make(&dir)?;
        let configs = certificates.configs;
        let mut listeners = Listeners::new(shared.clone());
        let (port, ipv6) = listeners.add(options.port, None)?;
        let mut secure = |port, config| -> io::Result<String> {
            let (port, _) = listeners.add(port, Some(config))?;
            Ok(format!("https://localhost:{port}"))
        };
        let endpoints = Endpoints {
            http: format!("http://127.0.0.1:{port}"),
            ipv6: ipv6.then(|| format!("http://[::1]:{port}")),
            https: secure(options.tls_port, configs.normal)?,
            tls12: secure(0, configs.tls12)?,
            mtls: secure(0, configs.mtls)?,
            wrong_host: secure(0, configs.wrong_host)?,
            expired: secure(0, configs.expired)?,
            untrusted: secure(0, configs.untrusted)?,
            ca_file: dir.join("ca.pem"),
            client_cert_file: dir.join("client.pem"),
            client_key_file: dir.join("client.key"),
            server_cert_file: dir.join("server.pem"),
            server_key_file: dir.join("server.key"),
        };
        let (case_port, _) = listeners.add(0, Some(certificates.cases.config))?;
        for case in &mut certificates.cases.cases {
            case.url = format!("https://{}:{case_port}/ok", case.host);
        }
        let _ = shared.certificate_cases.set(certificates.cases.cases);
        let ca_pem = certificates.ca_pem;
        Ok(Self { shared, endpoints, ca_pem, _listeners: listeners, _own_dir: own_dir })
    }

    /// All addresses and files.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// `http://127.0.0.1:PORT`
    pub fn http(&self) -> &str {
        &self.endpoints.http
    }

    /// `https://localhost:PORT`
    pub fn https(&self) -> &str {
        &self.endpoints.https
    }

    /// The CA certificate as PEM text.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The CA certificate's file.
    pub fn ca_file(&self) -> &Path {
        &self.endpoints.ca_file
    }

    /// The wire cases it plays under `/wire/NAME`.
    pub fn cases(&self) -> &[Case] {
        &self.shared.cases
    }

    /// Chains of certificates, each shown for its host, which is to be resolved to 127.0.0.1.
    pub fn certificate_cases(&self) -> &[CertificateCase] {
        self.shared.certificate_cases.get().map_or(&[], Vec::as_slice)
    }

    /// Judges what a runner says of a case it has requested as `/wire/NAME?run=RUN`; returns what is
    /// wrong, which also stands in the run's [`Origin::verdict`]. `requests` is filled in here; for
    /// the first of them is waited as long as `limit`.
    pub fn judge(&self, run: &str, case: &Case, facts: Facts, limit: Duration) -> Vec<String> {
        self.shared.judge(run, case, facts, limit)
    }

    /// The verdict on a run that is to have played each case over each of `over`; ends the run.
    pub fn verdict(&self, run: &str, over: &[Over]) -> Report {
        self.shared.verdict(run, over)
    }

    /// The counters of `/_connections`.
    pub fn connections(&self) -> Connections {
        self.shared.connections()
    }

    /// Waits until at most `open` connections are open; false when `limit` passed first.
    pub fn wait_for_open(&self, open: u64, limit: Duration) -> bool {
        self.shared.wait_for_open(open, limit)
    }

    /// The requests seen with that key.
    pub fn journal(&self, key: &str) -> Vec<Entry> {
        self.shared.journal(Some(key))
    }

    /// The rule each malformed request broke. A client that does its work leaves it empty.
    pub fn faults(&self) -> Vec<String> {
        self.shared.journal(None).into_iter().filter_map(|entry| entry.error).collect()
    }

    /// Opens the gate of that name and waits until each waiter has been answered; false when
    /// `limit` passed first.
    pub fn open_gate(&self, name: &str, limit: Duration) -> bool {
        self.shared.open_gate(name, limit)
    }

    /// Waits until at least `count` wait at the gate; false when `limit` passed first.
    pub fn wait_at_gate(&self, name: &str, count: u64, limit: Duration) -> bool {
        self.shared.wait_at_gate(name, count, limit)
    }

    /// How many wait at the gate.
    pub fn waiting_at(&self, name: &str) -> u64 {
        self.shared.waiting_at(name)
    }

    /// What `/chaos` has dealt, and what was wrong with the requests there.
    pub fn chaos(&self) -> chaos::Report {
        self.shared.lock().chaos.report()
    }

    /// Clears counters, journal, gates (their waiters go on) and failure counts.
    pub fn reset(&self) {
        self.shared.reset();
    }
}

/// A directory only this user can read, removed with this value.
struct TemporaryDir(PathBuf);

impl TemporaryDir {
    fn new() -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        loop {
            let count = COUNT.fetch_add(1, Relaxed);
            let name = format!("keepalive-origin-{}-{count}", std::process::id());
            let dir = std::env::temp_dir().join(name);
            match builder.create(&dir) {
                Ok(()) => return Ok(Self(dir)),
                // Left by a killed origin of the same process id.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl Drop for TemporaryDir {
    fn drop(&mut self) {
        // One that cannot be removed does no harm to a test.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
