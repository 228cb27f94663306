//! The address race of RFC 8305 as pure steps: which address to try, and when.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::net::reachability::Reachability;

/// RFC 8305 5: "Connection Attempt Delay", the recommended value.
pub(crate) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Addresses still to be tried.
pub(crate) struct Race {
    left: VecDeque<SocketAddr>,
}

impl Race {
    /// Families take turns, beginning with the first address's (RFC 8305 4); what was not reached lately
    /// comes last.
    pub fn new(addresses: Vec<SocketAddr>, reachability: &Reachability) -> Race {
        let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
        let (first, second): (VecDeque<_>, VecDeque<_>) =
            addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
        let mut left = VecDeque::with_capacity(first.len() + second.len());
        let (mut first, mut second) = (first.into_iter(), second.into_iter());
        loop {
            match (first.next(), second.next()) {
                (None, None) => break,
                (a, b) => left.extend(a.into_iter().chain(b)),
            }
        }
        reachability.order(left.make_contiguous(), Instant::now());
        Race { left }
    }

    /// The next address: at the start, after a failure at once, else after [`ATTEMPT_DELAY`].
    pub fn next(&mut self) -> Option<SocketAddr> {
        self.left.pop_front()
    }

    /// Whether every address has been tried.
    pub fn is_over(&self) -> bool {
        self.left.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("a literal address")
    }

    #[test]
    fn families_take_turns_beginning_with_the_first() {
        let reachability = Reachability::default();
        let dead = address("[::1]:1");
        let addresses = vec![
            address("[::1]:1"),
            address("[::2]:1"),
            address("[::3]:1"),
            address("127.0.0.1:1"),
        ];
        let mut race = Race::new(addresses.clone(), &reachability);
        let order: Vec<_> = std::iter::from_fn(|| race.next()).collect();
        assert_eq!(order, ["[::1]:1", "127.0.0.1:1", "[::2]:1", "[::3]:1"].map(address));
        assert!(race.is_over());
        reachability.ended(None, &[dead], Instant::now());
        let mut race = Race::new(addresses, &reachability);
        let order: Vec<_> = std::iter::from_fn(|| race.next()).collect();
        assert_eq!(order, ["127.0.0.1:1", "[::2]:1", "[::3]:1", "[::1]:1"].map(address));
    }
}
