//! How often one request may answer a server's Digest challenges: a challenge that never ends costs one real
//! try.

use crate::auth::Digest;

/// A server that finds every nonce too old is not asked again after so many answers.
const MOST_DIGESTS: u8 = 2;

/// How a request was authenticated to a server so far.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    /// How often with Digest.
    digests: u8,
    /// It was asked for, for this very request: the nonce is no older than that.
    asked: bool,
    /// The challenge that the next try answers, before others can use its nonce up.
    own: Option<Box<Digest>>,
}

impl Tries {
    /// The server asked for this. Whether another try is worth it: not with what was refused already, but
    /// with a new nonce for one that was too old.
    pub fn asks(&mut self, digest: Digest) -> bool {
        if self.asked && (!digest.is_stale() || self.digests > MOST_DIGESTS) {
            return false;
        }
        self.asked = true;
        self.own = Some(Box::new(digest));
        true
    }

    /// The challenge to answer now, if it was made for this request.
    pub fn take(&mut self) -> Option<Digest> {
        self.own.take().map(|own| *own)
    }

    /// Whether there is one.
    #[inline]
    pub fn is_asked_now(&self) -> bool {
        self.own.is_some()
    }

    /// A challenge was answered.
    pub fn answered(&mut self) {
        self.digests = self.digests.saturating_add(1);
    }
}
