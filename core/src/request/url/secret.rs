//! Texts that quote a URL leave its userinfo out: a URL that does not parse may still hold one.

use std::borrow::Cow;

use crate::request::url::scheme::is_scheme;

/// `text` with `***` in the place of what may be userinfo: everything between the scheme and the
/// last `@`, wherever that is, since a password with a `/`, `?` or `#` in it ends the authority for
/// every parser.
pub(crate) fn without_userinfo(text: &str) -> Cow<'_, str> {
    let Some((before, after)) = text.rsplit_once('@') else { return Cow::Borrowed(text) };
    let scheme = before
        .find(':')
        .filter(|&end| is_scheme(&before[..end]) && before[end + 1..].starts_with(['/', '\\']));
    let kept = match scheme {
        Some(end) => {
            let slashes = before[end + 1..].chars().take_while(|c| matches!(c, '/' | '\\')).count();
            &before[..end + 1 + slashes]
        }
        None => "",
    };
    Cow::Owned(format!("{kept}***@{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_userinfo_is_left_however_the_url_is_broken() {
        for (text, shown) in [
            ("http://a/b?c", "http://a/b?c"),
            ("http://us:secret@a/b", "http://***@a/b"),
            ("http://us:sec/ret@a/b", "http://***@a/b"),
            ("http://us:se?c#ret@a", "http://***@a"),
            ("http://us:sec@ret@a/", "http://***@a/"),
            ("http:us:secret@a", "***@a"),
            ("http:\\/us:secret@a", "http:\\/***@a"),
            ("us:secret@a/x", "***@a/x"),
            ("//us:secret@a/x", "***@a/x"),
            ("h ttp://us:secret@a/x", "***@a/x"),
            ("http:// us:secret@a/x", "http://***@a/x"),
        ] {
            assert_eq!(without_userinfo(text), shown, "{text}");
        }
    }
}
