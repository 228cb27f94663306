//! The name cache: what the system answered, for all clients of the process. A burst of dials asks
//! once; the others wait for its answer.
//!
//! A look-up cannot be interrupted, and one whose name server is silent takes as long as the system's
//! resolver likes. So look-ups belong to the cache, not to whoever asked first: who gives up leaves
//! its look-up running, whoever asks next waits for the same one, and beside one that seems stuck a
//! second is made, never a third. Look-ups of other names wait for none of this.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::guard::caught;
use crate::sync::lock;

/// The addresses of a name.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// In the order in which they are to be tried.
    pub addresses: Vec<SocketAddr>,
    /// When they were looked up.
    pub at: Instant,
    /// Looked up for somebody else before.
    pub cached: bool,
}

impl Answer {
    pub fn now(addresses: Vec<SocketAddr>) -> Answer {
        Answer { addresses, at: Instant::now(), cached: false }
    }
}

/// DnsCache remembered; more than that and what nobody is asking for is forgotten.
const NAMES: usize = 1024;

/// A look-up that has taken this long is given a second beside it (glibc asks the next name server
/// after 5 s), and counts as stuck.
const STUCK: Duration = Duration::from_secs(5);
/// Look-ups of one name at a time.
const MOST: usize = 2;

pub(crate) type Key = (String, u16);

/// Why a look-up failed, for all who waited for it.
#[derive(Clone)]
struct Failed {
    kind: io::ErrorKind,
    os: Option<i32>,
    text: Arc<str>,
}

impl Failed {
    fn of(error: &io::Error) -> Failed {
        let text = error.to_string().into();
        Failed { kind: error.kind(), os: error.raw_os_error(), text }
    }

    fn error(&self) -> io::Error {
        match self.os {
            Some(number) => io::Error::from_raw_os_error(number),
            None => io::Error::new(self.kind, self.text.to_string()),
        }
    }
}

/// One name.
struct Slot {
    state: Mutex<State>,
    /// Changes when a look-up ends: how many have.
    ended: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    known: Option<Known>,
    failed: Option<(Failed, Instant)>,
    /// When the look-ups that are under way began.
    running: Vec<Instant>,
}

struct Known {
    addresses: Vec<SocketAddr>,
    at: Instant,
    /// How often it has served.
    served: usize,
}

impl Default for Slot {
    fn default() -> Slot {
        Slot { state: Mutex::default(), ended: watch::Sender::new(0) }
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// The names of the process.
#[derive(Default)]
pub(crate) struct DnsCache(Mutex<HashMap<Key, Arc<Slot>>>);

/// A look-up under way; its end is told however it ends.
struct Running {
    slot: Arc<Slot>,
    began: Instant,
    result: io::Result<Vec<SocketAddr>>,
}

impl Running {
    fn end(mut self, result: io::Result<Vec<SocketAddr>>) {
        self.result = result;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let now = now();
        let mut state = self.slot.lock();
        if let Some(at) = state.running.iter().position(|&began| began == self.began) {
            state.running.swap_remove(at);
        }
        match &mut self.result {
            Ok(addresses) => {
                let addresses = std::mem::take(addresses);
                state.known = Some(Known { addresses, at: now, served: 0 });
                state.failed = None;
            }
            Err(error) => state.failed = Some((Failed::of(error), now)),
        }
        drop(state);
        self.slot.ended.send_modify(|count| *count += 1);
    }
}

/// The clock of the runtime, which tests can turn.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl DnsCache {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Slot>>> {
        lock(&self.0)
    }

    /// The network is another one: no answer of before counts.
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// How many look-ups of the process seem stuck.
    pub fn stuck(&self) -> usize {
        self.stuck_at(now())
    }

    fn stuck_at(&self, now: Instant) -> usize {
        let slots = self.lock();
        let stuck = |began: &&Instant| now.saturating_duration_since(**began) >= STUCK;
        slots.values().map(|slot| slot.lock().running.iter().filter(stuck).count()).sum()
    }

    fn slot(&self, key: Key) -> Arc<Slot> {
        let mut slots = self.lock();
        if slots.len() >= NAMES && !slots.contains_key(&key) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(key).or_default().clone()
    }

    /// The addresses of a name, from an answer whose time `serves` if there is one, else by `ask`, on
    /// the engine.
    pub async fn lookup<A>(
        &self,
        key: Key,
        serves: impl Fn(Instant) -> bool,
        ask: impl Fn() -> A,
    ) -> io::Result<Answer>
    where
        A: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        let slot = self.slot(key);
        let mut ended = slot.ended.subscribe();
        let asked = now();
        loop {
            ended.mark_unchanged();
            let again = {
                let now = now();
                let mut state = slot.lock();
                // What was asked for meanwhile serves whoever waited for it.
                if let Some(known) = &mut state.known
                    && (known.at >= asked || serves(known.at))
                {
                    let cached = known.served > 0 || known.at < asked;
                    known.served += 1;
                    let addresses = turned(&known.addresses, known.served - 1);
                    return Ok(Answer { addresses, at: known.at, cached });
                }
                if let Some((failed, at)) = &state.failed
                    && *at >= asked
                {
                    return Err(failed.error());
                }
                let youngest = state.running.iter().max().copied();
                let stuck_at = youngest.map(|began| began + STUCK);
                if stuck_at.is_none_or(|at| at <= now) && state.running.len() < MOST {
                    state.running.push(now);
                    let failed = io::Error::other("the look-up was dropped");
                    let running = Running { slot: slot.clone(), began: now, result: Err(failed) };
                    let work = ask();
                    tokio::spawn(async move {
                        let result = caught(work).await;
                        let panicked = || Err(io::Error::other("it panicked"));
                        running.end(result.unwrap_or_else(panicked));
                    });
                }
                stuck_at.filter(|&at| at > now).unwrap_or(now + STUCK)
            };
            // A look-up that ends changes it; the sender lives as long as the slot.
            let _ = tokio::time::timeout_at(again.into(), ended.changed()).await;
        }
    }
}

