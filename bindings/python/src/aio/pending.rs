//! `Pending`: what the coroutines of `_aio.py` await. It starts when it is awaited and resolves one future of the loop. A done callback of that future sees to it that a
//! cancelled task cancels the request.

use std::sync::{Arc, Mutex, MutexGuard};

use keepalive_core::{BodyWant, Call, Client, Queue, Request, Response as CoreResponse, Until};
use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;

use crate::aio::event_loop::{EventLoop, Linger};
use crate::aio::stream::AsyncStream;
use crate::aio::trio;
use crate::aio::upload;
use crate::build::line;
use crate::errors::{RequestLine, of_class, to_python};
use crate::memory::{self, Filling};
use crate::once::intern;
use crate::response::{Method, PIECE, Response};
use crate::shared::Shared;

/// An awaitable that also has a coroutine's methods, so that ``asyncio.create_task`` takes it.
#[pyclass(frozen, module = "libkeepalive._native")]
pub struct Pending {
    state: Mutex<State>,
    /// The future's iterator while a task drives this object with `send`.
    driver: Mutex<Option<Py<PyAny>>>,
}

pub(super) enum State {
    New(Work),
    Running(Running),
    Done,
}

pub(super) enum Work {
    Send(Box<Sending>),
    Read { response: Py<Response>, all: bool },
    Warm { shared: Arc<Shared>, url: String, count: usize },
}

/// A request that waits to be awaited.
pub struct Sending {
    pub shared: Arc<Shared>,
    pub request: Request,
    pub method: Method,
    /// What the body is streamed from; by the time it is awaited, prepared by `_bodies.py`.
    pub source: Option<Py<PyAny>>,
    pub until: Until,
    /// Where a streamed response is kept for `__aexit__`.
    pub owner: Option<Py<AsyncStream>>,
}

pub(super) struct Running {
    /// `None` once it is cancelled: a future keeps its loop alive.
    pub(super) future: Option<Future>,
    pub(super) call: Call,
    pub(super) job: Job,
}

pub(super) struct Future {
    pub(super) future: Py<PyAny>,
    pub(super) on_cancel: Py<OnCancel>,
}

pub(super) enum Job {
    Request {
        line: RequestLine,
        method: Method,
        until: Until,
        owner: Option<Py<AsyncStream>>,
        upload: Option<Py<PyAny>>,
    },
    Piece(Py<Response>),
    All(Py<Response>),
    /// A body of known length goes straight into the bytes object.
    Fill(Filling, Whole),
    Warm,
}

/// What a whole body belongs to.
pub(super) enum Whole {
    /// A response that is delivered with it.
    Request { line: RequestLine, method: Method },
    /// `aread()` of a streamed one.
    Read(Py<Response>),
}

impl Pending {
    fn new(work: Work) -> Pending {
        Pending { state: Mutex::new(State::New(work)), driver: Mutex::new(None) }
    }

    pub fn of_request(sending: Sending) -> Pending {
        Pending::new(Work::Send(Box::new(sending)))
    }

    pub fn warm(shared: &Arc<Shared>, url: &str, count: usize) -> Pending {
        Pending::new(Work::Warm { shared: shared.clone(), url: url.to_string(), count })
    }

