//! What the native side keeps for each token that JavaScript has in use.

use keepalive_core::{BodySender, Call, Response};

/// One exchange.
#[derive(Default)]
pub struct Slot {
    /// Runs: a submission or a read.
    pub call: Option<Call>,
    /// A response with more of its body to come, when no read runs.
    pub response: Option<Response>,
    /// The request body, while it is being sent.
    pub sender: Option<BodySender>,
}

/// Slots by token; tokens are small and reused.
#[derive(Default)]
pub struct Slots {
    slots: Vec<Slot>,
    running: usize,
}

impl Slots {
    /// The slot of a token, made when it is new.
    pub fn at(&mut self, token: u32) -> &mut Slot {
        let index = token as usize;
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, Slot::default);
        }
        &mut self.slots[index]
    }

    /// A call was handed to the engine; whether it is the only one.
    pub fn started(&mut self, token: u32, call: Call) -> bool {
        self.at(token).call = Some(call);
        self.running += 1;
        self.running == 1
    }

    /// A call has ended.
    pub fn ended(&mut self, token: u64) -> Option<&mut Slot> {
        self.running = self.running.saturating_sub(1);
        let slot = self.slots.get_mut(usize::try_from(token).ok()?)?;
        slot.call = None;
        slot.sender = None;
        Some(slot)
    }

    /// Whether some response has more of its body to come.
    pub fn any_open(&self) -> bool {
        self.running > 0 || self.slots.iter().any(|slot| slot.response.is_some())
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
