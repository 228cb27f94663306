//! What became of a body: a reader says, when it begins to read, whether it wants it as it came or decoded;
//! or it was written to a file.

use crate::drive::body::Live;
use crate::drive::reply::{State, Undecided};
use crate::progress::Saved;
use crate::response::Response;

/// Bytes that are made, at most and a few more, of what came before a failure.
const RESCUED: usize = 256 * 1024;

impl Response {
    /// Of a request with [`Request::set_decode_later`](crate::Request::set_decode_later): the body is
    /// decoded from now on. To be called before the first read; without it, reads give the bytes as they
    /// came. Does nothing where nothing is coded.
    pub fn start_decoding(&mut self) {
        let extras = self.reply.extras.as_mut();
        let undecided = extras.and_then(|extras| extras.undecided.take());
        let Some(Undecided { mut decoder, origin }) = undecided else { return };
        let came = self.reply.ready.take_all();
        if !came.is_empty() {
            decoder.push(&came);
        }
        self.reply.decoded = true;
        match &mut self.reply.state {
            State::Live(live) => live.decode_with(decoder),
            State::Done if !came.is_empty() => {
                decoder.end();
                self.reply.state = State::Live(Box::new(Live::detached(decoder, origin)));
            }
            // The failure is told by the read after it.
            State::Failed(_) => {
                let _ = decoder.pull(self.reply.ready.space(), RESCUED);
            }
            State::Done | State::Switched(_) | State::Closed => {}
        }
    }

    /// What was written of the body by `Client::download`, which then is all of it; `None` when nothing was.
    pub fn saved(&self) -> Option<&Saved> {
        self.reply.extras.as_ref()?.saved.as_ref()
    }

    pub(crate) fn set_saved(&mut self, saved: Saved) {
        self.reply.extras().saved = Some(saved);
    }

    /// Whether the body is given decoded: it was coded, and its codings are undone.
    pub fn is_decoded(&self) -> bool {
        self.reply.decoded
    }
}
