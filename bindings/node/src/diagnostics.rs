//! What happens to requests and connections, on its way to the diagnostics channels of an environment
//! (`lib/diagnostics.js`). Nothing of this is touched while nobody listens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use keepalive_core::{Client, Event, Fields, Observer, Request};
use napi_derive::napi;

use crate::wake::Waker;

/// Something that happened; what its name does not ask for is left out.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct NativeEvent {
    /// That of its channel, or `gone`: nothing more comes of that request.
    pub name: &'static str,
    /// The number that JavaScript gave the request; 0: of none.
    pub trace: u32,
    /// The number of the request in the process; 0: of none.
    pub request: f64,
    /// How many milliseconds ago.
    pub age: f64,
    /// Of the connections of a client: its number.
    pub client: Option<u32>,
    /// What of its kind it is.
    pub step: Option<&'static str>,
    pub connection: Option<f64>,
    pub dial: Option<f64>,
    pub reused: Option<bool>,
    /// Milliseconds.
    pub spent: Option<Vec<f64>>,
    /// A status, bytes or a number of redirects.
    pub number: Option<f64>,
    pub text: Option<String>,
    /// The code of a failure.
    pub failed: Option<&'static str>,
    /// Names and values in turn.
    pub fields: Option<Vec<String>>,
}

/// What has happened and was not fetched yet, of one environment.
pub struct Events {
    list: Mutex<Vec<(Instant, NativeEvent)>>,
    waker: Arc<Waker>,
}

/// Most events that wait for a loop that does not turn; more are not told.
const MOST: usize = 65_536;

impl Events {
    pub fn new(waker: Arc<Waker>) -> Arc<Events> {
        Arc::new(Events { list: Mutex::default(), waker })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Instant, NativeEvent)>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has happened since the last time, in its order.
    pub fn take(&self) -> Vec<NativeEvent> {
        let list = std::mem::take(&mut *self.lock());
        let aged = |(at, event): (Instant, NativeEvent)| NativeEvent {
            age: at.elapsed().as_secs_f64() * 1e3,
            ..event
        };
        list.into_iter().map(aged).collect()
    }

    fn add(&self, event: NativeEvent) {
        let mut list = self.lock();
        let first = list.is_empty();
        if list.len() < MOST {
            list.push((Instant::now(), event));
        }
        drop(list);
        if first {
            self.waker.wake();
        }
    }
}

/// The environments that listen to connections.
static LISTENERS: Mutex<Vec<Weak<Events>>> = Mutex::new(Vec::new());
/// How many.
static LISTENING: AtomicUsize = AtomicUsize::new(0);

fn listeners() -> MutexGuard<'static, Vec<Weak<Events>>> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether an environment listens to connections.
pub fn listen(events: &Arc<Events>, yes: bool) {
    let own = Arc::downgrade(events);
    let mut all = listeners();
    all.retain(|one| one.strong_count() > 0 && !one.ptr_eq(&own));
    if yes {
        all.push(own);
    }
    LISTENING.store(all.len(), Ordering::Relaxed);
}

/// Has the channels of connections be told of those of `client`, which has that number, while somebody
/// listens.
pub fn observe(client: &Client, number: u32) {
    // The process-wide one has it from whoever made it first.
    let _ = client.set_observer(Arc::new(Connections(number)));
}

struct Connections(u32);

impl Observer for Connections {
    fn observe(&self, event: &Event<'_>) {
        self.observe_of(0, event);
    }

    fn observe_of(&self, request: u64, event: &Event<'_>) {
        if !self.is_on() {
            return;
        }
        let all: Vec<_> = listeners().iter().filter_map(Weak::upgrade).collect();
        for events in all {
            if let Some(told) = of_connection(event) {
                let client = Some(self.0);
                events.add(NativeEvent { request: request as f64, client, ..told });
            }
        }
    }

    fn is_on(&self) -> bool {
        LISTENING.load(Ordering::Relaxed) > 0
    }
}

/// Has the channels of requests be told of this one, which JavaScript calls `trace`, beside who is told
/// already.
pub fn attach(request: &mut Request, trace: u32, events: &Arc<Events>) {
    let other = request.observer().cloned();
    request.set_observer(Arc::new(Traced { trace, events: events.clone(), other }));
}

struct Traced {
    trace: u32,
    events: Arc<Events>,
    other: Option<Arc<dyn Observer>>,
}

