//! `ka_cookies`: a jar of cookies, for as many clients and threads as there are.

use std::ffi::{OsStr, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use keepalive_core::{Cookie, CookieFormat, CookieJar, Cookies, Error, Result};

use crate::client::ka_client;
use crate::handle::{give, missing, take_back, utf8};
use crate::host;
use crate::request::ka_request;
use crate::slice::ka_str;
use crate::status::{ka_error, ka_status};

/// A jar of cookies (RFC 6265bis): what servers set is kept and sent back to them. It is bounded: 180 cookies
/// of a site (what is directly below a public suffix), 3,000 and 4 MiB in all, the longest unused go first;
/// a request gets 8,190 bytes of them at most.
pub struct ka_cookies {
    jar: CookieJar,
}

/// A cookie: ka_cookies_each. Texts are bytes as servers sent them.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ka_cookie {
    /// The number of bytes of this struct that the running library knows.
    pub size: usize,
    /// Its name; may be empty.
    pub name: ka_str,
    /// Its value. It may say who somebody is: it belongs into no log.
    pub value: ka_str,
    /// The host that it is for, in lower case and without a leading dot. Empty: for all hosts.
    pub domain: ka_str,
    /// The path that it is for, with what lies below.
    pub path: ka_str,
    /// When it ends, in seconds since 1970; 0: with the jar.
    pub expires: i64,
    /// Whether it is for `domain` alone and not for the hosts below it. 0: no, 1: yes.
    pub host_only: u64,
    /// Whether it is for https alone, and for servers of this machine. 0: no, 1: yes.
    pub secure: u64,
    /// Whether scripts of browsers may not see it. 0: no, 1: yes.
    pub http_only: u64,
}

/// The form of a file of cookies.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ka_cookie_format {
    /// Lines of seven fields between tabs, as curl and wget read and write them (cookies.txt).
    KA_COOKIES_NETSCAPE = 0,
    /// An object with a list `cookies`.
    KA_COOKIES_JSON = 1,
}

/// A `ka_cookie_format` as it comes from C, where it is any number.
pub type ka_cookie_format_number = i32;

/// Is shown a cookie. `cookie` and its views are valid during the call. False ends ka_cookies_each.
pub type ka_cookie_fn =
    Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, cookie: *const ka_cookie) -> bool>;

impl ka_cookie {
    fn of(cookie: &Cookie) -> ka_cookie {
        ka_cookie {
            size: size_of::<ka_cookie>(),
            name: ka_str::new(&cookie.name),
            value: ka_str::new(&cookie.value),
            domain: ka_str::new(cookie.domain.as_bytes()),
            path: ka_str::new(&cookie.path),
            expires: cookie.expires.unwrap_or(0),
            host_only: cookie.host_only.into(),
            secure: cookie.secure.into(),
            http_only: cookie.http_only.into(),
        }
    }
}

fn format(number: ka_cookie_format_number) -> Result<CookieFormat> {
    match number {
        0 => Ok(CookieFormat::Netscape),
        1 => Ok(CookieFormat::Json),
        other => Err(Error::argument(format!("format: {other} is no ka_cookie_format"))),
    }
}

fn path(bytes: &[u8]) -> Result<&Path> {
    match bytes {
        b"" => Err(Error::argument("path: is empty")),
        path => Ok(Path::new(OsStr::from_bytes(path))),
    }
}

/// Makes an empty jar of cookies.
/// Ownership: on KA_OK `*cookies` is owned: ka_cookies_free.
/// Threads: any; the jar may be used by many at once. A forked child has a copy of it.
/// Errors: KA_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn ka_cookies_new(
    cookies: *mut *mut ka_cookies,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(cookies), { Ok(give(ka_cookies { jar: CookieJar::new() })) })
}

/// Puts a cookie into the jar as if the server at `url` had set it: `set_cookie` is the value of a
/// Set-Cookie field, such as "name=value; Path=/; Max-Age=3600". One that is over removes that cookie.
/// Ownership: inputs are copied.
/// Threads: any.
/// Errors: KA_INVALID_ARGUMENT says why the cookie is refused (a public suffix, Secure over plain http, a
/// name and value of more than 4096 bytes, ...).
#[unsafe(no_mangle)]
pub extern "C" fn ka_cookies_add(
    cookies: *const ka_cookies,
    url: *const c_char,
    set_cookie: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow!(cookies).jar.set(utf8(text!(url), "url")?, text!(set_cookie))
    })
}

