//! The arguments of a request method, as httpx spells them, to the engine's request.

use std::borrow::Cow;

use keepalive_core::{Request, Timeouts, append_query, encode_pairs, join_url, standard_method};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::arguments::Arguments;
use crate::auth::Auth;
use crate::body::{Failure, Pieces};
use crate::convert::{buffer, encoder, flag, owned, redirect_hook, text, url_text, utf8};
use crate::cookies;
use crate::errors::{RequestLine, to_python, wrong_type};
use crate::headers::{Field, first, wishes};
use crate::multipart;
use crate::once::{PyOnceLock, intern};
use crate::option_text::option_text;
use crate::progress::Told;
use crate::response::Method;
use crate::shared::Shared;
use crate::timeout::timeouts;
use crate::tls::warn_insecure;
use crate::trailers;

const CONTENT_TYPE: &[u8] = b"Content-Type";

/// A request, and the object that its body is to be streamed from: still to be prepared by
/// `_bodies.py`, which may make the calling thread wait.
pub struct Built<'py> {
    pub request: Request,
    pub source: Option<Bound<'py, PyAny>>,
    /// The flow of an `auth` that it is sent by.
    pub flow: Option<Py<PyAny>>,
    /// Who decides about redirects.
    pub on_redirect: Option<Py<PyAny>>,
    /// Who is told how far its bodies have come.
    pub progress: Option<Told>,
    /// Who is told what happens to it.
    pub trace: Option<Py<PyAny>>,
    /// What tells trailers, if it raised.
    pub trailers: Option<Failure>,
    /// The body of the response is read on demand.
    pub stream: bool,
}

/// Method and URL as they are sent.
pub fn line(request: &Request) -> RequestLine {
    RequestLine { method: request.method().into(), url: request.url().into() }
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
    let settings = shared.settings();
    let given_url = url_text("url", url)?;
    let base = settings.base_url.as_deref().filter(|_| !arguments.exact);
    let joined = match base {
        Some(base) => {
            Some(join_url(base, &given_url).map_err(|error| to_python(py, &error, None))?)
        }
        None => None,
    };
    let mut url_text = joined.as_deref().unwrap_or(&given_url);
    let with_params;
    let common = if arguments.exact { None } else { shared.params(py)? };
    if let Some(query) = all_params(common, arguments.params.as_ref())? {
        with_params = append_query(url_text, &query);
        url_text = &with_params;
    }
    let mut request =
        Request::new(method, url_text).map_err(|error| to_python(py, &error, None))?;
    let mut own = arguments.trust.clone();
    for (option, value) in &arguments.own {
        own.push((option.name, option_text(option, value)?));
    }
    for (name, text) in &own {
        request
            .set_option(name, Some(text))
            .map_err(|error| to_python(py, &error, Some(&line(&request))))?;
        if *name == "tls_verify" && text == "false" {
            warn_insecure(py)?;
        }
    }
    let auth = arguments.auth.as_ref().filter(|auth| !auth.is_none());
    let auth = auth.map(Auth::read).transpose()?;
    let mut own_type = None;
    if let Some(headers) = &arguments.headers {
        for (name, value) in wishes("headers", headers)? {
            match value {
                None => omit(py, &mut request, &name)?,
                Some(value) if own_type.is_none() && name.eq_ignore_ascii_case(b"content-type") => {
                    own_type = Some(value);
                }
                Some(value) if auth.is_none() || !name.eq_ignore_ascii_case(b"authorization") => {
                    add(py, &mut request, &name, &value)?;
                }
                Some(_) => {}
            }
        }
    }
    let (source, media_type) = set_body(&mut request, &arguments, own_type.as_deref())?;
    let decided = request.decides_header(CONTENT_TYPE)
        || (!arguments.exact && first(&shared.headers.get().fields(), CONTENT_TYPE).is_some())
        || shared.omitted.iter().any(|name| name.eq_ignore_ascii_case(CONTENT_TYPE));
    match (media_type, own_type) {
        // A form with files says what is between its parts, and has heeded what it was told.
        (MediaType::Form(form), _) => add(py, &mut request, CONTENT_TYPE, &form)?,
        (_, Some(own)) => add(py, &mut request, CONTENT_TYPE, &own)?,
        (MediaType::Default(media_type), None) if !decided => {
            add(py, &mut request, CONTENT_TYPE, media_type.as_bytes())?;
        }
        _ => {}
    }
    if !arguments.exact {
        let added = add_common(&mut request, &shared.headers.get().fields());
        added.map_err(|error| to_python(py, &error, Some(&line(&request))))?;
    }
    if !arguments.exact {
        for name in &shared.omitted {
            if !request.decides_header(name) {
                omit(py, &mut request, name)?;
            }
        }
    }
    let auth = match &auth {
        Some(auth) => Some(auth),
        None if arguments.auth.is_some() || request.decides_header(b"authorization") => None,
        None if settings.auth.is_some() => settings.auth.as_ref(),
        None => shared.netrc.as_ref().filter(|_| !request.has_userinfo()),
    };
    let mut flow = match auth {
        Some(auth) => auth
            .apply(py, &mut request)
            .map_err(|error| to_python(py, &error, Some(&line(&request))))?,
        None => None,
    };
    if !request.decides_header(b"accept") && !arguments.exact {
        add(py, &mut request, b"Accept", b"*/*")?;
    }
    if let Some(target) = &arguments.raw_target {
        let target = target_bytes(target)?;
        let set = request.set_raw_target(&target);
        set.map_err(|error| to_python(py, &error, Some(&line(&request))))?;
    }
    if let Some(cookies) = &arguments.cookies {
        cookies::of_request(&mut request, cookies)?;
    }
    let limits = match &arguments.timeout {
        Some(timeout) => timeouts(timeout, settings.timeouts)?,
        None => settings.timeouts,
    };
    if limits != Timeouts::default() {
        request.set_timeouts(limits);
    }
    let follow = match &arguments.follow_redirects {
        Some(value) => Some(flag("follow_redirects", value)?),
        // The word of its own that a request has about redirects goes before its client's.
        None if arguments.own.iter().any(|(option, _)| option.name == "redirect") => None,
        None => settings.follow_redirects,
    };
    if let Some(follow) = follow {
        request.set_follow_redirects(follow);
    }
    let on_redirect = match &arguments.on_redirect {
        Some(hook) => Some(redirect_hook(hook)?),
        None => shared.on_redirect.as_ref().map(|hook| hook.clone_ref(py)),
    };
    let trailers = match &arguments.trailers {
        Some(trailers) => Some(trailers::add(&mut request, trailers)?),
        None => None,
    };
    if let Some(special) = shared.special(py)? {
        let driven = special.call_method1(intern!(py, "driven"), (flow.take(), &on_redirect))?;
        flow = Some(driven.unbind());
    }
    let progress = arguments.progress.as_ref().map(Told::of).transpose()?.flatten();
    let trace = arguments.trace.as_ref().map(|trace| trace.clone().unbind());
    let stream = arguments.stream;
    Ok(Built { request, source, flow, on_redirect, progress, trace, trailers, stream })
}

