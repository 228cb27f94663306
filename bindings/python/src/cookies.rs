//! Cookies: the engine's jar as `_cookies.py` builds on it, and a `CookieJar` of Python's as the engine
//! asks it.

use std::path::PathBuf;
use std::sync::Arc;

use keepalive_core::{
    Cookie, CookieFormat, CookieJar, CookieKeeper, Cookies, Error, ErrorKind, Phase, Request,
    Result,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};

use crate::errors::to_python;
use crate::headers::latin1_text;
use crate::once::PyOnceLock;

/// The engine's jar of cookies, bare: ``Cookies`` is what programs use.
#[pyclass(frozen, module = "libkeepalive")]
pub struct CookieStore {
    pub jar: CookieJar,
}

type Row<'py> = (
    Bound<'py, PyString>,
    Bound<'py, PyString>,
    String,
    bool,
    Bound<'py, PyString>,
    Option<i64>,
    bool,
    bool,
);

/// Text as it came: what is no UTF-8 is latin-1.
fn shown<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    match std::str::from_utf8(bytes) {
        Ok(text) => PyString::new(py, text),
        Err(_) => latin1_text(py, bytes),
    }
}

fn refused(py: Python<'_>, error: &Error) -> PyErr {
    to_python(py, error, None)
}

#[pymethods]
impl CookieStore {
    #[new]
    fn new() -> CookieStore {
        CookieStore { jar: CookieJar::new() }
    }

    /// All cookies, the oldest first.
    fn cookies<'py>(&self, py: Python<'py>) -> Vec<Row<'py>> {
        let row = |cookie: &Cookie| {
            let [name, value, path] =
                [&cookie.name, &cookie.value, &cookie.path].map(|bytes| shown(py, bytes));
            let Cookie { host_only, expires, secure, http_only, .. } = *cookie;
            (name, value, cookie.domain.clone(), host_only, path, expires, secure, http_only)
        };
        self.jar.cookies().iter().map(row).collect()
    }

    /// Adds a cookie as it is.
    #[allow(clippy::too_many_arguments)] // a cookie has so many
    fn add(
        &self,
        py: Python<'_>,
        name: &str,
        value: &str,
        domain: &str,
        host_only: bool,
        path: &str,
        expires: Option<i64>,
        secure: bool,
        http_only: bool,
    ) -> PyResult<()> {
        let mut cookie = Cookie::new(name, value, domain);
        cookie.host_only = host_only && !cookie.domain.is_empty();
        cookie.path = path.into();
        (cookie.expires, cookie.secure, cookie.http_only) = (expires, secure, http_only);
        self.jar.add(cookie).map_err(|error| refused(py, &error))
    }

    /// Adds a cookie as the server at ``url`` sets it.
    fn set(&self, py: Python<'_>, url: &str, field: &str) -> PyResult<()> {
        self.jar.set(url, field.as_bytes()).map_err(|error| refused(py, &error))
    }

    /// Removes the cookies of that domain, path and name; how many.
    fn remove(&self, domain: Option<&str>, path: Option<&str>, name: Option<&str>) -> usize {
        let domain = domain.map(|domain| domain.strip_prefix('.').unwrap_or(domain));
        self.jar.remove(|cookie| {
            domain.is_none_or(|domain| cookie.domain == domain)
                && path.is_none_or(|path| cookie.path == path.as_bytes())
                && name.is_none_or(|name| cookie.name == name.as_bytes())
        })
    }

    /// Writes all cookies to a file.
    fn save(&self, py: Python<'_>, path: PathBuf, format: &str) -> PyResult<()> {
        let format = match format {
            "netscape" => CookieFormat::Netscape,
            "json" => CookieFormat::Json,
            other => {
                let text = format!("format: expected \"netscape\" or \"json\", got {other:?}");
                return Err(PyValueError::new_err(text));
            }
        };
        let saved = py.detach(|| self.jar.save(&path, format));
        saved.map_err(|error| refused(py, &error))
    }

    /// Adds the cookies of a file; how many.
    fn load(&self, py: Python<'_>, path: PathBuf) -> PyResult<usize> {
        py.detach(|| self.jar.load(&path)).map_err(|error| refused(py, &error))
    }
}

/// A function or class of `_cookies.py`.
fn helper<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || {
        py.import("libkeepalive._cookies").map(|module| module.into_any().unbind())
    })?;
    module.bind(py).getattr(name)
}

/// A jar of Python's, which decides by its own policy.
struct PythonJar(Py<PyAny>);

