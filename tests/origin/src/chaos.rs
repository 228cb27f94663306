//! What the origin does at random under `/chaos/SEED/CALLER/NUMBER`, and what it remembers of it.
//!
//! The dice are thrown by what the path says and by how often that request was seen: whoever knows the
//! seed knows what is due. Callers number their requests upwards and have one under way at a time.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

/// How a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// FIN; under TLS after a close_notify if `notify`.
    Fin {
        /// Whether TLS says goodbye.
        notify: bool,
    },
    /// RST.
    Rst,
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Complete, with Content-Length.
    Length,
    /// Complete, in chunks.
    Chunked,
    /// Complete, ended by the end of the connection.
    UntilClose,
    /// Complete, after that many milliseconds.
    Slow(u64),
    /// Complete, in several writes with pauses.
    Drip,
    /// Complete, after an interim response.
    Interim,
    /// None.
    Nothing(Cut),
    /// The head breaks off.
    HeadCut(Cut),
    /// The body breaks off, with Content-Length or in chunks.
    BodyCut {
        /// How it ends.
        cut: Cut,
        /// In chunks.
        chunked: bool,
    },
    /// The head and a part of the body, then nothing until the client goes.
    Stall,
}

/// What becomes of the connection after a complete answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It is kept.
    Keep,
    /// It is kept, and a short `Keep-Alive: timeout=` says for how long.
    Hint,
    /// The answer says `Connection: close`.
    Close,
    /// It ends that many milliseconds later, unless a request comes first.
    Idle(Cut, u64),
    /// An unasked 408 comes that many milliseconds later, unless a request comes first; then a FIN, if
    /// `fin`.
    Stray {
        /// How much later.
        ms: u64,
        /// Whether the connection then ends.
        fin: bool,
    },
}

/// What is due to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deal {
    /// The answer.
    pub answer: Answer,
    /// And after it.
    pub after: After,
    /// Bytes of the body.
    pub length: usize,
}

impl Deal {
    /// Whether the whole answer comes.
    pub fn is_complete(&self) -> bool {
        !matches!(
            self.answer,
            Answer::Nothing(_) | Answer::HeadCut(_) | Answer::BodyCut { .. } | Answer::Stall
        )
    }

    fn names(&self) -> [&'static str; 2] {
        let answer = match self.answer {
            Answer::Length => "length",
            Answer::Chunked => "chunked",
            Answer::UntilClose => "until_close",
            Answer::Slow(_) => "slow",
            Answer::Drip => "drip",
            Answer::Interim => "interim",
            Answer::Nothing(Cut::Fin { .. }) => "nothing_fin",
            Answer::Nothing(Cut::Rst) => "nothing_rst",
            Answer::HeadCut(_) => "head_cut",
            Answer::BodyCut { .. } => "body_cut",
            Answer::Stall => "stall",
        };
        let after = match self.after {
            _ if !self.is_complete() => "after_none",
            After::Keep => "after_keep",
            After::Hint => "after_hint",
            After::Close => "after_close",
            After::Idle(Cut::Fin { .. }, _) => "after_fin",
            After::Idle(Cut::Rst, _) => "after_rst",
            After::Stray { .. } => "after_stray",
        };
        [answer, after]
    }
}

/// splitmix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.roll() % n.max(1)
    }

    fn cut(&mut self) -> Cut {
        match self.below(4) {
            0 | 1 => Cut::Fin { notify: true },
            2 => Cut::Fin { notify: false },
            _ => Cut::Rst,
        }
    }
}

