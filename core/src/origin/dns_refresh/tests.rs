use super::*;
use crate::origin::Scheme;

const TTL: Duration = Duration::from_secs(30);

fn ip(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn answer(at: Instant, last: &[u8]) -> Answer {
    let addresses = last.iter().map(|&last| (ip(last), 80).into()).collect();
    Answer { addresses, at, cached: false }
}

fn route(entry: &Arc<DnsEntry>, peer: u8) -> PeerAddress {
    PeerAddress { entry: entry.clone(), peer: ip(peer), ttl: TTL, version: 0, ends: None }
}

fn origin(host: &str) -> Arc<Origin> {
    Arc::new(Origin::new(Scheme::Http, host.to_string(), 80))
}

#[test]
fn only_an_address_that_left_ends_and_not_at_once() {
    let (entry, now) = (Arc::new(DnsEntry::default()), Instant::now());
    assert!(!entry.update(&answer(now, &[1, 2])), "the first answer changes nothing");
    let (mut stays, mut leaves) = (route(&entry, 1), route(&entry, 2));
    assert!(!entry.update(&answer(now, &[2, 1])), "their order does not matter");
    leaves.look(now, 0.5);
    assert_eq!(leaves.ends(), None);

    assert!(entry.update(&answer(now, &[3, 1])));
    stays.look(now, 0.0);
    leaves.look(now, 0.0);
    assert_eq!((stays.ends(), leaves.ends()), (None, Some(now + TTL / 3)));

    // Still missing: no new time. Back again: as if nothing had been.
    assert!(entry.update(&answer(now, &[1])));
    leaves.look(now + TTL, 0.9);
    assert_eq!(leaves.ends(), Some(now + TTL / 3));
    assert!(entry.update(&answer(now, &[1, 2])));
    leaves.look(now + TTL, 0.9);
    assert_eq!(leaves.ends(), None);
}

#[test]
fn an_older_answer_does_not_count() {
    let (entry, now) = (DnsEntry::default(), Instant::now());
    entry.update(&answer(now, &[1]));
    assert!(!entry.update(&answer(now.checked_sub(TTL).expect("an instant"), &[2])));
    assert_eq!(entry.lock().addresses, [ip(1)]);
}

#[test]
fn what_is_left_lies_between_10_and_60_seconds_by_default() {
    assert_eq!(remaining(TTL, 0.0), Duration::from_secs(10));
    assert_eq!(remaining(TTL, 1.0), Duration::from_secs(60));
}

#[test]
fn a_name_is_looked_up_once_in_a_ttl_and_only_while_it_has_connections() {
    let (names, now) = (DnsRefresh::new(Some(TTL)), Instant::now());
    let (used, unused) = (origin("used"), origin("unused"));
    names.entry(&used, now + TTL).update(&answer(now, &[1]));
    names.entry(&unused, now + TTL).update(&answer(now, &[1]));
    let connection = route(&names.entry(&used, now + TTL), 1);

    assert!(names.due(now).0.is_empty() && names.due(now).1 == Some(now + TTL));
    let (due, next) = names.due(now + TTL);
    assert_eq!(due.iter().map(|lookup| &lookup.origin).collect::<Vec<_>>(), [&used]);
    assert_eq!(next, Some(now + TTL * 2));
    assert!(names.addresses(&unused).is_empty());

    // Nobody answered yet: not asked again meanwhile.
    let later = now + TTL * 2;
    let (due_again, next) = names.due(later);
    assert!(due_again.is_empty() && next == Some(later + TTL));
    assert!(!due[0].ended(&Ok(answer(later, &[1])), later));
    drop(due);
    assert_eq!(names.due(later + TTL).0.len(), 1);

    drop(connection);
    let last = later + TTL * 2;
    let (none, next) = names.due(last);
    assert!(none.is_empty() && next.is_none());
    assert!(names.lock().entries.is_empty());
}

#[test]
fn without_a_ttl_nothing_is_looked_up() {
    let now = Instant::now();
    for ttl in [None, Some(Duration::ZERO)] {
        let (none, next) = DnsRefresh::new(ttl).due(now);
        assert!(none.is_empty() && next.is_none());
    }
}

impl std::fmt::Debug for DnsEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.lock().addresses)
    }
}

impl PartialEq for DnsEntry {
    fn eq(&self, other: &DnsEntry) -> bool {
        std::ptr::eq(self, other)
    }
}
