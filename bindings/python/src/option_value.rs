//! Python values as those of the engine's options.

use bytes::Bytes;
use keepalive_core::{ClientConfig, OPTIONS, OptionValue, Shape};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert::{buffer, count, flag, utf8};
use crate::errors::{to_python, unknown, wrong_type};
use crate::option_text::option_text;
use crate::options::option_names;
use crate::timeout::time;

/// An option of the engine's table.
pub fn set(config: &mut ClientConfig, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let Some(option) = OPTIONS.iter().find(|option| option.name == name) else {
        return Err(unknown(value.py(), "option", name, &option_names()));
    };
    let value = match option.kind.shape() {
        Shape::Count => OptionValue::Count(count(name, value)?),
        Shape::Time => OptionValue::Time(time(name, value)?),
        Shape::Flag => OptionValue::Flag(flag(name, value)?),
        Shape::Text => {
            let text = option_text(option, value)?;
            // Where "none" is not the default, the empty text stands for it.
            OptionValue::Text((option.none.is_empty() || !text.is_empty()).then_some(text))
        }
        Shape::Pem => OptionValue::Pem(Some(pem(name, value)?)),
    };
    config.set(name, value).map_err(|error| Python::attach(|py| to_python(py, &error, None)))
}

fn pem(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Bytes::copy_from_slice(utf8(name, text)?.as_bytes()));
    }
    buffer(value)?.ok_or_else(|| wrong_type(name, "PEM as bytes or str", value))
}
