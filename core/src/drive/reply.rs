//! What the rings hand back: a final head, and a body that is here already or still on its connection.

use std::sync::Arc;
use std::time::Instant;

use keepalive_proto::{Fields, ResponseHead};

use crate::connection::Connection;
use crate::connection::detached::{Switched, Terms};
use crate::connection::ends::Ends;
use crate::connection::lease::Lease;
use crate::decode::Decoder;
use crate::drive::body::{Live, Taken, take_events};
use crate::drive::buffer::Buffer;
use crate::drive::call::{Call, Interim};
use crate::drive::exchange::{Arrived, EarlyResponse};
use crate::drive::history::{History, Hop};
use crate::drive::info::{Info, Marks, Tally, Timings};
use crate::drive::meter::Meter;
use crate::drive::wait::Wait;
use crate::error::{Error, ErrorKind, Phase, Result, Sent};
use crate::net::tls::info::TlsInfo;
use crate::observe::Event;
use crate::origin::Origin;
use crate::progress::{Saved, Transfer};
use crate::request::Request;
use crate::stats::CloseCause;

/// An answer on its way to the caller. The rings hand it on in a box.
pub(crate) struct Reply {
    pub head: ResponseHead,
    pub url: Arc<str>,
    pub info: Tally,
    pub marks: Marks,
    /// When its body came to its end, unless it all came with the head.
    pub ended: Option<Instant>,
    pub ends: Option<Arc<Ends>>,
    pub tls: Option<Arc<TlsInfo>>,
    pub trailers: Option<Fields>,
    /// Most bytes of a body that is collected whole.
    pub max_body_size: Option<u64>,
    /// Body bytes received (and decoded) but not yet read.
    pub ready: Buffer,
    pub state: State,
    /// What came of the body was decoded.
    pub decoded: bool,
    /// It handed its connection out, or will.
    pub switched: bool,
    /// What few answers have.
    pub extras: Option<Box<Extras>>,
}

/// What few answers have, apart, so that others are not larger for it.
#[derive(Default)]
pub(crate) struct Extras {
    pub informational: Interim,
    /// Its body was written to a file.
    pub saved: Option<Saved>,
    /// Of a body that has come whole.
    pub meter: Option<Box<Meter>>,
    /// It is coded, and its reader has not said yet whether it wants it so.
    pub undecided: Option<Undecided>,
    /// What led here, if anything did.
    pub history: Option<History>,
}

/// For a reader that wants the body decoded.
pub(crate) struct Undecided {
    pub decoder: Decoder,
    pub origin: Arc<Origin>,
}

pub(crate) enum State {
    /// The end was verified; the connection has gone back or is closed.
    Done,
    /// There is no body, and the connection speaks another protocol now.
    Switched(Box<Switched>),
    /// The rest is still on the connection.
    Live(Box<Live>),
    /// The body broke; kept so that every later read says the same.
    Failed(Error),
    /// Closed by the caller before the end.
    Closed,
}

impl Reply {
    /// One without a body, of which nothing else is known.
    pub(crate) fn of_head(head: ResponseHead, url: Arc<str>, marks: Marks) -> Reply {
        Reply {
            head,
            url,
            info: Tally::default(),
            marks,
            ended: None,
            ends: None,
            tls: None,
            trailers: None,
            max_body_size: None,
            decoded: false,
            ready: Buffer::default(),
            state: State::Done,
            switched: false,
            extras: None,
        }
    }

    /// These answers led here, where a request of that method was answered; before those that did so anyway.
    pub fn led_by(&mut self, mut history: History, method: &str) {
        if let Some(later) = self.history() {
            history.append(later);
        }
        if !history.hops().is_empty() {
            history.method = method.into();
            self.extras().history = Some(history);
        }
    }

    /// What led here, which is not its any more.
    pub fn history(&mut self) -> Option<History> {
        self.extras.as_mut()?.history.take()
    }

    /// As one that led elsewhere: the answer to a request of that method. The rest of its body is given up:
    /// its connection goes back by the drain rule.
    pub fn into_hop(self: Box<Self>, method: &str) -> Hop {
        let Reply { head, url, info, marks, ends, tls, extras, .. } = *self;
        let informational = extras.and_then(|extras| extras.informational);
        Hop { head, url, method: method.into(), info, marks, ends, informational, tls }
    }

    /// Of one that led elsewhere: without a body.
    pub(crate) fn of_hop(hop: &Hop) -> Box<Reply> {
        let informational = hop.informational.clone();
        Box::new(Reply {
            info: hop.info,
            ends: hop.ends.clone(),
            tls: hop.tls.clone(),
            extras: informational
                .map(|heads| Box::new(Extras { informational: Some(heads), ..Extras::default() })),
            ..Reply::of_head(hop.head.clone(), hop.url.clone(), hop.marks.clone())
        })
    }

    /// Where its extras are written.
    pub fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// Whether its reader has yet to say whether it wants the body decoded.
    pub fn is_undecided(&self) -> bool {
        self.extras.as_ref().is_some_and(|extras| extras.undecided.is_some())
    }

