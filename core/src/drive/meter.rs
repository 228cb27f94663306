//! How fast a body moves: whether that is fast enough, not too fast, and who is told how far it is.
//!
//! Only the time spent on waiting for the peer counts as slow: not what a caller does between two reads,
//! nor a pause that `max_speed` asks for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::Settings;
use crate::deadline::{Deadline, show};
use crate::engine::cancel::panicked;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::guard::guarded;
use crate::origin::Origin;
use crate::progress::{Progress, ProgressSink, Transfer};
use crate::request::Request;
use crate::request::pace::Pace;
use crate::request::pace::Speed;

/// Measures one body.
pub(crate) struct Meter {
    transfer: Transfer,
    bytes: u64,
    total: Option<u64>,
    floor: Option<Floor>,
    ceiling: Option<Ceiling>,
    told: Option<Told>,
}

impl Meter {
    /// All of it is on its way: as much as it said it has.
    pub fn is_whole(&self) -> bool {
        self.total == Some(self.bytes)
    }

    /// Of a body of `request`'s that begins now; `None` when nobody wants to know.
    #[inline]
    pub fn of(
        settings: &Settings,
        request: &Request,
        transfer: Transfer,
        total: Option<u64>,
    ) -> Option<Box<Meter>> {
        let own = request.pace.as_deref();
        match own.is_none() && !settings.is_paced {
            true => None,
            false => Meter::wanted(settings, own, transfer, total),
        }
    }

    #[cold]
    fn wanted(
        settings: &Settings,
        own: Option<&Pace>,
        transfer: Transfer,
        total: Option<u64>,
    ) -> Option<Box<Meter>> {
        let speed = Speed::of(&settings.config, own);
        let now = Instant::now();
        let meter = Meter {
            transfer,
            bytes: 0,
            total,
            floor: Floor::new(speed),
            ceiling: (speed.most > 0).then_some(Ceiling { most: speed.most, next: now }),
            told: own.and_then(|own| own.progress.clone()).map(|sink| Told::new(sink, now)),
        };
        let Meter { floor, ceiling, told, .. } = &meter;
        (floor.is_some() || ceiling.is_some() || told.is_some()).then(|| Box::new(meter))
    }

    /// The body begins again.
    pub fn restart(&mut self) {
        self.bytes = 0;
        if let Some(told) = &mut self.told {
            (told.bytes, told.is_over) = (0, false);
        }
        if let Some(floor) = &mut self.floor {
            floor.restart();
        }
    }

    /// So many bytes of the body moved.
    pub fn count(&mut self, bytes: u64) {
        self.handed(bytes);
        self.moved(bytes);
    }

    /// So many bytes are on their way.
    pub fn handed(&mut self, bytes: u64) {
        self.bytes += bytes;
        if let Some(ceiling) = &mut self.ceiling {
            ceiling.took(Instant::now(), bytes);
        }
    }

    /// The peer sent or took so many.
    pub fn moved(&mut self, bytes: u64) {
        if let Some(floor) = &mut self.floor {
            floor.parts[floor.at] += bytes;
        }
    }

    /// Most bytes that are to move at a time, where that is limited.
    pub fn most(&self) -> Option<usize> {
        self.ceiling.as_ref().map(Ceiling::room)
    }

    /// Until when nothing more is to move.
    pub fn pause(&self) -> Option<Instant> {
        let next = self.ceiling.as_ref()?.next;
        (next > Instant::now()).then_some(next)
    }

    /// When a wait that begins now is to be looked at again.
    pub fn look(&self, now: Instant) -> Deadline {
        let left = self.floor.as_ref().map(|floor| floor.part().saturating_sub(floor.waited));
        Deadline::after(now, left, ErrorKind::TooSlow)
    }

    /// So long was waited for the peer.
    ///
    /// # Errors
    /// `TooSlow`.
    pub fn waited(&mut self, time: Duration, phase: Phase, origin: &Origin) -> Result<()> {
        let Some(floor) = &mut self.floor else { return Ok(()) };
        if floor.is_reached(time) {
            return Ok(());
        }
        let (least, over) = (floor.least, show(floor.over));
        let (what, peer) = match self.transfer {
            Transfer::Upload => ("the request body went to", origin.authority()),
            Transfer::Download => ("the response body came from", origin.authority()),
        };
        Err(Error::new(
            ErrorKind::TooSlow,
            phase,
            format!("{what} {peer} at less than {least} bytes per second for {over}"),
        ))
    }

