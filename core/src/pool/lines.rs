//! Requests behind others on their connection (pipelining): who gets a place in which line.
//!
//! A line is a leased connection whose exchange lets others send behind it. While the caps hold every
//! connection, waiters that may go behind others take the places of the shortest line; whichever comes
//! first, a place or a connection, is theirs. In order of arrival: nobody takes a place before one who
//! waits for a connection of its own, or that one could wait for ever.

use std::hash::Hash;
use std::time::Instant;

use crate::pool::state::PoolState;
use crate::pool::types::{Action, Grant, HostId, Line, LineId, Places};

impl<K: Clone + Eq + Hash, C, E> PoolState<K, C, E> {
    /// A leased connection takes requests behind the one it carries.
    pub fn open_line(
        &mut self,
        host: HostId,
        id: LineId,
        places: Places,
        actions: &mut Vec<Action<K, C>>,
    ) {
        let lines = &mut self.hosts[host].lines;
        match lines.iter_mut().find(|line| line.id == id) {
            Some(line) => line.places = places,
            None => lines.push(Line { id, length: 0, places }),
        }
        self.seat(host, actions);
    }

    /// The one in front is done, and the next one is in front.
    pub fn line_moved(
        &mut self,
        host: HostId,
        id: LineId,
        now: Instant,
        actions: &mut Vec<Action<K, C>>,
    ) {
        self.moves(host, now);
        if let Some(line) = self.line(host, id) {
            line.length = line.length.saturating_sub(1);
            self.seat(host, actions);
        }
    }

    /// Who was given a place does not take it.
    pub fn leave_line(&mut self, host: HostId, id: LineId, actions: &mut Vec<Action<K, C>>) {
        if let Some(line) = self.line(host, id) {
            line.length = line.length.saturating_sub(1);
            line.places.left = line.places.left.saturating_add(1);
            self.seat(host, actions);
        }
    }

    /// Nobody is sent behind others on this connection any more.
    pub fn close_line(&mut self, host: HostId, id: LineId) {
        self.hosts[host].lines.retain(|line| line.id != id);
    }

    fn line(&mut self, host: HostId, id: LineId) -> Option<&mut Line> {
        self.hosts[host].lines.iter_mut().find(|line| line.id == id)
    }

    /// Hands out the places there are to those who wait without a dial of their own.
    pub(super) fn seat(&mut self, host: HostId, actions: &mut Vec<Action<K, C>>) {
        while self.undialled > 0 {
            let waiters = &self.waiters;
            let entry = &mut self.hosts[host];
            let roomy = entry.lines.iter_mut().filter(|line| line.has_room());
            let Some(line) = roomy.min_by_key(|line| line.length) else { return };
            let first = entry.queue.iter().position(|&ticket| !waiters[ticket].dialled);
            let Some(position) = first else { return };
            let waiter = &waiters[entry.queue[position]];
            if !waiter.pipelined || waiter.fresh {
                return;
            }
            line.length += 1;
            line.places.left -= 1;
            let id = line.id;
            self.grant(host, position, Grant::Place(host, id), actions);
        }
    }
}

#[cfg(test)]
mod tests;
