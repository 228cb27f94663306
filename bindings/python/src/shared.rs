//! What `Client` and `AsyncClient` have in common: the engine's client and the defaults of its
//! requests.

use std::sync::{Arc, Mutex, OnceLock};

use keepalive_core::{Client, ClientConfig, Timeouts};
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::aio::AsyncClient;
use crate::auth::{self, Auth};
use crate::convert::{flag, redirect_hook, text, url_text};
use crate::cookies;
use crate::errors::{of_class, to_python, unknown};
use crate::headers::{Headers, fields, wishes};
use crate::once::PyOnceLock;
use crate::option_value::set;
use crate::options::option_names;
use crate::timeout::{Timeout, timeouts};
use crate::tls::{certificate, verify, warn_insecure};

/// What of a client may be set at any time.
#[derive(Default)]
pub struct Settings {
    pub auth: Option<Auth>,
    /// The same as it was given.
    given_auth: Option<Py<PyAny>>,
    pub base_url: Option<String>,
    pub timeouts: Timeouts,
    /// `None`: as option `redirect` says.
    pub follow_redirects: Option<bool>,
    /// Encoding of bodies that name none: a name, or a function of the body.
    pub default_encoding: Option<Py<PyAny>>,
}

/// A client of the engine and the defaults of its requests.
pub struct Shared {
    pub client: Client,
    /// The fields that every request gets: `client.headers`.
    pub headers: Py<Headers>,
    /// Those that none gets by default.
    pub omitted: Vec<Box<[u8]>>,
    settings: Mutex<Arc<Settings>>,
    /// Parameters of every URL: `client.params`, once there are any.
    params: PyOnceLock<Py<PyAny>>,
    /// Of the environment's file.
    pub netrc: Option<Auth>,
    /// Who decides about redirects.
    pub on_redirect: Option<Py<PyAny>>,
    /// The `Cookies` of the client, if it keeps some.
    pub cookies: Option<Py<PyAny>>,
    /// Hooks and transport (`_special.py`), once there are any.
    special: PyOnceLock<Py<PyAny>>,
    /// What it was made with, for pickle; `None`: it is the process-wide one.
    options: Option<Py<PyDict>>,
}

impl Shared {
    /// From the keyword arguments of `Client(...)`; on the pool of `other`, if there is one, which was made
    /// with the same options of the engine.
    pub fn from_options(
        py: Python<'_>,
        options: Option<&Bound<'_, PyDict>>,
        other: Option<&Client>,
    ) -> PyResult<Arc<Shared>> {
        let mut config = profile(options)?;
        let mut headers = Vec::new();
        let mut settings = Settings::default();
        let (mut on_redirect, mut cookies) = (None, None);
        let (mut params, mut hooks, mut transport) = (None, None, None);
        for (name, value) in options.into_iter().flat_map(|options| options.iter()) {
            match text("option", &name)? {
                "profile" => {}
                "timeout" => settings.timeouts = timeouts(&value, Timeouts::default())?,
                // Of everything else, `None` is the default.
                name if value.is_none() => {
                    if !option_names().contains(&name) {
                        return Err(unknown(value.py(), "option", name, &option_names()));
                    }
                }
                "headers" => headers.extend(wishes("headers", &value)?),
                "params" => params = Some(value),
                "cookies" => cookies = Some(value),
                "auth" => settings.set_auth(&value)?,
                "on_redirect" => on_redirect = Some(redirect_hook(&value)?),
                "base_url" => settings.base_url = Some(url_text("base_url", &value)?.to_string()),
                "follow_redirects" | "allow_redirects" => {
                    settings.follow_redirects = Some(flag("follow_redirects", &value)?);
                }
                "default_encoding" => settings.set_default_encoding(&value)?,
                "event_hooks" => hooks = Some(value),
                "transport" => transport = Some(value),
                "verify" => verify(&mut config, &value, options)?,
                "cert" => certificate(&mut config, &value, options)?,
                name => set(&mut config, name, &value)?,
            }
        }
        if !config.tls_verify {
            warn_insecure(py)?;
        }
        let netrc = match config.trust_env && settings.auth.is_none() {
            true => auth::netrc(py)?,
            false => None,
        };
        let client = match other {
            None => Client::new(config),
            Some(other) => other.beside(),
        };
        let client = client.map_err(|error| to_python(py, &error, None))?;
        let kept = cookies::of_client(py, cookies.as_ref())?;
        if let Some(keeper) = kept.keeper {
            // A new client has none.
            let _ = client.set_cookies(keeper);
        }
        let (mut fields, mut omitted) = (Vec::new(), Vec::new());
        for (name, value) in headers {
            match value {
                Some(value) => fields.push((name, value)),
                None => omitted.push(name),
            }
        }
        let copied = match options {
            Some(options) => options.copy()?,
            None => PyDict::new(py),
        };
        let shared = Arc::new(Shared {
            client,
            headers: Py::new(py, Headers::of(fields))?,
            omitted,
            settings: Mutex::new(Arc::new(settings)),
            params: PyOnceLock::new(),
            netrc,
            on_redirect,
            cookies: kept.shown,
            special: PyOnceLock::new(),
            options: Some(copied.unbind()),
        });
        if let Some(params) = params {
            shared.set_params(&params)?;
        }
        if hooks.is_some() || transport.is_some() {
            let special = special(py, "Special")?.call1((hooks, transport))?;
            let _ = shared.special.set(py, special.unbind());
        }
        Ok(shared)
    }

