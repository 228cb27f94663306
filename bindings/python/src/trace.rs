//! `extensions={"trace": ...}`: a function that is told what happens to a request, by httpcore's names.
//!
//! What happens on the engine's thread (the steps of a dial) waits for the thread that sends, or for the event
//! loop: the engine waits for no interpreter.

use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use keepalive_core::{Event, Observer, Outcome, Queue, Request};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::headers::{Field, Headers, latin1_text};
use crate::progress::Raised;

/// Most events that wait to be told.
const MOST: usize = 1024;

/// See the module.
pub struct Trace {
    call: Py<PyAny>,
    waiting: Mutex<Vec<Told>>,
    place: Place,
    raised: Raised,
}

enum Place {
    /// The thread that sends.
    Here(ThreadId),
    Loop(Arc<Queue>, u64),
}

/// One event, as it is told.
struct Told(&'static str, Facts);

enum Facts {
    None,
    Text(&'static str, String),
    Number(&'static str, u64),
    Failed(String),
    Head(u16, Vec<u8>, Vec<Field>),
}

impl Trace {
    fn attach(request: &mut Request, call: Py<PyAny>, place: Place) -> Arc<Trace> {
        let (waiting, raised) = (Mutex::default(), Raised::default());
        let trace = Arc::new(Trace { call, waiting, place, raised });
        request.set_observer(trace.clone());
        trace
    }

    /// For a blocking call, on whose thread it is told.
    pub fn here(request: &mut Request, call: Py<PyAny>) -> Arc<Trace> {
        Trace::attach(request, call, Place::Here(thread::current().id()))
    }

    /// For a task, on whose loop it is told.
    pub fn of_loop(
        request: &mut Request,
        call: Py<PyAny>,
        queue: &Arc<Queue>,
        token: u64,
    ) -> Arc<Trace> {
        Trace::attach(request, call, Place::Loop(queue.clone(), token))
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
            if let Err(error) = told.call(py, &self.call) {
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
        let ended = |done, failed_name, failed: Option<keepalive_core::ErrorKind>| match failed {
            None => Told(done, Facts::None),
            Some(kind) => Told(failed_name, Facts::Failed(kind.name().to_string())),
        };
        Some(match *event {
            Event::Resolving { host, .. } => {
                Told("connection.resolve.started", Facts::Text("host", host.into()))
            }
            Event::Resolved { failed, .. } => {
                ended("connection.resolve.complete", "connection.resolve.failed", failed)
            }
            Event::Connecting { address, .. } => {
                Told("connection.connect_tcp.started", Facts::Text("address", address.into()))
            }
            Event::Connected { failed, .. } => {
                ended("connection.connect_tcp.complete", "connection.connect_tcp.failed", failed)
            }
            Event::Securing { host, .. } => {
                Told("connection.start_tls.started", Facts::Text("server_hostname", host.into()))
            }
            Event::Secured { failed, .. } => {
                ended("connection.start_tls.complete", "connection.start_tls.failed", failed)
            }
            Event::Picked { connection, .. } => {
                Told("http11.send_request_headers.started", Facts::Number("connection", connection))
            }
            Event::HeadSent => Told("http11.send_request_headers.complete", Facts::None),
            Event::Sent { bytes } => {
                Told("http11.send_request_body.complete", Facts::Number("bytes", bytes))
            }
            Event::FirstByte => Told("http11.receive_response_headers.started", Facts::None),
            Event::Head(head) => {
                let fields = head.fields.iter().map(|(name, value)| (name.into(), value.into()));
                let facts = Facts::Head(head.status, head.reason().to_vec(), fields.collect());
                Told("http11.receive_response_headers.complete", facts)
            }
            Event::Returned { connection } => {
                Told("http11.response_closed.complete", Facts::Number("connection", connection))
            }
            Event::End => Told("http11.receive_response_body.complete", Facts::None),
            Event::Replay(kind) => {
                Told("connection.replay", Facts::Text("reason", kind.name().into()))
            }
            Event::Retry(_) => Told("connection.retry", Facts::None),
            Event::Redirect(number) => {
                Told("http11.redirect", Facts::Number("number", number.into()))
            }
            Event::Failed(error) => {
                Told("http11.failed", Facts::Failed(error.kind().name().into()))
            }
            _ => return None,
        })
    }

    fn call(self, py: Python<'_>, call: &Py<PyAny>) -> PyResult<()> {
        let info = PyDict::new(py);
        match self.1 {
            Facts::None => {}
            Facts::Text(name, text) => info.set_item(name, text)?,
            Facts::Number(name, number) => info.set_item(name, number)?,
            Facts::Failed(kind) => info.set_item("exception", kind)?,
            Facts::Head(status, reason, fields) => {
                info.set_item("status", status)?;
                info.set_item("reason", latin1_text(py, &reason))?;
                info.set_item("headers", Py::new(py, Headers::of(fields))?)?;
            }
        }
        call.call1(py, (self.0, info)).map(drop)
    }
}
