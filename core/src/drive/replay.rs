//! The one place that decides whether a request is sent again.

use crate::error::{Error, ErrorKind, Sent};

/// What is known about a try that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Try {
    /// The connection had carried a response before.
    pub reused: bool,
    /// How much of the request the kernel took.
    pub sent: Sent,
    /// A byte of a response came.
    pub response_started: bool,
    /// The method is idempotent or the request carries Idempotency-Key.
    pub replayable: bool,
    /// The body can be sent from its beginning again.
    pub rewindable: bool,
    /// Replays made already.
    pub replays: u32,
}

/// Once, on a fresh connection, after a reused connection died under the request: any method if no
/// byte was written, else only what may be repeated and only if no byte of a response came
/// (RFC 9110 9.2.2, RFC 9112 9.3.1). A limit of our own that passes
/// is not a death: the server may still be at work. The kernel giving a path up is one.
pub(crate) fn allowed(attempt: &Try, error: &Error) -> bool {
    is_death(error)
        && attempt.reused
        && attempt.replays == 0
        && attempt.rewindable
        && !attempt.response_started
        && (attempt.sent == Sent::Nothing || attempt.replayable)
}

/// Whether the request would be sent again if its body could be.
pub(crate) fn lacks_only_the_body(attempt: &Try, error: &Error) -> bool {
    !attempt.rewindable && allowed(&Try { rewindable: true, ..*attempt }, error)
}

/// The connection died under the request.
pub(crate) fn is_death(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionClosed | ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Phase;

    fn decide(kind: ErrorKind, change: impl FnOnce(&mut Try)) -> bool {
        let mut attempt = Try {
            reused: true,
            sent: Sent::All,
            response_started: false,
            replayable: true,
            rewindable: true,
            replays: 0,
        };
        change(&mut attempt);
        allowed(&attempt, &Error::new(kind, Phase::Head, ""))
    }

    #[test]
    fn an_idempotent_request_is_replayed_after_the_death_of_a_reused_connection() {
        assert!(decide(ErrorKind::ConnectionClosed, |_| {}));
        assert!(decide(ErrorKind::ConnectionReset, |_| {}));
    }

    #[test]
    fn any_request_is_replayed_when_no_byte_was_written() {
        assert!(decide(ErrorKind::ConnectionReset, |attempt| {
            attempt.replayable = false;
            attempt.sent = Sent::Nothing;
        }));
    }

    #[test]
    fn a_post_is_never_sent_twice() {
        for sent in [Sent::Part, Sent::All] {
            assert!(!decide(ErrorKind::ConnectionClosed, |attempt| {
                attempt.replayable = false;
                attempt.sent = sent;
            }));
        }
    }

    #[test]
    fn nothing_is_replayed_otherwise() {
        let died = ErrorKind::ConnectionClosed;
        assert!(!decide(died, |attempt| attempt.reused = false));
        assert!(!decide(died, |attempt| attempt.response_started = true));
        assert!(!decide(died, |attempt| attempt.rewindable = false));
        assert!(!decide(died, |attempt| attempt.replays = 1));
        assert!(!decide(ErrorKind::ReadTimeout, |_| {}));
        assert!(!decide(ErrorKind::HeadTruncated, |_| {}));
    }
}
