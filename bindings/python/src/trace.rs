//! `extensions={"trace": ...}`: what happens to a request, told to `libkeepalive/_trace.py`, which makes
//! httpcore's events of it.
//!
//! What happens on the engine's thread (the steps of a dial) waits for the thread that sends, or for the event
//! loop: the engine waits for no interpreter.

use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use keepalive_core::{Error, Event, Observer, Outcome, Queue, Request, ResponseHead, Version};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::build::line;
use crate::errors::{RequestLine, to_python};
use crate::headers::Field;
use crate::once::{PyOnceLock, intern};
use crate::progress::Raised;

/// Most events that wait to be told.
const MOST: usize = 1024;

/// See the module.
pub struct Trace {
    /// `observe(name, fact)`.
    observe: Py<PyAny>,
    line: RequestLine,
    waiting: Mutex<Vec<Told>>,
    place: Place,
    raised: Raised,
}

enum Place {
    /// The thread that sends.
    Here(ThreadId),
    Loop(Arc<Queue>, u64),
}

/// One event: its name and what is to be known of it.
struct Told(&'static str, Fact);

enum Fact {
    None,
    Text(String),
    Seconds(f64),
    Failed(Error),
    Head { version: Version, status: u16, reason: Vec<u8>, fields: Vec<Field> },
}

impl Trace {
    fn attach(request: &mut Request, observe: Py<PyAny>, place: Place) -> Arc<Trace> {
        let (line, waiting, raised) = (line(request), Mutex::default(), Raised::default());
        let trace = Arc::new(Trace { observe, line, waiting, place, raised });
        request.set_observer(trace.clone());
        trace
    }

    /// For a blocking call, on whose thread `told` is called; with it the object that is to know how the
    /// body is read, if the response `streams`.
    pub fn here(
        py: Python<'_>,
        request: &mut Request,
        told: &Py<PyAny>,
        streams: bool,
    ) -> PyResult<(Arc<Trace>, Py<PyAny>)> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let class = CLASS.import(py, "libkeepalive._trace", "Trace")?;
        let trace = class.call1((told, request.method(), request.url(), streams))?;
        let observe = trace.getattr(intern!(py, "observe"))?.unbind();
        let place = Place::Here(thread::current().id());
        Ok((Trace::attach(request, observe, place), trace.unbind()))
    }

    /// For a task, on whose loop `observe` is called.
    pub fn of_loop(
        request: &mut Request,
        observe: Py<PyAny>,
        queue: &Arc<Queue>,
        token: u64,
    ) -> Arc<Trace> {
        Trace::attach(request, observe, Place::Loop(queue.clone(), token))
    }

    fn take(&self) -> Vec<Told> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    /// Tells what waits. After an exception nothing more is told.
    pub fn tell(&self, py: Python<'_>) {
        for told in self.take() {
            if self.raised.is_set() {
                return;
            }
            if let Err(error) = told.call(py, self) {
                self.raised.set(error);
            }
        }
    }

    /// The call is over: what the function raised.
    pub fn end(&self, py: Python<'_>) -> Option<PyErr> {
        self.tell(py);
        self.raised.take()
    }
}

impl Observer for Trace {
    fn observe(&self, event: &Event<'_>) {
        let Some(told) = Told::of(event) else { return };
        let first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            if waiting.len() < MOST {
                waiting.push(told);
            }
            waiting.len() == 1
        };
        match &self.place {
            Place::Here(id) if *id == thread::current().id() => {
                // While the interpreter shuts down nobody listens.
                Python::try_attach(|py| self.tell(py));
            }
            Place::Here(_) => {}
            Place::Loop(queue, token) if first => queue.push(*token, Outcome::Observed),
            Place::Loop(..) => {}
        }
    }
}

impl Told {
    fn of(event: &Event<'_>) -> Option<Told> {
        Some(match *event {
            Event::Resolving { host, .. } => Told("resolving", Fact::Text(host.into())),
            Event::Connecting { address, .. } => Told("connecting", Fact::Text(address.into())),
            Event::Connected { address, failed: None, .. } => {
                Told("connected", Fact::Text(address.into()))
            }
            Event::Securing { host, .. } => Told("securing", Fact::Text(host.into())),
            Event::Secured { failed: None, .. } => Told("secured", Fact::None),
            Event::DialFailed { error, .. } => Told("dial_failed", Fact::Failed(error.clone())),
            Event::Picked { .. } => Told("picked", Fact::None),
            Event::HeadSent => Told("head_sent", Fact::None),
            Event::Sent { .. } => Told("sent", Fact::None),
            Event::Head(head) => Told("head", Fact::of_head(head)),
            Event::End => Told("end", Fact::None),
            Event::Replay(kind) => Told("replay", Fact::Text(kind.name().into())),
            Event::Retry(pause) => Told("retry", Fact::Seconds(pause.as_secs_f64())),
            Event::Redirect(_) => Told("redirect", Fact::None),
            Event::Failed(error) => Told("failed", Fact::Failed(error.clone())),
            _ => return None,
        })
    }

    fn call(self, py: Python<'_>, trace: &Trace) -> PyResult<()> {
        let observe = &trace.observe;
        match self.1 {
            Fact::None => observe.call1(py, (self.0, py.None())),
            Fact::Text(text) => observe.call1(py, (self.0, text)),
            Fact::Seconds(seconds) => observe.call1(py, (self.0, seconds)),
            Fact::Failed(error) => {
                let error = to_python(py, &error, Some(&trace.line)).into_value(py);
                observe.call1(py, (self.0, error))
            }
            Fact::Head { version, status, reason, fields } => {
                let version = match version {
                    Version::Http10 => "HTTP/1.0",
                    Version::Http11 => "HTTP/1.1",
                };
                let bytes = |bytes: &[u8]| PyBytes::new(py, bytes);
                let pairs = fields.iter().map(|(name, value)| (bytes(name), bytes(value)));
                let pairs = PyList::new(py, pairs.collect::<Vec<_>>())?;
                let head = (bytes(version.as_bytes()), status, bytes(&reason), pairs);
                observe.call1(py, (self.0, head))
            }
        }
        .map(drop)
    }
}

impl Fact {
    fn of_head(head: &ResponseHead) -> Fact {
        let fields = head.fields.iter().map(|(name, value)| (name.into(), value.into()));
        Fact::Head {
            version: head.version,
            status: head.status,
            reason: head.reason().to_vec(),
            fields: fields.collect(),
        }
    }
}
