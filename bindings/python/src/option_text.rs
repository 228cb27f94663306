//! The texts that the engine takes for options where Python has mappings and lists.

use keepalive_core::{Form, OptionInfo, Shape};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMapping, PyString};

use crate::convert::{count, flag, path, text, utf8};
use crate::errors::wrong_type;
use crate::headers::fields;
use crate::timeout::time;

/// An option's text, from whatever may be given for it.
pub fn option_text(option: &OptionInfo, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let name = option.name;
    match option.kind.shape() {
        Shape::Flag => return Ok(flag(name, value)?.to_string()),
        Shape::Count => return Ok(count(name, value)?.to_string()),
        Shape::Time => {
            let limit = time(name, value)?.map_or(0, |time| time.as_millis().max(1));
            return Ok(limit.to_string());
        }
        Shape::Text | Shape::Pem => {}
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(utf8(name, text)?.to_string());
    }
    match option.form {
        Form::Plain | Form::Jar => path(name, value),
        Form::Words(_) | Form::Credentials => Err(wrong_type(name, "str", value)),
        Form::Proxies => proxies(name, value),
        Form::List => {
            let expected = "str or a list of str";
            if value.is_instance_of::<PyBytes>() {
                return Err(wrong_type(name, expected, value));
            }
            let entries = value.try_iter().map_err(|_| wrong_type(name, expected, value))?;
            let mut list = Vec::new();
            for entry in entries {
                list.push(one_entry(name, text(name, &entry?)?)?.to_string());
            }
            Ok(list.join(" "))
        }
        Form::Fields => {
            let mut lines = String::new();
            for (field, value) in fields(name, value)? {
                let line = |bytes: &[u8]| match std::str::from_utf8(bytes) {
                    Ok(text) if !text.contains(['\r', '\n']) => Ok(text.to_string()),
                    _ => Err(PyValueError::new_err(format!(
                        "{name}: a line break, or bytes that are no text, in a field"
                    ))),
                };
                lines += &format!("{}: {}\n", line(&field)?, line(&value)?);
            }
            Ok(lines)
        }
    }
}

/// httpx's mounts: patterns and their proxies, of which `None` is none.
fn proxies(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let expected = "str or a mapping of patterns to proxies";
    let mapping = value.cast::<PyMapping>().map_err(|_| wrong_type(name, expected, value))?;
    let mut entries = Vec::new();
    for item in mapping.items()?.iter() {
        let (pattern, proxy): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let pattern = one_entry(name, text(name, &pattern)?)?.to_string();
        let proxy = match proxy.is_none() {
            true => "direct".to_string(),
            false => one_entry(name, text(name, &proxy)?)?.to_string(),
        };
        entries.push(format!("{pattern}=>{proxy}"));
    }
    Ok(entries.join(" "))
}

/// What stands for itself among others: neither empty nor with a blank or an arrow in it.
fn one_entry<'a>(name: &str, text: &'a str) -> PyResult<&'a str> {
    if text.is_empty() || text.contains(char::is_whitespace) || text.contains("=>") {
        let reason = "an entry that is empty or has a blank or => in it";
        return Err(PyValueError::new_err(format!("{name}: {reason}")));
    }
    Ok(text)
}
