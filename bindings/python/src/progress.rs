//! How far a body has come and what was written of it; who is told: a callable of the caller's, or a bar of
//! `_progress.py`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use keepalive_core::{Progress as CoreProgress, ProgressSink, Saved as CoreSaved, Transfer};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};

use crate::errors::wrong_type;
use crate::once::{PyOnceLock, intern};

/// How far a body has come, as ``progress=`` is told.
///
/// >>> told = []
/// >>> _ = libkeepalive.get("http://example.com/file", progress=told.append)
/// >>> told[-1].bytes, told[-1].total
/// (7, 7)
#[pyclass(frozen, get_all, module = "libkeepalive")]
pub struct Progress {
    /// Bytes so far, as they are on the wire: of a coded body before it is decoded. Of a download that was
    /// taken up again, those that were there count too.
    bytes: u64,
    /// All bytes; ``None`` while that is not known.
    total: Option<u64>,
    /// Bytes per second, of the last few seconds.
    rate: f64,
    /// Whether it is a request's body.
    upload: bool,
}

#[pymethods]
impl Progress {
    fn __repr__(&self) -> String {
        let total = self.total.map_or_else(|| "None".to_string(), |total| total.to_string());
        let upload = if self.upload { "True" } else { "False" };
        format!(
            "Progress(bytes={}, total={total}, rate={:.0}, upload={upload})",
            self.bytes, self.rate
        )
    }
}

/// What was written of a response's body: ``saved`` of the response of a ``download()``.
///
/// >>> saved = libkeepalive.download("http://example.com/file", "file").saved
/// >>> saved.bytes, saved.resumes
/// (7, 0)
#[pyclass(frozen, get_all, eq, module = "libkeepalive")]
#[derive(PartialEq)]
pub struct Saved {
    /// Bytes of the whole body.
    bytes: u64,
    /// Of these, those that an earlier download had left.
    kept: u64,
    /// How often the connection broke and the rest was asked for.
    resumes: u32,
}

impl Saved {
    pub fn of(saved: &CoreSaved) -> Saved {
        let CoreSaved { bytes, kept, resumes } = *saved;
        Saved { bytes, kept, resumes }
    }
}

#[pymethods]
impl Saved {
    fn __repr__(&self) -> String {
        format!("Saved(bytes={}, kept={}, resumes={})", self.bytes, self.kept, self.resumes)
    }
}

/// An exception of the caller's own code, raised again where its call ends.
#[derive(Clone, Default)]
pub struct Raised(Arc<Mutex<Option<PyErr>>>);

impl Raised {
    pub fn set(&self, error: PyErr) {
        *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(error);
    }

    pub fn is_set(&self) -> bool {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).is_some()
    }

    pub fn take(&self) -> Option<PyErr> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }
}

/// What is called, and what it raised.
pub struct Told {
    call: Py<PyAny>,
    /// It is a bar, which is closed in the end.
    is_bar: bool,
    raised: Raised,
}

impl Told {
    /// The argument `progress`: `None` when nobody is to be told.
    pub fn of(progress: &Bound<'_, PyAny>) -> PyResult<Option<Told>> {
        static BAR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = progress.py();
        let is_bar = progress.is_instance_of::<PyBool>() || progress.is_instance_of::<PyString>();
        let call = match is_bar {
            true => BAR.import(py, "libkeepalive._progress", "bar")?.call1((progress,))?,
            false if progress.is_callable() => progress.clone(),
            false => {
                let expected = "a callable, True, \"tqdm\" or \"rich\"";
                return Err(wrong_type("progress", expected, progress));
            }
        };
        let told = Told { call: call.clone().unbind(), is_bar, raised: Raised::default() };
        Ok((!call.is_none()).then_some(told))
    }

    /// For the request of a blocking call, on whose thread it is called.
    pub fn sink(&self, py: Python<'_>, reader: &Arc<Reader>) -> Arc<dyn ProgressSink> {
        let (call, raised) = (self.call.clone_ref(py), self.raised.clone());
        Arc::new(Sink { call, raised, reader: reader.clone() })
    }

    /// For the request of a task, whose loop is told by `events`.
    pub fn events(events: Arc<dyn ProgressSink>, reader: &Arc<Reader>) -> Arc<dyn ProgressSink> {
        Arc::new(Events { events, reader: reader.clone() })
    }

    /// The same, for a call outside of a lock, and for one of several requests: a bar stays open.
    pub fn share(&self, py: Python<'_>) -> Told {
        Told { call: self.call.clone_ref(py), is_bar: false, raised: self.raised.clone() }
    }

    /// Calls it; whether the request goes on.
    pub fn tell(&self, py: Python<'_>, progress: &CoreProgress) -> bool {
        tell(py, &self.call, &self.raised, progress)
    }

    /// The call is over: what was raised in it.
    pub fn end(&self, py: Python<'_>) -> Option<PyErr> {
        if self.is_bar
            && let Err(error) = self.call.call_method0(py, intern!(py, "close"))
        {
            error.write_unraisable(py, None);
        }
        self.raised.take()
    }
}

fn tell(py: Python<'_>, call: &Py<PyAny>, raised: &Raised, progress: &CoreProgress) -> bool {
    let CoreProgress { transfer, bytes, total, rate } = *progress;
    let progress = Progress { bytes, total, rate, upload: transfer == Transfer::Upload };
    match call.call1(py, (progress,)) {
        Ok(_) => true,
        Err(error) => {
            raised.set(error);
            false
        }
    }
}

/// Who reads a body piece by piece, and tells how far it has come between the pieces.
#[derive(Default)]
pub struct Reader {
    reads: AtomicBool,
    latest: Mutex<Option<CoreProgress>>,
}

impl Reader {
    /// From now on it is this one who tells.
    pub fn begin(&self) {
        self.reads.store(true, Ordering::Release);
    }

    fn takes(&self, progress: &CoreProgress) -> bool {
        let reads = self.reads.load(Ordering::Acquire);
        if reads {
            *self.latest.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(*progress);
        }
        reads
    }

    /// What is to be told.
    pub fn latest(&self) -> Option<CoreProgress> {
        self.latest.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }
}

struct Events {
    events: Arc<dyn ProgressSink>,
    reader: Arc<Reader>,
}

impl ProgressSink for Events {
    fn progress(&self, progress: &CoreProgress) -> bool {
        self.reader.takes(progress) || self.events.progress(progress)
    }
}

struct Sink {
    call: Py<PyAny>,
    raised: Raised,
    reader: Arc<Reader>,
}

impl ProgressSink for Sink {
    fn progress(&self, progress: &CoreProgress) -> bool {
        if self.reader.takes(progress) {
            return true;
        }
        Python::try_attach(|py| tell(py, &self.call, &self.raised, progress)).unwrap_or(false)
    }
}
