//! How a call begins: what the coroutines of `_aio.py` await is submitted when it is awaited, and one
//! future of the loop stands for its end.

use std::sync::Arc;

use keepalive_core::{Call, Client, Until, progress_events};
use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;

use crate::aio::event_loop::{EventLoop, submit_piece};
use crate::aio::gather::Held;
use crate::aio::loops::{InlinePoll, current};
use crate::aio::pending::{
    Future, Job, OnCancel, Pending, Rare, Running, Sending, State, StreamWork, Whole, Work,
};
use crate::aio::trio;
use crate::aio::upload;
use crate::build::line;
use crate::download::To;
use crate::errors::{of_class, to_python};
use crate::memory;
use crate::once::intern;
use crate::prepared::Prepared;
use crate::progress::Told;
use crate::redirects::Deciding;
use crate::response::Response;
use crate::trace::Trace;

/// Most bytes of a stream that are received ahead of their reader.
const STREAM_PIECE: usize = 64 * 1024;

impl Pending {
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
            Work::Read { response, all } => {
                read(py, response, all, queue, token).map(|(call, job)| (Some(call), job))
            }
            Work::Warm { shared, url, count } => {
                let call = shared.client.submit_warm(&url, count, &queue.queue, token);
                call.map(|call| (Some(call), Job::Warm))
                    .map_err(|error| to_python(py, &error, None))
            }
            Work::Stream(held, work) => {
                let (stream, queue) = (&held.stream, &queue.queue);
                let call = match work {
                    StreamWork::Ready => stream.submit_ready(STREAM_PIECE, queue, token),
                    StreamWork::Write(data) => stream.submit_write(data, queue, token),
                    StreamWork::End => stream.submit_shutdown(queue, token),
                };
                let call = call.map_err(|error| held.error(py, &error));
                call.map(|call| (Some(call), Job::Stream(held)))
            }
        };
        let (call, job) = match started {
            Ok(started) => started,
            Err(error) => {
                queue.release(token);
                return Err(error);
            }
        };
        let on_cancel = match slf.get().is_owned && !queue.trio {
            true => None,
            false => {
                let on_cancel = Py::new(py, OnCancel { pending: slf.clone().unbind() })?;
                future.call_method1(intern!(py, "add_done_callback"), (&on_cancel,))?;
                Some(on_cancel)
            }
        };
        if call.as_ref().is_some_and(Call::is_inline) {
            let poll = Py::new(py, InlinePoll { event_loop: event_loop.clone_ref(py), token })?;
            match queue.trio {
                true => future.call_method1(intern!(py, "poll_inline"), (poll,))?,
                false => running.call_method1(intern!(py, "call_soon"), (poll,))?,
            };
        }
        let kept = Some(Future { future: future.clone().unbind(), on_cancel });
        *slf.get().state() = State::Running(Running { future: kept, call, job });
        Ok(future)
    }
}

fn send(
    sending: Sending,
    future: &Bound<'_, PyAny>,
    queue: &EventLoop,
    token: u64,
) -> PyResult<(Option<Call>, Job)> {
    let py = future.py();
    let Sending { shared, mut request, method, source, on_redirect, until, .. } = sending;
    let Sending { owner, progress, trace, trailers, place, asked, .. } = sending;
    let progress = progress.map(|told| {
        let reader = Arc::default();
        request.set_progress(Told::events(progress_events(&queue.queue, token), &reader));
        (told, reader)
    });
    let trace = trace.map(|trace| Trace::of_loop(&mut request, trace, &queue.queue, token));
    let line = line(&request);
    let upload = match source {
        Some(source) => {
            let feeder = queue.trio.then_some(future);
            Some(upload::attach(&mut request, source.bind(py), feeder, &queue.queue, token)?)
        }
        None => None,
    };
    let redirects = match on_redirect {
        Some(hook) => Some(Deciding::attach(py, &mut request, hook, &queue.queue, token)?),
        None => None,
    };
    let (call, raised) = match place {
        Some(place) => {
            let To { download, raised } = place.target(py)?;
            let call = shared.client.submit_download(request, download, &queue.queue, token);
            (call.map(Some), Some(raised))
        }
        // Of others something may happen at once that they wait for.
        None if upload.is_some()
            || redirects.is_some()
            || progress.is_some()
            || trace.is_some() =>
        {
            (shared.client.submit_inline(request, until, &queue.queue, token).map(Some), None)
        }
        None => match queue.gatherer.keep(Held { shared, request, until, token }) {
            None => (Ok(None), None),
            Some(Held { shared, request, .. }) => {
                queue.send_held(py);
                let call = shared.client.submit_inline(request, until, &queue.queue, token);
                (call.map(Some), None)
            }
        },
    };
    match call {
        Ok(call) => {
            let upload = upload.map(Bound::unbind);
            let rare = trace.is_some() || trailers.is_some() || raised.is_some();
            let rare = rare.then(|| Box::new(Rare { trace, trailers, raised }));
            let job = Job::Request {
                line,
                method,
                until,
                owner,
                upload,
                redirects,
                progress,
                rare,
                asked,
            };
            Ok((call, job))
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

#[pymethods]
impl Pending {
    fn __await__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let (running, queue) = current(py)?;
        let awaitable = if queue.get().trio {
            trio::drive(&slf.getattr(intern!(py, "_begin"))?)?
        } else {
            Pending::start(slf, &running, &queue)?
        };
        awaitable.call_method0(intern!(py, "__await__"))
    }

    /// Whether there is more to do than to await it: a body to prepare, or a flow to send it by.
    #[getter]
    fn is_special(&self) -> bool {
        match &*self.state() {
            State::New(Work::Send(sending)) => {
                sending.source.is_some() || sending.flow.is_some() || sending.trace.is_some()
            }
            _ => false,
        }
    }

    /// The flow of an `auth`, and the request to be sent by it in place of this; `None` for most requests.
    fn by_flow(&self) -> Option<(Prepared, Py<PyAny>)> {
        let flow = match &mut *self.state() {
            State::New(Work::Send(sending)) => sending.flow.take()?,
            _ => return None,
        };
        let Some(Work::Send(sending)) = self.take_work() else { return None };
        Some((Prepared::of_sending(*sending), flow))
    }

    /// Who is told what happens, the request's method and URL, and whether its body will be read by the
    /// caller; `None` for most requests.
    fn traced(&self) -> Option<(Py<PyAny>, String, String, bool)> {
        match &mut *self.state() {
            State::New(Work::Send(sending)) => {
                let trace = sending.trace.take()?;
                let request = &sending.request;
                let streams = sending.until == Until::Head;
                Some((trace, request.method().into(), request.url().into(), streams))
            }
            _ => None,
        }
    }

    /// Has `observe` be told instead.
    fn observed_by(&self, observe: Py<PyAny>) {
        let old = match &mut *self.state() {
            State::New(Work::Send(sending)) => sending.trace.replace(observe),
            _ => Some(observe),
        };
        drop(old);
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
        let (running, queue) = current(slf.py())?;
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