    /// A piece of a streamed body, or with `all` the rest of it.
    pub fn read<'py>(response: &Bound<'py, Response>, all: bool) -> PyResult<Bound<'py, PyAny>> {
        let work = Work::Read { response: response.clone().unbind(), all };
        Ok(Bound::new(response.py(), Pending::new(work))?.into_any())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn driver(&self) -> MutexGuard<'_, Option<Py<PyAny>>> {
        self.driver.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(super) fn take_state(&self) -> State {
        std::mem::replace(&mut *self.state(), State::Done)
    }

    fn take_work(&self) -> Option<Work> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Done) {
            State::New(work) => Some(work),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Submits the work to the engine; the future it will resolve.
    fn start<'py>(
        slf: &Bound<'py, Self>,
        running: &Bound<'py, PyAny>,
        event_loop: &Py<EventLoop>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let queue = event_loop.get();
        let Some(work) = slf.get().take_work() else {
            return Err(of_class(py, "InvalidState", "this call has already been awaited"));
        };
        let future = running.call_method0(intern!(py, "create_future"))?;
        let token = queue.reserve(slf);
        let started = match work {
            Work::Send(sending) => send(*sending, &future, queue, token),
            Work::Read { response, all } => read(py, response, all, queue, token),
            Work::Warm { shared, url, count } => {
                let call = shared.client.submit_warm(&url, count, &queue.queue, token);
                call.map(|call| (call, Job::Warm)).map_err(|error| to_python(py, &error, None))
            }
        };
        let (call, job) = match started {
            Ok(started) => started,
            Err(error) => {
                queue.release(token);
                return Err(error);
            }
        };
        let on_cancel = Py::new(py, OnCancel { pending: slf.clone().unbind() })?;
        future.call_method1(intern!(py, "add_done_callback"), (&on_cancel,))?;
        if call.lingers() {
            let linger = Py::new(py, Linger { event_loop: event_loop.clone_ref(py), token })?;
            match queue.trio {
                true => future.call_method1(intern!(py, "linger"), (linger,))?,
                false => running.call_method1(intern!(py, "call_soon"), (linger,))?,
            };
        }
        let kept = Some(Future { future: future.clone().unbind(), on_cancel });
        *slf.get().state() = State::Running(Running { future: kept, call, job });
        Ok(future)
    }

    /// Watches for the answer for some microseconds; whether the loop's queue is to be drained.
    pub fn linger(&self, queue: &Arc<Queue>) -> bool {
        match &mut *self.state() {
            State::Running(running) => running.call.linger(queue),
            _ => false,
        }
    }

    /// The request's body wants its next piece, or its first again.
    pub fn want_body(&self, py: Python<'_>, want: BodyWant) -> PyResult<()> {
        let upload = match &*self.state() {
            State::Running(Running { job: Job::Request { upload: Some(upload), .. }, .. }) => {
                upload.clone_ref(py)
            }
            _ => return Ok(()),
        };
        let name = match want {
            BodyWant::Piece => intern!(py, "want"),
            BodyWant::Restart => intern!(py, "restart"),
        };
        upload.call_method0(py, name).map(drop)
    }

    /// Its loop is gone: nothing will be resolved any more.
    pub fn abandon(&self) {
        let state = self.take_state();
        if let State::Running(running) = &state {
            running.call.cancel();
        }
        drop((state, self.driver().take()));
    }

    /// Cancels the call; it still completes, but resolves nothing.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        // Nothing is dropped or called under the lock: both may run Python code.
        drop(self.take_work());
        let (future, upload) = match &mut *self.state() {
            State::Running(running) => {
                running.call.cancel();
                let upload = match &running.job {
                    Job::Request { upload, .. } => upload.as_ref(),
                    _ => None,
                };
                (running.future.take(), upload.map(|upload| upload.clone_ref(py)))
            }
            _ => return Ok(()),
        };
        if let Some(upload) = upload {
            upload::stop(upload.bind(py))?;
        }
        if let Some(future) = future {
            future.future.call_method0(py, intern!(py, "cancel"))?;
        }
        Ok(())
    }
}

/// The future's done callback. Not `Pending` itself: loops refuse coroutines as callbacks.
#[pyclass(frozen, module = "libkeepalive._native")]
pub(super) struct OnCancel {
    pending: Py<Pending>,
}

#[pymethods]
impl OnCancel {
    fn __call__(&self, py: Python<'_>, _future: &Bound<'_, PyAny>) -> PyResult<()> {
        self.pending.get().cancel(py)
    }
}

fn send(
    sending: Sending,
    future: &Bound<'_, PyAny>,
    queue: &EventLoop,
    token: u64,
) -> PyResult<(Call, Job)> {
    let py = future.py();
    let Sending { shared, mut request, method, source, until, owner } = sending;
    let line = line(&request);
    let upload = match source {
        Some(source) => {
            let feeder = queue.trio.then_some(future);
            Some(upload::attach(&mut request, source.bind(py), feeder, &queue.queue, token)?)
        }
        None => None,
    };
    match shared.client.submit_lingering(request, until, &queue.queue, token) {
        Ok(call) => {
            let upload = upload.map(Bound::unbind);
            Ok((call, Job::Request { line, method, until, owner, upload }))
        }
        Err(error) => {
            if let Some(upload) = upload {
                upload::stop(&upload)?;
            }
            Err(to_python(py, &error, Some(&line)))
        }
    }
}

