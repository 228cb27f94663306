//! How much of a body is asked for at a time.

use keepalive_proto::Connection as Machine;

/// Largest read for body bytes; 128 KiB saves most system calls and still fits caches. What is to be
/// kept whole is read in larger ones, up to a turn's worth.
const READ_LARGE: usize = 128 * 1024;
const READ_LARGEST: usize = 256 * 1024;

/// First read of a body that goes through the machine's buffer.
const READ_FIRST: usize = 8 * 1024;

/// How much to ask for at a time, at least.
pub(super) struct Room {
    /// Where the machine's buffer takes it. That is the connection's own, so it grows only for a body
    /// that fills it: many bodies of unknown length are short.
    buffered: usize,
}

impl Default for Room {
    fn default() -> Room {
        Room { buffered: READ_FIRST }
    }
}

impl Room {
    /// What is left, in steps that grow with what has come (`have`, where it is kept), so that a lying
    /// Content-Length costs no memory. `past`: the machine's buffer is not used.
    pub fn next(&self, http: &Machine, past: Option<u64>, have: usize) -> usize {
        let most = match past {
            Some(_) => READ_LARGE.max(have).min(READ_LARGEST),
            None => self.buffered,
        };
        let left = http.body_remaining().unwrap_or(u64::MAX);
        usize::try_from(left).unwrap_or(usize::MAX).clamp(512, most)
    }

    /// A read of `room` bytes brought `count`.
    pub fn came(&mut self, room: usize, count: usize) {
        if count >= room {
            self.buffered = self.buffered.max(room.saturating_mul(4)).min(READ_LARGE);
        }
    }
}

#[cfg(test)]
mod tests {
    use keepalive_proto::Limits;

    use super::*;

    #[test]
    fn what_the_machine_buffers_is_asked_for_little_by_little() {
        let http = Machine::new(Limits::default());
        let mut room = Room::default();
        assert_eq!(room.next(&http, None, 0), READ_FIRST);
        room.came(READ_FIRST, READ_FIRST - 1);
        assert_eq!(room.next(&http, None, 1 << 20), READ_FIRST);
        let mut asked = Vec::new();
        for _ in 0..4 {
            let next = room.next(&http, None, 0);
            asked.push(next);
            room.came(next, next);
        }
        assert_eq!(asked, [READ_FIRST, 4 * READ_FIRST, READ_LARGE, READ_LARGE]);
    }

    #[test]
    fn past_the_machine_much_is_asked_for_at_once_and_more_once_much_has_come() {
        let http = Machine::new(Limits::default());
        let room = Room::default();
        assert_eq!(room.next(&http, Some(1), 0), READ_LARGE);
        assert_eq!(room.next(&http, Some(1), 1 << 20), READ_LARGEST);
    }
}