/// Puts a cookie into the jar as if the server at `url` had set it, from texts with their lengths: such as
/// views of a response's URL and Set-Cookie field.
/// Ownership: inputs are copied.
/// Threads: any.
/// Errors: as ka_cookies_add.
#[unsafe(no_mangle)]
pub extern "C" fn ka_cookies_add_str(
    cookies: *const ka_cookies,
    url: ka_str,
    set_cookie: ka_str,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow!(cookies).jar.set(utf8(view!(url), "url")?, view!(set_cookie))
    })
}

/// Calls `function` for each cookie that a request to `url` would have, in the order in which they are
/// sent; with a `url` whose pointer is NULL for all cookies of the jar, the oldest first. `*count` is how many it was
/// called for.
/// Ownership: all stays the caller's; `user_data` is handed to the function.
/// Threads: any. The function runs on this thread and may call this library, with this jar too: it is
/// shown the cookies that there were at the beginning. It ends by returning: see "Leaving" at the head
/// of this file.
/// Errors: KA_INVALID_ARGUMENT for a `url` without a host.
#[unsafe(no_mangle)]
pub extern "C" fn ka_cookies_each(
    cookies: *const ka_cookies,
    url: ka_str,
    function: ka_cookie_fn,
    user_data: *mut c_void,
    count: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(count), {
        let jar = &borrow!(cookies).jar;
        let function = function.ok_or_else(|| missing("function"))?;
        let all = match url.ptr.is_null() {
            true => jar.cookies(),
            false => jar.cookies_for(utf8(view!(url), "url")?)?,
        };
        let mut called = 0;
        for cookie in &all {
            let shown = ka_cookie::of(cookie);
            called += 1;
            // SAFETY: by the header's contract the function takes these arguments; the cookie outlives
            // the call.
            if !host::call("of ka_cookies_each", || unsafe { function(user_data, &shown) }) {
                break;
            }
        }
        Ok(called)
    })
}

/// Removes the cookies of that domain, path and name; one of them whose pointer is NULL stands for any, so
/// that three such empty the jar. `*count` is how many were removed.
/// Ownership: inputs stay the caller's.
/// Threads: any.
/// Errors: KA_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn ka_cookies_remove(
    cookies: *const ka_cookies,
    domain: ka_str,
    path: ka_str,
    name: ka_str,
    count: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(count), {
        let jar = &borrow!(cookies).jar;
        let given = [domain, path, name].map(|text| !text.ptr.is_null());
        let (domain, path, name) = (view!(domain), view!(path), view!(name));
        let domain = given[0].then(|| domain.to_ascii_lowercase());
        let (path, name) = (given[1].then_some(path), given[2].then_some(name));
        let domain = domain.as_deref().map(|domain| domain.strip_prefix(b".").unwrap_or(domain));
        Ok(jar.remove(|cookie| {
            domain.is_none_or(|domain| cookie.domain.as_bytes() == domain)
                && path.is_none_or(|path| cookie.path == path)
                && name.is_none_or(|name| cookie.name == name)
        }))
    })
}

/// Writes all cookies of the jar to a file, those that end with the jar too. The file is replaced when the
/// new one is whole, and made for its owner alone: whoever reads it can act for its owner. `format` is a
/// ka_cookie_format.
/// Ownership: inputs stay the caller's.
/// Threads: any; it waits for the disk.
/// Errors: KA_INVALID_ARGUMENT names the file and what the system says, or an unknown format.
#[unsafe(no_mangle)]
pub extern "C" fn ka_cookies_save(
    cookies: *const ka_cookies,
    path: *const c_char,
    format: ka_cookie_format_number,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow!(cookies).jar.save(self::path(text!(path))?, self::format(format)?)
    })
}

/// Writes all cookies of the jar to a file whose path comes with its length.
/// Ownership: inputs stay the caller's.
/// Threads: any; it waits for the disk.
/// Errors: as ka_cookies_save.
#[unsafe(no_mangle)]
pub extern "C" fn ka_cookies_save_str(
    cookies: *const ka_cookies,
    path: ka_str,
    format: ka_cookie_format_number,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow!(cookies).jar.save(self::path(view!(path))?, self::format(format)?)
    })
}

