//! The scripted server: it does to each connection what the plan at hand says, and tells what it saw.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection};

use crate::arrival::{ESTABLISHED, wait_until};
use crate::plan::{End, Fault, Idle, Plan, Shape};
use crate::wire::{PATIENCE, Wire, is_timeout};

/// Opens once; whoever waits goes on.
#[derive(Default)]
pub struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub fn open(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.opened.notify_all();
    }

    pub fn wait(&self, plan: &Plan) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.opened.wait_timeout_while(open, PATIENCE, |open| !*open);
        let (open, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(*open, "the other side never came: {plan:?}");
    }
}

/// A plan under way.
pub struct Stage {
    pub plan: Plan,
    /// The client is where the server shall act.
    pub act: Gate,
    /// It has acted, and the client's kernel knows.
    pub acted: Gate,
    /// The server has come to where it stops.
    pub held: Gate,
}

impl Stage {
    pub fn new(plan: Plan) -> Arc<Stage> {
        let gate = Gate::default;
        Arc::new(Stage { plan, act: gate(), acted: gate(), held: gate() })
    }
}

/// What the server saw of one connection.
#[derive(Debug, Default)]
pub struct Facts {
    pub number: usize,
    pub is_open: bool,
    /// Bytes of the request in question.
    pub request_bytes: usize,
    /// How often it came whole.
    pub requests: usize,
    /// Bytes of its response that went out where they can be read.
    pub delivered: usize,
    /// The client left the server waiting.
    pub hung: bool,
}

/// Two listeners, plain and TLS, for one client after the other.
pub struct Server {
    pub plain: SocketAddr,
    pub tls: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<ServerConfig>,
    stage: Mutex<Option<Arc<Stage>>>,
    handlers: Mutex<Vec<JoinHandle<Facts>>>,
}

const WARM: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nKeep-Alive: timeout=60\r\n\r\nwarm";
const AFTER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: timeout=60\r\n\r\nafter";

impl Server {
    /// Its threads end with the process.
    pub fn start(config: Arc<ServerConfig>) -> Server {
        let shared =
            Arc::new(Shared { config, stage: Mutex::new(None), handlers: Mutex::default() });
        let listen = |tls: bool| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let (address, shared) = (listener.local_addr().expect("bound"), shared.clone());
            std::thread::spawn(move || {
                for socket in listener.incoming().filter_map(Result::ok) {
                    shared.accepted(socket, address, tls);
                }
            });
            address
        };
        Server { plain: listen(false), tls: listen(true), shared }
    }

    pub fn begin(&self, stage: &Arc<Stage>) {
        *self.shared.stage.lock().expect("no panic") = Some(stage.clone());
    }

    /// Waits until every connection is gone, and tells of each.
    pub fn finish(&self) -> Vec<Facts> {
        let handlers = std::mem::take(&mut *self.shared.handlers.lock().expect("no panic"));
        let mut facts: Vec<Facts> = handlers
            .into_iter()
            .map(|one| one.join().expect("the server does not panic"))
            .collect();
        facts.sort_by_key(|facts| facts.number);
        facts
    }
}

impl Shared {
    fn accepted(&self, socket: TcpStream, address: SocketAddr, tls: bool) {
        let Some(stage) = self.stage.lock().expect("no panic").clone() else { return };
        let session = tls.then(|| ServerConnection::new(self.config.clone()).expect("valid"));
        // Held until the handler is entered: what a handler does may lead to `finish`.
        let mut handlers = self.handlers.lock().expect("no panic");
        let number = handlers.len();
        handlers.push(std::thread::spawn(move || {
            let mut facts = Facts { number, ..Facts::default() };
            let served = Wire::new(socket, session)
                .and_then(|wire| serve(wire, &stage, address, &mut facts));
            // A client that went is no fault of the server; one that does nothing is the client's.
            facts.hung = served.is_err_and(|error| is_timeout(&error));
            facts
        }));
    }
}

fn serve(mut wire: Wire, stage: &Stage, here: SocketAddr, facts: &mut Facts) -> io::Result<()> {
    let plan = &stage.plan;
    let fault = plan.fault_on(facts.number);
    let limit = match fault {
        Fault::Handshake { bytes, .. } => bytes,
        _ => usize::MAX,
    };
    if !wire.handshake(limit)? {
        if let Fault::Handshake { end, .. } = fault {
            wire.end(end)?;
        }
        return Ok(());
    }
    facts.is_open = true;
    if facts.number == 0 && plan.warm {
        wire.request()?;
        wire.write(WARM)?;
        if plan.idle != Idle::Nothing {
            stage.act.wait(plan);
            // A client that has seen it already may be gone.
            let rest = act_on_idle(wire, plan.idle, here);
            stage.acted.open();
            return match rest? {
                Some(wire) if !plan.idle.is_fatal() => strike(wire, fault, stage, here, facts),
                Some(mut wire) => wire.drain().map(drop),
                None => Ok(()),
            };
        }
    }
    strike(wire, fault, stage, here, facts)
}