/// What is due to the request `number` of `caller` when it is seen for the `attempt`th time (from 1).
/// With `stalls`, some answers stop half-way and never go on.
pub fn deal(seed: u64, caller: u64, number: u64, attempt: u64, stalls: bool) -> Deal {
    let mut dice = Dice(seed);
    for part in [caller, number, attempt] {
        dice.0 = dice.roll() ^ part;
    }
    let answer = match dice.below(1000) {
        0..480 => Answer::Length,
        480..740 => Answer::Chunked,
        740..760 => Answer::UntilClose,
        760..800 => Answer::Slow(dice.below(60)),
        800..815 => Answer::Drip,
        815..840 => Answer::Interim,
        840..900 => Answer::Nothing(dice.cut()),
        900..925 => Answer::HeadCut(dice.cut()),
        925..985 => Answer::BodyCut { cut: dice.cut(), chunked: dice.below(2) == 0 },
        _ if stalls => Answer::Stall,
        _ => Answer::Length,
    };
    let after = match dice.below(100) {
        _ if answer == Answer::UntilClose => After::Close,
        0..50 => After::Keep,
        50..60 => After::Hint,
        60..70 => After::Close,
        70..90 => After::Idle(dice.cut(), [0, 1, 5, 30, 300][dice.below(5) as usize]),
        _ => After::Stray { ms: [0, 2, 50][dice.below(3) as usize], fin: dice.below(2) == 0 },
    };
    // Not more than what a RST that follows at once leaves alone; not nothing where half is due.
    let length = match dice.below(20) {
        0 => 40_000 + dice.below(20_000),
        1 if !matches!(answer, Answer::BodyCut { .. }) => 0,
        _ => 20 + dice.below(2000),
    };
    Deal { answer, after, length: length as usize }
}

/// The first `length` bytes of the body of that request, which tells whose it is in every line.
pub fn body(caller: u64, number: u64, length: usize) -> Vec<u8> {
    format!("{caller}.{number}\n").into_bytes().into_iter().cycle().take(length).collect()
}

/// How many requests of a caller are remembered; what a cancelled one left in a socket may be read a
/// little later than the next.
const REMEMBERED: u64 = 64;
/// The first of these are told.
const TOLD: usize = 50;

/// What was seen under `/chaos`.
#[derive(Default)]
pub(crate) struct Register {
    callers: HashMap<u64, HashMap<u64, u64>>,
    report: Report,
}

/// What the origin has dealt, and what was wrong with the requests.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Requests, each repetition counted.
    pub requests: u64,
    /// Requests seen a second time.
    pub repeated: u64,
    /// How often each kind of answer and aftermath was dealt.
    pub dealt: BTreeMap<&'static str, u64>,
    /// Requests that must not have come, or not like this; the first 50.
    pub wrong: Vec<String>,
}

impl Register {
    /// Notes a request; says how often it has been seen now.
    pub fn saw(&mut self, caller: u64, number: u64, replayable: bool) -> u64 {
        self.report.requests += 1;
        let numbers = self.callers.entry(caller).or_default();
        let seen = numbers.entry(number).or_default();
        *seen += 1;
        let seen = *seen;
        if numbers.len() as u64 > 2 * REMEMBERED {
            let newest = numbers.keys().copied().max().unwrap_or_default();
            numbers.retain(|number, _| number + REMEMBERED > newest);
        }
        self.report.repeated += u64::from(seen > 1);
        if seen > if replayable { 2 } else { 1 } {
            self.wrong(format!("{caller}.{number} seen {seen} times, replayable: {replayable}"));
        }
        seen
    }

    pub fn dealt(&mut self, deal: &Deal) {
        for name in deal.names() {
            *self.report.dealt.entry(name).or_default() += 1;
        }
    }

    pub fn wrong(&mut self, what: String) {
        if self.report.wrong.len() < TOLD {
            self.report.wrong.push(what);
        }
    }

    pub fn report(&self) -> Report {
        self.report.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_gets_the_same_and_all_kinds_come() {
        let mut register = Register::default();
        for number in 0..20_000 {
            let due = deal(7, 1, number, 1, true);
            assert_eq!(due, deal(7, 1, number, 1, true));
            register.dealt(&due);
        }
        assert_eq!(register.report().dealt.len(), 11 + 7);
        assert!((0..20_000).all(|number| deal(7, 1, number, 1, false).answer != Answer::Stall));
    }

    #[test]
    fn repetitions_are_told_apart() {
        let mut register = Register::default();
        assert_eq!([register.saw(1, 1, true), register.saw(1, 1, true)], [1, 2]);
        assert_eq!(register.saw(2, 1, false), 1);
        assert!(register.report().wrong.is_empty());
        register.saw(1, 1, true);
        register.saw(2, 1, false);
        let report = register.report();
        assert_eq!((report.wrong.len(), report.repeated, report.requests), (2, 3, 5));
    }
}
