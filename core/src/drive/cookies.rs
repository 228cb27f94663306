//! The cookie ring: a request gets the cookies of its place, and what its answer sets is kept, each time
//! that it is sent (RFC 6265bis 5.7 and 5.8). It is passed by requests for which somebody keeps cookies.
//!
//! A request's own Cookie field is sent as it is, and nothing beside it (as httpx has it). An answer of 407
//! is a proxy's, and CONNECT is for one: neither knows cookies.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::config::Settings;
use crate::cookies::{CookieKeeper, Cookies, Place, field_of};
use crate::drive::call::Call;
use crate::drive::replay;
use crate::drive::reply::Reply;
use crate::drive::wait::Wait;
use crate::engine::cancel::panicked;
use crate::engine::thread;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::guard::guarded;
use crate::origin::Scheme;
use crate::request::Request;
use crate::request::cookies::{OwnCookies, keeper};

/// The status of an answer that a proxy gives for itself.
const PROXY_ASKS: u16 = 407;

const SET_COOKIE: &[u8] = b"set-cookie";

/// The stack of a thread that asks somebody else's jar.
const STACK: usize = 2 * 1024 * 1024;

impl Request {
    /// Who keeps the cookies of this request, in place of the client's; `None`: nobody.
    pub fn set_cookies(&mut self, cookies: Option<Cookies>) {
        self.own_cookies().keeper = Some(cookies);
    }

    /// Adds a cookie to this request, beside those that are kept and in place of one of its name. It is sent
    /// to the URL's origin alone, also after redirects, and kept by nobody. With a Cookie field of the
    /// request's own none of these is sent.
    ///
    /// # Errors
    /// `InvalidArgument`: why it cannot be sent (RFC 6265bis 5.6); the value is not shown.
    pub fn add_cookie(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        self.own_cookies().add(name, value)
    }

    fn own_cookies(&mut self) -> &mut OwnCookies {
        Arc::make_mut(self.cookies.get_or_insert_default())
    }
}

/// Whether nobody keeps cookies for `request`.
#[inline(always)]
pub(super) fn are_off<W>(call: &Call<'_, W>, request: &Request) -> bool {
    request.cookies.is_none() && call.settings.cookies.get().is_none()
}

/// Whether somebody keeps them who has to be waited for.
#[inline(always)]
pub(super) fn are_elsewhere<W>(call: &Call<'_, W>, request: &Request) -> bool {
    !are_off(call, request) && elsewhere(call.settings, request).is_some()
}

fn elsewhere<'a>(
    settings: &'a Settings,
    request: &'a Request,
) -> Option<&'a Arc<dyn CookieKeeper>> {
    match keeper(&request.cookies, settings.cookies.get())? {
        Cookies::Keeper(keeper) => Some(keeper),
        Cookies::Jar(_) => None,
    }
}

/// How long the field lines of a request are without its cookies; `None`: it can have none.
pub(super) type Without = Option<usize>;

/// Gives `request` its own cookies and those of the engine's jar.
#[inline(always)]
pub(super) fn give<W>(call: &mut Call<'_, W>, request: &Request) -> Without {
    match are_off(call, request) {
        true => None,
        false => Some(give_some(call, request)),
    }
}

#[inline(never)]
fn give_some<W>(call: &mut Call<'_, W>, request: &Request) -> usize {
    let without = call.fields.len();
    if takes_some(request) {
        let field = match keeper(&request.cookies, call.settings.cookies.get()) {
            Some(Cookies::Jar(jar)) => jar.field(&place(request), own(request)),
            _ => field_of(own(request)),
        };
        add(call, field);
    }
    without
}

/// Keeps in the engine's jar what the answer sets, and takes the cookies from the field lines again.
#[inline(always)]
pub(super) fn receive<W>(
    call: &mut Call<'_, W>,
    request: &Request,
    without: Without,
    result: &Result<Box<Reply>>,
) {
    if let Some(without) = without {
        receive_some(call, request, without, result);
    }
}

#[inline(never)]
fn receive_some<W>(
    call: &mut Call<'_, W>,
    request: &Request,
    without: usize,
    result: &Result<Box<Reply>>,
) {
    take_back(call, without);
    if let Ok(reply) = result
        && let Some(Cookies::Jar(jar)) = keeper(&request.cookies, call.settings.cookies.get())
        && sets_some(request, reply)
    {
        jar.receive(&place(request), reply.headers().get_all(SET_COOKIE));
    }
}

/// Sends `request` with cookies, if there are any for it, and keeps those of the answer.
pub(super) async fn send<W: Wait>(call: &mut Call<'_, W>, request: &Request) -> Result<Box<Reply>> {
    let Some(keeper) = elsewhere(call.settings, request).cloned() else {
        let without = give(call, request);
        let result = replay::send(call, request).await;
        receive(call, request, without, &result);
        return result;
    };
    let without = call.fields.len();
    if takes_some(request) {
        let field = asked(call, request, keeper.clone()).await?;
        add(call, field);
    }
    let result = replay::send(call, request).await;
    take_back(call, without);
    let reply = result?;
    if sets_some(request, &reply) {
        let set = reply.headers().get_all(SET_COOKIE);
        let fields: Vec<_> = set.map(<[u8]>::to_vec).collect();
        let url = request.url().to_string();
        ask(call, request, keeper, move |keeper| keeper.received(&url, fields)).await?;
    }
    Ok(reply)
}

