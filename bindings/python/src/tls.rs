//! `verify` and `cert`, as httpx spells them, and the warning of a client that verifies nothing.

use std::sync::atomic::{AtomicBool, Ordering};

use keepalive_core::{ClientConfig, Error};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyTuple};

use crate::convert::path;
use crate::errors::{to_python, wrong_type};
use crate::option_value::set;

/// Whether a `verify`: `True`, `False`, a file or a directory of trusted certificates that stand instead
/// of the system's, or an `ssl.SSLContext` whose settings are taken over.
pub fn verify(
    config: &mut ClientConfig,
    value: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    if let Ok(flag) = value.cast::<PyBool>() {
        alone("verify", &["tls_verify"], options)?;
        config.tls_verify = flag.is_true();
        return Ok(());
    }
    let context = value.py().import("ssl")?.getattr("SSLContext")?;
    if value.is_instance(&context)? {
        alone("verify", &IN_A_CONTEXT, options)?;
        return carry(config, value);
    }
    let Ok(path) = path("verify", value) else {
        return Err(wrong_type("verify", "True, False, a path or an ssl.SSLContext", value));
    };
    alone("verify", &["tls_verify", "ca_file", "ca_dir", "ca_pem", "ca_only"], options)?;
    match std::path::Path::new(&path).is_dir() {
        true => config.ca_dir = Some(path),
        false => config.ca_file = Some(path),
    }
    config.ca_only = true;
    Ok(())
}

/// What a context says of, too.
const IN_A_CONTEXT: [&str; 9] = [
    "tls_verify",
    "tls_verify_host",
    "ca_file",
    "ca_dir",
    "ca_pem",
    "ca_only",
    "tls_min_version",
    "tls_max_version",
    "keylog_file",
];

/// Takes over what an `ssl.SSLContext` says.
fn carry(config: &mut ClientConfig, context: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = context.py();
    let module = py.import("libkeepalive._tls")?;
    let carried = module.call_method1("carried", (context,))?;
    let Ok(options) = carried.cast::<PyDict>() else {
        let problem: String = carried.extract()?;
        return Err(to_python(py, &Error::argument(format!("verify: {problem}")), None));
    };
    for (name, value) in options.iter() {
        set(config, &name.extract::<String>()?, &value)?;
    }
    Ok(())
}

/// httpx's `cert`: a file with certificate and key, or a tuple of certificate file, key file and, if
/// that is encrypted, its password.
pub fn certificate(
    config: &mut ClientConfig,
    value: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    const EXPECTED: &str = "a path or a tuple (certificate file, key file[, password])";
    let own = ["client_cert_file", "client_cert_pem", "client_key_file", "client_key_pem"];
    alone("cert", &own, options)?;
    let Ok(parts) = value.cast::<PyTuple>() else {
        let Ok(path) = path("cert", value) else {
            return Err(wrong_type("cert", EXPECTED, value));
        };
        config.client_cert_file = Some(path);
        return Ok(());
    };
    if !(2..=3).contains(&parts.len()) {
        return Err(wrong_type("cert", EXPECTED, value));
    }
    config.client_cert_file = Some(path("cert[0]", &parts.get_item(0)?)?);
    // Without one, the key stands beside the certificate.
    let key = parts.get_item(1)?;
    if !key.is_none() {
        config.client_key_file = Some(path("cert[1]", &key)?);
    }
    match parts.get_item(2) {
        Ok(password) if !password.is_none() => {
            alone("cert", &["client_key_password"], options)?;
            set(config, "client_key_password", &password)
        }
        _ => Ok(()),
    }
}

/// `verify` of a request, as names and texts of its options.
pub fn verify_of_request(value: &Bound<'_, PyAny>) -> PyResult<Vec<(&'static str, String)>> {
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(vec![("tls_verify", flag.is_true().to_string())]);
    }
    let Ok(path) = path("verify", value) else {
        let expected = "True, False or a path (an ssl.SSLContext is for a Client)";
        return Err(wrong_type("verify", expected, value));
    };
    let option = if std::path::Path::new(&path).is_dir() { "ca_dir" } else { "ca_file" };
    let (yes, mut own) =
        ("true".to_string(), vec![("ca_file", String::new()), ("ca_dir", String::new())]);
    own.extend([(option, path), ("tls_verify", yes.clone()), ("ca_only", yes)]);
    Ok(own)
}

/// `cert` of a request, likewise.
pub fn certificate_of_request(value: &Bound<'_, PyAny>) -> PyResult<Vec<(&'static str, String)>> {
    let mut config = ClientConfig::default();
    certificate(&mut config, value, None)?;
    let given = [
        ("client_cert_file", config.client_cert_file),
        ("client_key_file", config.client_key_file),
        ("client_key_password", config.client_key_password),
    ];
    Ok(given.into_iter().map(|(name, text)| (name, text.unwrap_or_default())).collect())
}

/// Refuses options that would say the same once more.
fn alone(name: &str, others: &[&str], options: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
    let Some(options) = options else { return Ok(()) };
    for other in others {
        if options.get_item(other)?.is_some_and(|value| !value.is_none()) {
            let error = Error::argument(format!("{name}: {other} is given too; give one of them"));
            return Err(to_python(options.py(), &error, None));
        }
    }
    Ok(())
}

/// Warns, once in a process.
pub fn warn_insecure(py: Python<'_>) -> PyResult<()> {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if WARNED.load(Ordering::Relaxed) {
        return Ok(());
    }
    let category = py.import("libkeepalive")?.getattr("InsecureWarning")?;
    let category = category.cast_into::<pyo3::types::PyType>()?;
    let text =
        c"certificates of servers are not verified (verify=False): whoever is on the way can \
                 read and change everything; verify=\"ca.pem\" trusts a server's own authority";
    // One that is made an error has not been told.
    PyErr::warn(py, &category, text, 1)?;
    WARNED.store(true, Ordering::Relaxed);
    Ok(())
}