    /// 100 to 999.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    pub fn headers(&self) -> &Fields {
        &self.head.fields
    }

    /// How the exchange went, as far as it has come.
    pub fn info(&self) -> Info {
        self.info.told(self.ends.as_ref())
    }

    /// Where its time went, as far as it has come.
    pub fn timings(&self) -> Timings {
        self.marks.timings(self.ended)
    }

    /// The body came to its end at that time, or broke then.
    pub fn ended(&mut self, (at, received): (Instant, u64)) {
        self.ended = Some(at);
        self.info.bytes_received = received;
    }

    /// Nobody wants the rest of its body: its connection goes back by the drain rule.
    pub fn give_up(&mut self) {
        self.state = State::Done;
        self.ready.clear();
    }
}

/// Makes the reply; a body that came with the head is taken at once, so that the connection is
/// free before the caller has even looked.
#[inline(always)]
pub(super) fn reply<W: Wait>(
    call: &mut Call<'_, W>,
    request: &Request,
    mut lease: Lease,
    come: &mut Arrived,
) -> Result<Box<Reply>> {
    let Some(head) = come.head.take() else { return Err(headless()) };
    let early = come.early.take();
    // What follows a switch is no content of the answer's.
    let decodes = request.decodes(&call.settings.config);
    let mut decoder = match decodes && !lease.connection()?.wire.http.is_switched() {
        true => Decoder::for_fields(head.fields.get_all(b"content-encoding"))?,
        false => None,
    };
    let mut extras: Option<Box<Extras>> = None;
    if request.decode_later
        && let Some(decoder) = decoder.take()
    {
        let undecided = Undecided { decoder, origin: request.target.origin.clone() };
        extras.get_or_insert_default().undecided = Some(undecided);
    }
    if let Some(heads) = call.record.informational.take() {
        extras.get_or_insert_default().informational = Some(heads);
    }
    let most = request.max_body_size.unwrap_or(call.settings.config.max_body_size);
    let connection = lease.connection()?;
    let begun = early.as_ref().map_or(0, |early| early.body.len() as u64);
    let total = connection.wire.http.body_remaining().map(|left| left + begun);
    let mut meter = Meter::of(call.settings, request, Transfer::Download, total);
    let (url, ends, tls) =
        (request.target.url(), Some(connection.ends.clone()), connection.tls_of_answer());
    let (info, marks) = (call.record.info, call.record.marks.take());
    let (max_body_size, decoded) = ((most > 0).then_some(most), decoder.is_some());
    // Memory first: what is made before it is copied there.
    let mut reply = Box::write(
        Box::new_uninit(),
        Reply {
            head,
            url,
            info,
            marks,
            ended: None,
            ends,
            tls,
            trailers: None,
            max_body_size,
            ready: Buffer::default(),
            decoded,
            state: State::Done,
            switched: false,
            extras,
        },
    );
    call.record.tell(Event::Head(&reply.head));
    let mut count = 0;
    // What may have to be decoded yet decides whether the connection is kept, so it waits for that.
    let taken = match reply.is_undecided() && early.is_none() && total != Some(0) {
        true => Ok(Taken::More(0)),
        false => take_arrived(connection, early, &mut decoder, &mut reply, &mut count),
    };
    let before = call.record.received_before();
    reply.info.bytes_received = connection.wire.consumed().saturating_sub(before);
    if let Some(meter) = &mut meter {
        meter.count(count);
    }
    match taken {
        Ok(Taken::End) if connection.wire.http.is_switched() => {
            let terms = Terms {
                origin: request.target.origin.clone(),
                read: call.deadlines.read,
                send: call.deadlines.send,
            };
            reply.switched = true;
            reply.state = State::Switched(Box::new(Switched::new(lease, terms)));
            call.record.tell(Event::End);
        }
        Ok(Taken::End) => {
            let connection = call.record.info.connection_id;
            if lease.check_in(reply.marks.head) {
                call.record.tell_own(&Event::Returned { connection });
            }
            if meter.is_some() {
                reply.extras().meter = meter;
            }
            call.record.tell(Event::End);
        }
        Ok(Taken::More(_) | Taken::Dry(_)) => {
            reply.state = State::Live(Box::new(Live::new(
                (lease, before),
                decoder,
                &call.deadlines,
                request.target.origin.clone(),
                call.record.info.reused,
                (request.observer.clone(), call.record.request()),
                meter,
            )));
        }
        Err(error) => {
            lease.discard(CloseCause::Failed);
            let error = error.with_exchange(call.record.info.reused, Sent::All, false, true);
            call.record.tell(Event::Failed(&error));
            reply.state = State::Failed(error);
        }
    }
    Ok(reply)
}

#[cold]
fn headless() -> Error {
    Error::new(ErrorKind::Internal, Phase::Head, "an exchange that went well without a head")
}

/// Moves what has arrived of the body into the reply.
fn take_arrived(
    connection: &mut Connection,
    early: Option<Box<EarlyResponse>>,
    decoder: &mut Option<Decoder>,
    reply: &mut Reply,
    count: &mut u64,
) -> Result<Taken> {
    let Reply { ready, trailers, .. } = reply;
    if let Some(early) = early {
        *count += early.body.len() as u64;
        match decoder {
            None => ready.space().extend_from_slice(&early.body),
            Some(decoder) => decoder.push(&early.body),
        }
        *trailers = early.trailers;
        match decoder {
            None if early.ended => return Ok(Taken::End),
            Some(decoder) if early.ended => decoder.end(),
            _ => {}
        }
    }
    take_events(connection, decoder, ready.space(), trailers, count)
}
