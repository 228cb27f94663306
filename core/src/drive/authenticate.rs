//! The authentication ring: who asks, at this origin, with the other fields that a request gets unless it
//! has its own.
//!
//! Credentials are those of the URL; a redirect to another origin brings a URL without them.

use std::borrow::Cow;

use crate::config::Settings;
use crate::decode::ACCEPTED;
use crate::drive::call::Call;
use crate::drive::reply::Reply;
use crate::drive::retry;
use crate::drive::wait::Wait;
use crate::error::Result;
use crate::request::Request;

/// Sends `request` with its credentials.
pub(super) fn send<'a, 'b, W: Wait>(
    call: &'a mut Call<'b, W>,
    request: &'a Request,
) -> impl Future<Output = Result<Box<Reply>>> + Send + use<'a, 'b, W> {
    call.fields = default_fields(call.settings, request);
    retry::send(call, request)
}

/// Fields a request gets unless it has its own.
fn default_fields<'a>(settings: &'a Settings, request: &Request) -> Cow<'a, [u8]> {
    if request.target.authorization.is_none() && !request.own_defaults {
        return Cow::Borrowed(match request.decode {
            true => &settings.decoding_fields,
            false => &settings.agent_field,
        });
    }
    let mut fields = Vec::with_capacity(256);
    let mut add = |name: &str, value: &str| {
        if !request.has_header(name.as_bytes()) {
            for part in [name, ": ", value, "\r\n"] {
                fields.extend_from_slice(part.as_bytes());
            }
        }
    };
    if let Some(agent) = &settings.config.user_agent {
        add("User-Agent", agent);
    }
    if request.decode {
        add("Accept-Encoding", ACCEPTED);
    }
    if let Some(authorization) = &request.target.authorization {
        add("Authorization", authorization);
    }
    Cow::Owned(fields)
}
