//! What all rings share about one request on its way.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use keepalive_proto::ResponseHead;

use crate::auth::tries::Tries;
use crate::config::{Limits, Settings};
use crate::connection::Connection;
use crate::connection::ends::Ends;
use crate::connection::manager::ClientPool;
use crate::connection::wire::Wire;
use crate::deadline::Deadlines;
use crate::drive::info::{Marks, Tally};
use crate::drive::wait::Wait;
use crate::drive::watch::Watch;
use crate::error::{Error, Result};
use crate::observe::{Event, Observer, Witness, tell};
use crate::origin::Scheme;
use crate::origin::route::{Road, Route, TlsIdentity};
use crate::request::Request;

/// The context of a call.
pub(crate) struct Call<'a, W> {
    pub settings: &'a Settings,
    pub pool: &'a Arc<ClientPool>,
    pub deadlines: Deadlines<'a>,
    pub record: Record<'a>,
    pub wait: &'a mut W,
    /// Field lines that the request gets beside its own.
    pub fields: Cow<'a, [u8]>,
    /// How it was authenticated to a proxy that forwards it.
    pub tried: Tries,
    /// It may travel with a TLS handshake.
    pub early: bool,
    /// So many bytes of it stand on its connection already, behind an exchange that is over: all.
    pub ahead: Option<u64>,
    /// It was to be sent again before it had a connection of its own.
    pub replayed: bool,
}

impl<'a, W: Wait> Call<'a, W> {
    pub fn new(
        settings: &'a Settings,
        limits: &'a Limits,
        pool: &'a Arc<ClientPool>,
        request: &'a Request,
        wait: &'a mut W,
    ) -> Call<'a, W> {
        let started = Instant::now();
        Call {
            settings,
            pool,
            deadlines: Deadlines::new(limits, started),
            record: Record::new(pool, request.observer.as_ref(), started),
            wait,
            fields: Cow::Borrowed(&[]),
            tried: Tries::default(),
            early: true,
            ahead: None,
            replayed: false,
        }
    }

    /// The road that `request` takes.
    ///
    /// # Errors
    /// Its own options and the client's do not go together.
    #[inline(always)]
    pub fn route(&self, request: &Request) -> Result<Route> {
        let is_plain = request.roads.is_none() && request.tls.is_none();
        let (roads, origin) = (&self.pool.manager.roads, &request.target.origin);
        match is_plain {
            true if roads.is_direct() => Ok(Route::direct(origin.clone())),
            true if !request.head.switches() => Ok(Route::by(roads.of(origin), origin)),
            _ => self.road(request),
        }
    }

    fn road(&self, request: &Request) -> Result<Route> {
        let (roads, origin) = (&self.pool.manager.roads, &request.target.origin);
        let road = match &request.roads {
            None => roads.of(origin),
            Some(own) => roads.with(own)?.of(origin),
        };
        // A proxy that forwards requests keeps Upgrade to itself (RFC 9110 7.8) and understands CONNECT
        // as its own.
        let road = if request.head.switches() { through(road) } else { road };
        match &request.tls {
            Some(own) if origin.scheme == Scheme::Https => {
                let tls = TlsIdentity(Some(self.pool.manager.tls_with(own)?));
                let road = road.as_deref().cloned().unwrap_or_default();
                Ok(Route::by(Some(Arc::new(Road { tls, ..road })), origin))
            }
            _ => Ok(Route::by(road, origin)),
        }
    }

    /// This call with another wait, for what goes on beside it.
    pub fn beside<'b>(&self, wait: &'b mut W) -> Call<'b, W>
    where
        'a: 'b,
    {
        Call {
            settings: self.settings,
            pool: self.pool,
            deadlines: self.deadlines,
            record: self.record.aside(),
            wait,
            fields: self.fields.clone(),
            tried: Tries::default(),
            early: self.early,
            ahead: None,
            replayed: false,
        }
    }
}

