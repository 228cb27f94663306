//! What the native side keeps for each slot that JavaScript has in use.
//!
//! JavaScript numbers its exchanges by slots, small and reused. The engine gets a token: the slot
//! and how many calls it had before. Whatever comes late for an earlier call is told apart here and
//! never reaches the exchange that has the slot now.

use std::sync::Arc;

use keepalive_core::{BodySender, Call, RedirectQuestion, Response};

use crate::trailers::Told;

/// One exchange.
#[derive(Default)]
pub struct Slot {
    /// Runs: a submission or a read.
    pub call: Option<Call>,
    /// A response with more of its body to come, when no read runs.
    pub response: Option<Response>,
    /// The response is kept for its stream to be taken.
    pub switches: bool,
    /// A redirect that waits for a word.
    pub question: Option<RedirectQuestion>,
    /// The request body, while it is being sent.
    pub sender: Option<BodySender>,
    /// The values of its trailers that are told when its body is over.
    pub told: Option<Arc<Told>>,
    /// The token of the request, which the reads of its answer have not.
    pub request: u64,
    generation: u32,
    running: bool,
}

/// The slots, by number.
#[derive(Default)]
pub struct CallTable {
    slots: Vec<Slot>,
    running: usize,
}

impl CallTable {
    /// The slot of that number, made when it is new.
    pub fn at(&mut self, index: u32) -> &mut Slot {
        let index = index as usize;
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, Slot::default);
        }
        &mut self.slots[index]
    }

    /// A token for a call that is about to be handed to the engine; `None` while one runs.
    pub fn begin(&mut self, index: u32) -> Option<u64> {
        let slot = self.at(index);
        if slot.running {
            return None;
        }
        slot.generation = slot.generation.wrapping_add(1);
        Some(u64::from(slot.generation) << 32 | u64::from(index))
    }

    /// The call was handed to the engine; whether it is the only one.
    pub fn started(&mut self, index: u32, call: Call) -> bool {
        let slot = self.at(index);
        slot.call = Some(call);
        slot.running = true;
        self.running += 1;
        self.running == 1
    }

    /// A call has ended: its slot, or `None` when the token is not of the slot's present call.
    pub fn ended(&mut self, token: u64) -> Option<(u32, &mut Slot)> {
        let slot = CallTable::current(&mut self.slots, token)?;
        slot.running = false;
        slot.call = None;
        slot.sender = None;
        slot.told = None;
        slot.question = None;
        self.running -= 1;
        Some((token as u32, slot))
    }

    /// The number of the slot whose present call has this token.
    pub fn running_at(&mut self, token: u64) -> Option<u32> {
        CallTable::current(&mut self.slots, token).map(|_| token as u32)
    }

    /// The number of the slot whose exchange began with this token.
    pub fn of_request(&self, token: u64) -> Option<u32> {
        let slot = self.slots.get(token as u32 as usize)?;
        (slot.request == token).then_some(token as u32)
    }

    fn current(slots: &mut [Slot], token: u64) -> Option<&mut Slot> {
        let slot = slots.get_mut(token as u32 as usize)?;
        (slot.running && slot.generation == (token >> 32) as u32).then_some(slot)
    }

    /// How many calls run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Cancels and drops everything.
    pub fn clear(&mut self) {
        for slot in self.slots.drain(..) {
            if let Some(call) = slot.call {
                call.cancel();
            }
        }
        self.running = 0;
    }
}