/// The addresses of the preferred family take turns, as they would in fresh answers of a name server.
fn turned(addresses: &[SocketAddr], served: usize) -> Vec<SocketAddr> {
    let mut turned = addresses.to_vec();
    let first_is_v6 = turned.first().is_some_and(SocketAddr::is_ipv6);
    let run = turned.iter().take_while(|address| address.is_ipv6() == first_is_v6).count();
    if run > 1 {
        turned[..run].rotate_left(served % run);
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    fn runtime() -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().expect("a runtime")
    }

    fn key(name: &str) -> Key {
        (name.to_string(), 80)
    }

    #[test]
    fn an_answer_serves_for_its_time_and_its_addresses_take_turns() {
        runtime().block_on(async {
            let (names, asked) = (DnsCache::default(), Arc::new(AtomicUsize::new(0)));
            let all = addresses(&["10.0.0.1:80", "10.0.0.2:80", "[::1]:80"]);
            let look = async |serves: bool| {
                let ask = || {
                    asked.fetch_add(1, Ordering::SeqCst);
                    let all = all.clone();
                    async move { Ok(all) }
                };
                names.lookup(key("a"), |_| serves, ask).await.expect("an answer")
            };
            let (first, second, third) = (look(true).await, look(true).await, look(true).await);
            assert_eq!(
                (first.cached, second.cached, asked.load(Ordering::SeqCst)),
                (false, true, 1)
            );
            assert_eq!(first.addresses, all);
            assert_eq!(second.addresses, addresses(&["10.0.0.2:80", "10.0.0.1:80", "[::1]:80"]));
            assert_eq!((third.addresses, third.at), (all.clone(), first.at));
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(!look(false).await.cached);
            assert_eq!(asked.load(Ordering::SeqCst), 2);
        });
    }

    #[test]
    fn a_burst_asks_once_and_a_failure_is_not_kept() {
        runtime().block_on(async {
            let (names, asked) = (DnsCache::default(), Arc::new(AtomicUsize::new(0)));
            let look = async |fail: bool| {
                let ask = || {
                    asked.fetch_add(1, Ordering::SeqCst);
                    async move {
                        tokio::task::yield_now().await;
                        if fail {
                            Err(io::Error::from_raw_os_error(5))
                        } else {
                            Ok(addresses(&["[::1]:80"]))
                        }
                    }
                };
                names.lookup(key("a"), |_| false, ask).await
            };
            let (first, second) = tokio::join!(look(true), look(true));
            assert_eq!(first.err().and_then(|error| error.raw_os_error()), Some(5));
            assert!(second.is_err());
            assert_eq!(asked.load(Ordering::SeqCst), 1);
            tokio::time::advance(Duration::from_millis(1)).await;
            let (first, second) = tokio::join!(look(false), look(false));
            let cached = |answer: io::Result<Answer>| answer.expect("an answer").cached;
            assert_ne!(cached(first), cached(second));
            assert_eq!(asked.load(Ordering::SeqCst), 2);
        });
    }

    /// Asks with a limit of its own, as a dial does.
    async fn within(
        names: &DnsCache,
        name: &str,
        limit: Duration,
        asked: &Arc<AtomicUsize>,
    ) -> Option<io::Result<Answer>> {
        let ask = || {
            let number = asked.fetch_add(1, Ordering::SeqCst);
            async move {
                match number {
                    0 | 1 => std::future::pending().await,
                    _ => Ok(addresses(&["[::1]:80"])),
                }
            }
        };
        tokio::time::timeout(limit, names.lookup(key(name), |_| false, ask)).await.ok()
    }

    #[test]
    fn a_name_that_gets_no_answer_has_two_look_ups_at_most_and_delays_no_other() {
        runtime().block_on(async {
            let (names, asked) = (DnsCache::default(), Arc::new(AtomicUsize::new(0)));
            for _ in 0..20 {
                let limit = Duration::from_secs(4);
                assert!(within(&names, "silent", limit, &asked).await.is_none());
            }
            assert_eq!(asked.load(Ordering::SeqCst), 2);
            assert_eq!(names.stuck_at(now()), 2);
            let other = Arc::new(AtomicUsize::new(2));
            let answer = within(&names, "other", Duration::from_millis(1), &other).await;
            assert!(answer.is_some_and(|answer| answer.is_ok()));
        });
    }

    #[test]
    fn a_look_up_that_panics_fails_all_who_wait_for_it() {
        runtime().block_on(async {
            let names = DnsCache::default();
            let look = async || {
                let ask = || async { panic!("on purpose") };
                names.lookup(key("a"), |_| false, ask).await
            };
            let (first, second) = tokio::join!(look(), look());
            assert!(first.is_err() && second.is_err());
            assert_eq!(names.stuck_at(now() + STUCK), 0);
        });
    }

    #[test]
    fn the_cache_is_bounded() {
        runtime().block_on(async {
            let names = DnsCache::default();
            for number in 0..NAMES * 2 {
                let ask = || async { Ok(addresses(&["[::1]:80"])) };
                let key = (number.to_string(), 80);
                names.lookup(key, |_| true, ask).await.expect("an answer");
            }
            assert!(names.lock().len() <= NAMES);
        });
    }
}
