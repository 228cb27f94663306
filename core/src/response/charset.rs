//! The charset that a Content-Type names.

/// The `charset` parameter of a Content-Type value, as written, quotes and escapes undone (RFC 9110 5.6.6,
/// 8.3.2); the first one if there are several, `None` without one or when it is empty. Whether a charset of
/// that name exists is the caller's to find out.
pub fn charset(content_type: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(content_type);
    let mut rest = &text[text.find(';')?..];
    while let Some(parameter) = rest.strip_prefix(';') {
        let (name, after) = match parameter.find(['=', ';']) {
            Some(at) if parameter[at..].starts_with('=') => {
                (&parameter[..at], &parameter[at + 1..])
            }
            at => {
                rest = &parameter[at.unwrap_or(parameter.len())..];
                continue;
            }
        };
        let (value, after) = value(after);
        if name.trim().eq_ignore_ascii_case("charset") {
            return Some(value).filter(|value| !value.is_empty());
        }
        rest = &after[after.find(';').unwrap_or(after.len())..];
    }
    None
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> (String, &str) {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_string(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value.trim().to_string(), &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value.trim().to_string(), "")
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
