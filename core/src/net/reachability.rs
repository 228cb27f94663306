//! Which addresses could not be reached lately, for all clients of the process: they are tried last. A
//! family that lost to the other one while its connection went nowhere (IPv6 without a route) goes behind
//! it at other names too, so that it costs its 250 ms once and not at each dial.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::sync::lock;

/// One failure is forgotten after this time, two after twice as long, and so on: each such time halves what
/// is held against an address.
const HALF_LIFE: Duration = Duration::from_secs(30);

/// What a failure weighs, and from where on an address is put behind others.
const FAILURE: f64 = 1.0;
const BAD: f64 = 0.5;

/// The most that is held against one: three half-lives.
const WORST: f64 = 4.0;

/// Addresses remembered; more than that and those that are good again are forgotten, or all.
const REMEMBERED: usize = 1024;

/// How many dials to one name race its addresses at a time.
const RACES: usize = 2;

/// What is held against addresses and families, and who races.
#[derive(Default)]
pub(crate) struct Reachability {
    state: Mutex<State>,
    races: Mutex<HashMap<(String, u16), Weak<Semaphore>>>,
}

#[derive(Default)]
struct State {
    addresses: HashMap<SocketAddr, Mark>,
    /// IPv4, IPv6.
    families: [Option<Mark>; 2],
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    weight: f64,
    at: Instant,
}

impl Mark {
    fn now(&self, now: Instant) -> f64 {
        let age = now.saturating_duration_since(self.at).as_secs_f64();
        // Exactly one half-life is no longer bad.
        self.weight * (-age / HALF_LIFE.as_secs_f64()).exp2()
    }

    fn failed(mark: Option<Mark>, now: Instant) -> Mark {
        let weight = mark.map_or(0.0, |mark| mark.now(now));
        Mark { weight: (weight + FAILURE).min(WORST), at: now }
    }
}

impl Reachability {
    /// `addresses`, those behind the others that were not reached lately: the sooner, the longer ago it was.
    pub fn order(&self, addresses: &mut [SocketAddr], now: Instant) {
        let state = lock(&self.state);
        if state.addresses.is_empty() && state.families.iter().all(Option::is_none) {
            return;
        }
        let weight = |address: &SocketAddr| {
            let family = &state.families[usize::from(address.is_ipv6())];
            let mark = state.addresses.get(address).or(family.as_ref());
            mark.map(|mark| mark.now(now)).filter(|weight| *weight > BAD).unwrap_or(0.0)
        };
        // Stable: what is as good stays in its order.
        addresses.sort_by(|one, other| weight(one).total_cmp(&weight(other)));
    }

    /// A race is over: the winner, if there is one, and who went nowhere meanwhile.
    pub fn ended(&self, winner: Option<SocketAddr>, losers: &[SocketAddr], now: Instant) {
        if losers.is_empty() && winner.is_none_or(|winner| !self.is_marked(&winner)) {
            return;
        }
        let mut state = lock(&self.state);
        for loser in losers {
            let mark = Mark::failed(state.addresses.get(loser).copied(), now);
            if state.addresses.len() >= REMEMBERED {
                state.addresses.retain(|_, mark| mark.now(now) > BAD);
            }
            if state.addresses.len() >= REMEMBERED {
                state.addresses.clear();
            }
            state.addresses.insert(*loser, mark);
        }
        let Some(winner) = winner else { return };
        let family = usize::from(winner.is_ipv6());
        state.addresses.remove(&winner);
        state.families[family] = None;
        if losers.iter().any(|loser| loser.is_ipv6() != winner.is_ipv6()) {
            state.families[1 - family] = Some(Mark::failed(state.families[1 - family], now));
        }
    }

    fn is_marked(&self, address: &SocketAddr) -> bool {
        let state = lock(&self.state);
        state.addresses.contains_key(address)
            || state.families[usize::from(address.is_ipv6())].is_some()
    }

