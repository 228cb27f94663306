//! Listening sockets and their accept loops: one thread each, and one per connection.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection};
use socket2::{Domain, Socket, Type};

use crate::connection::Connection;
use crate::routes::serve;
use crate::state::Shared;

/// Pending connections the kernel keeps; it lowers this to its own limit.
const BACKLOG: i32 = 4096;
/// Enough for the compressors; the default of 2 MiB is too much for thousands of connections.
const STACK: usize = 512 << 10;

pub(crate) struct Listeners {
    shared: Arc<Shared>,
    threads: Vec<(SocketAddr, JoinHandle<()>)>,
}

impl Listeners {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, threads: Vec::new() }
    }

    /// Listens on `port` (0: any) of 127.0.0.1 and, where that works, of ::1, so that `localhost`
    /// reaches it whichever address comes first. Returns the port and whether ::1 works.
    pub fn add(&mut self, port: u16, tls: Option<Arc<ServerConfig>>) -> io::Result<(u16, bool)> {
        let listener = match port {
            0 => listen_anew()?,
            port => listen((Ipv4Addr::LOCALHOST, port).into())?,
        };
        let port = listener.local_addr()?.port();
        self.spawn(listener, tls.clone())?;
        match listen((Ipv6Addr::LOCALHOST, port).into()) {
            Ok(listener) => self.spawn(listener, tls).map(|()| (port, true)),
            Err(_) => Ok((port, false)),
        }
    }

    fn spawn(&mut self, listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> io::Result<()> {
        let address = listener.local_addr()?;
        let shared = self.shared.clone();
        let accept = move || accept_all(&shared, &listener, tls.as_ref());
        let thread = Builder::new().name("origin-accept".into()).spawn(accept)?;
        self.threads.push((address, thread));
        Ok(())
    }
}

impl Drop for Listeners {
    /// Closes every connection and joins every thread.
    fn drop(&mut self) {
        self.shared.stop();
        for (address, thread) in self.threads.drain(..) {
            // A connection wakes the thread, which then sees that the origin is stopping.
            let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
            let _ = thread.join();
        }
    }
}

/// Listens on a port of 127.0.0.1 that nothing else has, or had, from here or by [`is_new_port`] in this process:
/// what a client has learnt of an origin it knows for as long as the process lives, and the kernel gives a port that
/// is free again to the next who asks.
pub fn listen_anew() -> io::Result<TcpListener> {
    // Held meanwhile, so that another one comes.
    let mut had = Vec::new();
    loop {
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into())?;
        if is_new_port(listener.local_addr()?.port()) {
            return Ok(listener);
        }
        had.push(listener);
    }
}

/// Whether this port of 127.0.0.1 is asked for, or had from [`listen_anew`], for the first time in this process: for
/// servers that are processes of their own.
pub fn is_new_port(port: u16) -> bool {
    static HAD: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    HAD.lock().unwrap_or_else(PoisonError::into_inner).insert(port)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn accept_all(shared: &Arc<Shared>, listener: &TcpListener, tls: Option<&Arc<ServerConfig>>) {
    for socket in listener.incoming() {
        let Ok(socket) = socket else {
            // Out of descriptors, most likely: give the others time to close.
            if shared.wait(Duration::from_millis(10), |state| state.stopping) {
                return;
            }
            continue;
        };
        let socket = Arc::new(socket);
        let Some(number) = shared.accepted(&socket) else {
            return;
        };
        let registered = Registered { shared: shared.clone(), number };
        let tls = tls.cloned();
        // A thread that cannot be started drops the closure, and with it the connection.
        let _ = Builder::new().name("origin".into()).stack_size(STACK).spawn(move || {
            let registered = registered;
            let _ = socket.set_nodelay(true);
            if let Ok(tls) = tls.map(ServerConnection::new).transpose() {
                serve(Connection::new(registered.shared.clone(), number, socket, tls));
            }
        });
    }
}

/// Takes the connection out of the register after its socket is closed.
struct Registered {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.shared.closed(self.number);
    }
}
