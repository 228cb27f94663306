//! What is said of a URL that is refused.

use std::fmt;

use crate::error::{Error, ErrorKind, Phase};
use crate::request::url::secret::without_userinfo;

pub(super) fn unsupported(scheme: &str) -> Error {
    Error::new(
        ErrorKind::UnsupportedScheme,
        Phase::Request,
        format!("url scheme {scheme:?} is not supported; expected http or https"),
    )
}
pub(super) fn invalid(url: &str, reason: impl fmt::Display) -> Error {
    let shown: String = without_userinfo(url).chars().take(200).collect();
    Error::new(ErrorKind::InvalidUrl, Phase::Request, format!("url {shown:?}: {reason}"))
}
