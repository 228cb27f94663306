//! The engine's form, put together from the entries of a FormData.

use keepalive_core::{Multipart, Part, Piece};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::convert::{Thrown, thrown};

/// An entry of a form: a text, or a file, whose content JavaScript has.
#[napi(object)]
pub struct FormEntry {
    /// Name of the field.
    pub name: String,
    /// The text of a plain field.
    pub text: Option<String>,
    /// The name of a file.
    pub filename: Option<String>,
    /// Its media type.
    pub content_type: Option<String>,
}

/// A form as it is sent.
#[napi(object)]
pub struct Form {
    /// The value of its Content-Type header.
    pub content_type: String,
    /// What is before the first file, between the files, and behind the last.
    pub around: Vec<Buffer>,
}

/// What is sent of a form beside the contents of its files.
#[napi]
pub fn form(entries: Vec<FormEntry>) -> Result<Form, Thrown> {
    let mut form = Multipart::new(None).map_err(thrown)?;
    for entry in &entries {
        let FormEntry { name, text, filename, content_type } = entry;
        let Some(text) = text else {
            let content_type = content_type.as_ref().map(|kind| kind.as_bytes());
            let part = Part { name, filename: filename.as_deref(), content_type, headers: &[] };
            form.add(&part, ()).map_err(thrown)?;
            continue;
        };
        form.add_text(name, text);
    }
    let content_type = String::from_utf8_lossy(form.content_type()).into_owned();
    let bytes = |piece| match piece {
        Piece::Bytes(bytes) => Some(Buffer::from(bytes.as_ref())),
        Piece::Content(()) => None,
    };
    Ok(Form { content_type, around: form.finish().into_iter().filter_map(bytes).collect() })
}
