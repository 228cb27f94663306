//! The cookies.txt of Netscape, as curl writes it: seven fields between tabs, `#HttpOnly_` before the domain
//! of a cookie that no script may see.

use crate::cookies::cookie::Cookie;

const HEAD: &[u8] = b"# Netscape HTTP Cookie File\n# Written by libkeepalive; whoever reads it can act for its owner.\n\n";
const HTTP_ONLY: &[u8] = b"#HttpOnly_";

pub(super) fn write(cookies: &[Cookie]) -> Vec<u8> {
    let mut text = HEAD.to_vec();
    for cookie in cookies.iter().filter(|cookie| !cookie.domain.is_empty()) {
        let Cookie { name, value, domain, path, .. } = cookie;
        if cookie.http_only {
            text.extend_from_slice(HTTP_ONLY);
        }
        let dot = if cookie.host_only { "" } else { "." };
        let flag = |flag: bool| if flag { "TRUE" } else { "FALSE" };
        // 0 is for what ends with the jar.
        let expires = cookie.expires.map_or(0, |expires| expires.max(1)).to_string();
        let domain = format!("{dot}{domain}");
        let fields: [&[u8]; 7] = [
            domain.as_bytes(),
            flag(!cookie.host_only).as_bytes(),
            path,
            flag(cookie.secure).as_bytes(),
            expires.as_bytes(),
            name,
            value,
        ];
        text.extend_from_slice(&fields.join(&b'\t'));
        text.push(b'\n');
    }
    text
}

pub(super) fn read(text: &[u8]) -> Result<Vec<Cookie>, String> {
    let mut cookies = Vec::new();
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (http_only, line) = match line.strip_prefix(HTTP_ONLY) {
            Some(line) => (true, line),
            None if line.starts_with(b"#") || line.trim_ascii().is_empty() => continue,
            None => (false, line),
        };
        let cookie = cookie(line, http_only);
        cookies.push(cookie.map_err(|reason| format!("line {}: {reason}", number + 1))?);
    }
    Ok(cookies)
}

fn cookie(line: &[u8], http_only: bool) -> Result<Cookie, &'static str> {
    const EXPECTED: &str = "expected domain, TRUE or FALSE, path, TRUE or FALSE, time, name and value \
                            between tabs, or JSON";
    let fields: Vec<&[u8]> = line.split(|&byte| byte == b'\t').collect();
    let (fields, value) = match fields[..] {
        [ref fields @ .., value] if fields.len() == 6 => (fields, value),
        // Without a value: the tab at the end is often lost.
        ref fields if fields.len() == 6 => (fields, &b""[..]),
        _ => return Err(EXPECTED),
    };
    let text = |at: usize| std::str::from_utf8(fields[at]).map_err(|_| EXPECTED);
    let flag = |at: usize| match fields[at].to_ascii_uppercase().as_slice() {
        b"TRUE" => Ok(true),
        b"FALSE" => Ok(false),
        _ => Err(EXPECTED),
    };
    // Browsers' add-ons write fractions, Python's MozillaCookieJar nothing where there is no end.
    let whole = text(4)?.split('.').next().unwrap_or_default();
    let expires = if whole.is_empty() { "0" } else { whole }
        .parse::<i64>()
        .map_err(|_| "its time is no number of seconds")?;
    let domain = text(0)?;
    // Python's MozillaCookieJar writes a cookie without a value as a value without a name.
    let mut cookie = Cookie::new(fields[5], value, domain.strip_prefix('.').unwrap_or(domain));
    cookie.host_only = !flag(1)?;
    cookie.path = fields[2].to_vec();
    cookie.secure = flag(3)?;
    cookie.expires = (expires > 0).then_some(expires);
    cookie.http_only = http_only;
    Ok(cookie)
}
