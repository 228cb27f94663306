//! Requests behind one another on one connection, from the pool's place to the turn: callers join, give
//! up and are served while the connection goes from hand to hand, ends, and is dialled anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, UNIX_EPOCH};

use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;
use shuttle::{future, thread};

use crate::line::{Hold, Line, Turn};
use crate::pool::{
    Checkout, CheckoutOptions, DialOrder, EvictReason, Grant, HostId, Idle, Manager, Moment,
    Places, Pool, PoolLimits, Witness,
};

const CAPS: PoolLimits = PoolLimits { per_host: 1, total: 1, dials_per_host: 1, waiters: 16 };
const PLACES: Places = Places { depth: 2, left: 100 };

/// How many were written behind others, of all schedules: what is modelled does happen.
pub static BEHIND: AtomicUsize = AtomicUsize::new(0);

struct Connection {
    id: u64,
    line: Arc<Line<usize, Connection>>,
    /// Nobody has been given it before.
    is_new: bool,
}

/// The lines by number, and what was written on each and whose turn it was.
#[derive(Default)]
struct Server {
    lines: Mutex<Vec<Arc<Line<usize, Connection>>>>,
    written: Mutex<Vec<(u64, usize)>>,
    turns: Mutex<Vec<(u64, usize)>>,
    open: AtomicUsize,
    dials: Mutex<Vec<thread::JoinHandle<()>>>,
}

type Connections = Arc<Pool<Server>>;

impl Manager for Server {
    type Key = ();
    type Connection = Connection;
    type Error = &'static str;

    fn dial(pool: &Connections, (): (), order: DialOrder, _: Witness) {
        let dialler = pool.clone();
        let dial = thread::spawn(move || {
            let line = Arc::new(Line::default());
            let id = {
                let mut lines = dialler.manager.lines.lock().expect("never poisoned");
                lines.push(line.clone());
                lines.len() as u64 - 1
            };
            assert_eq!(dialler.manager.open.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
            dialler.dialled(order, idle(Connection { id, line, is_new: true }));
        });
        pool.manager.dials.lock().expect("never poisoned").push(dial);
    }

    fn close(&self, _: Connection, _: EvictReason) {
        self.open.fetch_sub(1, Ordering::SeqCst);
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

/// As a lease does at its end, and the reading of answers that nobody waits for.
fn pass_on(pool: &Connections, host: HostId, mut connection: Connection) {
    loop {
        let now = Instant::now();
        let Some(next) = connection.line.next(now) else {
            pool.close_line(host, connection.id);
            pool.check_in(host, idle(connection));
            return;
        };
        pool.line_moved(host, connection.id, now);
        let turn = (connection.id, next.note);
        pool.manager.turns.lock().expect("never poisoned").push(turn);
        match next.give(connection) {
            None => return,
            Some(back) => connection = back,
        }
    }
}

/// As a lease does that is dropped.
fn break_up(pool: &Connections, host: HostId, connection: Connection) {
    pool.close_line(host, connection.id);
    connection.line.end(None, crate::line::Break::Failed);
    pool.manager.open.fetch_sub(1, Ordering::SeqCst);
    drop(connection);
    pool.discard(host);
}

/// The exchange in front.
fn exchange(pool: &Connections, host: HostId, mut connection: Connection, breaks: bool) {
    if !std::mem::take(&mut connection.is_new) {
        connection.line.open();
        pool.open_line(host, connection.id, PLACES);
    }
    thread::yield_now();
    match breaks && thread_rng().gen_bool(0.3) {
        true => break_up(pool, host, connection),
        false => pass_on(pool, host, connection),
    }
}

fn turn(mut hold: Hold<Connection>, patient: bool) -> Option<Turn<Connection>> {
    if patient {
        return Some(future::block_on(std::future::poll_fn(|cx| hold.poll(cx))));
    }
    for _ in 0..2 {
        if let Poll::Ready(turn) = hold.poll(&mut Context::from_waker(Waker::noop())) {
            return Some(turn);
        }
        thread::yield_now();
    }
    None
}

/// One request; it ends, whatever happens.
fn call(pool: &Connections, number: usize, patient: bool, breaks: bool) {
    let mut first = false;
    loop {
        let wish = CheckoutOptions { pipelined: true, first, ..CheckoutOptions::default() };
        let grant = match pool.checkout(&(), moment(), wish) {
            Ok(Checkout::Idle(host, connection)) => Grant::Connection(host, connection),
            Ok(Checkout::Ticket(mut ticket)) => {
                ticket.orphan = |pool, host, connection| pass_on(pool, host, connection);
                future::block_on(std::future::poll_fn(|cx| ticket.poll(cx)))
            }
            Err(refused) => panic!("{refused:?}"),
        };
        first = true;
        match grant {
            Grant::Connection(host, connection) => {
                return exchange(pool, host, connection, breaks);
            }
            Grant::Place(host, id) => {
                let line = pool.manager.lines.lock().expect("never poisoned")[id as usize].clone();
                let orphans = pool.clone();
                let write = || {
                    pool.manager.written.lock().expect("never poisoned").push((id, number));
                };
                let orphan = Box::new(move |connection| pass_on(&orphans, host, connection));
                let Some(hold) = line.join(number, write, orphan) else { continue };
                match turn(hold, patient) {
                    Some(Turn::Come(connection)) => {
                        return exchange(pool, host, connection, breaks);
                    }
                    // It would be replayed; here it is done.
                    Some(Turn::Broken(_)) | None => return,
                }
            }
            Grant::Failed(why) => panic!("{why}"),
            Grant::PoolClosed => panic!("nobody closes it"),
        }
    }
}

fn run(breaks: bool) {
    let pool = Pool::new(CAPS, Server::default());
    let callers: Vec<_> = [true, true, false, true]
        .into_iter()
        .enumerate()
        .map(|(caller, patient)| {
            let pool = pool.clone();
            thread::spawn(move || {
                for round in 0..2 {
                    call(&pool, 10 * caller + round, patient, breaks);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.join().expect("no panic");
    }
    loop {
        let dial = pool.manager.dials.lock().expect("never poisoned").pop();
        let Some(dial) = dial else { break };
        dial.join().expect("no panic");
    }
    for ((), counts) in pool.counts_by_key() {
        assert_eq!((counts.active, counts.dialing, counts.waiting), (0, 0, 0), "left over");
        assert_eq!(counts.idle, pool.manager.open.load(Ordering::SeqCst), "permits");
    }
    let behind = pool.manager.written.lock().expect("never poisoned").len();
    BEHIND.fetch_add(behind, Ordering::SeqCst);
    // On each connection the turns come in the order of what was written, and none is left out unless
    // it broke.
    let written = pool.manager.written.lock().expect("never poisoned").clone();
    let turns = pool.manager.turns.lock().expect("never poisoned").clone();
    for id in 0..pool.manager.lines.lock().expect("never poisoned").len() as u64 {
        let of = |all: &[(u64, usize)]| -> Vec<usize> {
            all.iter().filter(|(line, _)| *line == id).map(|(_, number)| *number).collect()
        };
        let (written, turns) = (of(&written), of(&turns));
        assert!(written.starts_with(&turns), "{written:?} were answered as {turns:?}");
        assert!(breaks || written == turns, "{written:?} were answered as {turns:?}");
    }
}

/// Nothing breaks: each written request has its turn, in order, also when its caller has left.
pub fn turns_come_in_order() {
    run(false);
}

/// Connections end at any time: everybody behind hears of it, and every permit comes back.
pub fn ends_are_told() {
    run(true);
}
