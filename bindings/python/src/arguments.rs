//! The arguments of a request method by their names.

use keepalive_core::OptionInfo;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::{flag, text};
use crate::errors::{unknown, wrong_type};
use crate::options::request_options;
use crate::timeout::Timeout;
use crate::tls::{certificate_of_request, verify_of_request};

/// The arguments of a request method.
const ARGUMENTS: &[&str] = &[
    "params",
    "headers",
    "content",
    "data",
    "json",
    "files",
    "cookies",
    "timeout",
    "follow_redirects",
    "allow_redirects",
    "stream",
    "trailers",
    "on_redirect",
    "verify",
    "cert",
    "raw_target",
    "extensions",
    "progress",
];

/// What was given; `None` as a value is as if it were left out.
#[derive(Default)]
pub struct Arguments<'py> {
    pub params: Option<Bound<'py, PyAny>>,
    pub headers: Option<Bound<'py, PyAny>>,
    pub content: Option<Bound<'py, PyAny>>,
    pub data: Option<Bound<'py, PyAny>>,
    pub json: Option<Bound<'py, PyAny>>,
    pub files: Option<Bound<'py, PyAny>>,
    pub cookies: Option<Bound<'py, PyAny>>,
    /// `None` is a value here: not the client's either.
    pub auth: Option<Bound<'py, PyAny>>,
    /// `None` is a value here: no limit.
    pub timeout: Option<Bound<'py, PyAny>>,
    pub follow_redirects: Option<Bound<'py, PyAny>>,
    pub on_redirect: Option<Bound<'py, PyAny>>,
    pub raw_target: Option<Bound<'py, PyAny>>,
    pub progress: Option<Bound<'py, PyAny>>,
    pub trailers: Option<Bound<'py, PyAny>>,
    pub trace: Option<Bound<'py, PyAny>>,
    pub stream: bool,
    /// It has all it is to have, and gets nothing of the client's.
    pub exact: bool,
    /// It is made to be looked at: its body stays what Python code can read.
    pub look: bool,
    /// Options of the client that it has for itself.
    pub own: Vec<(&'static OptionInfo, Bound<'py, PyAny>)>,
    /// And those that `verify` and `cert` stand for.
    pub trust: Vec<(&'static str, String)>,
}

impl<'py> Arguments<'py> {
    pub fn read(options: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        let mut arguments = Arguments::default();
        for (name, value) in options.into_iter().flat_map(|options| options.iter()) {
            let name = text("option", &name)?;
            let given = (!value.is_none()).then(|| value.clone());
            match name {
                "params" => arguments.params = given,
                "headers" => arguments.headers = given,
                "content" => arguments.content = given,
                "data" => arguments.data = given,
                "json" => arguments.json = given,
                "files" => arguments.files = given,
                "cookies" => arguments.cookies = given,
                "auth" => arguments.auth = Some(value),
                "timeout" => arguments.timeout = Some(value),
                "follow_redirects" | "allow_redirects" => arguments.follow_redirects = given,
                "stream" => {
                    let stream = given.as_ref().map(|value| flag("stream", value)).transpose()?;
                    arguments.stream = stream.unwrap_or(false);
                }
                "trailers" => arguments.trailers = given,
                "_exact" => arguments.exact = true,
                "_look" => arguments.look = true,
                "on_redirect" => arguments.on_redirect = given,
                "raw_target" => arguments.raw_target = given,
                "progress" => arguments.progress = given,
                "extensions" => {
                    if let Some(extensions) = &given {
                        arguments.extend(extensions)?;
                    }
                }
                "verify" | "cert" => {
                    if let Some(value) = given {
                        arguments.trust.extend(match name {
                            "verify" => verify_of_request(&value)?,
                            _ => certificate_of_request(&value)?,
                        });
                    }
                }
                other => match request_options().find(|option| option.name == other) {
                    Some(option) => arguments.own.extend(given.map(|value| (option, value))),
                    None => {
                        let own = request_options().map(|option| option.name);
                        let known: Vec<_> = ARGUMENTS.iter().copied().chain(own).collect();
                        return Err(unknown(value.py(), "argument", other, &known));
                    }
                },
            }
        }
        // As in httpx: no files are no form, no fields no body.
        if let Some(files) = &arguments.files
            && !files.is_truthy()?
        {
            arguments.files = None;
        }
        if arguments.data.as_ref().is_some_and(|data| is_empty_dict(data)) {
            arguments.data = None;
        }
        let bodies = [
            ("content", &arguments.content),
            ("json", &arguments.json),
            (
                "data or files",
                if arguments.data.is_some() { &arguments.data } else { &arguments.files },
            ),
        ];
        let given: Vec<_> =
            bodies.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name).collect();
        if given.len() > 1 {
            let message = format!("{}: give only one of them", given.join(" and "));
            return Err(PyTypeError::new_err(message));
        }
        Ok(arguments)
    }
}

/// What `extensions` may have.
const EXTENSIONS: &[&str] = &["sni_hostname", "target", "timeout", "trace"];

impl<'py> Arguments<'py> {
    /// Of `extensions`, which has some arguments by httpx's names.
    fn extend(&mut self, extensions: &Bound<'py, PyAny>) -> PyResult<()> {
        let expected = "a dict such as {\"target\": b\"/path\"}";
        let dict = extensions
            .cast::<PyDict>()
            .map_err(|_| wrong_type("extensions", expected, extensions))?;
        for (name, value) in dict.iter() {
            if value.is_none() {
                continue;
            }
            match text("extensions", &name)? {
                "target" => self.raw_target = Some(value),
                "trace" if value.is_callable() => self.trace = Some(value),
                "trace" => return Err(wrong_type("extensions[\"trace\"]", "a function", &value)),
                "sni_hostname" => {
                    self.trust.push(("tls_server_name", text("sni_hostname", &value)?.to_string()));
                }
                // An argument goes before it.
                "timeout" if self.timeout.is_none() => self.timeout = Some(of_dict(&value)?),
                "timeout" => {}
                other => return Err(unknown(value.py(), "extension", other, EXTENSIONS)),
            }
        }
        Ok(())
    }
}

/// httpx's limits by phase, of which it has a dict among its extensions.
fn of_dict<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let Ok(dict) = value.cast::<PyDict>() else { return Ok(value.clone()) };
    value.py().get_type::<Timeout>().call((), Some(dict))
}

fn is_empty_dict(object: &Bound<'_, PyAny>) -> bool {
    object.cast::<PyDict>().is_ok_and(|dict| dict.is_empty())
}