/// Adds the cookies of a file to the jar: in either form of ka_cookie_format, also as curl, wget, Playwright
/// and tough-cookie write them. `*count` is how many; what is over, and what no jar keeps, is left out.
/// Ownership: inputs stay the caller's.
/// Threads: any; it waits for the disk.
/// Errors: KA_INVALID_ARGUMENT names the file and what the system says, or the line that is wrong; nothing
/// is added then.
#[unsafe(no_mangle)]
pub extern "C" fn ka_cookies_load(
    cookies: *const ka_cookies,
    path: *const c_char,
    count: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(count), { borrow!(cookies).jar.load(self::path(text!(path))?) })
}

/// Adds the cookies of a file, whose path comes with its length, to the jar.
/// Ownership: inputs stay the caller's.
/// Threads: any; it waits for the disk.
/// Errors: as ka_cookies_load.
#[unsafe(no_mangle)]
pub extern "C" fn ka_cookies_load_str(
    cookies: *const ka_cookies,
    path: ka_str,
    count: *mut usize,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(count), { borrow!(cookies).jar.load(self::path(view!(path))?) })
}

/// Has the cookies of a client's requests kept in `cookies` from now on. Several clients may have one jar. A
/// client has one for all its life; one of its own with option `cookies`.
/// Ownership: `cookies` stays the caller's, who may free it at once: the client goes on using the jar.
/// Threads: any.
/// Errors: KA_INVALID_ARGUMENT for NULL; KA_INVALID_STATE when the client has a jar already.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_set_cookies(
    client: *mut ka_client,
    cookies: *const ka_cookies,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow!(client).client.set_cookies(borrow!(cookies).jar.clone().into())
    })
}

/// The jar of a client, whether it is its own (option `cookies`) or was given to it.
/// Ownership: on KA_OK `*cookies` is owned, a further handle of that jar: ka_cookies_free.
/// Threads: any.
/// Errors: KA_INVALID_STATE when the client has none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_client_cookies(
    client: *const ka_client,
    cookies: *mut *mut ka_cookies,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(cookies), {
        match borrow!(client).client.cookies() {
            Some(Cookies::Jar(jar)) => Ok(give(ka_cookies { jar: jar.clone() })),
            _ => Err(Error::state("the client keeps no cookies")),
        }
    })
}

/// Has the cookies of this request kept in `cookies`, in place of its client's jar; NULL: none are kept
/// or sent but those of ka_request_add_cookie.
/// Ownership: `cookies` stays the caller's, who may free it at once.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT when `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_set_cookies(
    request: *mut ka_request,
    cookies: *const ka_cookies,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        let request = borrow_mut!(request);
        let jar = if cookies.is_null() { None } else { Some(borrow!(cookies).jar.clone().into()) };
        request.change().set_cookies(jar);
        Ok(())
    })
}

/// Adds a cookie to this request, beside those of its jar and in place of one of that name. It is sent to
/// the origin of the request's URL, also after redirects, and to no other; no jar keeps it. With a field
/// "Cookie" of the request's own, that alone is sent.
/// Ownership: inputs are copied.
/// Threads: one at a time for one request.
/// Errors: KA_INVALID_ARGUMENT says why it cannot be sent, such as a semicolon in its value.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_add_cookie(
    request: *mut ka_request,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow_mut!(request).change().add_cookie(text!(name), text!(value))
    })
}

/// Adds a cookie to this request, from texts with their lengths; ka_request_add_cookie tells where it is
/// sent.
/// Ownership: inputs are copied.
/// Threads: one at a time for one request.
/// Errors: as ka_request_add_cookie.
#[unsafe(no_mangle)]
pub extern "C" fn ka_request_add_cookie_str(
    request: *mut ka_request,
    name: ka_str,
    value: ka_str,
    error: *mut *mut ka_error,
) -> ka_status {
    ka_fn!(status(error), outs(), {
        borrow_mut!(request).change().add_cookie(view!(name), view!(value))
    })
}

/// Frees a handle of a jar. Clients and requests that have the jar go on using it.
/// Ownership: takes `cookies`; NULL is fine.
/// Threads: any, once.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn ka_cookies_free(cookies: *mut ka_cookies) {
    ka_fn!(value(()), {
        // SAFETY: by the header's contract a jar of this library, freed once.
        drop(unsafe { take_back(cookies) });
        Ok(())
    })
}
