//! What `Client` and `AsyncClient` have in common: the engine's client and the defaults of its
//! requests.

use std::sync::Arc;

use keepalive_core::{Client, ClientConfig, Timeouts};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::auth::{self, Auth};
use crate::convert::{flag, text};
use crate::cookies;
use crate::errors::{of_class, to_python, unknown};
use crate::headers::{Wish, wishes};
use crate::once::PyOnceLock;
use crate::option_value::set;
use crate::options::option_names;
use crate::redirects;
use crate::timeout::timeouts;
use crate::tls::{certificate, verify, warn_insecure};

/// A client of the engine and the defaults of its requests.
pub struct Shared {
    pub client: Client,
    pub headers: Vec<Wish>,
    pub auth: Option<Auth>,
    /// Of the environment's file.
    pub netrc: Option<Auth>,
    /// Who decides about redirects.
    pub on_redirect: Option<Py<PyAny>>,
    pub base_url: Option<String>,
    pub timeouts: Timeouts,
    /// `None`: as option `redirect` says.
    pub follow_redirects: Option<bool>,
    /// The `Cookies` of the client, if it keeps some.
    pub cookies: Option<Py<PyAny>>,
}

impl Shared {
    /// From the keyword arguments of `Client(...)`.
    pub fn from_options(options: Option<&Bound<'_, PyDict>>) -> PyResult<Arc<Shared>> {
        let mut config = profile(options)?;
        let mut headers = Vec::new();
        let mut base_url = None;
        let mut limits = Timeouts::default();
        let mut follow_redirects = None;
        let (mut auth, mut on_redirect, mut cookies) = (None, None, None);
        for (name, value) in options.into_iter().flat_map(|options| options.iter()) {
            match text("option", &name)? {
                "profile" => {}
                "timeout" => limits = timeouts(&value, Timeouts::default())?,
                // Of everything else, `None` is the default.
                name if value.is_none() => {
                    if !option_names().contains(&name) {
                        return Err(unknown(value.py(), "option", name, &option_names()));
                    }
                }
                "headers" => headers.extend(wishes("headers", &value)?),
                "cookies" => cookies = Some(value),
                "auth" => auth = Some(Auth::read(&value)?),
                "on_redirect" => on_redirect = Some(redirects::hook(&value)?),
                "base_url" => base_url = Some(text("base_url", &value)?.to_string()),
                "follow_redirects" => follow_redirects = Some(flag("follow_redirects", &value)?),
                "verify" => verify(&mut config, &value, options)?,
                "cert" => certificate(&mut config, &value, options)?,
                name => set(&mut config, name, &value)?,
            }
        }
        if !config.tls_verify {
            Python::attach(warn_insecure)?;
        }
        let py = options.map(|options| options.py());
        let netrc = match config.trust_env && auth.is_none() {
            true => Python::attach(auth::netrc)?,
            false => None,
        };
        let client = Client::new(config).map_err(|error| match py {
            Some(py) => to_python(py, &error, None),
            None => Python::attach(|py| to_python(py, &error, None)),
        })?;
        let kept = Python::attach(|py| cookies::of_client(py, cookies.as_ref()))?;
        if let Some(keeper) = kept.keeper {
            // A new client has none.
            let _ = client.set_cookies(keeper);
        }
        let timeouts = limits;
        Ok(Arc::new(Shared {
            client,
            headers,
            auth,
            netrc,
            on_redirect,
            base_url,
            timeouts,
            follow_redirects,
            cookies: kept.shown,
        }))
    }

    /// The process-wide client.
    pub fn process_wide(py: Python<'_>) -> PyResult<&Arc<Shared>> {
        static SHARED: PyOnceLock<Arc<Shared>> = PyOnceLock::new();
        SHARED.get_or_try_init(py, || {
            let client =
                Client::shared(defaults).map_err(|error| to_python(py, &error, None))?.clone();
            Ok(Arc::new(Shared {
                client,
                headers: Vec::new(),
                auth: None,
                netrc: auth::netrc(py)?,
                on_redirect: None,
                base_url: None,
                timeouts: Timeouts::default(),
                follow_redirects: None,
                cookies: None,
            }))
        })
    }

    /// The `Cookies` of the client; `None` when it keeps none.
    pub fn cookies(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.cookies.as_ref().map(|cookies| cookies.clone_ref(py))
    }

    /// Replaces what is in them.
    pub fn set_cookies(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = value.py();
        let Some(cookies) = &self.cookies else {
            return Err(of_class(py, "InvalidState", "cookies: the client keeps none"));
        };
        let cookies = cookies.bind(py);
        if !value.is(cookies) {
            let new = value.py().get_type::<PyDict>().call0()?;
            let new = if value.is_none() { &new } else { value };
            let checked = cookies.get_type().call1((new,))?;
            cookies.call_method0("clear")?;
            cookies.call_method1("update", (checked,))?;
        }
        Ok(())
    }

    /// For `repr()`.
    pub fn describe(&self, class: &str) -> String {
        let stats = self.client.stats();
        let closed = if self.client.is_closed() { ", closed" } else { "" };
        format!("<{class}: {} active, {} idle{closed}>", stats.active, stats.idle)
    }
}

fn defaults() -> ClientConfig {
    python_s(ClientConfig::default())
}

/// As Python's other clients, it asks the environment for proxies and decodes bodies.
fn python_s(mut config: ClientConfig) -> ClientConfig {
    config.trust_env = true;
    config.decode = true;
    config
}

/// The defaults that the other options change.
fn profile(options: Option<&Bound<'_, PyDict>>) -> PyResult<ClientConfig> {
    let Some(options) = options else { return Ok(defaults()) };
    let Some(name) = options.get_item("profile")?.filter(|name| !name.is_none()) else {
        return Ok(defaults());
    };
    ClientConfig::profile(text("profile", &name)?)
        .map(python_s)
        .map_err(|error| to_python(options.py(), &error, None))
}
