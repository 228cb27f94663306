//! How far an exchange has come, and what takes it further.

use crate::error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    SendHead,
    AwaitContinue,
    SendBody,
    AwaitHead,
}

/// What takes an exchange from one phase to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A write went through and more is to come.
    Wrote,
    /// What may be sent by now is written; the body waits for the server's word.
    WroteHead,
    /// Everything is written.
    WroteAll,
    Continue,
    Silence,
    FinalHead,
}

impl Phase {
    #[inline]
    pub(super) fn after(self, step: Step) -> Phase {
        match (self, step) {
            (Phase::SendHead, Step::WroteHead) => Phase::AwaitContinue,
            (Phase::SendHead, Step::Wrote) => Phase::SendBody,
            (Phase::AwaitContinue, Step::Continue | Step::Silence) => Phase::SendBody,
            (Phase::SendHead | Phase::SendBody, Step::WroteAll) => Phase::AwaitHead,
            (Phase::AwaitContinue, Step::FinalHead) => Phase::AwaitHead,
            (phase, _) => phase,
        }
    }

    #[inline]
    pub(super) fn sends(self) -> bool {
        matches!(self, Phase::SendHead | Phase::SendBody)
    }

    /// As errors have it.
    pub(super) fn shown(self) -> error::Phase {
        match self {
            Phase::AwaitHead => error::Phase::Head,
            _ => error::Phase::Send,
        }
    }
}