    /// Tells how far it is, when somebody wants to know and it is time to.
    ///
    /// # Errors
    /// `Cancelled`: who was told wants no more of it.
    pub fn tell(&mut self, phase: Phase, is_over: bool) -> Result<()> {
        let Some(told) = &mut self.told else { return Ok(()) };
        let Some(rate) = told.rate(Instant::now(), self.bytes, is_over) else { return Ok(()) };
        let Meter { transfer, bytes, total, .. } = *self;
        let total = if is_over { Some(bytes) } else { total };
        let progress = Progress { transfer, bytes, total, rate };
        match guarded(|| told.sink.progress(&progress)) {
            Some(true) => Ok(()),
            Some(false) => {
                let text = "the progress callback ended the request";
                Err(Error::new(ErrorKind::Cancelled, phase, text))
            }
            None => Err(panicked()),
        }
    }
}

/// Parts of the time over which a least speed is asked for: it slides by one of them.
const PARTS: usize = 8;

/// A least speed.
struct Floor {
    least: u64,
    over: Duration,
    /// Bytes that came in the last parts of the time, the present one at `at`.
    parts: [u64; PARTS],
    at: usize,
    /// Parts that are over.
    past: usize,
    /// Spent of the present part.
    waited: Duration,
}

impl Floor {
    fn new(speed: Speed) -> Option<Floor> {
        let over = speed.over.filter(|over| *over >= Duration::from_millis(1))?;
        (speed.least > 0).then_some(Floor {
            least: speed.least,
            over,
            parts: [0; PARTS],
            at: 0,
            past: 0,
            waited: Duration::ZERO,
        })
    }

    fn restart(&mut self) {
        (self.parts, self.at, self.past) = ([0; PARTS], 0, 0);
        self.waited = Duration::ZERO;
    }

    fn part(&self) -> Duration {
        self.over / PARTS as u32
    }

    /// Whether it is fast enough after another wait.
    fn is_reached(&mut self, time: Duration) -> bool {
        let part = self.part();
        // A thread that the system did not run has not waited for the peer.
        self.waited += time.min(part);
        if self.waited < part {
            return true;
        }
        self.waited -= part;
        self.past += 1;
        let came: u64 = self.parts.iter().sum();
        self.at = (self.at + 1) % PARTS;
        self.parts[self.at] = 0;
        self.past < PARTS || came as f64 >= self.least as f64 * self.over.as_secs_f64()
    }
}

/// A greatest speed.
struct Ceiling {
    most: u64,
    /// When the next bytes may move.
    next: Instant,
}

/// Steps a second by which a slow body moves, and the least and most bytes of one.
const STEPS: u64 = 10;
const LEAST_STEP: u64 = 256;
const MOST_STEP: u64 = 256 * 1024;

impl Ceiling {
    fn room(&self) -> usize {
        (self.most / STEPS).clamp(LEAST_STEP, MOST_STEP) as usize
    }

    fn took(&mut self, now: Instant, bytes: u64) {
        let time = Duration::try_from_secs_f64(bytes as f64 / self.most as f64);
        let time = time.unwrap_or(Duration::MAX);
        self.next = self.next.max(now).checked_add(time).unwrap_or(self.next);
    }
}

/// At most so often somebody is told.
const EVERY: Duration = Duration::from_millis(100);

/// Over about so many seconds the rate is an average.
const SMOOTH: f64 = 3.0;

/// Who is told, and what of.
struct Told {
    sink: Arc<dyn ProgressSink>,
    last: Instant,
    bytes: u64,
    rate: f64,
    is_first: bool,
    /// The end has been told of.
    is_over: bool,
}

impl Told {
    fn new(sink: Arc<dyn ProgressSink>, now: Instant) -> Told {
        Told { sink, last: now, bytes: 0, rate: 0.0, is_first: true, is_over: false }
    }

    /// The present rate, when it is to be told.
    fn rate(&mut self, now: Instant, bytes: u64, is_over: bool) -> Option<f64> {
        let time = now.saturating_duration_since(self.last);
        if self.is_over || (time < EVERY && !is_over) {
            return None;
        }
        self.is_over = is_over;
        let seconds = time.as_secs_f64();
        if seconds > 0.0 {
            let present = bytes.saturating_sub(self.bytes) as f64 / seconds;
            let weight = if self.is_first { 1.0 } else { 1.0 - (-seconds / SMOOTH).exp() };
            self.rate += (present - self.rate) * weight;
        }
        (self.last, self.bytes, self.is_first) = (now, bytes, false);
        Some(self.rate)
    }
}

#[cfg(test)]
mod tests;
