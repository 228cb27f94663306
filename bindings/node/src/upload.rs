//! Request bodies that come in pieces: what JavaScript's sources give (`lib/upload.js`), on its way to the
//! engine.

use napi_derive::napi;

use crate::bridge::Bridge;
use crate::convert::{ByteString, Payload};

#[napi]
impl Bridge {
    /// The next piece of a streamed request body. Nothing happens once the request is over.
    #[napi]
    pub fn push(&self, index: u32, piece: Payload) {
        self.sender(index, |sender| _ = sender.push(piece.0));
    }

    /// What `push` brings from now on is the streamed body from its beginning.
    #[napi]
    pub fn restarted(&self, index: u32) {
        self.sender(index, |sender| sender.restarted());
    }

    /// The value of a trailer field of the slot's request, before `finish`.
    #[napi]
    pub fn tell_trailer(&self, index: u32, name: String, value: ByteString) {
        self.trailer(index, &name, value.0);
    }

    /// The end of a streamed request body.
    #[napi]
    pub fn finish(&self, index: u32) {
        self.sender(index, |sender| _ = sender.finish());
    }

    /// The source of a streamed request body failed.
    #[napi]
    pub fn fail(&self, index: u32, reason: String) {
        self.sender(index, |sender| _ = sender.fail(&reason));
    }
}
