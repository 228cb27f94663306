//! How a request is put on a connection, beside its own head: by the form of its target and with the
//! fields that others give it.

use std::borrow::Cow;
use std::sync::Arc;

use keepalive_proto::{Start, TargetForm};

use crate::auth::tries::Tries;
use crate::connection::Connection;
use crate::drive::call::Call;
use crate::drive::expect;
use crate::drive::wait::Wait;
use crate::error::Result;
use crate::origin::proxy::ProxyServer;
use crate::origin::state::OriginState;
use crate::request::Request;

/// How `request` is started, but for what a proxy gets (`proxy_fields`).
#[inline(always)]
pub(super) fn started<'a>(
    fields: &'a [u8],
    forwarder: Option<&ProxyServer>,
    request: &'a Request,
) -> Start<'a> {
    let form = match forwarder {
        Some(_) => TargetForm::Absolute(request.target.origin.url()),
        None => TargetForm::Origin,
    };
    Start { fields, form, ..Start::default() }
}

/// Starts `request` on `connection`; whether its body waits for the server's word, and who is told what
/// comes of it.
#[inline]
pub(super) fn start<W: Wait>(
    call: &mut Call<'_, W>,
    connection: &mut Connection,
    request: &Request,
    has_body: bool,
) -> Result<(bool, Option<Arc<OriginState>>)> {
    let mut start = started(&call.fields, connection.forwarder.as_deref(), request);
    start.last = connection.is_last_request();
    let (for_proxy, both);
    if let Some(proxy) = &connection.forwarder {
        for_proxy = proxy_fields(proxy, request, &mut call.tried);
        start.more = for_proxy.as_deref().unwrap_or_default();
    }
    if !has_body {
        connection.wire.http.start_with(&request.head, request.framing(), &start)?;
        return Ok((false, None));
    }
    let manner = expect::manner(&call.settings.config, connection, request);
    if !manner.lines.is_empty() {
        both = [start.more, &manner.lines].concat();
        start.more = &both;
    }
    start.asks = manner.asks.is_some();
    connection.wire.http.start_with(&request.head, request.framing(), &start)?;
    Ok((manner.held, manner.asks))
}

/// The field lines for the proxy that forwards it, if there are any.
#[inline]
pub(super) fn proxy_fields<'a>(
    proxy: &'a ProxyServer,
    request: &'a Request,
    tried: &mut Tries,
) -> Option<Cow<'a, [u8]>> {
    let any = !proxy.is_told_nothing() || request.proxy_authorization.is_some();
    any.then(|| fields_for(proxy, request, tried))
}

/// The field lines that a proxy gets with what it is to forward: the caller's Proxy-Authorization before
/// its own credentials.
#[inline]
fn fields_for<'a>(
    proxy: &'a ProxyServer,
    request: &'a Request,
    tried: &mut Tries,
) -> Cow<'a, [u8]> {
    match &request.proxy_authorization {
        Some(own) => Cow::Owned([proxy.own_fields(), own].concat()),
        None => {
            let target = || {
                let (base, target) = request.head.absolute_target(request.target.origin.url());
                format!("{base}{target}")
            };
            proxy.fields(|| (request.method(), target()), tried)
        }
    }
}
