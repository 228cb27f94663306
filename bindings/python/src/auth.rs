//! `auth`: who asks, as the engine takes it, or the flow that a request is sent by.

use std::collections::HashMap;

use keepalive_core::{Request, basic_credentials};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::convert::{credentials, text};
use crate::once::PyOnceLock;

/// The values of Authorization by host.
pub type Logins = HashMap<String, Box<str>>;

/// What an `auth` comes to.
pub enum Auth {
    /// The value of Authorization.
    Field(Box<str>),
    /// The engine's option of that name.
    Option(String),
    Netrc(Logins),
    /// Looks at the request, and perhaps at its answer.
    Flow(Py<PyAny>),
}

/// A function of `libkeepalive/_auth.py`.
fn function<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || {
        py.import("libkeepalive._auth").map(|module| module.into_any().unbind())
    })?;
    module.bind(py).getattr(name)
}

impl Auth {
    /// What was given; nothing of it is shown when it is wrong.
    pub fn read(value: &Bound<'_, PyAny>) -> PyResult<Auth> {
        if value.is_instance_of::<PyTuple>() {
            return Ok(Auth::Field(credentials(value)?.into()));
        }
        let py = value.py();
        let (kind, own): (String, Bound<'_, PyAny>) =
            function(py, "kind")?.call1((value,))?.extract()?;
        Ok(match &*kind {
            "basic" => Auth::Field(credentials(&own)?.into()),
            "option" => Auth::Option(text("auth", &own)?.to_string()),
            "netrc" => Auth::Netrc(logins(&own)?),
            _ => Auth::Flow(own.unbind()),
        })
    }

    /// The same once more.
    pub fn share(&self, py: Python<'_>) -> Auth {
        match self {
            Auth::Field(value) => Auth::Field(value.clone()),
            Auth::Option(text) => Auth::Option(text.clone()),
            Auth::Netrc(logins) => Auth::Netrc(logins.clone()),
            Auth::Flow(flow) => Auth::Flow(flow.clone_ref(py)),
        }
    }

    /// Gives `request` what it needs; the flow that it is sent by, if it is one.
    pub fn apply(
        &self,
        py: Python<'_>,
        request: &mut Request,
    ) -> keepalive_core::Result<Option<Py<PyAny>>> {
        match self {
            Auth::Field(value) => request.add_header(b"Authorization", value.as_bytes())?,
            Auth::Option(text) => request.set_option("auth", Some(text))?,
            Auth::Netrc(logins) => {
                if let Some(value) = logins.get(request.host()) {
                    request.add_header(b"Authorization", value.as_bytes())?;
                }
            }
            Auth::Flow(flow) => return Ok(Some(flow.clone_ref(py))),
        }
        Ok(None)
    }
}

fn logins(hosts: &Bound<'_, PyAny>) -> PyResult<Logins> {
    let hosts: HashMap<String, (String, String)> = hosts.extract()?;
    let basic = |(user, password): (String, String)| {
        basic_credentials(user.as_bytes(), password.as_bytes()).into_boxed_str()
    };
    Ok(hosts.into_iter().map(|(host, login)| (host, basic(login))).collect())
}

/// What the environment's netrc file has: that of `NETRC`, or `~/.netrc`. Read when a client is made.
pub fn netrc(py: Python<'_>) -> PyResult<Option<Auth>> {
    let named = std::env::var_os("NETRC").filter(|name| !name.is_empty()).map(Into::into);
    let Some(file) = named.or_else(|| Some(std::env::home_dir()?.join(".netrc"))) else {
        return Ok(None);
    };
    if !file.exists() {
        return Ok(None);
    }
    let hosts = logins(&function(py, "environment")?.call1((file,))?)?;
    Ok((!hosts.is_empty()).then_some(Auth::Netrc(hosts)))
}

/// Sends by a flow, on this thread.
pub fn run<'py>(
    py: Python<'py>,
    prepared: &Bound<'py, PyAny>,
    flow: &Py<PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    function(py, "run")?.call1((prepared, flow))
}
