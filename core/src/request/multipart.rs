//! multipart/form-data (RFC 7578): everything of a form that is not the content of its parts.

#[cfg(test)]
mod tests;

use bytes::{Bytes, BytesMut};

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::request::media_type::parameter;

/// A form that is being put together. Contents are whatever a caller can send (`C`): they come out of
/// [`finish`](Multipart::finish) where they belong, nothing of them is looked at.
pub struct Multipart<C> {
    boundary: String,
    content_type: Vec<u8>,
    pieces: Vec<Piece<C>>,
    /// What is between two contents, so far.
    between: BytesMut,
}

/// What a form is sent as, one after the other.
#[derive(Debug)]
pub enum Piece<C> {
    /// Boundaries, heads, and contents that were given as bytes.
    Bytes(Bytes),
    /// The content of a part.
    Content(C),
}

/// The head of a part.
#[derive(Debug, Default, Clone, Copy)]
pub struct Part<'a> {
    /// Name of the field. Its line ends become CRLF; it and `filename` are escaped as WHATWG HTML's
    /// multipart/form-data encoding algorithm says: `%0D`, `%0A` and `%22`.
    pub name: &'a str,
    /// Name of the file, `None` for a plain field.
    pub filename: Option<&'a str>,
    /// Its Content-Type, unless `headers` have one.
    pub content_type: Option<&'a [u8]>,
    /// Further header fields, name and value.
    pub headers: &'a [(&'a [u8], &'a [u8])],
}

impl<C> Multipart<C> {
    /// An empty form. `content_type` is what the caller's own Content-Type header says: any multipart
    /// type, whose boundary is used if it names one; else the boundary is 128 random bits.
    ///
    /// # Errors
    /// `InvalidArgument`: no multipart type, or not a boundary of RFC 2046 5.1.1.
    pub fn new(content_type: Option<&[u8]>) -> Result<Multipart<C>> {
        let own = content_type.unwrap_or(b"multipart/form-data").trim_ascii();
        if !own.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/")) {
            let kind = own.split(|&byte| byte == b';').next().unwrap_or(own).trim_ascii_end();
            let kind = String::from_utf8_lossy(kind);
            return Err(Error::argument(format!(
                "the Content-Type header says {kind}; expected multipart/form-data, or leave it out"
            )));
        }
        let (boundary, content_type) = match parameter(own, "boundary") {
            Some(boundary) if is_boundary(&boundary) => (boundary, own.to_vec()),
            Some(_) => {
                return Err(Error::argument(
                    "the boundary in the Content-Type header is not one of RFC 2046 5.1.1: 1 to 70 \
                     letters, digits, blanks or any of '()+_,-./:=?",
                ));
            }
            None => {
                let boundary = random_boundary()?;
                let end =
                    own.iter().rposition(|byte| !b"; \t".contains(byte)).map_or(0, |at| at + 1);
                let content_type = [&own[..end], b"; boundary=", boundary.as_bytes()].concat();
                (boundary, content_type)
            }
        };
        Ok(Multipart { boundary, content_type, pieces: Vec::new(), between: BytesMut::new() })
    }

    /// The value of the Content-Type header that goes with it.
    pub fn content_type(&self) -> &[u8] {
        &self.content_type
    }

    /// Appends a part whose content is sent from where it is.
    ///
    /// # Errors
    /// `InvalidArgument`: a header field's name is no token, or a value has a line break or NUL. The form
    /// is then unchanged.
    pub fn add(&mut self, part: &Part<'_>, content: C) -> Result<()> {
        self.head(part)?;
        self.pieces.push(Piece::Bytes(self.between.split().freeze()));
        self.pieces.push(Piece::Content(content));
        self.between.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Appends a part whose content is copied.
    ///
    /// # Errors
    /// As [`add`](Multipart::add).
    pub fn add_bytes(&mut self, part: &Part<'_>, content: &[u8]) -> Result<()> {
        self.head(part)?;
        self.between.extend_from_slice(content);
        self.between.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Appends a field as a `FormData` has it: the line ends of its value become CRLF (WHATWG HTML,
    /// multipart/form-data encoding algorithm).
    pub fn add_text(&mut self, name: &str, value: &str) {
        let part = Part { name, ..Part::default() };
        // Without header fields of its own nothing of it can be refused.
        let _ = self.add_bytes(&part, lines(value).as_bytes());
    }

    /// The pieces in their order, the last boundary behind them. Two pieces of bytes do not follow one
    /// another.
    pub fn finish(mut self) -> Vec<Piece<C>> {
        self.between.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        self.pieces.push(Piece::Bytes(self.between.freeze()));
        self.pieces
    }

    fn head(&mut self, part: &Part<'_>) -> Result<()> {
        check(part)?;
        let out = &mut self.between;
        let mut put = |pieces: &[&[u8]]| pieces.iter().for_each(|each| out.extend_from_slice(each));
        put(&[b"--", self.boundary.as_bytes(), b"\r\n"]);
        let name = escaped(&lines(part.name));
        put(&[b"Content-Disposition: form-data; name=\"", name.as_bytes(), b"\""]);
        if let Some(filename) = part.filename {
            put(&[b"; filename=\"", escaped(filename).as_bytes(), b"\""]);
        }
        let has_type =
            part.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"Content-Type"));
        if let Some(content_type) = part.content_type.filter(|_| !has_type) {
            put(&[b"\r\nContent-Type: ", content_type]);
        }
        for (name, value) in part.headers {
            put(&[b"\r\n", name, b": ", value]);
        }
        put(&[b"\r\n\r\n"]);
        Ok(())
    }
}

fn check(part: &Part<'_>) -> Result<()> {
    for (name, _) in part.headers {
        if name.is_empty() || !name.iter().all(|&byte| is_token(byte)) {
            let name = String::from_utf8_lossy(name);
            return Err(Error::argument(format!("{name:?} is not the name of a header field")));
        }
    }
    let values = part.headers.iter().map(|(_, value)| value).chain(part.content_type.iter());
    match values.into_iter().any(|value| value.iter().any(|byte| b"\r\n\0".contains(byte))) {
        true => Err(Error::argument("line break or NUL in the media type or a header")),
        false => Ok(()),
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_boundary(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=70).contains(&text.len()) && text.bytes().all(known) && !text.ends_with(' ')
}

/// Not to be guessed by whoever chose the contents, who could else make up parts.
fn random_boundary() -> Result<String> {
    let mut bits = [0; 16];
    getrandom::getrandom(&mut bits).map_err(|error| {
        Error::new(ErrorKind::Internal, Phase::Send, format!("no random numbers: {error}"))
    })?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bits)))
}

/// Line ends as CRLF.
fn lines(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                made.push_str("\r\n");
            }
            '\n' => made.push_str("\r\n"),
            c => made.push(c),
        }
    }
    made
}

fn escaped(text: &str) -> String {
    text.replace('\n', "%0A").replace('\r', "%0D").replace('"', "%22")
}
