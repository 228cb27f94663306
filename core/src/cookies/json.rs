//! Cookies as JSON: `{"cookies": [{"name": ..., "value": ..., "domain": ..., "hostOnly": ..., "path": ...,
//! "expires": ..., "secure": ..., "httpOnly": ...}]}`, times in seconds since 1970 or null. What Playwright
//! (a dot before the domain, -1 for no time) and tough-cookie (`key`, dates in ISO 8601) write is read too.

use serde_json::{Map, Value, json};

use crate::cookies::cookie::Cookie;
use crate::cookies::date::parse_iso;

pub(super) fn write(cookies: &[Cookie]) -> Vec<u8> {
    let list: Vec<Value> = cookies.iter().map(value).collect();
    let mut text = serde_json::to_vec_pretty(&json!({ "cookies": list })).unwrap_or_default();
    text.push(b'\n');
    text
}

fn value(cookie: &Cookie) -> Value {
    let texts = [&cookie.name, &cookie.value, &cookie.path];
    let is_text = texts.iter().all(|bytes| std::str::from_utf8(bytes).is_ok());
    let [name, value, path] = texts.map(|bytes| match is_text {
        true => String::from_utf8_lossy(bytes).into_owned(),
        false => bytes.iter().map(|&byte| char::from(byte)).collect(),
    });
    let mut object = json!({
        "name": name,
        "value": value,
        "domain": cookie.domain,
        "hostOnly": cookie.host_only,
        "path": path,
        "expires": cookie.expires,
        "secure": cookie.secure,
        "httpOnly": cookie.http_only,
    });
    // What is no UTF-8 has a character for each byte, and says so.
    if let (false, Some(object)) = (is_text, object.as_object_mut()) {
        object.insert("latin1".into(), true.into());
    }
    object
}

pub(super) fn read(text: &[u8]) -> Result<Vec<Cookie>, String> {
    // The reason could quote a value.
    let document: Value = serde_json::from_slice(text)
        .map_err(|error| format!("no JSON: line {}, column {}", error.line(), error.column()))?;
    let list = match &document {
        Value::Array(list) => Some(list),
        other => other.get("cookies").and_then(Value::as_array),
    };
    let list = list.ok_or("expected a list of cookies, or an object with one as \"cookies\"")?;
    let cookies = list.iter().enumerate().map(|(number, value)| {
        let cookie = value.as_object().ok_or("expected an object").and_then(cookie);
        cookie.map_err(|reason| format!("cookie {}: {reason}", number + 1))
    });
    cookies.collect()
}

fn cookie(object: &Map<String, Value>) -> Result<Cookie, &'static str> {
    let get = |name: &str| object.get(name).filter(|value| !value.is_null());
    let text =
        |name: &str| get(name).map(|value| value.as_str().ok_or("a text is no text")).transpose();
    let flag =
        |name: &str| get(name).map(|value| value.as_bool().ok_or("a flag is no flag")).transpose();
    let is_latin1 = flag("latin1")?.unwrap_or(false);
    let bytes = |text: &str| match is_latin1 {
        false => Ok(text.as_bytes().to_vec()),
        true => text
            .chars()
            .map(|one| u8::try_from(u32::from(one)).map_err(|_| "a character that is no byte"))
            .collect(),
    };
    let name = text("name")?.or(text("key")?).unwrap_or_default();
    let domain = text("domain")?.ok_or("domain: missing")?;
    let plain = domain.strip_prefix('.').unwrap_or(domain);
    let mut cookie = Cookie::new(bytes(name)?, bytes(text("value")?.unwrap_or_default())?, plain);
    cookie.host_only = match flag("hostOnly")? {
        Some(flag) => flag,
        None => plain.len() == domain.len(),
    } && !plain.is_empty();
    cookie.path = bytes(text("path")?.unwrap_or("/"))?;
    cookie.secure = flag("secure")?.unwrap_or(false);
    cookie.http_only = flag("httpOnly")?.unwrap_or(false);
    cookie.expires = match get("expires") {
        None => None,
        Some(Value::String(text)) if text == "Infinity" => None,
        Some(Value::String(text)) => Some(parse_iso(text).ok_or("expires: no date")?),
        Some(value) => {
            let seconds = value.as_f64().ok_or("expires: no time")?;
            // Beyond what a clock counts is for ever, which such a time is.
            (seconds >= 0.0).then_some(seconds as i64)
        }
    };
    Ok(cookie)
}