impl PythonJar {
    /// Runs on the thread that sends, or on one that the engine has for it: either may wait for Python.
    fn ask<T>(&self, work: impl FnOnce(Python<'_>, &Bound<'_, PyAny>) -> PyResult<T>) -> Result<T> {
        let failed = |text: String| Error::new(ErrorKind::InvalidState, Phase::Request, text);
        let answer = Python::try_attach(|py| {
            work(py, self.0.bind(py)).map_err(|error| {
                let kind = error.get_type(py).name().map(|name| name.to_string());
                let text = format!("cookies: the jar raised {}", kind.unwrap_or_default());
                // Where it was raised is told to whoever listens (sys.unraisablehook).
                error.write_unraisable(py, Some(self.0.bind(py)));
                failed(text)
            })
        });
        answer.unwrap_or_else(|| Err(failed("cookies: the interpreter is ending".to_string())))
    }
}

impl CookieKeeper for PythonJar {
    fn header(&self, url: &str) -> Result<Option<Vec<u8>>> {
        self.ask(|py, jar| {
            let field: Option<String> = helper(py, "header")?.call1((jar, url))?.extract()?;
            // As http.client writes fields.
            let byte = |one: char| u8::try_from(u32::from(one)).ok();
            let latin1 = |text: &String| text.chars().map(byte).collect::<Option<Vec<u8>>>();
            Ok(field.map(|text| latin1(&text).unwrap_or_else(|| text.into_bytes())))
        })
    }

    fn received(&self, url: &str, fields: Vec<Vec<u8>>) -> Result<()> {
        self.ask(|py, jar| {
            let fields: Vec<_> = fields.iter().map(|field| latin1_text(py, field)).collect();
            helper(py, "received")?.call1((jar, url, fields)).map(drop)
        })
    }
}

/// What a client was given.
pub struct ClientCookies {
    /// `None`: nobody keeps them.
    pub keeper: Option<Cookies>,
    /// What `client.cookies` is.
    pub shown: Option<Py<PyAny>>,
}

/// `Client(cookies=...)`: kept unless told not to.
pub fn of_client(py: Python<'_>, value: Option<&Bound<'_, PyAny>>) -> PyResult<ClientCookies> {
    let given = match value.map(|value| (value, value.cast::<PyBool>())) {
        Some((_, Ok(flag))) if !flag.is_true() => {
            return Ok(ClientCookies { keeper: None, shown: None });
        }
        Some((value, Err(_))) => Some(value),
        _ => None,
    };
    // A jar is the caller's own; what is in anything else is copied.
    let is_jar = |value: &Bound<'_, PyAny>| -> PyResult<Option<Cookies>> { jar_of(py, value) };
    if let Some(value) = given
        && let Some(keeper) = is_jar(value)?
    {
        let cookies = helper(py, "Cookies")?;
        let shown = match value.is_instance(&cookies)? {
            true => value.clone(),
            false => cookies.call1((value,))?,
        };
        return Ok(ClientCookies { keeper: Some(keeper), shown: Some(shown.unbind()) });
    }
    let jar = CookieJar::new();
    let shown = over(py, &jar)?;
    if let Some(value) = given {
        shown.call_method1("update", (value,))?;
    }
    Ok(ClientCookies { keeper: Some(jar.into()), shown: Some(shown.unbind()) })
}

/// A ``Cookies`` over a jar of the engine's.
pub fn over<'py>(py: Python<'py>, jar: &CookieJar) -> PyResult<Bound<'py, PyAny>> {
    let store = PyDict::new(py);
    store.set_item("store", CookieStore { jar: jar.clone() })?;
    helper(py, "Cookies")?.call((), Some(&store))
}

/// The jar that a ``Cookies`` or a ``CookieJar`` is; `None` for names and values.
fn jar_of(py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Option<Cookies>> {
    let (kind, kept): (String, Bound<'_, PyAny>) =
        helper(py, "keeper")?.call1((value,))?.extract()?;
    Ok(match kind.as_str() {
        "store" => Some(kept.cast::<CookieStore>()?.get().jar.clone().into()),
        "jar" => Some(Cookies::Keeper(Arc::new(PythonJar(kept.unbind())))),
        _ => None,
    })
}

/// `cookies=` of a request: a jar in place of the client's, `False` for none, or names and values beside
/// what is kept.
pub fn of_request(request: &mut Request, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = value.py();
    if let Ok(flag) = value.cast::<PyBool>() {
        if !flag.is_true() {
            request.set_cookies(None);
        }
        return Ok(());
    }
    if let Some(keeper) = jar_of(py, value)? {
        request.set_cookies(Some(keeper));
        return Ok(());
    }
    let pairs: Vec<(String, String)> = helper(py, "pairs")?.call1((value,))?.extract()?;
    for (name, value) in pairs {
        let added = request.add_cookie(name.as_bytes(), value.as_bytes());
        added.map_err(|error| refused(py, &error))?;
    }
    Ok(())
}

/// What an answer from `url` sets.
pub fn of_response<'py>(
    py: Python<'py>,
    url: &str,
    fields: impl Iterator<Item = impl AsRef<[u8]>>,
) -> PyResult<Bound<'py, PyAny>> {
    let jar = CookieJar::new();
    for field in fields {
        // What no jar keeps is not shown either.
        let _ = jar.set(url, field.as_ref());
    }
    over(py, &jar)
}
