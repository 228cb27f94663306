//! The arguments of a request method, as httpx spells them, to the engine's request.

use std::borrow::Cow;

use keepalive_core::{
    OptionInfo, Request, Timeouts, append_query, encode_pairs, join_url, standard_method,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::auth::Auth;
use crate::body::Pieces;
use crate::convert::{buffer, encoder, flag, owned, text, utf8};
use crate::cookies;
use crate::errors::{RequestLine, to_python, unknown, wrong_type};
use crate::headers::wishes;
use crate::once::PyOnceLock;
use crate::option_text::option_text;
use crate::options::request_options;
use crate::progress::Told;
use crate::redirects;
use crate::response::Method;
use crate::shared::Shared;
use crate::timeout::timeouts;
use crate::tls::{certificate_of_request, verify_of_request, warn_insecure};

const CONTENT_TYPE: &[u8] = b"Content-Type";

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
    "on_redirect",
    "verify",
    "cert",
    "raw_target",
    "extensions",
    "progress",
];

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
    cookies: Option<Bound<'py, PyAny>>,
    /// `None` is a value here: not the client's either.
    auth: Option<Bound<'py, PyAny>>,
    /// `None` is a value here: no limit.
    timeout: Option<Bound<'py, PyAny>>,
    follow_redirects: Option<Bound<'py, PyAny>>,
    on_redirect: Option<Bound<'py, PyAny>>,
    raw_target: Option<Bound<'py, PyAny>>,
    progress: Option<Bound<'py, PyAny>>,
    /// Options of the client that it has for itself.
    own: Vec<(&'static OptionInfo, Bound<'py, PyAny>)>,
    /// And those that `verify` and `cert` stand for.
    trust: Vec<(&'static str, String)>,
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
                "cookies" => arguments.cookies = given,
                "auth" => arguments.auth = Some(value),
                "timeout" => arguments.timeout = Some(value),
                "follow_redirects" => arguments.follow_redirects = given,
                "on_redirect" => arguments.on_redirect = given,
                "raw_target" => arguments.raw_target = given,
                "progress" => arguments.progress = given,
                "extensions" => {
                    if let Some(target) = given.as_ref().map(extension).transpose()?.flatten() {
                        arguments.raw_target = Some(target);
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
    let joined = match shared.base_url.as_deref() {
        Some(base) => Some(join_url(base, url_text).map_err(|error| to_python(py, &error, None))?),
        None => None,
    };
    let mut url_text = joined.as_deref().unwrap_or(url_text);
    let with_params;
    if let Some(params) = &arguments.params {
        with_params = append_query(url_text, &query(params)?);
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
        || shared.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE));
    match (media_type, own_type) {
        // A form with files says what is between its parts, and has heeded what it was told.
        (MediaType::Form(form), _) => add(py, &mut request, CONTENT_TYPE, &form)?,
        (_, Some(own)) => add(py, &mut request, CONTENT_TYPE, &own)?,
        (MediaType::Default(media_type), None) if !decided => {
            add(py, &mut request, CONTENT_TYPE, media_type.as_bytes())?;
        }
        _ => {}
    }
    for (name, value) in &shared.headers {
        if !request.decides_header(name) {
            match value {
                Some(value) => add(py, &mut request, name, value)?,
                None => omit(py, &mut request, name)?,
            }
        }
    }
    let auth = match &auth {
        Some(auth) => Some(auth),
        None if arguments.auth.is_some() || request.decides_header(b"authorization") => None,
        None if shared.auth.is_some() => shared.auth.as_ref(),
        None => shared.netrc.as_ref().filter(|_| !request.has_userinfo()),
    };
    let flow = match auth {
        Some(auth) => auth
            .apply(py, &mut request)
            .map_err(|error| to_python(py, &error, Some(&line(&request))))?,
        None => None,
    };
    if !request.decides_header(b"accept") {
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
        Some(timeout) => timeouts(timeout, shared.timeouts)?,
        None => shared.timeouts,
    };
    if limits != Timeouts::default() {
        request.set_timeouts(limits);
    }
    let follow = match &arguments.follow_redirects {
        Some(value) => Some(flag("follow_redirects", value)?),
        // The word of its own that a request has about redirects goes before its client's.
        None if arguments.own.iter().any(|(option, _)| option.name == "redirect") => None,
        None => shared.follow_redirects,
    };
    if let Some(follow) = follow {
        request.set_follow_redirects(follow);
    }
    let on_redirect = match &arguments.on_redirect {
        Some(hook) => Some(redirects::hook(hook)?),
        None => shared.on_redirect.as_ref().map(|hook| hook.clone_ref(py)),
    };
    let progress = arguments.progress.as_ref().map(Told::of).transpose()?.flatten();
    Ok(Built { request, source, flow, on_redirect, progress })
}

/// Standard method names are accepted in lower case too; all others are sent as they are.
pub fn method(method: &Bound<'_, PyAny>) -> PyResult<Method> {
    let given = text("method", method)?;
    let standard = standard_method(given);
    Ok(standard.map_or_else(|| Cow::Owned(given.to_string()), Cow::Borrowed))
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

/// What `extensions` asks for: of httpx's names there is one.
fn extension<'py>(extensions: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let expected = "a dict such as {\"target\": b\"/path\"}";
    let dict =
        extensions.cast::<PyDict>().map_err(|_| wrong_type("extensions", expected, extensions))?;
    let mut target = None;
    for (name, value) in dict.iter() {
        match text("extensions", &name)? {
            "target" => target = Some(value),
            other => return Err(unknown(value.py(), "extension", other, &["target"])),
        }
    }
    Ok(target)
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
        let form = multipart(arguments, files, own_type)?;
        if let Some((source, media_type)) = form {
            return Ok((Some(source), MediaType::Form(media_type)));
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
    } else if content.is_instance_of::<PyList>() || content.is_instance_of::<PyTuple>() {
        let (pieces, length) = Pieces::of(content)?;
        request.set_body_stream(Box::new(pieces), Some(length));
    } else if is_stream(content)
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

fn is_empty_dict(object: &Bound<'_, PyAny>) -> bool {
    object.cast::<PyDict>().is_ok_and(|dict| dict.is_empty())
}

fn has(object: &Bound<'_, PyAny>, name: &str) -> bool {
    object.hasattr(name).unwrap_or(false)
}

/// A file, or what can only be iterated asynchronously.
fn is_stream(object: &Bound<'_, PyAny>) -> bool {
    has(object, "read") || has(object, "__aiter__")
}

/// The source of a form with files and its media type, `None` if there are no files.
fn multipart<'py>(
    arguments: &Arguments<'py>,
    files: &Bound<'py, PyAny>,
    own_type: Option<&[u8]>,
) -> PyResult<Option<(Bound<'py, PyAny>, Vec<u8>)>> {
    static MULTIPART: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = files.py();
    let own_type = own_type.map(|value| PyBytes::new(py, value));
    let multipart = MULTIPART.import(py, "libkeepalive._multipart", "multipart")?;
    multipart.call1((&arguments.data, files, own_type))?.extract()
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