/// Standard method names are accepted in lower case too; all others are sent as they are.
pub fn method(method: &Bound<'_, PyAny>) -> PyResult<Method> {
    let given = text("method", method)?;
    let standard = standard_method(given);
    Ok(standard.map_or_else(|| Cow::Owned(given.to_string()), Cow::Borrowed))
}

/// What the client and the request have for the query: a name of the request's is not the client's as well.
fn all_params(
    common: Option<&Bound<'_, PyAny>>,
    own: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<String>> {
    match (common, own) {
        (None, None) => Ok(None),
        (None, Some(params)) | (Some(params), None) => query(params).map(Some),
        (Some(common), Some(own)) => {
            let is_text = own.is_instance_of::<PyString>()
                || own.is_instance_of::<PyBytes>()
                || own.is_instance_of::<PyByteArray>();
            match is_text {
                true => Ok(Some(format!("{}&{}", query(common)?, query(own)?))),
                false => query(&common.call_method1("merge", (own,))?).map(Some),
            }
        }
    }
}

/// The `params` argument as a query: text as it is, pairs encoded.
fn query(params: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(query) = params.cast::<PyString>() {
        return utf8("params", query).map(str::to_string);
    }
    let bytes = match params.is_instance_of::<PyBytes>() || params.is_instance_of::<PyByteArray>() {
        true => buffer(params)?,
        false => None,
    };
    match bytes {
        Some(bytes) if bytes.is_ascii() => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Some(_) => Err(PyValueError::new_err("params: a query given as bytes must be ASCII")),
        None => urlencoded("params", params),
    }
}

/// Pairs as a query or a form.
fn urlencoded(name: &str, pairs: &Bound<'_, PyAny>) -> PyResult<String> {
    let pairs = encoder(pairs.py(), "pairs")?.call1((name, pairs))?;
    let pairs: Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>)> = pairs.extract()?;
    let bytes = |value: &Bound<'_, PyAny>| match value.cast::<PyString>() {
        Ok(text) => utf8(name, text).map(|text| text.as_bytes().to_vec()),
        Err(_) => Ok(value.cast::<PyBytes>()?.as_bytes().to_vec()),
    };
    let pairs = pairs.iter().map(|(name, value)| Ok((bytes(name)?, bytes(value)?)));
    Ok(encode_pairs(pairs.collect::<PyResult<Vec<_>>>()?))
}