    /// What holds now.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    fn change(&self, py: Python<'_>, change: impl FnOnce(&mut Settings)) {
        let now = self.settings();
        let mut new = now.share(py);
        change(&mut new);
        let mut place = self.settings.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let old = std::mem::replace(&mut *place, Arc::new(new));
        drop(place);
        // Dropping may run Python code, so not under the lock.
        drop((old, now));
    }

    /// The parameters of every URL, if there are any.
    pub fn params<'a, 'py>(&'a self, py: Python<'py>) -> PyResult<Option<&'a Bound<'py, PyAny>>> {
        let Some(params) = self.params.get(py) else { return Ok(None) };
        let params = params.bind(py);
        Ok(params.is_truthy()?.then_some(params))
    }

    fn own_params<'a, 'py>(&'a self, py: Python<'py>) -> PyResult<&'a Bound<'py, PyAny>> {
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let params = self.params.get_or_try_init(py, || {
            CLASS.import(py, "libkeepalive._params", "QueryParams")?.call0().map(Bound::unbind)
        })?;
        Ok(params.bind(py))
    }

    fn set_params(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.own_params(value.py())?.call_method1("_replace", (value,)).map(drop)
    }

    /// Who sends in place of the engine alone: hooks or a transport, if there are any.
    pub fn special<'a, 'py>(&'a self, py: Python<'py>) -> PyResult<Option<&'a Bound<'py, PyAny>>> {
        let Some(special) = self.special.get(py) else { return Ok(None) };
        let special = special.bind(py);
        Ok(special.is_truthy()?.then_some(special))
    }

    fn own_special<'a, 'py>(&'a self, py: Python<'py>) -> PyResult<&'a Bound<'py, PyAny>> {
        let special = self
            .special
            .get_or_try_init(py, || special(py, "Special")?.call0().map(Bound::unbind))?;
        Ok(special.bind(py))
    }

    /// An attribute of a client.
    pub fn get(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        let settings = self.settings();
        let object = |value: &Option<Py<PyAny>>| {
            value.as_ref().map_or_else(|| py.None(), |value| value.clone_ref(py))
        };
        Ok(match name {
            "headers" => self.headers.clone_ref(py).into_any(),
            "params" => self.own_params(py)?.clone().unbind(),
            "auth" => object(&settings.given_auth),
            "base_url" => {
                settings.base_url.as_deref().unwrap_or("").into_pyobject(py)?.into_any().unbind()
            }
            "timeout" => Py::new(py, Timeout { limits: settings.timeouts })?.into_any(),
            "follow_redirects" => match settings.follow_redirects {
                None => self.client.follows_redirects(),
                Some(follow) => follow,
            }
            .into_pyobject(py)?
            .to_owned()
            .into_any()
            .unbind(),
            "default_encoding" => match &settings.default_encoding {
                Some(encoding) => encoding.clone_ref(py),
                None => "utf-8".into_pyobject(py)?.into_any().unbind(),
            },
            "event_hooks" => self.own_special(py)?.getattr("hooks")?.unbind(),
            "_special" => self.special.get(py).map_or_else(|| py.None(), |it| it.clone_ref(py)),
            "_options" => self.options(py)?,
            _ => return Err(PyAttributeError::new_err(name.to_string())),
        })
    }

    /// Sets an attribute of a client.
    pub fn set(&self, py: Python<'_>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        match name {
            "headers" => {
                let given = match value.is_none() {
                    true => Vec::new(),
                    false => fields("headers", value)?,
                };
                self.headers.get().replace(given);
            }
            "params" => self.set_params(value)?,
            "auth" => {
                let mut new = Settings::default();
                if !value.is_none() {
                    new.set_auth(value)?;
                }
                self.change(py, |settings| {
                    (settings.auth, settings.given_auth) = (new.auth, new.given_auth);
                });
            }
            "base_url" => {
                let url = match value.is_none() {
                    true => None,
                    false => Some(url_text("base_url", value)?.to_string()),
                };
                self.change(py, |settings| settings.base_url = url.filter(|url| !url.is_empty()));
            }
            "timeout" => {
                let limits = timeouts(value, Timeouts::default())?;
                self.change(py, |settings| settings.timeouts = limits);
            }
            "follow_redirects" => {
                let follow = match value.is_none() {
                    true => None,
                    false => Some(flag("follow_redirects", value)?),
                };
                self.change(py, |settings| settings.follow_redirects = follow);
            }
            "default_encoding" => {
                let mut new = Settings::default();
                new.set_default_encoding(value)?;
                self.change(py, |settings| settings.default_encoding = new.default_encoding);
            }
            "event_hooks" => self.own_special(py)?.setattr("hooks", value)?,
            _ => return Err(PyAttributeError::new_err(name.to_string())),
        }
        Ok(())
    }

    /// The options of a client that is as this one is now; `None` for the process-wide one.
    fn options(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let Some(options) = &self.options else { return Ok(py.None()) };
        let options = options.bind(py).copy()?;
        options.del_item("allow_redirects").ok();
        let headers = PyList::empty(py);
        for (name, value) in self.headers.get().copied() {
            headers.append((PyBytes::new(py, &name), PyBytes::new(py, &value)))?;
        }
        for name in &self.omitted {
            headers.append((PyBytes::new(py, name), py.None()))?;
        }
        options.set_item("headers", headers)?;
        for name in ["auth", "base_url", "timeout"] {
            options.set_item(name, self.get(py, name)?)?;
        }
        let settings = self.settings();
        if let Some(follow) = settings.follow_redirects {
            options.set_item("follow_redirects", follow)?;
        }
        if let Some(encoding) = &settings.default_encoding {
            options.set_item("default_encoding", encoding)?;
        }
        if let Some(params) = self.params.get(py) {
            options.set_item("params", params)?;
        }
        if let Some(cookies) = &self.cookies {
            options.set_item("cookies", cookies)?;
        }
        if let Some(special) = self.special.get(py) {
            options.set_item("event_hooks", special.bind(py).getattr("hooks")?)?;
        }
        Ok(options.into_any().unbind())
    }

    /// The process-wide client.
    pub fn process_wide(py: Python<'_>) -> PyResult<&Arc<Shared>> {
        static SHARED: PyOnceLock<Arc<Shared>> = PyOnceLock::new();
        SHARED.get_or_try_init(py, || {
            let client =
                Client::shared(defaults).map_err(|error| to_python(py, &error, None))?.clone();
            Ok(Arc::new(Shared {
                client,
                headers: Py::new(py, Headers::of(Vec::new()))?,
                omitted: Vec::new(),
                settings: Mutex::default(),
                params: PyOnceLock::new(),
                netrc: auth::netrc(py)?,
                on_redirect: None,
                cookies: None,
                special: PyOnceLock::new(),
                options: None,
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

    /// The client was closed: its transport is too.
    pub fn closed(&self, py: Python<'_>) -> PyResult<()> {
        match self.special.get(py) {
            Some(special) => special.bind(py).call_method0("close").map(drop),
            None => Ok(()),
        }
    }

    /// For `repr()`.
    pub fn describe(&self, class: &str) -> String {
        let stats = self.client.stats();
        let closed = if self.client.is_closed() { ", closed" } else { "" };
        format!("<{class}: {} active, {} idle{closed}>", stats.active, stats.idle)
    }
}

impl Settings {
    fn set_auth(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.auth = Some(Auth::read(value)?);
        self.given_auth = Some(value.clone().unbind());
        Ok(())
    }

    fn set_default_encoding(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if !value.is_none() && !value.is_callable() {
            text("default_encoding", value)?;
        }
        self.default_encoding = (!value.is_none()).then(|| value.clone().unbind());
        Ok(())
    }

    fn share(&self, py: Python<'_>) -> Settings {
        Settings {
            auth: self.auth.as_ref().map(|auth| auth.share(py)),
            given_auth: self.given_auth.as_ref().map(|auth| auth.clone_ref(py)),
            base_url: self.base_url.clone(),
            timeouts: self.timeouts,
            follow_redirects: self.follow_redirects,
            default_encoding: self.default_encoding.as_ref().map(|it| it.clone_ref(py)),
        }
    }
}

/// What a client has once `__init__` has run.
pub fn opened(shared: &OnceLock<Arc<Shared>>) -> PyResult<&Arc<Shared>> {
    shared.get().ok_or_else(|| {
        let hint = "the client is not made yet: its class calls super().__init__(**options) first";
        Python::attach(|py| of_class(py, "InvalidState", hint))
    })
}

/// The engine's client of a `Client` or `AsyncClient`.
pub fn engine_of(client: &Bound<'_, PyAny>) -> PyResult<Client> {
    if let Ok(client) = client.cast::<crate::client::Client>() {
        return Ok(client.get().of()?.client.clone());
    }
    Ok(client.cast::<AsyncClient>()?.get().of()?.client.clone())
}

/// `__init__` of a client; on the pool of `other`, if there is one.
pub fn open(
    shared: &OnceLock<Arc<Shared>>,
    py: Python<'_>,
    options: Option<&Bound<'_, PyDict>>,
    other: Option<&Client>,
) -> PyResult<()> {
    let made = Shared::from_options(py, options, other)?;
    shared.set(made).map_err(|_| of_class(py, "InvalidState", "the client was made before"))
}

/// A class of `_special.py`.
fn special<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("libkeepalive._special")?.getattr(name)
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
