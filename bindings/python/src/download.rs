//! Downloads: where a body goes, and what became of it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;

use keepalive_core::{BodyWriter, Download};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt};

use crate::build::{self, Built};
use crate::convert::flag;
use crate::errors::wrong_type;
use crate::once::intern;
use crate::progress::Raised;
use crate::response::Method;
use crate::shared::Shared;

/// Where the body of a download goes, and what the caller's own object raised.
pub struct To {
    pub download: Download,
    pub raised: Raised,
}

/// Where it goes, as it was said: each request of a flow has its own way there.
pub struct Place {
    path: Py<PyAny>,
    fsync: bool,
    resume: bool,
}

impl Place {
    /// The arguments of `download()` beside those of `request()`, which are left in `options`.
    fn read(path: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Place> {
        let mut given = [false; 2];
        for (name, given) in ["fsync", "resume"].into_iter().zip(&mut given) {
            if let Some(options) = options
                && let Some(value) = options.get_item(name)?
            {
                options.del_item(name)?;
                *given = !value.is_none() && flag(name, &value)?;
            }
        }
        let [fsync, resume] = given;
        let place = Place { path: path.clone().unbind(), fsync, resume };
        // Refused before anything is sent.
        place.target(path.py())?;
        Ok(place)
    }

    pub fn target(&self, py: Python<'_>) -> PyResult<To> {
        let raised = Raised::default();
        let download = target(self.path.bind(py), &raised)?;
        Ok(To { download: download.fsync(self.fsync).resume(self.resume), raised })
    }

    pub fn share(&self, py: Python<'_>) -> Place {
        Place { path: self.path.clone_ref(py), fsync: self.fsync, resume: self.resume }
    }

    /// As it was given.
    pub fn path(&self, py: Python<'_>) -> Py<PyAny> {
        self.path.clone_ref(py)
    }
}

fn target(path: &Bound<'_, PyAny>, raised: &Raised) -> PyResult<Download> {
    let py = path.py();
    let expected = "a path, a file descriptor or an object with write()";
    if path.is_instance_of::<PyInt>() && !path.is_instance_of::<PyBool>() {
        let fd: i32 = path.extract()?;
        if fd < 0 {
            return Err(PyValueError::new_err(format!("path: {fd} is no file descriptor")));
        }
        // SAFETY: open for this call by the caller's word, as of `os.fdopen`; one that is not fails.
        let fd = unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()?;
        return Ok(Download::to_file(File::from(fd)));
    }
    if path.hasattr(intern!(py, "write"))? {
        let writer = Writer { object: path.clone().unbind(), begin: None, raised: raised.clone() };
        return Ok(Download::to_writer(Box::new(writer)));
    }
    let path: OsString = py
        .import("os")?
        .call_method1("fspath", (path,))
        .and_then(|path| py.import("os")?.call_method1("fsdecode", (path,))?.extract())
        .map_err(|error| match error.is_instance_of::<PyTypeError>(py) {
            true => wrong_type("path", expected, path),
            false => error,
        })?;
    Ok(Download::to_path(path))
}

/// An object with `write()`, written to where it stands.
struct Writer {
    object: Py<PyAny>,
    /// Where it stood when it was first written to; the inner `None`: that cannot be known.
    begin: Option<Option<Py<PyAny>>>,
    raised: Raised,
}

impl Writer {
    fn with(&mut self, act: impl FnOnce(&mut Self, Python<'_>) -> PyResult<()>) -> io::Result<()> {
        let done = Python::try_attach(|py| {
            act(self, py).map_err(|error| {
                let reason = error.to_string();
                self.raised.set(error);
                io::Error::other(reason)
            })
        });
        done.unwrap_or_else(|| Err(io::Error::other("the interpreter is shutting down")))
    }
}

impl BodyWriter for Writer {
    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.with(|this, py| {
            let object = this.object.bind(py);
            if this.begin.is_none() {
                let at = object.call_method0(intern!(py, "tell"));
                this.begin = Some(at.ok().map(Bound::unbind));
            }
            let mut rest = piece;
            while !rest.is_empty() {
                let count = object.call_method1(intern!(py, "write"), (PyBytes::new(py, rest),))?;
                // Buffered objects take all, and some say nothing.
                let count = match count.is_none() {
                    true => rest.len(),
                    false => count.extract::<usize>()?.min(rest.len()),
                };
                if count == 0 {
                    return Err(PyValueError::new_err("path: its write() took nothing"));
                }
                rest = &rest[count..];
            }
            Ok(())
        })
    }

    fn restart(&mut self) -> io::Result<()> {
        let Some(begin) = self.begin.take() else { return Ok(()) };
        let Some(begin) = begin else {
            return Err(io::Error::other("it cannot be sought in, to write the body anew"));
        };
        self.with(|this, py| {
            let object = this.object.bind(py);
            object.call_method1(intern!(py, "seek"), (begin.bind(py),))?;
            object.call_method0(intern!(py, "truncate")).map(drop)
        })
    }

    fn finish(&mut self, fsync: bool) -> io::Result<()> {
        self.with(|this, py| {
            let object = this.object.bind(py);
            if object.hasattr(intern!(py, "flush"))? {
                object.call_method0(intern!(py, "flush"))?;
            }
            if fsync {
                let fd = object.call_method0(intern!(py, "fileno"))?;
                py.import("os")?.call_method1("fsync", (fd,))?;
            }
            Ok(())
        })
    }
}

/// A download as it is to be made.
pub struct Order<'py> {
    pub method: Method,
    pub place: Place,
    pub built: Built<'py>,
}

/// From the arguments of `download()`.
pub fn order<'py>(
    shared: &Shared,
    url: &Bound<'py, PyAny>,
    path: &Bound<'_, PyAny>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Order<'py>> {
    let mut method = Method::Borrowed("GET");
    if let Some(options) = options
        && let Some(given) = options.get_item("method")?
    {
        options.del_item("method")?;
        if !given.is_none() {
            method = build::method(&given)?;
        }
    }
    let place = Place::read(path, options)?;
    let built = build::build(shared, &method, url, options)?;
    Ok(Order { method, place, built })
}