/// The bytes of a request target.
fn target_bytes(target: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    match target.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes().to_vec()),
        Err(_) => match target.cast::<PyString>() {
            Ok(text) => Ok(utf8("raw_target", text)?.as_bytes().to_vec()),
            Err(_) => Err(wrong_type("raw_target", "bytes or str", target)),
        },
    }
}

/// The client's fields, but for those that the request decides about.
fn add_common(request: &mut Request, common: &[Field]) -> keepalive_core::Result<()> {
    if common.is_empty() {
        return Ok(());
    }
    let decided: Vec<_> = common.iter().map(|(name, _)| request.decides_header(name)).collect();
    let added = common.iter().zip(decided).filter(|(_, decided)| !decided);
    for ((name, value), _) in added {
        request.add_header(name, value)?;
    }
    Ok(())
}

fn omit(py: Python<'_>, request: &mut Request, name: &[u8]) -> PyResult<()> {
    request.omit_header(name).map_err(|error| to_python(py, &error, Some(&line(request))))
}

fn add(py: Python<'_>, request: &mut Request, name: &[u8], value: &[u8]) -> PyResult<()> {
    request.add_header(name, value).map_err(|error| to_python(py, &error, Some(&line(request))))
}

/// The Content-Type that a body asks for.
enum MediaType {
    None,
    /// Unless the caller gave another.
    Default(String),
    Form(Vec<u8>),
}

fn set_body<'py>(
    request: &mut Request,
    arguments: &Arguments<'py>,
    own_type: Option<&[u8]>,
) -> PyResult<(Option<Bound<'py, PyAny>>, MediaType)> {
    if let Some(json) = &arguments.json {
        return encoded(request, encoder(json.py(), "json_body")?.call1((json,))?);
    }
    if let Some(files) = &arguments.files {
        let form = form(arguments, files, own_type)?;
        if let Some((source, media_type)) = form {
            let media_type = MediaType::Form(media_type);
            if !arguments.look && multipart::of_core(request, &source)? {
                return Ok((None, media_type));
            }
            return Ok((Some(source), media_type));
        }
    }
    if let Some(data) = &arguments.data
        && data.cast::<PyString>().is_err()
        && buffer(data)?.is_none()
        && !is_stream(data)
    {
        request.set_body(urlencoded("data", data)?);
        return Ok((None, MediaType::Default("application/x-www-form-urlencoded".to_string())));
    }
    let Some(content) = arguments.content.as_ref().or(arguments.data.as_ref()) else {
        return Ok((None, MediaType::None));
    };
    if let Ok(text) = content.cast::<PyString>() {
        request.set_body(utf8("content", text)?.as_bytes().to_vec());
    } else if let Some(bytes) = buffer(content)? {
        request.set_body(bytes);
    } else if has(content, "__fspath__") && !has(content, "read") {
        if arguments.look {
            return Ok((Some(content.clone()), MediaType::None));
        }
        request.set_body_file(multipart::file("content", content)?);
    } else if !arguments.look
        && (content.is_instance_of::<PyList>() || content.is_instance_of::<PyTuple>())
    {
        let (pieces, length) = Pieces::of(content)?;
        request.set_body_stream(Box::new(pieces), Some(length));
    } else if is_stream(content)
        // A form that was put together before.
        || has(content, "prepare")
        || (has(content, "__iter__") && !content.is_instance_of::<PyDict>())
    {
        return Ok((Some(content.clone()), MediaType::None));
    } else {
        let expected =
            "str, bytes, a binary file or an iterable of bytes (json= and data= take others)";
        return Err(wrong_type("content", expected, content));
    }
    Ok((None, MediaType::None))
}

fn has(object: &Bound<'_, PyAny>, name: &str) -> bool {
    object.hasattr(name).unwrap_or(false)
}

/// A file, or what can only be iterated asynchronously.
fn is_stream(object: &Bound<'_, PyAny>) -> bool {
    has(object, "read") || has(object, "__aiter__")
}

/// The source of a form with files and its media type, `None` if there are no files.
fn form<'py>(
    arguments: &Arguments<'py>,
    files: &Bound<'py, PyAny>,
    own_type: Option<&[u8]>,
) -> PyResult<Option<(Bound<'py, PyAny>, Vec<u8>)>> {
    static MULTIPART: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = files.py();
    let own_type = own_type.map(|value| PyBytes::new(py, value));
    let made = MULTIPART.import(py, "libkeepalive._multipart", "multipart")?;
    made.call1((&arguments.data, files, own_type))?.extract()
}

/// A body of `_encode.py`, with its media type.
fn encoded<'py>(
    request: &mut Request,
    pair: Bound<'py, PyAny>,
) -> PyResult<(Option<Bound<'py, PyAny>>, MediaType)> {
    let (body, media_type): (Bound<'_, PyBytes>, String) = pair.extract()?;
    request.set_body(owned(&body));
    Ok((None, MediaType::Default(media_type)))
}
