//! What a request is made of beside its URL, as `Bridge::submit` gets it from JavaScript.

use keepalive_core::{Redirects, Request};

use crate::client::NativeClient;
use crate::convert::{ByteString, Payload, Thrown, invalid, thrown, timeouts};
use crate::download::Order;

/// The body comes in pieces.
pub const STREAM: u32 = 4;
/// It can begin again.
pub const REWIND: u32 = 16;

/// Decode the response body.
const DECODE: u32 = 1;
/// Follow redirects.
const FOLLOW: u32 = 2;
/// A redirect is an error.
const REFUSE: u32 = 32;
/// A redirect is a response like others.
const MANUAL: u32 = 128;
/// `DECODE` holds unless the client was told otherwise.
const AS_CLIENT: u32 = 8192;

/// The request without a body in pieces, and what its caller wants beside the answer. `limits` as in
/// `convert::timeouts`; `options` are names and values of those that the request has for itself (`Order`).
pub fn made(
    client: &NativeClient,
    (method, url): (&str, &str),
    flags: u32,
    fields: Option<(ByteString, u32)>,
    body: Option<Payload>,
    limits: Option<Vec<f64>>,
    options: Option<Vec<String>>,
) -> Result<(Request, Order), Thrown> {
    let mut request = Request::new(method, url).map_err(thrown)?;
    let mut order = Order::default();
    for pair in options.iter().flat_map(|options| options.chunks_exact(2)) {
        order.take(&mut request, &pair[0], &pair[1]).map_err(thrown)?;
    }
    if let Some((ByteString(fields), count)) = fields {
        add_headers(&mut request, &fields, count)?;
    }
    if let Some(Payload(body)) = body {
        request.set_body(body);
    }
    request.set_timeouts(client.timeouts(match limits {
        Some(limits) => timeouts(&limits)?,
        None => Default::default(),
    }));
    set_flags(&mut request, flags, client.decode);
    Ok((request, order))
}

/// Decodes and follows as `flags` say; `decode` is what the client was told.
fn set_flags(request: &mut Request, flags: u32, decode: Option<bool>) {
    request.set_decode(match decode {
        Some(decode) if flags & AS_CLIENT != 0 => decode,
        _ => flags & DECODE != 0,
    });
    match flags & (FOLLOW | REFUSE | MANUAL) {
        0 => {}
        FOLLOW => request.set_redirects(Redirects::Follow),
        REFUSE => request.set_redirects(Redirects::Error),
        _ => request.set_redirects(Redirects::Manual),
    }
}

/// Adds `count` fields out of `name NUL value NUL ...`.
fn add_headers(request: &mut Request, block: &[u8], count: u32) -> Result<(), Thrown> {
    let mut pieces = block.split(|byte| *byte == 0);
    for _ in 0..count {
        let (Some(name), Some(value)) = (pieces.next(), pieces.next()) else {
            return Err(invalid("headers: fewer fields than announced"));
        };
        request.add_header(name, value).map_err(thrown)?;
    }
    match pieces.next() {
        // The block ends in a NUL; more than that is a NUL inside a name or value.
        Some(b"") if pieces.next().is_none() => Ok(()),
        _ => Err(invalid("headers: a name or value contains a NUL character")),
    }
}
