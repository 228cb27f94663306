//! Callers, dials and a closer race over one pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, UNIX_EPOCH};

use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;
use shuttle::{future, thread};

use crate::pool::{
    Checkout, CheckoutError, CheckoutOptions, DialOrder, EvictReason, Grant, HostId, Idle, Manager,
    Moment, Pool, PoolLimits, Ticket, Witness,
};

const CAPS: PoolLimits = PoolLimits { per_host: 2, total: 3, dials_per_host: 1, waiters: 16 };

/// Counts what the pool believes it holds, from outside.
struct Server {
    /// Being dialled, leased or idle, of each origin.
    open: [AtomicUsize; 2],
    dialling: [AtomicUsize; 2],
    /// Whether a dial may fail.
    flaky: bool,
    dials: Mutex<Vec<thread::JoinHandle<()>>>,
}

/// A connection knows its origin.
struct Connection(usize);

type Waits = Arc<Pool<Server>>;

impl Server {
    fn new(flaky: bool) -> Server {
        Server {
            open: Default::default(),
            dialling: Default::default(),
            flaky,
            dials: Mutex::new(Vec::new()),
        }
    }

    fn opened(&self, origin: usize) {
        let open = self.open[origin].fetch_add(1, Ordering::SeqCst) + 1;
        assert!(open <= CAPS.per_host, "{open} connections to one origin");
        let total: usize = self.open.iter().map(|open| open.load(Ordering::SeqCst)).sum();
        assert!(total <= CAPS.total, "{total} connections in all");
    }

    fn closed(&self, origin: usize) {
        self.open[origin].fetch_sub(1, Ordering::SeqCst);
    }
}

impl Manager for Server {
    type Key = usize;
    type Connection = Connection;
    type Error = &'static str;

    fn dial(pool: &Waits, origin: usize, order: DialOrder, _: Witness) {
        let dialling = pool.manager.dialling[origin].fetch_add(1, Ordering::SeqCst) + 1;
        assert!(dialling <= CAPS.dials_per_host, "{dialling} dials at once");
        pool.manager.opened(origin);
        let dialler = pool.clone();
        let dial = thread::spawn(move || {
            let fails = dialler.manager.flaky && thread_rng().gen_bool(0.3);
            // Before the pool is told, which may dial again at once.
            dialler.manager.dialling[origin].fetch_sub(1, Ordering::SeqCst);
            if fails {
                dialler.manager.closed(origin);
                dialler.dial_failed(order, "refused");
            } else {
                dialler.dialled(order, idle(Connection(origin)));
            }
        });
        pool.manager.dials.lock().expect("never poisoned").push(dial);
    }

    fn close(&self, connection: Connection, _: EvictReason) {
        self.closed(connection.0);
    }
}

fn moment() -> Moment {
    Moment { now: Instant::now(), wall: UNIX_EPOCH }
}

fn idle(connection: Connection) -> Idle<Connection> {
    let since = moment();
    let later = Duration::from_secs(3600);
    let until = Moment { now: since.now + later, wall: since.wall + later };
    Idle { connection, since, until, registered: false, stay: 0, watched: false }
}

fn checkout(
    pool: &Waits,
    origin: usize,
    wish: CheckoutOptions,
) -> Result<Checkout<Server>, CheckoutError> {
    let got = pool.checkout(&origin, moment(), wish)?;
    Ok(match got {
        Checkout::Ticket(mut ticket) => {
            ticket.orphan = |pool, host, connection| pool.check_in(host, idle(connection));
            Checkout::Ticket(ticket)
        }
        idle => idle,
    })
}

/// Waits for the ticket, or gives it up after a look or two.
fn wait(mut ticket: Ticket<Server>, patient: bool) -> Option<Grant<Connection, &'static str>> {
    if patient {
        return Some(future::block_on(std::future::poll_fn(|cx| ticket.poll(cx))));
    }
    for _ in 0..2 {
        if let Poll::Ready(grant) = ticket.poll(&mut Context::from_waker(Waker::noop())) {
            return Some(grant);
        }
        thread::yield_now();
    }
    None
}

/// The lease ends: well, or with a connection that cannot be reused.
fn finish(pool: &Waits, host: HostId, connection: Connection, well: bool) {
    if well {
        pool.check_in(host, idle(connection));
    } else {
        // As a lease does: the connection is closed, then its permit given back.
        pool.manager.closed(connection.0);
        pool.discard(host);
    }
}

