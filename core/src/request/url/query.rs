//! Queries: pairs as one text, and a text behind a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Names and values as one text, in their order: `a=1&b=x+y`. Letters, digits and `-._~` stay, a space
/// is `+`, every other byte is `%XX`: what a query is made of, and the body of an HTML form
/// (application/x-www-form-urlencoded).
pub fn encode_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> String
where
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        encode(name.as_ref(), &mut text);
        text.push('=');
        encode(value.as_ref(), &mut text);
    }
    text
}

fn encode(bytes: &[u8], text: &mut String) {
    /// A space, which becomes `+`, is dealt with apart.
    const ESCAPED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b' ');
    for piece in percent_encode(bytes, ESCAPED) {
        text.extend(piece.chars().map(|c| if c == ' ' { '+' } else { c }));
    }
}

/// `url` with `query` at the end of the query that it has, or with `query` as its query; before its
/// fragment. `query` is taken as it is; when it is empty the URL stays what it was.
pub fn append_query(url: &str, query: &str) -> String {
    if query.is_empty() {
        return url.to_string();
    }
    let (url, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let joint = match url.contains('?') {
        _ if url.ends_with(['?', '&']) => "",
        true => "&",
        false => "?",
    };
    format!("{url}{joint}{query}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_kept_or_escaped() {
        assert_eq!(
            encode_pairs([("a", "x y"), ("b", ""), ("é", "1+1=2&?#/~*")]),
            "a=x+y&b=&%C3%A9=1%2B1%3D2%26%3F%23%2F~%2A"
        );
        let all: Vec<u8> = (0..=255).collect();
        let text = encode_pairs([(&b"k"[..], &all[..])]);
        let back: Vec<u8> =
            percent_encoding::percent_decode_str(&text[2..].replace('+', "%20")).collect();
        assert_eq!(back, all);
        assert!(
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%+=-._~".contains(&byte))
        );
        assert_eq!(encode_pairs(Vec::<(&str, &str)>::new()), "");
    }

    #[test]
    fn a_query_goes_behind_the_one_that_is_there_and_before_the_fragment() {
        for (url, query, expected) in [
            ("http://a/b", "x=1", "http://a/b?x=1"),
            ("http://a/b?y", "x=1", "http://a/b?y&x=1"),
            ("http://a/b?", "x=1", "http://a/b?x=1"),
            ("http://a/b?y&", "x=1", "http://a/b?y&x=1"),
            ("http://a/b#f?g", "x=1", "http://a/b?x=1#f?g"),
            ("http://a/b?y#f", "x=1", "http://a/b?y&x=1#f"),
            ("http://a/b?y#f", "", "http://a/b?y#f"),
            ("/b", "x", "/b?x"),
        ] {
            assert_eq!(append_query(url, query), expected, "{url}");
        }
    }
}