    /// The right to try an address of a name beside one that has not answered yet, which few dials to it
    /// have at a time: who waits profits from what they learn.
    pub fn races(&self, host: &str, port: u16) -> Arc<Semaphore> {
        let mut races = lock(&self.races);
        if let Some(known) = races.get(&(host.to_string(), port)).and_then(Weak::upgrade) {
            return known;
        }
        races.retain(|_, known| known.strong_count() > 0);
        let new = Arc::new(Semaphore::new(RACES));
        races.insert((host.to_string(), port), Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    fn ordered(paths: &Reachability, texts: &[&str], now: Instant) -> Vec<String> {
        let mut list = addresses(texts);
        paths.order(&mut list, now);
        list.iter().map(ToString::to_string).collect()
    }

    const FOUR: [&str; 3] = ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"];

    #[test]
    fn a_failure_is_forgotten_after_half_a_minute_and_two_after_a_whole_one() {
        let (paths, start) = (Reachability::default(), Instant::now());
        let later = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(ordered(&paths, &FOUR, start), FOUR);
        let list = addresses(&FOUR);
        paths.ended(Some(list[1]), &list[..1], start);
        let behind = [FOUR[1], FOUR[2], FOUR[0]];
        assert_eq!(ordered(&paths, &FOUR, later(29)), behind);
        assert_eq!(ordered(&paths, &FOUR, later(30)), FOUR);
        paths.ended(Some(list[1]), &list[..1], start);
        assert_eq!(ordered(&paths, &FOUR, later(59)), behind);
        assert_eq!(ordered(&paths, &FOUR, later(60)), FOUR);
        // Never held against it for long.
        for _ in 0..100 {
            paths.ended(None, &list[..1], start);
        }
        assert_eq!(ordered(&paths, &FOUR, later(91)), FOUR);
        // Where all failed, the one that did so longest ago comes first.
        paths.ended(None, &list[1..2], later(5));
        paths.ended(None, &list[2..], later(6));
        assert_eq!(ordered(&paths, &[FOUR[2], FOUR[1]], later(7)), [FOUR[1], FOUR[2]]);
        // Reached again, all is forgiven.
        paths.ended(Some(list[0]), &[], later(8));
        assert_eq!(ordered(&paths, &FOUR, later(8))[0], FOUR[0]);
    }

    #[test]
    fn a_family_that_lost_goes_behind_the_other_at_every_name() {
        let (paths, start) = (Reachability::default(), Instant::now());
        let list = addresses(&["[2001:db8::1]:80", "10.0.0.1:80"]);
        paths.ended(Some(list[1]), &list[..1], start);
        let other = ["[2001:db8::2]:80", "10.0.0.9:80"];
        assert_eq!(ordered(&paths, &other, start), [other[1], other[0]]);
        // It works again.
        paths.ended(Some(addresses(&other)[0]), &[], start);
        assert_eq!(ordered(&paths, &other, start), other);
        // Two of one family say nothing about it.
        let list = addresses(&FOUR);
        paths.ended(Some(list[1]), &list[..1], start);
        assert_eq!(ordered(&paths, &["10.0.0.9:80", other[0]], start)[0], "10.0.0.9:80");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (paths, start) = (Reachability::default(), Instant::now());
        for number in 0..5 * REMEMBERED as u32 {
            let address = SocketAddr::from((number.to_be_bytes(), 80));
            paths.ended(None, &[address], start);
            drop(paths.races(&number.to_string(), 80));
        }
        assert!(lock(&paths.state).addresses.len() <= REMEMBERED);
        assert!(lock(&paths.races).len() <= 1);
        let (one, other) = (paths.races("a", 80), paths.races("a", 80));
        assert!(Arc::ptr_eq(&one, &other) && !Arc::ptr_eq(&one, &paths.races("a", 81)));
        assert_eq!(one.available_permits(), RACES);
    }
}
