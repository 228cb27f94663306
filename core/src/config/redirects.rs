//! What the options about redirects say.

use keepalive_proto::RequestHead;

use crate::error::{Error, Result};

/// What becomes of a response that leads elsewhere (option `redirect`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redirects {
    /// It is a response like others.
    #[default]
    Manual,
    /// It is followed.
    Follow,
    /// It is an error, `InvalidRedirect`.
    Error,
}

impl Redirects {
    /// # Errors
    /// `InvalidArgument`: no such word. An empty text is the default.
    pub fn parse(text: &str) -> Result<Redirects> {
        match text {
            "" | "manual" => Ok(Redirects::Manual),
            "follow" => Ok(Redirects::Follow),
            "error" => Ok(Redirects::Error),
            other => Err(Error::argument(format!(
                "option redirect: {other:?} is not allowed; expected \"follow\", \"manual\" or \"error\""
            ))),
        }
    }
}

/// Names of header fields that stay within their origin, in lower case.
pub(crate) type SensitiveNames = Vec<Box<str>>;

/// Reads the option `sensitive_headers`.
///
/// # Errors
/// `InvalidArgument`: what could be no field's name.
pub(crate) fn sensitive_names(text: &str) -> Result<SensitiveNames> {
    let mut names = SensitiveNames::new();
    for name in text.split([',', ' ', '\t', '\r', '\n']).filter(|name| !name.is_empty()) {
        RequestHead::new("GET", "/", "a")?.append(name.as_bytes(), b"0").map_err(|_| {
            Error::argument(format!(
                "option sensitive_headers: {name:?} is no name of a header field; expected names \
                 separated by commas or blanks"
            ))
        })?;
        let name = name.to_ascii_lowercase().into_boxed_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_words_are_read_or_named() {
        let names = sensitive_names("X-Api-Key, x-token\tX-API-KEY").expect("valid");
        assert_eq!(names, ["x-api-key".into(), "x-token".into()]);
        let error = sensitive_names("X-Api-Key x:y").expect_err("a colon");
        assert!(error.message().contains("\"x:y\""), "{error}");
        assert_eq!(Redirects::parse("error").expect("a word"), Redirects::Error);
        let error = Redirects::parse("Follow").expect_err("no word");
        assert!(error.message().starts_with("option redirect: \"Follow\""), "{error}");
    }
}