/// Acts, and waits until the client's kernel knows; the rest of the connection, if there is one.
fn act_on_idle(mut wire: Wire, idle: Idle, here: SocketAddr) -> io::Result<Option<Wire>> {
    let client = wire.peer()?;
    // Or seen already: then the client has closed its side.
    let readable = |seen: Option<(u8, u32)>| {
        seen.is_none_or(|(state, queue)| queue > 0 || state != ESTABLISHED)
    };
    let end = match idle {
        Idle::Nothing => None,
        Idle::KeyUpdate => {
            wire.update_keys()?;
            wait_until(client, here, readable);
            None
        }
        Idle::Stray { whole, end } => {
            let stray = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
            wire.write(if whole { stray } else { &stray[..1] })?;
            wait_until(client, here, readable);
            end
        }
        Idle::End(end) => Some(end),
    };
    match end {
        Some(end) => wire.end_and_wait(end, here),
        None => Ok(Some(wire)),
    }
}

fn strike(
    mut wire: Wire,
    fault: Fault,
    stage: &Stage,
    here: SocketAddr,
    facts: &mut Facts,
) -> io::Result<()> {
    let plan = &stage.plan;
    let response = plan.response_bytes();
    // The part of the response that goes out, in the two pieces in which it does.
    let parts = |bytes: usize| {
        let split = plan.split.min(bytes);
        [&response[..split], &response[split..bytes]]
    };
    match fault {
        Fault::None | Fault::Handshake { .. } => return serve_on(wire, plan, facts),
        Fault::Request { bytes, end } => {
            wire.wait_for_byte()?;
            facts.request_bytes = wire.receive(bytes)?.max(1);
            facts.request_bytes = wire.end(end)?.max(1);
        }
        Fault::Age { ms, end } => {
            wire.socket.set_read_timeout(Some(Duration::from_millis(ms)))?;
            let waited = wire.wait_for_byte();
            wire.socket.set_read_timeout(Some(PATIENCE))?;
            if waited.is_ok() {
                return serve_on(wire, plan, facts);
            }
            facts.request_bytes = wire.end(end)?;
        }
        Fault::BeforeWrite => {
            stage.act.wait(plan);
            let ended = wire.end_and_wait(End::Rst, here);
            stage.acted.open();
            ended?;
        }
        Fault::Early { end } => {
            facts.request_bytes = wire.receive(1000)?;
            wire.write(&response)?;
            wire.end(end)?;
        }
        Fault::Response { bytes, .. }
        | Fault::Records { bytes, .. }
        | Fault::Stall { bytes }
        | Fault::Cancel { bytes } => {
            let Some(asked) = wire.request()? else { return Ok(()) };
            facts.request_bytes = asked.length;
            facts.requests = 1;
            match fault {
                Fault::Records { end, .. } => {
                    facts.delivered = wire.write_records(parts(response.len()), bytes)?;
                    wire.end(end)?;
                }
                Fault::Response { end, .. } => {
                    facts.delivered = bytes;
                    for part in parts(bytes) {
                        wire.write(part)?;
                    }
                    wire.end(end)?;
                }
                _ => {
                    facts.delivered = bytes;
                    for part in parts(bytes) {
                        wire.write(part)?;
                    }
                    stage.held.open();
                    wire.drain()?;
                }
            }
        }
    }
    Ok(())
}

/// Answers what comes until the client goes.
fn serve_on(mut wire: Wire, plan: &Plan, facts: &mut Facts) -> io::Result<()> {
    while let Some(asked) = wire.request()? {
        match asked.id.as_str() {
            "warm" => wire.write(WARM)?,
            "after" => wire.write(AFTER)?,
            _ => {
                facts.request_bytes += asked.length;
                facts.requests += 1;
                let response = plan.response_bytes();
                let split = plan.split.min(response.len());
                wire.write(&response[..split])?;
                wire.write(&response[split..])?;
                facts.delivered = response.len();
                if plan.shape == Shape::CloseDelimited {
                    wire.end(End::Fin { notify: true })?;
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}