fn read(
    py: Python<'_>,
    response: Py<Response>,
    all: bool,
    queue: &EventLoop,
    token: u64,
) -> PyResult<(Call, Job)> {
    let mut core = response.get().take(py)?;
    let submitted = if !all {
        submit_piece(core, queue, token).map(|call| (call, None))
    } else if let Some(whole) = memory::Whole::of(py, &mut core)? {
        whole.submit(core, &queue.queue, token).map(|(call, filling)| (call, Some(filling)))
    } else {
        Client::submit_read_all(core, &queue.queue, token).map(|call| (call, None))
    };
    let (call, filling) = submitted.map_err(|error| response.get().error(py, &error))?;
    let job = match filling {
        Some(filling) => Job::Fill(filling, Whole::Read(response)),
        None if all => Job::All(response),
        None => Job::Piece(response),
    };
    Ok((call, job))
}

/// Bytes that can be read as they come are read on the loop's own thread, into the object that is
/// handed over: the engine only waits for them.
pub(super) fn submit_piece(
    mut core: CoreResponse,
    queue: &EventLoop,
    token: u64,
) -> keepalive_core::Result<Call> {
    let most = if core.is_direct() { 0 } else { PIECE };
    Client::submit_read(core, most, &queue.queue, token)
}

#[pymethods]
impl Pending {
    fn __await__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let (running, queue) = EventLoop::current(py)?;
        let awaitable = if queue.get().trio {
            trio::drive(&slf.getattr(intern!(py, "_begin"))?)?
        } else {
            Pending::start(slf, &running, &queue)?
        };
        awaitable.call_method0(intern!(py, "__await__"))
    }

    /// What the body is to be streamed from, `None` for most requests.
    #[getter]
    fn source(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        match &*self.state() {
            State::New(Work::Send(sending)) => sending.source.as_ref().map(|it| it.clone_ref(py)),
            _ => None,
        }
    }

    #[setter]
    fn set_source(&self, prepared: Py<PyAny>) {
        let old = match &mut *self.state() {
            State::New(Work::Send(sending)) => sending.source.replace(prepared),
            _ => Some(prepared),
        };
        drop(old);
    }

    /// For `_trio.py`: starts the call; its future.
    fn _begin<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (running, queue) = EventLoop::current(slf.py())?;
        Pending::start(slf, &running, &queue)
    }

    /// As of a coroutine.
    fn send<'py>(slf: &Bound<'py, Self>, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let driver = slf.get().driver().as_ref().map(|driver| driver.clone_ref(py));
        let driver = match driver {
            Some(driver) => driver.into_bound(py),
            None => {
                let driver = Pending::__await__(slf)?;
                *slf.get().driver() = Some(driver.clone().unbind());
                driver
            }
        };
        let next = driver.call_method1(intern!(py, "send"), (value,));
        if next.is_err() {
            drop(slf.get().driver().take());
        }
        next
    }

    /// As of a coroutine; cancels the call.
    #[pyo3(signature = (kind, value = None, traceback = None))]
    fn throw<'py>(
        &self,
        py: Python<'py>,
        kind: Bound<'py, PyAny>,
        value: Option<Bound<'py, PyAny>>,
        traceback: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = traceback;
        self.close(py)?;
        let raised = match value {
            Some(value) if value.is_instance_of::<PyBaseException>() => value,
            Some(value) => kind.call1((value,))?,
            None if kind.is_instance_of::<PyBaseException>() => kind,
            None => kind.call0()?,
        };
        Err(PyErr::from_value(raised))
    }

    /// As of a coroutine; cancels the call.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        drop(self.driver().take());
        self.cancel(py)
    }
}
