//! The name cache: what the system answered, for all clients of the process. A burst of dials asks
//! once; the others wait for its answer.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::fork::PerFork;
use crate::net::resolve::Answer;

/// Names remembered; more than that and what nobody is asking for is forgotten.
const NAMES: usize = 1024;

type Key = (String, u16);
type Slot = Arc<tokio::sync::Mutex<Option<Known>>>;

struct Known {
    addresses: Vec<SocketAddr>,
    at: Instant,
    /// How often it has served.
    served: usize,
}

#[derive(Default)]
struct Names(Mutex<HashMap<Key, Slot>>);

static ALL: PerFork<Names> = PerFork::new();

/// The addresses of a name, from an answer whose time `serves` if there is one, else by `ask`.
pub(crate) async fn lookup(
    host: &str,
    port: u16,
    serves: impl Fn(Instant) -> bool,
    ask: impl Future<Output = io::Result<Vec<SocketAddr>>>,
) -> io::Result<Answer> {
    match ALL.get_or_try_init(|| Ok(Names::default())) {
        Ok(names) => names.lookup((host.to_string(), port), serves, ask).await,
        Err(_) => Ok(Answer::now(ask.await?)),
    }
}

/// The network is another one: no answer of before counts.
pub(crate) fn forget() {
    if let Some(names) = ALL.get() {
        names.lock().clear();
    }
}

impl Names {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Slot>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn slot(&self, key: Key) -> Slot {
        let mut slots = self.lock();
        if slots.len() >= NAMES && !slots.contains_key(&key) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(key).or_default().clone()
    }

    async fn lookup(
        &self,
        key: Key,
        serves: impl Fn(Instant) -> bool,
        ask: impl Future<Output = io::Result<Vec<SocketAddr>>>,
    ) -> io::Result<Answer> {
        let slot = self.slot(key);
        let asked = Instant::now();
        let mut known = slot.lock().await;
        // What was asked for meanwhile serves whoever waited for it.
        if let Some(known) = known.as_mut()
            && (known.at >= asked || serves(known.at))
        {
            known.served += 1;
            let addresses = turned(&known.addresses, known.served);
            return Ok(Answer { addresses, at: known.at, cached: true });
        }
        let answer = Answer::now(ask.await?);
        *known = Some(Known { addresses: answer.addresses.clone(), at: answer.at, served: 0 });
        Ok(answer)
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
    use std::cell::Cell;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    #[test]
    fn an_answer_serves_for_its_time_and_its_addresses_take_turns() {
        let (names, asked) = (Names::default(), Cell::new(0));
        let all = addresses(&["10.0.0.1:80", "10.0.0.2:80", "[::1]:80"]);
        let look = |serves: bool| {
            let ask = async {
                asked.set(asked.get() + 1);
                Ok(all.clone())
            };
            run(names.lookup(("a".to_string(), 80), |_| serves, ask)).expect("an answer")
        };
        let (first, second, third) = (look(true), look(true), look(true));
        assert_eq!((first.cached, second.cached, asked.get()), (false, true, 1));
        assert_eq!(first.addresses, all);
        assert_eq!(second.addresses, addresses(&["10.0.0.2:80", "10.0.0.1:80", "[::1]:80"]));
        assert_eq!((third.addresses, third.at), (all.clone(), first.at));
        assert!(!look(false).cached);
        assert_eq!(asked.get(), 2);
    }

    #[test]
    fn a_burst_asks_once_and_a_failure_is_not_kept() {
        let (names, asked) = (Names::default(), Cell::new(0));
        let look = |fail: bool| {
            let asked = &asked;
            names.lookup(("a".to_string(), 80), |_| false, async move {
                asked.set(asked.get() + 1);
                tokio::task::yield_now().await;
                if fail {
                    Err(io::ErrorKind::NotFound.into())
                } else {
                    Ok(addresses(&["[::1]:80"]))
                }
            })
        };
        assert!(run(look(true)).is_err());
        let (first, second) = run(async { tokio_join(look(false), look(false)).await });
        assert!(first.is_ok() && second.is_ok_and(|answer| answer.cached));
        assert_eq!(asked.get(), 2);
    }

    /// Polls both by turns until both are done.
    async fn tokio_join<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
        let (mut a, mut b) = (std::pin::pin!(a), std::pin::pin!(b));
        let (mut first, mut second) = (None, None);
        std::future::poll_fn(|cx| {
            use std::task::Poll;
            if first.is_none()
                && let Poll::Ready(result) = a.as_mut().poll(cx)
            {
                first = Some(result);
            }
            if second.is_none()
                && let Poll::Ready(result) = b.as_mut().poll(cx)
            {
                second = Some(result);
            }
            if first.is_some() && second.is_some() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        (first.expect("done"), second.expect("done"))
    }

    #[test]
    fn the_cache_is_bounded() {
        let names = Names::default();
        for number in 0..NAMES * 2 {
            let ask = async { Ok(addresses(&["[::1]:80"])) };
            run(names.lookup((number.to_string(), 80), |_| true, ask)).expect("an answer");
        }
        assert!(names.lock().len() <= NAMES);
    }
}
