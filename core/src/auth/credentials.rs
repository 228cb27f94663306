//! What the option `auth` says: who asks.

use std::fmt;

use crate::auth::{Login, basic_credentials};
use crate::error::{Error, Result};

/// Credentials for an origin.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// None at all, whatever the client has.
    None,
    /// The value of the field that every request gets.
    Field(Box<str>),
    /// Answers to the server's challenges.
    Digest(Login),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials { .. }")
    }
}

impl Credentials {
    /// Reads `SCHEME CREDENTIALS`; an empty text is none.
    ///
    /// # Errors
    /// `InvalidArgument`, which shows nothing of the text.
    pub fn parse(text: &str) -> Result<Credentials> {
        if text.is_empty() {
            return Ok(Credentials::None);
        }
        let (scheme, given) = text.split_once(' ').unwrap_or((text, ""));
        let is = |name: &str| scheme.eq_ignore_ascii_case(name);
        if is("basic") {
            let Login { user, password } = login(given)?;
            return Ok(Credentials::Field(
                basic_credentials(user.as_bytes(), password.as_bytes()).into(),
            ));
        }
        if is("digest") {
            return login(given).map(Credentials::Digest);
        }
        if is("bearer") {
            return token(given);
        }
        Err(wrong(
            "expected \"basic USER:PASSWORD\", \"bearer TOKEN\", \"digest USER:PASSWORD\" or an empty text",
        ))
    }
}

fn wrong(reason: &str) -> Error {
    Error::argument(format!("option auth: {reason}"))
}

/// The first colon ends the name (RFC 7617 2).
fn login(text: &str) -> Result<Login> {
    let (user, password) =
        text.split_once(':').ok_or_else(|| wrong("expected USER:PASSWORD behind the scheme"))?;
    if text.contains(char::is_control) {
        return Err(wrong("a control character in the user name or the password"));
    }
    Ok(Login { user: user.into(), password: password.into() })
}

/// RFC 6750 2.1 has fewer characters; servers have more.
fn token(text: &str) -> Result<Credentials> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("expected a token of printable ASCII without blanks behind \"bearer\""));
    }
    Ok(Credentials::Field(format!("Bearer {text}").into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_read_in_any_case_and_the_first_colon_ends_a_name() {
        let field = |text| match Credentials::parse(text).expect("valid") {
            Credentials::Field(value) => value.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(field("basic Aladdin:open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(field("BASIC a:b:c"), basic_credentials(b"a", b"b:c"));
        assert_eq!(field("Bearer a.b-c=="), "Bearer a.b-c==");
        assert_eq!(Credentials::parse("").expect("none"), Credentials::None);
        let login = Login { user: "ann".into(), password: "p:q".into() };
        assert_eq!(
            Credentials::parse("Digest ann:p:q").expect("valid"),
            Credentials::Digest(login)
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_showing_it() {
        for text in [
            "geheim",
            "ntlm geheim",
            "basic geheim",
            "basic",
            "digest geheim",
            "basic ge\nheim:geheim",
            "digest a:ge\0heim",
            "bearer ge heim",
            "bearer ",
            "bearer geh\u{e4}im",
        ] {
            let error = Credentials::parse(text).expect_err(text);
            assert!(error.message().starts_with("option auth: "), "{error}");
            assert!(!error.message().contains("heim"), "{error}");
        }
        let shown = format!("{:?}", Credentials::parse("bearer geheim"));
        assert!(!shown.contains("geheim"), "{shown}");
    }
}
