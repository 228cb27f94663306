//! The arguments of a request method, as httpx spells them, to the engine's request.

use keepalive_core::{Request, Timeouts};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::convert::{Field, buffer, credentials, encoder, fields, owned, text};
use crate::errors::{RequestLine, to_python, wrong_type};
use crate::shared::{Shared, flag};
use crate::timeout::timeouts;

/// A request, and the object that its body is to be streamed from.
pub struct Built<'py> {
    pub request: Request,
    pub source: Option<Bound<'py, PyAny>>,
}

/// Method and URL as they are sent.
pub fn line(request: &Request) -> RequestLine {
    RequestLine { method: request.method().into(), url: request.url().into() }
}

#[derive(Default)]
struct Arguments<'py> {
    params: Option<Bound<'py, PyAny>>,
    headers: Option<Bound<'py, PyAny>>,
    content: Option<Bound<'py, PyAny>>,
    data: Option<Bound<'py, PyAny>>,
    json: Option<Bound<'py, PyAny>>,
    files: Option<Bound<'py, PyAny>>,
    auth: Option<Bound<'py, PyAny>>,
    /// `None` is a value here: no limit.
    timeout: Option<Bound<'py, PyAny>>,
    follow_redirects: Option<Bound<'py, PyAny>>,
}

impl<'py> Arguments<'py> {
    fn read(options: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
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
                "auth" => arguments.auth = given,
                "timeout" => arguments.timeout = Some(value),
                "follow_redirects" => arguments.follow_redirects = given,
                other => return Err(PyTypeError::new_err(format!("unknown argument {other}"))),
            }
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

/// Builds the request; nothing but the URL is looked at when only a URL is given.
pub fn build<'py>(
    shared: &Shared,
    method: &str,
    url: &Bound<'py, PyAny>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Built<'py>> {
    let py = url.py();
    let arguments = match options {
        Some(_) => Arguments::read(options)?,
        None => Arguments::default(),
    };
    let url_text = text("url", url)?;
    let joined = shared.base_url.as_deref().and_then(|base| join(base, url_text));
    let mut url_text = joined.as_deref().unwrap_or(url_text);
    let with_params;
    if let Some(params) = &arguments.params {
        with_params = encoder(py, "with_params")?.call1((url_text, params))?;
        url_text = text("params", &with_params)?;
    }
    let mut request =
        Request::new(method, url_text).map_err(|error| to_python(py, &error, None))?;
    if let Some(headers) = &arguments.headers {
        add(py, &mut request, &fields("headers", headers)?)?;
    }
    if let Some(auth) = &arguments.auth {
        add_one(py, &mut request, b"Authorization", credentials(auth)?.as_bytes())?;
    }
    for (name, value) in &shared.headers {
        if !request.has_header(name) {
            add_one(py, &mut request, name, value)?;
        }
    }
    if !request.has_header(b"accept") {
        add_one(py, &mut request, b"Accept", b"*/*")?;
    }
    let source = set_body(&mut request, &arguments)?;
    let limits = match &arguments.timeout {
        Some(timeout) => timeouts(timeout, shared.timeouts)?,
        None => shared.timeouts,
    };
    if limits != Timeouts::default() {
        request.set_timeouts(limits);
    }
    request.set_decode(true);
    request.set_follow_redirects(match &arguments.follow_redirects {
        Some(value) => flag("follow_redirects", value)?,
        None => shared.follow_redirects,
    });
    Ok(Built { request, source })
}

/// Standard method names are accepted in lower case too; all others are sent as they are.
pub fn method<'a>(method: &'a Bound<'_, PyAny>) -> PyResult<std::borrow::Cow<'a, str>> {
    let given = text("method", method)?;
    let upper = given.to_ascii_uppercase();
    Ok(match upper.as_str() {
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE" => upper.into(),
        _ => given.into(),
    })
}

/// A relative URL is appended to the base as httpx does: `/a` below `http://host/v1` is `/v1/a`.
fn join(base: &str, url: &str) -> Option<String> {
    if url.contains("://") {
        return None;
    }
    Some(format!("{}/{}", base.trim_end_matches('/'), url.trim_start_matches('/')))
}

fn add(py: Python<'_>, request: &mut Request, fields: &[Field]) -> PyResult<()> {
    fields.iter().try_for_each(|(name, value)| add_one(py, request, name, value))
}

fn add_one(py: Python<'_>, request: &mut Request, name: &[u8], value: &[u8]) -> PyResult<()> {
    request.add_header(name, value).map_err(|error| to_python(py, &error, Some(&line(request))))
}

fn set_body<'py>(
    request: &mut Request,
    arguments: &Arguments<'py>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Some(json) = &arguments.json {
        encoded(request, encoder(json.py(), "json_body")?.call1((json,))?)?;
        return Ok(None);
    }
    if let Some(files) = &arguments.files {
        encoded(request, encoder(files.py(), "multipart")?.call1((&arguments.data, files))?)?;
        return Ok(None);
    }
    if let Some(data) = &arguments.data
        && data.cast::<PyString>().is_err()
        && buffer(data)?.is_none()
    {
        encoded(request, encoder(data.py(), "form")?.call1((data,))?)?;
        return Ok(None);
    }
    let Some(content) = arguments.content.as_ref().or(arguments.data.as_ref()) else {
        return Ok(None);
    };
    if let Ok(text) = content.cast::<PyString>() {
        request.set_body(text.to_str()?.as_bytes().to_vec());
        return Ok(None);
    }
    if let Some(bytes) = buffer(content)? {
        request.set_body(bytes);
        return Ok(None);
    }
    let streams = ["read", "__iter__", "__aiter__"];
    if streams.iter().any(|name| content.hasattr(*name).unwrap_or(false)) {
        return Ok(Some(content.clone()));
    }
    Err(wrong_type("content", "str, bytes, a file or an iterable of bytes", content))
}

/// A body with the media type it was encoded to.
fn encoded(request: &mut Request, pair: Bound<'_, PyAny>) -> PyResult<()> {
    let py = pair.py();
    let (body, media_type): (Bound<'_, PyBytes>, String) = pair.extract()?;
    if !request.has_header(b"content-type") {
        add_one(py, request, b"Content-Type", media_type.as_bytes())?;
    }
    request.set_body(owned(&body));
    Ok(())
}