/// What is written down of a call: `info`, its times, and the counters, all fed by the events that
/// observers are told too.
pub(crate) struct Record<'a> {
    pub info: Tally,
    pub marks: Marks,
    /// The present attempt began.
    pub begun: Instant,
    /// 1xx heads that came in it; the limit of heads bounds them.
    pub informational: Interim,
    /// The connection that it failed on.
    pub ends: Option<Arc<Ends>>,
    /// What the wire of the connection had counted before it: sent, received.
    before: [u64; 2],
    pool: &'a ClientPool,
    /// Who is told, if anybody is.
    told: Option<Box<Told<'a>>>,
}

/// For whoever is told.
struct Told<'a> {
    /// The request's own observer.
    observer: Option<&'a Arc<dyn Observer>>,
    /// Its number.
    request: u64,
    watch: Watch,
}

impl<'a> Record<'a> {
    fn new(
        pool: &'a ClientPool,
        observer: Option<&'a Arc<dyn Observer>>,
        started: Instant,
    ) -> Record<'a> {
        let is_on = |observer: &Arc<dyn Observer>| observer.is_on();
        let all = &pool.manager.observer;
        let observed = observer.is_some_and(is_on) || all.get().is_some_and(is_on);
        let told = observed.then(|| {
            let request = pool.manager.process.next_request_id();
            Box::new(Told { observer, request, watch: Watch::default() })
        });
        Record {
            info: Tally::default(),
            marks: Marks::at(started),
            begun: started,
            informational: None,
            ends: None,
            before: [0; 2],
            pool,
            told,
        }
    }

    /// For what goes on beside a call: observers are told, nothing is written down of the call.
    fn aside(&self) -> Record<'a> {
        let told = self.told.as_ref().map(|told| {
            let Told { observer, request, .. } = **told;
            Box::new(Told { observer, request, watch: Watch::default() })
        });
        Record {
            info: Tally::default(),
            marks: Marks::at(self.marks.started),
            begun: self.begun,
            informational: None,
            ends: None,
            before: [0; 2],
            pool: self.pool,
            told,
        }
    }

    /// A redirect was followed: what is written down is of the request that it led to.
    pub fn hop(&mut self, now: Instant, redirects: u32) {
        (self.marks, self.begun) = (Marks::at(now), now);
        self.info = Tally { redirects, ..Tally::default() };
        (self.informational, self.ends) = (None, None);
        self.tell(Event::Redirect(redirects));
    }

    /// Another try follows: what is written down is of that one, but for how many there were.
    pub fn again(&mut self) {
        let Tally { retries, redirects, .. } = self.info;
        self.info = Tally { retries, redirects, ..Tally::default() };
        (self.informational, self.ends) = (None, None);
        self.begun = Instant::now();
    }

    /// The next attempt begins: its waits count from now on.
    pub fn begin(&mut self, now: Instant) {
        self.begun = now;
    }

    /// Something happened.
    #[inline]
    pub fn tell(&mut self, event: Event<'_>) {
        let counters = &self.pool.manager.counters;
        let add = |counter: &std::sync::atomic::AtomicU64| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        match event {
            Event::Picked { connection, reused, .. } => {
                self.info.connection_id = connection;
                self.info.reused = reused;
                if reused {
                    add(&counters.reused);
                }
            }
            Event::Replay(reason) => {
                self.info.replays += 1;
                self.info.replay_reason = Some(reason);
                add(&counters.replayed);
            }
            Event::Retry(_) => {
                self.info.retries += 1;
                add(&counters.retried);
            }
            Event::Hedge => {
                self.info.hedged = true;
                add(&counters.hedged);
            }
            Event::HedgeWon => self.info.hedge_won = true,
            _ => {}
        }
        if let Some(told) = &self.told {
            told.tell(self.pool, &event);
        }
    }

    /// Tells the observer of the request alone, of what the client hears of from its pool.
    pub fn tell_own(&self, event: &Event<'_>) {
        if let Some(told) = &self.told {
            tell(told.observer, told.request, event);
        }
    }

    /// Its number for whoever is told; 0 when nobody is.
    pub fn request(&self) -> u64 {
        self.told.as_ref().map_or(0, |told| told.request)
    }

    /// Whom a dial that is begun for it is told to.
    pub fn witness(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let Told { observer, request, .. } = **self.told.as_ref()?;
        let observer = observer?.clone();
        Some(Arc::new(Witness { observer, request }))
    }

    /// It was sent behind others: it is told of so when its answer is next.
    pub fn pipelined(&mut self) {
        self.pool.manager.counters.pipelined.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether somebody wants to be told of what takes work to find out.
    #[inline]
    pub fn is_observed(&self) -> bool {
        self.told.is_some()
    }

    /// The machine has the head, and nothing else, to be written.
    #[inline]
    pub fn head_ready(&mut self, wire: &Wire) {
        if let Some(told) = &mut self.told {
            told.watch = Watch::of(wire);
        }
    }

    /// Something was written.
    #[inline]
    pub fn wrote(&mut self, wire: &Wire) {
        if let Some(told) = &mut self.told
            && told.watch.has_sent_head(wire)
        {
            told.tell(self.pool, &Event::HeadSent);
        }
    }

    /// Something was read.
    #[inline]
    pub fn read(&mut self, wire: &Wire) {
        if let Some(told) = &mut self.told
            && told.watch.has_heard(wire)
        {
            told.tell(self.pool, &Event::FirstByte);
        }
    }

    /// A 1xx head came.
    pub fn informational(&mut self, head: ResponseHead) {
        self.tell(Event::Informational(&head));
        self.informational.get_or_insert_default().push(head);
    }

    /// A request begins on `connection`: its bytes count from here on.
    #[inline]
    pub fn starts_on(&mut self, connection: &Connection) {
        self.before = [connection.wire.sent, connection.wire.consumed()];
    }

    /// What an exchange on `connection` has come to by now.
    #[inline]
    pub fn counts(&mut self, connection: &Connection) {
        let [sent, received] = self.before;
        self.info.bytes_sent = connection.wire.sent.saturating_sub(sent);
        self.info.bytes_received = connection.wire.consumed().saturating_sub(received);
        self.info.requests = connection.served + 1;
    }

    /// What went on beside it from `begun` on was answered first: it is what is told.
    pub fn won(&mut self, other: &mut Record<'_>, begun: Instant) {
        let Tally { bytes_sent, bytes_received, requests, .. } = other.info;
        self.info = Tally { bytes_sent, bytes_received, requests, ..self.info };
        (self.before, self.informational) = (other.before, other.informational.take());
        self.marks.leased(begun);
        (self.marks.sent, self.marks.head) = (other.marks.sent, other.marks.head);
    }

    /// What the wire of the connection had received before it.
    pub fn received_before(&self) -> u64 {
        self.before[1]
    }

    /// `error` is the end of the call: what is known of it goes with that.
    #[cold]
    pub fn failed(&mut self, error: Error) -> Error {
        let mut marks = self.marks.clone();
        marks.failed(self.begun, error.phase(), Instant::now());
        self.tell(Event::Failed(&error));
        error.with_info(self.info.told(self.ends.as_ref()), marks.timings(None))
    }
}

impl Told<'_> {
    #[cold]
    fn tell(&self, pool: &ClientPool, event: &Event<'_>) {
        // A client hears of each dial from the pool.
        if !matches!(event, Event::Dialled { .. }) {
            pool.manager.tell_of(self.request, event);
        }
        tell(self.observer, self.request, event);
    }
}

/// 1xx heads; seldom any.
#[allow(clippy::box_collection, reason = "a call has one word for what it seldom has")]
pub(crate) type Interim = Option<Box<Vec<ResponseHead>>>;

/// The road of what is to be carried through every proxy.
#[cold]
fn through(road: Option<Arc<Road>>) -> Option<Arc<Road>> {
    road.map(Road::tunnelled)
}