impl Observer for Traced {
    fn observe(&self, event: &Event<'_>) {
        self.observe_of(0, event);
    }

    fn observe_of(&self, request: u64, event: &Event<'_>) {
        if let Some(other) = &self.other {
            other.observe_of(request, event);
        }
        if let Some(told) = of_request(event) {
            let (trace, request) = (self.trace, request as f64);
            self.events.add(NativeEvent { trace, request, ..told });
        }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let trace = self.trace;
        self.events.add(NativeEvent { name: "gone", trace, ..NativeEvent::default() });
    }
}

fn of_request(event: &Event<'_>) -> Option<NativeEvent> {
    let of = |name| NativeEvent { name, ..NativeEvent::default() };
    let again = |step| NativeEvent { step: Some(step), ..of("request:again") };
    Some(match *event {
        Event::Queued => of("request:queued"),
        Event::Picked { connection, reused, idle } => NativeEvent {
            connection: Some(connection as f64),
            reused: Some(reused),
            spent: Some(vec![idle.as_secs_f64() * 1e3]),
            ..of("request:connection")
        },
        Event::Sent { bytes } => NativeEvent { number: Some(bytes as f64), ..of("request:sent") },
        Event::FirstByte => of("request:firstByte"),
        Event::Informational(head) => NativeEvent {
            number: Some(head.status.into()),
            fields: Some(texts(&head.fields)),
            ..of("request:informational")
        },
        Event::Head(head) => NativeEvent {
            number: Some(head.status.into()),
            text: Some(latin1(head.reason())),
            fields: Some(texts(&head.fields)),
            ..of("request:headers")
        },
        Event::End => of("request:end"),
        Event::Replay(kind) => NativeEvent { failed: Some(kind.code()), ..again("replay") },
        Event::Retry(pause) => {
            NativeEvent { spent: Some(vec![pause.as_secs_f64() * 1e3]), ..again("retry") }
        }
        Event::Hedge => again("hedge"),
        Event::HedgeWon => again("hedgeWon"),
        Event::Redirect(number) => NativeEvent { number: Some(number.into()), ..again("redirect") },
        _ => return None,
    })
}

fn of_connection(event: &Event<'_>) -> Option<NativeEvent> {
    let of = |name| NativeEvent { name, ..NativeEvent::default() };
    let step = |dial: u64, step| NativeEvent {
        dial: Some(dial as f64),
        step: Some(step),
        ..of("connection:connecting")
    };
    let code = |failed: Option<keepalive_core::ErrorKind>| failed.map(|kind| kind.code());
    Some(match *event {
        Event::Resolving { dial, host } => {
            NativeEvent { text: Some(host.into()), ..step(dial, "resolving") }
        }
        Event::Resolved { dial, addresses, failed } => NativeEvent {
            text: Some(addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
            failed: code(failed),
            ..step(dial, "resolved")
        },
        Event::Connecting { dial, address } => {
            NativeEvent { text: Some(address.into()), ..step(dial, "connecting") }
        }
        Event::Connected { dial, address, failed } => NativeEvent {
            text: Some(address.into()),
            failed: code(failed),
            ..step(dial, "connected")
        },
        Event::Securing { dial, host } => {
            NativeEvent { text: Some(host.into()), ..step(dial, "securing") }
        }
        Event::Secured { dial, failed } => {
            NativeEvent { failed: code(failed), ..step(dial, "secured") }
        }
        Event::DialFailed { dial, error } => NativeEvent {
            dial: Some(dial as f64),
            failed: Some(error.kind().code()),
            text: Some(error.to_string()),
            ..of("connection:error")
        },
        Event::Dialled { connection, origin, resolve, connect, tls } => NativeEvent {
            connection: Some(connection as f64),
            text: origin.map(str::to_string),
            spent: Some([resolve, connect, tls].map(|spent| spent.as_secs_f64() * 1e3).into()),
            ..of("connection:connected")
        },
        Event::Returned { connection } => {
            NativeEvent { connection: Some(connection as f64), ..of("connection:returned") }
        }
        Event::Evicted { connection, reason } => NativeEvent {
            connection: Some(connection as f64),
            text: Some(reason.name().into()),
            ..of("connection:closed")
        },
        _ => return None,
    })
}

fn texts(fields: &Fields) -> Vec<String> {
    fields.iter().flat_map(|(name, value)| [latin1(name), latin1(value)]).collect()
}

/// As Node has fields: a character for each byte.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}
