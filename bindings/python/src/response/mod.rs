//! `Response`: what Python code asks of it is converted when it is asked for, so that a plain
//! `get(url).content` builds nothing else. Here its state; its Python attributes are in `methods`.

pub mod at_once;
mod iterate;
mod made;
mod methods;
mod traced;

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use keepalive_core::{
    Blocking, Destination, Error, Fields, Hop, Info as CoreInfo, Response as CoreResponse,
    ResponseHead, Timings as CoreTimings, TlsInfo as CoreTlsInfo, Version,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::blocking::blocking;
use crate::errors::{RequestLine, of_class, to_python};
use crate::headers::{Field, Headers, first, values_of};
use crate::held::Held;
use crate::memory::{self, Memory, Whole};
use crate::once::PyOnceLock;
use crate::progress::{Reader, Told};
use crate::shared::Shared;

/// Most bytes of a streamed body that are handed over at a time.
pub const PIECE: usize = 256 * 1024;

/// A body of this size is received together with its head, and copied when it is asked for; a larger
/// one goes straight into the bytes object.
pub const SMALL_BODY: u64 = 64 * 1024;

pub type Method = Cow<'static, str>;

/// A response.
///
/// Of a plain request, the whole body is in ``content``, ``text`` and ``json()``. Of ``stream()``,
/// read it once with ``read()``, ``iter_bytes()``, ``iter_text()`` or ``iter_lines()``, or with their
/// asyncio forms ``aread()``, ``aiter_bytes()``, ``aiter_text()`` and ``aiter_lines()``.
///
/// Programs make one for tests, caches and transports: ``content`` is bytes, str, or an iterable or async
/// iterable of bytes, which is read like a streamed body; or give ``text``, ``html`` or ``json``.
///
/// >>> response = libkeepalive.get("http://example.com/users")
/// >>> response.status_code, response.headers["content-type"], response.json()
/// (200, 'application/json', {'path': '/users'})
#[pyclass(frozen, module = "libkeepalive", weakref)]
pub struct Response {
    status: u16,
    method: Method,
    /// Not from `stream()`: the body came with it.
    whole: bool,
    slot: Mutex<Slot>,
    consumed: AtomicBool,
    closed: AtomicBool,
    facts: OnceLock<Facts>,
    content: PyOnceLock<Py<PyBytes>>,
    encoding: Mutex<Option<String>>,
    /// Bytes of the body that were handed out piece by piece.
    handed: AtomicU64,
    /// What the caller said, for `request`.
    asked: OnceLock<Asked>,
    /// What few responses have.
    extra: Mutex<Option<Box<Extra>>>,
}

/// The arguments of a request, of which `response.request` is made when somebody asks for it.
pub struct Asked {
    shared: Arc<Shared>,
    url: Py<PyAny>,
    options: Option<Py<PyDict>>,
}

impl Asked {
    pub fn of(
        shared: &Arc<Shared>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> Asked {
        let options = options.map(|options| options.clone().unbind());
        Asked { shared: shared.clone(), url: url.clone().unbind(), options }
    }
}

#[derive(Default)]
struct Extra {
    /// In place of what the facts have.
    request: Option<Py<PyAny>>,
    history: Option<Py<PyList>>,
    extensions: Option<Py<PyDict>>,
    default_encoding: Option<Py<PyAny>>,
    /// An iterable that the body is read from, of a response that a program made.
    source: Option<Py<PyAny>>,
    watch: Option<Watch>,
    /// Who is told how the body is read: of `_trace.py`.
    trace: Option<Py<PyAny>>,
}

/// Who is told how far a body has come that is read piece by piece.
pub struct Watch {
    told: Told,
    reader: Arc<Reader>,
}

impl Watch {
    pub fn begin(told: Told, reader: &Arc<Reader>) -> Watch {
        reader.begin();
        Watch { told, reader: reader.clone() }
    }
}

#[allow(clippy::large_enum_variant)] // a box would be an allocation for each response
enum Slot {
    Here(CoreResponse),
    /// Lent to a read that is under way.
    Away,
    /// Unpickled: there was never a connection.
    None,
}

struct Facts {
    reason: Box<[u8]>,
    version: Version,
    url: Box<str>,
    info: CoreInfo,
    timings: CoreTimings,
    tls: Option<Arc<CoreTlsInfo>>,
    informational: Box<[ResponseHead]>,
    headers: Py<Headers>,
    /// The method that was answered, if redirects led to it.
    followed: Option<Box<str>>,
    hops: Vec<Arc<Hop>>,
    /// The same as responses, once somebody has asked.
    history: PyOnceLock<Py<PyList>>,
}

impl Facts {
    fn of(py: Python<'_>, response: &CoreResponse) -> PyResult<Facts> {
        Ok(Facts {
            reason: response.reason().into(),
            version: response.version(),
            url: response.url_with_fragment().into(),
            info: response.info(),
            timings: response.timings(),
            tls: response.tls().cloned(),
            informational: response.informational().into(),
            headers: Py::new(py, Headers::of(owned(response.headers())))?,
            followed: response.followed_method().map(Into::into),
            hops: response.history().to_vec(),
            history: PyOnceLock::new(),
        })
    }
}

fn owned(fields: &Fields) -> Vec<Field> {
    fields.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

impl Response {
    /// A response with its whole body.
    pub fn whole(response: CoreResponse, method: Method) -> Response {
        Response {
            status: response.status(),
            method,
            whole: true,
            slot: Mutex::new(Slot::Here(response)),
            consumed: AtomicBool::new(false),
            closed: AtomicBool::new(true),
            facts: OnceLock::new(),
            content: PyOnceLock::new(),
            encoding: Mutex::new(None),
            handed: AtomicU64::new(0),
            asked: OnceLock::new(),
            extra: Mutex::new(None),
        }
    }

    /// What the request was made of.
    pub fn asked_by(
        &self,
        shared: &Arc<Shared>,
        url: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) {
        self.asked(Some(Asked::of(shared, url, options)));
    }

    /// The same.
    pub fn asked(&self, asked: Option<Asked>) {
        if let Some(asked) = asked {
            let _ = self.asked.set(asked);
        }
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    /// The values of a header field.
    pub fn all_of(&self, py: Python<'_>, name: &[u8]) -> PyResult<Vec<Box<[u8]>>> {
        let fields = self.facts(py)?.headers.get().fields();
        Ok(values_of(&fields, name).map(Into::into).collect())
    }

    fn extra<T>(&self, act: impl FnOnce(&mut Extra) -> T) -> T {
        let mut extra = self.extra.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        act(extra.get_or_insert_default())
    }

    /// The same, if it has any.
    fn has_extra<T>(&self, act: impl FnOnce(&Extra) -> Option<T>) -> Option<T> {
        let extra = self.extra.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        extra.as_deref().and_then(act)
    }

    /// A piece is handed out: whoever is told of that is told; what they raise ends the reading.
    pub fn handed<'py>(
        &self,
        py: Python<'py>,
        piece: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.handed.fetch_add(piece.len()? as u64, Ordering::Relaxed);
        self.tell(py, false).map(|()| piece)
    }

    /// Tells whoever is to be told how far the body has come; at its end for the last time.
    pub fn tell(&self, py: Python<'_>, over: bool) -> PyResult<()> {
        let watched = self.has_extra(|extra| {
            let watch = extra.watch.as_ref()?;
            Some((watch.told.share(py), watch.reader.clone()))
        });
        let Some((told, reader)) = watched else { return Ok(()) };
        let goes_on = reader.latest().is_none_or(|progress| told.tell(py, &progress));
        if !goes_on || over {
            let watch = self.extra(|extra| extra.watch.take());
            if !goes_on {
                self.close();
            }
            if let Some(raised) = watch.and_then(|watch| watch.told.end(py)) {
                return Err(raised);
            }
        }
        Ok(())
    }

    /// The whole body; the rest of a large body is received now, on this thread.
    pub fn receive_whole(
        py: Python<'_>,
        mut response: CoreResponse,
        method: Method,
    ) -> PyResult<Result<Response, Error>> {
        let content = match response.is_complete() {
            true => None,
            false => Whole::of(py, &mut response)?,
        };
        let content = match content {
            None => None,
            Some(content) => match content.receive(py, &mut response)? {
                Ok(content) => Some(content),
                Err(error) => return Ok(Err(error)),
            },
        };
        let this = Response::whole(response, method);
        if let Some(content) = content {
            let _ = this.content.set(py, content);
        }
        Ok(Ok(this))
    }

    /// A response whose body is read on demand.
    pub fn streamed(response: CoreResponse, method: Method, watch: Option<Watch>) -> Response {
        let this = Response { whole: false, ..Response::whole(response, method) };
        this.closed.store(false, Ordering::Relaxed);
        if watch.is_some() {
            this.extra(|extra| extra.watch = watch);
        }
        this
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn facts(&self, py: Python<'_>) -> PyResult<&Facts> {
        if let Some(facts) = self.facts.get() {
            return Ok(facts);
        }
        let facts = match &*self.slot() {
            Slot::Here(response) => Facts::of(py, response)?,
            _ => {
                return Err(of_class(py, "InvalidState", "the response is in use elsewhere"));
            }
        };
        Ok(self.facts.get_or_init(|| facts))
    }

    /// Takes the engine's response for a read; `put` must follow.
    pub fn take(&self, py: Python<'_>) -> PyResult<CoreResponse> {
        if self.closed.load(Ordering::Acquire) {
            return Err(of_class(py, "StreamClosed", "the response is closed"));
        }
        // As long as it is away, they cannot be had of it.
        self.facts(py)?;
        match std::mem::replace(&mut *self.slot(), Slot::Away) {
            Slot::Here(response) => Ok(response),
            _ => Err(of_class(py, "InvalidState", "the response is being read elsewhere")),
        }
    }

    /// Gives it back; `over` when nothing more can be read from it.
    pub fn put(&self, mut response: CoreResponse, over: bool) {
        if over {
            self.closed.store(true, Ordering::Release);
        } else if self.closed.load(Ordering::Acquire) {
            response.close();
        }
        *self.slot() = Slot::Here(response);
    }

    pub fn set_content(&self, py: Python<'_>, content: Py<PyBytes>) -> Py<PyBytes> {
        self.content.get_or_init(py, || content).clone_ref(py)
    }

    pub fn error(&self, py: Python<'_>, error: &Error) -> PyErr {
        to_python(py, error, self.line().as_ref())
    }

    /// Takes the stream of a response that switched protocols.
    fn held(&self, py: Python<'_>) -> PyResult<Held> {
        self.facts(py)?;
        let taken = match &mut *self.slot() {
            Slot::Here(response) => response.take_stream(),
            _ => Err(Error::state("the response has no connection, or is being read elsewhere")),
        };
        // An exception is made once the lock is free: that may run Python code.
        match taken {
            Ok(stream) => Ok(Held { stream, line: self.line() }),
            Err(error) => Err(self.error(py, &error)),
        }
    }

    fn line(&self) -> Option<RequestLine> {
        let facts = self.facts.get()?;
        Some(RequestLine { method: self.answered(facts).into(), url: facts.url.clone() })
    }

    /// The method of the request that it answers.
    fn answered<'a>(&'a self, facts: &'a Facts) -> &'a str {
        facts.followed.as_deref().unwrap_or(&self.method)
    }

    /// The next piece on this thread, `None` at the end.
    pub fn next_piece(&self, py: Python<'_>) -> PyResult<Option<Py<PyBytes>>> {
        let mut response = self.take(py)?;
        let result = next_piece(py, &mut response);
        let over = !matches!(result, Ok(Ok(Some(_))));
        if result.is_err() {
            response.close();
        }
        self.put(response, over);
        let piece = result?.map_err(|error| self.error(py, &error))?;
        self.tell(py, piece.is_none())?;
        self.count(py, piece.as_ref());
        Ok(piece)
    }

    fn count(&self, py: Python<'_>, piece: Option<&Py<PyBytes>>) {
        if let Some(piece) = piece {
            self.handed.fetch_add(piece.bind(py).as_bytes().len() as u64, Ordering::Relaxed);
        }
    }

    /// The next piece if it is at hand and nobody else reads.
    pub fn piece_now(&self, py: Python<'_>) -> PyResult<Option<Py<PyBytes>>> {
        let Ok(mut response) = self.take(py) else { return Ok(None) };
        let result = piece_now(py, &mut response);
        self.put(response, matches!(result, Ok(Some(Err(_)))));
        let piece = result?.transpose().map_err(|error| self.error(py, &error))?;
        if piece.is_some() {
            self.tell(py, false)?;
            self.count(py, piece.as_ref());
        }
        Ok(piece)
    }

    /// Starts the one pass over a streamed body, which is decoded unless it is wanted `raw`.
    fn consume(&self, py: Python<'_>, raw: bool) -> PyResult<()> {
        if self.consumed.swap(true, Ordering::AcqRel) {
            return Err(of_class(py, "StreamConsumed", "the streamed body was read before"));
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(of_class(py, "StreamClosed", "the response was closed before it was read"));
        }
        if !raw && let Slot::Here(response) = &mut *self.slot() {
            response.start_decoding();
        }
        Ok(())
    }

    /// Starts a pass over the body as it came: `None` when that is a streamed one, else all of it.
    fn raw_content(&self, py: Python<'_>) -> PyResult<Option<Py<PyBytes>>> {
        if !self.whole {
            return self.consume(py, true).map(|()| None);
        }
        let decoded = match &*self.slot() {
            Slot::Here(response) => response.is_decoded(),
            _ => first(&self.facts(py)?.headers.get().fields(), b"content-encoding").is_some(),
        };
        match decoded {
            true => Err(of_class(
                py,
                "StreamConsumed",
                "the body was decoded when it came; pass decode=False, or use stream()",
            )),
            false => Ok(Some(self.body(py)?.clone_ref(py))),
        }
    }

    fn body(&self, py: Python<'_>) -> PyResult<&Py<PyBytes>> {
        self.content.get_or_try_init(py, || {
            if !self.whole {
                let hint = "the body of a streamed response; call read() or await aread() first";
                return Err(of_class(py, "ResponseNotRead", hint));
            }
            let bytes = match &mut *self.slot() {
                Slot::Here(response) => response.take_complete().unwrap_or_default(),
                _ => Default::default(),
            };
            memory::copied(py, &bytes)
        })
    }

    fn charset(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let fields = self.facts(py)?.headers.get().fields();
        Ok(first(&fields, b"content-type").and_then(keepalive_core::charset))
    }
}

/// What is at hand as one piece, without waiting; `None` when nothing is, or the engine is to read.
pub fn piece_now(
    py: Python<'_>,
    response: &mut CoreResponse,
) -> PyResult<Option<Result<Py<PyBytes>, Error>>> {
    let count = response.at_hand_now().min(PIECE);
    if count == 0 {
        return Ok(None);
    }
    let mut piece = Memory::new(py, count)?;
    Ok(match py.detach(|| response.read_now_uninit(piece.memory())) {
        Some(Ok(read)) if read == count => Some(Ok(piece.into_bytes())),
        // SAFETY: so many were written.
        Some(Ok(read)) => Some(Ok(memory::copied(py, unsafe { piece.first(read) })?)),
        Some(Err(error)) => Some(Err(error)),
        None => None,
    })
}

/// What is at hand as one piece, received into the object that is handed over; waits for it.
fn next_piece(
    py: Python<'_>,
    response: &mut CoreResponse,
) -> PyResult<Result<Option<Py<PyBytes>>, Error>> {
    let count = match response.at_hand_now() {
        0 => match blocking(py, |how| response.at_hand(how))? {
            Ok(0) => return Ok(Ok(None)),
            Ok(count) => count,
            Err(error) => return Ok(Err(error)),
        },
        count => count,
    };
    let mut piece = Memory::new(py, count.min(PIECE))?;
    // It is here, so this does not wait.
    let (read, result) =
        py.detach(|| response.read_full_uninit(piece.memory(), Blocking::default()));
    Ok(match result {
        Ok(()) if read == piece.memory().len() => Ok(Some(piece.into_bytes())),
        // SAFETY: so many were written.
        Ok(()) => Ok(Some(memory::copied(py, unsafe { piece.first(read) })?)),
        Err(error) => Err(error),
    })
}
