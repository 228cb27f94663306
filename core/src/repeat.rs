//! The one rule for "may this request be sent again", whoever asks: a replay, a retry, a hedge, a
//! redirect, and whoever reads `retry_safe` off an error.
//!
//! A server must not act twice (RFC 9110 9.2.2, RFC 9112 9.3.1). So a request is sent again only if no
//! byte of it was written, or its method is idempotent (or it carries `Idempotency-Key`); never when a
//! part of an answer came, since the server has begun to act on it; after a whole answer, or for the rest of
//! one, only what is idempotent, unless the server itself asked for it. And its body must be there again.

use keepalive_tables::Sent;

/// What is known of an attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    /// The method is idempotent, or the request carries `Idempotency-Key`.
    pub idempotent: bool,
    /// How much of the request the kernel took.
    pub sent: Sent,
    pub answer: Answer,
    pub body: Body,
}

/// How much of an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    None,
    Part,
    Whole,
    /// A part, behind whose end the rest can be asked for: a request of its own.
    Resumable,
    /// A whole one, by which the server asks for the request at another place.
    Redirect,
}

/// Whether the body can be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// It cannot be produced a second time.
    Gone,
    /// From its beginning, when the first attempt is over.
    Afterwards,
    /// Also while the first attempt is under way.
    AnyTime,
}

/// Why a request is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The server might act twice.
    MightActTwice,
    /// Nothing is against it but its body.
    BodyGone,
}

impl Attempt {
    /// Whether it may be made once more, now that it is over.
    pub fn again(&self) -> Result<(), Refusal> {
        let acts_once = match self.answer {
            Answer::None => self.sent == Sent::Nothing || self.idempotent,
            Answer::Part => false,
            Answer::Whole | Answer::Resumable => self.idempotent,
            Answer::Redirect => true,
        };
        match self.body {
            _ if !acts_once => Err(Refusal::MightActTwice),
            Body::Gone => Err(Refusal::BodyGone),
            Body::Afterwards | Body::AnyTime => Ok(()),
        }
    }

    /// Whether it may be made a second time while it is under way.
    pub fn beside(&self) -> bool {
        self.again().is_ok() && self.body == Body::AnyTime
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODIES: [Body; 3] = [Body::Gone, Body::Afterwards, Body::AnyTime];
    const SENT: [Sent; 3] = [Sent::Nothing, Sent::Part, Sent::All];

    #[test]
    fn every_combination_is_decided_by_the_rfc() {
        for idempotent in [false, true] {
            for sent in SENT {
                for answer in
                    [Answer::None, Answer::Part, Answer::Whole, Answer::Resumable, Answer::Redirect]
                {
                    for body in BODIES {
                        let attempt = Attempt { idempotent, sent, answer, body };
                        let twice = match (answer, idempotent, sent) {
                            (Answer::Part, ..) => true,
                            (Answer::None, false, Sent::Nothing) => false,
                            (Answer::Redirect, ..) | (_, true, _) => false,
                            _ => true,
                        };
                        let expected = match (twice, body) {
                            (true, _) => Err(Refusal::MightActTwice),
                            (false, Body::Gone) => Err(Refusal::BodyGone),
                            (false, _) => Ok(()),
                        };
                        assert_eq!(attempt.again(), expected, "{attempt:?}");
                        assert_eq!(
                            attempt.beside(),
                            expected.is_ok() && body == Body::AnyTime,
                            "{attempt:?}"
                        );
                    }
                }
            }
        }
    }
}
