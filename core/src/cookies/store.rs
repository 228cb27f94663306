//! What a jar holds, as decisions: they say what is to change, and whoever has the lock changes it. Bounded
//! for each site and in all, in number and bytes (RFC 6265bis 5.7 at its end, and 6.1).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cookies::cookie::{Cookie, Place, domain_matches, path_matches, site};

/// Most cookies of a site and the hosts below it (as Chromium), of all, and bytes of all.
pub(super) const MOST_OF_SITE: usize = 180;
pub(super) const MOST: usize = 3000;
pub(super) const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What a cookie costs beside its texts.
const OVERHEAD: usize = 256;

/// A cookie that is kept.
pub(super) struct Entry {
    pub cookie: Cookie,
    /// Which was first: a cookie that takes another's place keeps its age (RFC 6265bis 5.7).
    pub created: u64,
    /// When it was last sent or set.
    used: AtomicU64,
}

impl Entry {
    fn bytes(&self) -> usize {
        let Cookie { name, value, domain, path, .. } = &self.cookie;
        name.len() + value.len() + domain.len() + path.len() + OVERHEAD
    }

    fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

/// One step.
pub(super) enum Change {
    /// In the place of one that is the same, if there is one.
    Put(Arc<Entry>),
    Drop(Arc<Entry>),
}

/// Cookies by the site that they belong to.
#[derive(Default)]
pub(super) struct Store {
    sites: HashMap<Box<str>, Vec<Arc<Entry>>>,
    count: usize,
    bytes: usize,
}

impl Store {
    pub fn count(&self) -> usize {
        self.count
    }

    /// All, the oldest first.
    pub fn all(&self) -> Vec<Arc<Entry>> {
        let mut all: Vec<_> = self.sites.values().flatten().cloned().collect();
        all.sort_by_key(|entry| entry.created);
        all
    }

    /// Those of a request to `place`, in the order in which they are sent (RFC 6265bis 5.8.3): longer paths
    /// first, then older ones.
    pub fn of(&self, place: &Place<'_>, now: i64) -> Vec<Arc<Entry>> {
        let lists = [site(place.host), ""].map(|site| self.sites.get(site));
        let is_sent =
            |entry: &&Arc<Entry>| entry.cookie.is_for(place) && !entry.cookie.is_expired(now);
        let mut found: Vec<_> =
            lists.into_iter().flatten().flatten().filter(is_sent).cloned().collect();
        found.sort_by_key(|entry| (usize::MAX - entry.cookie.path.len(), entry.created));
        found
    }

    /// They were sent.
    pub fn touch(entries: &[Arc<Entry>], tick: u64) {
        entries.iter().for_each(|entry| entry.used.store(tick, Ordering::Relaxed));
    }

    /// What a plain http server may not do to what https set (RFC 6265bis 5.7: leave secure cookies alone).
    pub fn is_hidden_by_secure(&self, cookie: &Cookie) -> bool {
        let list = self.sites.get(site(&cookie.domain));
        list.into_iter().flatten().any(|entry| {
            let old = &entry.cookie;
            let domains = domain_matches(&cookie.domain, &old.domain)
                || domain_matches(&old.domain, &cookie.domain);
            old.secure
                && old.name == cookie.name
                && domains
                && path_matches(&cookie.path, &old.path)
        })
    }

    /// What is to be done to keep `cookie`, and the bounds. `apply` does it, in this order.
    pub fn keep(&self, cookie: Cookie, now: i64, tick: u64) -> Vec<Change> {
        let list = self.sites.get(site(&cookie.domain)).map_or(&[][..], Vec::as_slice);
        let old = list.iter().find(|entry| entry.cookie.is_same(&cookie));
        if cookie.is_expired(now) {
            return old.map(|old| Change::Drop(old.clone())).into_iter().collect();
        }
        let created = old.map_or(tick, |old| old.created);
        let entry = Arc::new(Entry { cookie, created, used: AtomicU64::new(tick) });
        let (count, size) = match old {
            Some(old) => (0, entry.bytes().saturating_sub(old.bytes())),
            None => (1, entry.bytes()),
        };
        let others = |list: &[Arc<Entry>]| -> Vec<Arc<Entry>> {
            let is_other = |other: &&Arc<Entry>| !other.cookie.is_same(&entry.cookie);
            list.iter().filter(is_other).cloned().collect()
        };
        let mut changes = Vec::new();
        let (mut left, mut bytes) = (self.count + count, self.bytes + size);
        if list.len() + count > MOST_OF_SITE {
            // Expired ones, then those that are not Secure, then the longest unused.
            let mut list = others(list);
            list.sort_by_key(|entry| {
                let Cookie { secure, .. } = entry.cookie;
                (!entry.cookie.is_expired(now), secure, entry.used())
            });
            let expired = list.iter().take_while(|entry| entry.cookie.is_expired(now)).count();
            list.truncate(expired.max(1));
            for entry in list {
                (left, bytes) = (left - 1, bytes.saturating_sub(entry.bytes()));
                changes.push(Change::Drop(entry));
            }
        }
        if left > MOST || bytes > MOST_BYTES {
            // A tenth at a time: looking through all of them is not for each cookie.
            let mut all: Vec<_> = self.sites.values().flat_map(|list| others(list)).collect();
            all.sort_by_key(|entry| (!entry.cookie.is_expired(now), entry.used()));
            let gone = |changes: &[Change], entry: &Arc<Entry>| {
                changes
                    .iter()
                    .any(|change| matches!(change, Change::Drop(old) if Arc::ptr_eq(old, entry)))
            };
            for entry in all {
                if gone(&changes[..], &entry) {
                    continue;
                }
                let enough = left <= MOST / 10 * 9 && bytes <= MOST_BYTES / 10 * 9;
                if enough && !entry.cookie.is_expired(now) {
                    break;
                }
                (left, bytes) = (left - 1, bytes.saturating_sub(entry.bytes()));
                changes.push(Change::Drop(entry));
            }
        }
        changes.push(Change::Put(entry));
        changes
    }

    /// Does it. What is to go may be gone.
    pub fn apply(&mut self, change: &Change) {
        let (Change::Put(entry) | Change::Drop(entry)) = change;
        let site = site(&entry.cookie.domain);
        if !self.sites.contains_key(site) {
            self.sites.insert(site.into(), Vec::new());
        }
        let Some(list) = self.sites.get_mut(site) else { return };
        if let Some(place) = list.iter().position(|other| other.cookie.is_same(&entry.cookie)) {
            let old = list.swap_remove(place);
            (self.count, self.bytes) = (self.count - 1, self.bytes - old.bytes());
        }
        if let Change::Put(entry) = change {
            (self.count, self.bytes) = (self.count + 1, self.bytes + entry.bytes());
            list.push(entry.clone());
        } else if list.is_empty() {
            self.sites.remove(site);
        }
    }

    /// The same cookies, for a process of its own.
    pub fn copy(&self) -> Store {
        Store { sites: self.sites.clone(), count: self.count, bytes: self.bytes }
    }
}