fn takes_some(request: &Request) -> bool {
    !request.head.is_connect() && !request.decides_header(b"cookie")
}

fn sets_some(request: &Request, reply: &Reply) -> bool {
    reply.status() != PROXY_ASKS
        && !request.head.is_connect()
        && reply.headers().get(SET_COOKIE).is_some()
}

fn add<W>(call: &mut Call<'_, W>, field: Option<Vec<u8>>) {
    if let Some(field) = field {
        let lines: [&[u8]; 4] = [&call.fields, b"Cookie: ", &field, b"\r\n"];
        call.fields = Cow::Owned(lines.concat());
    }
}

fn take_back<W>(call: &mut Call<'_, W>, without: usize) {
    if let Cow::Owned(lines) = &mut call.fields {
        lines.truncate(without);
    }
}

/// What a caller gives for one request is for the origin that it named.
fn own(request: &Request) -> &[(Vec<u8>, Vec<u8>)] {
    match &request.cookies {
        Some(own) if !request.strayed => own.pairs(),
        _ => &[],
    }
}

/// The value of the Cookie field, with what somebody else's jar gives.
async fn asked<W: Wait>(
    call: &mut Call<'_, W>,
    request: &Request,
    keeper: Arc<dyn CookieKeeper>,
) -> Result<Option<Vec<u8>>> {
    let url = request.url().to_string();
    let kept = ask(call, request, keeper, move |keeper| keeper.header(&url)).await?;
    beside(kept, own(request))
}

/// What a keeper gave, and beside it what the request has.
fn beside(kept: Option<Vec<u8>>, own: &[(Vec<u8>, Vec<u8>)]) -> Result<Option<Vec<u8>>> {
    let valid =
        |field: &Vec<u8>| !field.iter().any(|&byte| byte < b' ' && byte != b'\t' || byte == 0x7f);
    if !kept.as_ref().is_none_or(valid) {
        let text = "cookies: the jar gave a Cookie field with a control character in it";
        return Err(Error::new(ErrorKind::InvalidHeader, Phase::Request, text));
    }
    let fields: Vec<_> = kept.into_iter().chain(field_of(own)).collect();
    Ok((!fields.is_empty()).then(|| fields.join(&b"; "[..])))
}

/// The value of the Cookie field of a request that somebody else sends; a keeper is asked on this thread.
pub(crate) fn field_now(client: Option<&Cookies>, request: &Request) -> Result<Option<Vec<u8>>> {
    if request.decides_header(b"cookie") {
        return Ok(None);
    }
    let own = own(request);
    match keeper(&request.cookies, client) {
        None => Ok(field_of(own)),
        Some(Cookies::Jar(jar)) => Ok(jar.field(&place(request), own)),
        Some(Cookies::Keeper(keeper)) => beside(keeper.header(request.url())?, own),
    }
}

/// Keeps what the answer to such a request sets.
pub(crate) fn keep_now(
    client: Option<&Cookies>,
    request: &Request,
    fields: Vec<Vec<u8>>,
) -> Result<()> {
    match keeper(&request.cookies, client) {
        Some(Cookies::Jar(jar)) => {
            jar.receive(&place(request), fields.iter().map(Vec::as_slice));
            Ok(())
        }
        Some(Cookies::Keeper(keeper)) if !fields.is_empty() => {
            keeper.received(request.url(), fields)
        }
        _ => Ok(()),
    }
}

fn place(request: &Request) -> Place<'_> {
    let target = &request.target;
    let origin = &target.origin;
    let place = Place::new(origin.scheme == Scheme::Https, origin.server_name(), target.path());
    Place { strayed: request.strayed, ..place }
}

/// Asks somebody else's jar: on this thread, or beside the engine's, which must not wait for it.
async fn ask<W: Wait, T: Send + 'static>(
    call: &mut Call<'_, W>,
    request: &Request,
    keeper: Arc<dyn CookieKeeper>,
    question: impl FnOnce(&dyn CookieKeeper) -> Result<T> + Send + 'static,
) -> Result<T> {
    let work = move || guarded(|| question(&*keeper)).unwrap_or_else(|| Err(panicked()));
    if !W::REGISTERED {
        return work();
    }
    let (sender, mut receiver) = oneshot::channel();
    let started = thread::start(STACK, move || {
        // Nobody waits after the call's end.
        let _ = sender.send(work());
    });
    started.map_err(|error| {
        let text = format!("cookies: no thread for the jar: {error}");
        Error::new(ErrorKind::Internal, Phase::Request, text).with_os(&error)
    })?;
    let (wait, total) = (&mut *call.wait, call.deadlines.total);
    let answer = std::future::poll_fn(|cx| {
        wait.poll_until(cx, &total, &mut |cx| Pin::new(&mut receiver).poll(cx))
    });
    match answer.await {
        Ok(answer) => answer.unwrap_or_else(|_| Err(panicked())),
        Err(stopped) => Err(stopped.into_error(Phase::Request, &request.target.origin, &total)),
    }
}
