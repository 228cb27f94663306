//! Starts the real servers, each with its own files and port, and ends them with the test.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use keepalive_origin::{Origin, within};
use rustix::process::{Pid, Signal, kill_process};

use crate::support;

/// Bytes of `/large`: byte i is i % 251.
pub const LARGE: usize = 3_000_000;

/// A server that ends with this value.
pub struct Server {
    child: Child,
    _stdin: Option<ChildStdin>,
    /// `http://127.0.0.1:PORT`
    pub http: String,
    /// `https://localhost:PORT`, where the server speaks it.
    pub https: Option<String>,
    config: Option<(PathBuf, String)>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill_process(self.pid(), Signal::TERM);
        let _ = self.child.wait();
        // What nginx said is kept when a test failed.
        if let Some(dir) = self.config.as_ref().and_then(|(path, _)| path.parent())
            && !std::thread::panicking()
        {
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}

impl Server {
    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Ends it at once, without regard to what it is doing, and waits until it is gone.
    pub fn kill(&mut self) {
        // nginx's workers would outlive a master that is killed; for it TERM is the fast shutdown.
        let signal = if self.config.is_some() { Signal::TERM } else { Signal::KILL };
        kill_process(self.pid(), signal).expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Has nginx read its configuration again, with `generation` as the X-Generation field.
    pub fn reload(&self, generation: u32) {
        let (path, text) = self.config.as_ref().expect("only nginx reloads");
        let next = text.replace("X-Generation 0", &format!("X-Generation {generation}"));
        std::fs::write(path, next).expect("writable");
        kill_process(self.pid(), Signal::HUP).expect("it runs");
    }
}

fn spawn(command: &mut Command, package: &str) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap_or_else(|error| {
        panic!("{:?}: {error}; install the package {package}", command.get_program())
    })
}

/// A server that prints its port.
fn script(program: &str, package: &str, arguments: &[&str]) -> Server {
    let dir = support::root().join("tests/servers");
    let mut command = Command::new(program);
    let mut child = spawn(command.current_dir(dir).args(arguments), package);
    let mut line = String::new();
    let stdout = child.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("readable");
    let port: u16 = line.trim().parse().unwrap_or_else(|_| panic!("{program} said {line:?}"));
    let http = format!("http://127.0.0.1:{port}");
    Server { _stdin: child.stdin.take(), child, http, https: None, config: None }
}

/// Node's http server; 0 leaves a limit at Node's default.
pub fn node(keep_alive_ms: u32, max_requests: u32) -> Server {
    let (timeout, max) = (keep_alive_ms.to_string(), max_requests.to_string());
    script("node", "nodejs", &["server.js", &timeout, &max])
}

/// An asyncio server that closes idle connections after that time, without saying so.
pub fn python(idle: &str) -> Server {
    script("python3", "python3", &["server.py", idle])
}

/// A port below those that outgoing connections get, so that none can take it meanwhile.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 9000).expect("below 9000");
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The certificates of an origin that stays up for them.
pub fn certificates() -> &'static Origin {
    static ORIGIN: std::sync::LazyLock<Origin> = std::sync::LazyLock::new(support::origin);
    &ORIGIN
}

/// nginx, plain and TLS; `limits` are lines of its `http` block.
pub fn nginx(limits: &str) -> Server {
    let (port, tls_port) = (free_port(), free_port());
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("nginx-{port}"));
    std::fs::create_dir_all(dir.join("www/store")).expect("the target directory is writable");
    let large: Vec<u8> = (0..LARGE).map(|at| (at % 251) as u8).collect();
    let text = "All work and no play makes a dull text.\n".repeat(1000);
    for (name, body) in [("small", &b"small\n"[..]), ("large", &large), ("text", text.as_bytes())] {
        std::fs::write(dir.join("www").join(name), body).expect("writable");
    }
    let endpoints = certificates().endpoints();
    let place = dir.display();
    let config = format!(
        "daemon off; user root; worker_processes 2; pid {place}/pid; error_log {place}/errors;
events {{ worker_connections 512; }}
http {{
    access_log off; default_type text/plain; root {place}/www; client_max_body_size 100m;
    client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
    {limits}
    add_header X-Generation 0;
    ssl_certificate {cert}; ssl_certificate_key {key}; ssl_session_cache shared:s:1m;
    server {{
        listen 127.0.0.1:{port}; listen 127.0.0.1:{tls_port} ssl;
        location = /text {{ gzip on; gzip_types text/plain; }}
        location = /chunked {{ ssi on; ssi_types *; alias {place}/www/large; }}
        location = /half {{ limit_rate 50k; alias {place}/www/large; }}
        location /store/ {{ dav_methods PUT; }}
    }}
}}
",
        cert = endpoints.server_cert_file.display(),
        key = endpoints.server_key_file.display(),
    );
    let path = dir.join("nginx.conf");
    std::fs::write(&path, &config).expect("writable");
    let child = spawn(
        Command::new("nginx")
            .arg("-e")
            .arg(dir.join("errors"))
            .arg("-p")
            .arg(&dir)
            .arg("-c")
            .arg(&path),
        "nginx-light",
    );
    let mut server = Server {
        child,
        _stdin: None,
        http: format!("http://127.0.0.1:{port}"),
        https: Some(format!("https://localhost:{tls_port}")),
        config: Some((path, config)),
    };
    let mut listens = false;
    within(Duration::from_secs(20), || {
        listens = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], tls_port))).is_ok();
        listens || server.child.try_wait().expect("a child").is_some()
    });
    let said = || std::fs::read_to_string(dir.join("errors")).unwrap_or_default();
    assert!(listens, "nginx does not listen: {}", said());
    server
}