fn call(pool: &Waits, origin: usize, patient: bool, fresh: bool) {
    let wish = CheckoutOptions { fresh, ..CheckoutOptions::default() };
    let leased = match checkout(pool, origin, wish) {
        Ok(Checkout::Idle(host, connection)) => Some((host, connection)),
        Ok(Checkout::Ticket(ticket)) => match wait(ticket, patient) {
            Some(Grant::Connection(host, connection)) => Some((host, connection)),
            Some(Grant::Failed(_) | Grant::PoolClosed | Grant::Place(..)) | None => None,
        },
        Err(CheckoutError::Closed) => None,
        Err(CheckoutError::QueueFull(waiting)) => panic!("{waiting} wait, fewer than the limit"),
    };
    if let Some((host, connection)) = leased {
        assert_eq!(connection.0, origin, "another origin's connection");
        thread::yield_now();
        finish(pool, host, connection, thread_rng().gen_bool(0.6));
    }
}

fn join_dials(pool: &Waits) {
    loop {
        let dial = pool.manager.dials.lock().expect("never poisoned").pop();
        match dial {
            Some(dial) => dial.join().expect("no panic"),
            None => return,
        }
    }
}

/// Every permit is back: what the pool counts is what is open, and all of it is idle.
fn settled(pool: &Waits) {
    join_dials(pool);
    for (origin, counts) in pool.counts_by_key() {
        assert_eq!((counts.active, counts.dialing, counts.waiting), (0, 0, 0), "left over");
        assert_eq!(counts.idle, pool.manager.open[origin].load(Ordering::SeqCst), "permits");
    }
}

/// Callers of two origins that wait, give up, want fresh connections, return and discard them,
/// while dials succeed and fail: the caps hold at every moment, nobody waits for ever, and every
/// permit comes back.
pub fn callers_race() {
    let pool = Pool::new(CAPS, Server::new(true));
    let callers: Vec<_> =
        [(0, true, false), (0, false, false), (0, true, true), (1, true, false), (1, false, true)]
            .into_iter()
            .map(|(origin, patient, fresh)| {
                let pool = pool.clone();
                thread::spawn(move || {
                    for _ in 0..2 {
                        call(&pool, origin, patient, fresh);
                    }
                })
            })
            .collect();
    for caller in callers {
        caller.join().expect("no panic");
    }
    settled(&pool);
}

/// The same while another thread closes the idle connections and then the pool: waiters are told,
/// and nothing stays open.
pub fn close_races() {
    let pool = Pool::new(CAPS, Server::new(false));
    let callers: Vec<_> = [true, true, false]
        .into_iter()
        .map(|patient| {
            let pool = pool.clone();
            thread::spawn(move || {
                for _ in 0..2 {
                    call(&pool, 0, patient, false);
                }
            })
        })
        .collect();
    pool.close(false);
    pool.close(true);
    for caller in callers {
        caller.join().expect("no panic");
    }
    settled(&pool);
    assert_eq!(pool.manager.open[0].load(Ordering::SeqCst), 0, "open after close");
    assert!(matches!(checkout(&pool, 0, CheckoutOptions::default()), Err(CheckoutError::Closed)));
}

/// Waiters of one origin are served in the order in which they came, whoever returns a connection
/// and whoever gives up in between.
pub fn first_come_first_served() {
    let pool = Pool::new(PoolLimits { per_host: 1, ..CAPS }, Server::new(false));
    let Ok(Checkout::Ticket(first)) = checkout(&pool, 0, CheckoutOptions::default()) else {
        panic!("a ticket")
    };
    let Some(Grant::Connection(host, connection)) = wait(first, true) else { panic!("a dial") };
    let tickets: Vec<_> = (0..3)
        .map(|_| match checkout(&pool, 0, CheckoutOptions::default()) {
            Ok(Checkout::Ticket(ticket)) => ticket,
            _ => panic!("a ticket was due"),
        })
        .collect();
    let order = Arc::new(Mutex::new(Vec::new()));
    let waiters: Vec<_> = tickets
        .into_iter()
        .enumerate()
        .map(|(place, ticket)| {
            let (pool, order) = (pool.clone(), order.clone());
            thread::spawn(move || {
                if let Some(Grant::Connection(host, connection)) = wait(ticket, place != 1) {
                    order.lock().expect("never poisoned").push(place);
                    finish(&pool, host, connection, true);
                }
            })
        })
        .collect();
    finish(&pool, host, connection, true);
    for waiter in waiters {
        waiter.join().expect("no panic");
    }
    let order = order.lock().expect("never poisoned").clone();
    assert!(order.is_sorted() && order.contains(&0) && order.contains(&2), "served as {order:?}");
    settled(&pool);
}

/// At the total cap, another origin's idle connection makes room.
pub fn idle_connections_make_room() {
    let pool = Pool::new(PoolLimits { per_host: 1, total: 1, ..CAPS }, Server::new(false));
    let callers: Vec<_> = (0..2)
        .map(|origin| {
            let pool = pool.clone();
            thread::spawn(move || call(&pool, origin, true, false))
        })
        .collect();
    for caller in callers {
        caller.join().expect("no panic");
    }
    settled(&pool);
}
