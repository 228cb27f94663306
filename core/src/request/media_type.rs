//! The parameters of a media type, in a Content-Type that somebody else wrote.

/// The parameter `name` of a Content-Type value, its quotes and escapes undone (RFC 9110 5.6.6, 8.3.1); the
/// first one if there are several.
pub(crate) fn parameter(content_type: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(content_type);
    let mut rest = &text[text.find(';')?..];
    while let Some(parameter) = rest.strip_prefix(';') {
        let (found, after) = match parameter.find(['=', ';']) {
            Some(at) if parameter[at..].starts_with('=') => {
                (&parameter[..at], &parameter[at + 1..])
            }
            at => {
                rest = &parameter[at.unwrap_or(parameter.len())..];
                continue;
            }
        };
        let (value, after) = value(after);
        if found.trim().eq_ignore_ascii_case(name) {
            return Some(value);
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
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}
