//! The redirect ring: goes where the answer says, when the request asks for that and its hook has nothing
//! against it.

pub(crate) mod next;

use std::sync::Arc;
use std::time::Instant;

use crate::config::Settings;
use crate::config::redirects::Redirects;
use crate::drive::call::Call;
use crate::drive::history::History;
use crate::drive::redirect::next::{Next, failed, following, is_redirect, next};
use crate::drive::reply::Reply;
use crate::drive::wait::Wait;
use crate::drive::{authenticate, retry};
use crate::error::{ErrorKind, Phase, Result};
use crate::guard::guarded;
use crate::request::Request;
use crate::request::redirect_hook::{RedirectHook, RedirectQuestion};

/// Whether an answer may be followed by another request.
#[inline]
pub(super) fn may_follow(reply: &Reply) -> bool {
    authenticate::may_ask(reply) || is_redirect(reply.status())
}

/// Sends what the answer to `request` leads to, until a head is there that leads nowhere.
pub(super) async fn answered<W: Wait>(
    call: &mut Call<'_, W>,
    request: &Request,
    mut reply: Box<Reply>,
) -> Result<Box<Reply>> {
    if authenticate::may_ask(&reply) {
        reply = authenticate::answered(call, request, reply).await?;
    }
    let started = call.record.marks.started;
    let mut history = History::default();
    let mut redirects = 0;
    // The request that was answered last, if it is not the caller's.
    let mut own: Option<Request> = None;
    loop {
        let answered = own.as_ref().unwrap_or(request);
        let locations = reply.headers().get_all(b"location");
        let status = reply.status();
        let leads = leads(call.settings, request, answered, (status, locations), redirects.into())?;
        let Some(next) = leads else { break };
        reply.give_up();
        ask(call, answered, &reply, &next).await?;
        let following = following(call.settings, answered, next)?;
        redirects += 1;
        if let Some(earlier) = reply.history() {
            history.append(earlier);
        }
        history.add(reply.into_hop(answered.method()));
        call.record.hop(Instant::now(), redirects);
        authenticate::begin(call, &following);
        reply = retry::send(call, &following).await?;
        if authenticate::may_ask(&reply) {
            reply = authenticate::answered(call, &following, reply).await?;
        }
        own = Some(following);
    }
    if let Some(own) = own {
        reply.marks.started = started;
        reply.led_by(history, own.method());
    }
    Ok(reply)
}

/// The request that follows one which somebody else has sent, after so many redirects; `None`: its answer leads
/// nowhere, or is not to be followed.
pub(crate) fn followed<'l>(
    settings: &Settings,
    request: &Request,
    status: u16,
    locations: impl Iterator<Item = &'l [u8]>,
    redirects: u64,
) -> Result<Option<Request>> {
    let leads = leads(settings, request, request, (status, locations), redirects)?;
    leads.map(|next| following(settings, request, next)).transpose()
}

/// Where the answer to `answered` leads by the policy of `request`, after so many redirects.
fn leads<'m, 'l>(
    settings: &Settings,
    request: &Request,
    answered: &'m Request,
    (status, locations): (u16, impl Iterator<Item = &'l [u8]>),
    redirects: u64,
) -> Result<Option<Next<'m>>> {
    if !is_redirect(status) {
        return Ok(None);
    }
    match request.redirects.unwrap_or(settings.redirects) {
        Redirects::Manual => return Ok(None),
        Redirects::Error => {
            let text = format!("redirect refused: {status} from {}", answered.url());
            return Err(failed(ErrorKind::InvalidRedirect, text));
        }
        Redirects::Follow => {}
    }
    let Some(next) = next(&answered.target, answered.method(), status, locations)? else {
        return Ok(None);
    };
    let most = settings.config.max_redirects;
    match request.policy.as_ref().and_then(|policy| policy.most_redirects) {
        Some(own) if redirects >= u64::from(own) => Ok(None),
        None if redirects >= most => {
            let text = format!("more than {most} redirects from {}", answered.url());
            Err(failed(ErrorKind::TooManyRedirects, text))
        }
        _ => Ok(Some(next)),
    }
}

/// Asks the hook of the request, or of its client, and waits for its word.
async fn ask<W: Wait>(
    call: &mut Call<'_, W>,
    request: &Request,
    reply: &Reply,
    next: &Next<'_>,
) -> Result<()> {
    let own = request.policy.as_ref().and_then(|policy| policy.hook.as_ref());
    let Some(hook) = own.or(call.pool.manager.redirect_hook.get()) else { return Ok(()) };
    let hook: Arc<dyn RedirectHook> = hook.clone();
    let (question, verdict) = RedirectQuestion::new(
        reply.head.clone(),
        (request.method(), reply.url.clone()),
        (next.method, next.target.url()),
    );
    // A panic in it drops the question, which refuses.
    guarded(|| hook.asked(question));
    let deadline = call.deadlines.total;
    let waited =
        std::future::poll_fn(|cx| call.wait.poll_until(cx, &deadline, &mut |cx| verdict.poll(cx)));
    match waited.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(reason)) => {
            let text =
                format!("redirect from {} to {} refused: {reason}", reply.url, next.target.href);
            Err(failed(ErrorKind::RedirectRefused, text))
        }
        Err(stopped) => Err(stopped.into_error(Phase::Head, &request.target.origin, &deadline)),
    }
}
