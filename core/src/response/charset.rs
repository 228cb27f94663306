//! The charset that a Content-Type names.

use crate::request::media_type::parameter;

/// The `charset` parameter of a Content-Type value, as written, quotes and escapes undone (RFC 9110 5.6.6,
/// 8.3.2); the first one if there are several, `None` without one or when it is empty. Whether a charset of
/// that name exists is the caller's to find out.
pub fn charset(content_type: &[u8]) -> Option<String> {
    let charset = parameter(content_type, "charset")?;
    Some(charset.trim().to_string()).filter(|charset| !charset.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charset_is_found_however_it_is_written() {
        for (content_type, expected) in [
            ("text/html; charset=utf-8", Some("utf-8")),
            ("text/html;CHARSET=\"ISO-8859-1\"", Some("ISO-8859-1")),
            ("text/html ; a=b ; charset = latin1 ; c=d", Some("latin1")),
            ("text/html; title=\"a; charset=no\"; charset=yes", Some("yes")),
            ("text/html; a=\"\\\"; charset=no\"; charset=\"y\\es\"", Some("yes")),
            ("text/html; charset=first; charset=second", Some("first")),
            ("text/html; charset=\"open", Some("open")),
            ("text/html; charset", None),
            ("text/html; charset=", None),
            ("text/html; charset=\"\"", None),
            ("text/html; charset=\" \"", None),
            ("text/html; charset=\" latin1 \"", Some("latin1")),
            ("text/html; xcharset=no", None),
            ("charset=no", None),
            (";;;charset=yes", Some("yes")),
            ("", None),
        ] {
            assert_eq!(charset(content_type.as_bytes()).as_deref(), expected, "{content_type}");
        }
        assert_eq!(charset(b"text/plain; \xff; charset=a").as_deref(), Some("a"));
    }
}
