//! A request: validated as it is built, so that bad input fails before a connection is taken.

pub(crate) mod body;
pub(crate) mod cookies;
mod derived;
pub(crate) mod file;
pub(crate) mod form;
pub(crate) mod media_type;
pub(crate) mod method;
pub(crate) mod multipart;
mod omitted;
pub(crate) mod pace;
pub(crate) mod policy;
mod raw_target;
pub(crate) mod redirect_hook;
mod speed;
pub(crate) mod time;
pub(crate) mod tls_options;
pub(crate) mod trailers;
mod trailing;
pub(crate) mod url;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use keepalive_proto::{RequestBody, RequestHead};
use keepalive_tables::OPTIONS;

use crate::config::redirects::{Redirects, sensitive_names};
use crate::config::{ClientConfig, Limits, Timeouts};
use crate::error::{Error, Result, Sent};
use crate::observe::Observer;
use crate::repeat::{self, Answer, Attempt};
use crate::request::body::{BodySource, Kept, SharedSource};
use crate::request::cookies::OwnCookies;
use crate::request::omitted::Omitted;
use crate::request::pace::Pace;
use crate::request::policy::RequestPolicy;
use crate::request::redirect_hook::RedirectHook;
use crate::request::tls_options::TlsOptions;
use crate::request::trailers::Trailers;
use crate::request::url::{Target, unix};
use crate::roads::Roads;
use crate::roads::options::RoadOptions;
use crate::sync::lock;

#[derive(Clone)]
pub(crate) enum Body {
    Empty,
    Whole(Bytes),
    Stream { source: SharedSource, length: Option<u64> },
}

impl Body {
    /// Whether it can be sent (again) from its beginning; nothing is done about it yet.
    pub fn again(&self) -> repeat::Body {
        let Body::Stream { source, .. } = self else { return repeat::Body::AnyTime };
        lock(source).as_ref().map_or(repeat::Body::Gone, Kept::again)
    }

    pub fn is_stream(&self) -> bool {
        matches!(self, Body::Stream { .. })
    }

    /// Whether it has more bytes than that, or nobody knows how many.
    #[inline]
    pub fn is_longer(&self, than: u64) -> bool {
        match self {
            Body::Empty => false,
            Body::Whole(bytes) => bytes.len() as u64 > than,
            Body::Stream { length, .. } => length.is_none_or(|length| length > than),
        }
    }

    /// How many bytes it has, if that is known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Body::Empty => Some(0),
            Body::Whole(bytes) => Some(bytes.len() as u64),
            Body::Stream { length, .. } => *length,
        }
    }

    fn framing(&self) -> RequestBody {
        match self {
            Body::Empty => RequestBody::None,
            Body::Whole(bytes) => RequestBody::Length(bytes.len() as u64),
            Body::Stream { length: Some(length), .. } => RequestBody::Length(*length),
            Body::Stream { length: None, .. } => RequestBody::Unknown,
        }
    }
}

/// One request, reusable unless its body is a stream. Cloning shares the body.
#[derive(Clone)]
pub struct Request {
    pub(crate) head: RequestHead,
    pub(crate) target: Target,
    pub(crate) body: Body,
    pub(crate) timeouts: Timeouts,
    own_timeouts: bool,
    /// `None`: as the client has it.
    decode: Option<bool>,
    /// Whether to decode is said when the body is read.
    pub(crate) decode_later: bool,
    /// Its own `max_body_size`, if it has one.
    pub(crate) max_body_size: Option<u64>,
    /// `None`: as the client has it.
    pub(crate) redirects: Option<Redirects>,
    /// It has a User-Agent, Accept-Encoding or credentials of its own, or is to have none.
    pub(crate) own_defaults: bool,
    /// What follows its body.
    pub(crate) trailers: Option<Arc<Trailers>>,
    /// Fields that it does not get.
    omitted: Omitted,
    /// What it says for itself of credentials and redirects.
    pub(crate) policy: Option<Arc<RequestPolicy>>,
    /// What it says for itself of the road it takes.
    pub(crate) roads: Option<Arc<RoadOptions>>,
    /// And of TLS.
    pub(crate) tls: Option<Arc<TlsOptions>>,
    /// Its URL names the socket, so that other origins are elsewhere.
    is_unix_url: bool,
    /// The field line of its own Proxy-Authorization, for a proxy that forwards it and for nobody else.
    pub(crate) proxy_authorization: Option<Arc<[u8]>>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// What it says for itself of cookies.
    pub(crate) cookies: Option<Arc<OwnCookies>>,
    /// A redirect led beyond the origin that the caller named.
    pub(crate) strayed: bool,
    /// What it says of the speed of its bodies.
    pub(crate) pace: Option<Arc<Pace>>,
}

impl Request {
    /// A request without body. The URL is absolute, `http` or `https`; its userinfo becomes Basic
    /// credentials, its fragment is not sent. `http+unix://%2Frun%2Fa.sock/target` is `/target` of the
    /// server at that Unix domain socket, whose Host is `localhost`.
    ///
    /// With method `CONNECT` the server at the URL (a proxy) is asked for a way to the `host:port` that is
    /// the URL's path, as in `http://proxy:3128/example.com:443`: that is the target in authority-form
    /// and the Host field (RFC 9112 3.2.3), and userinfo goes into Proxy-Authorization. It is sent by the
    /// same road as other requests to that server; no redirect is followed.
    ///
    /// # Errors
    /// `InvalidUrl`, `UnsupportedScheme`, `InvalidMethod`; `InvalidArgument` for a socket's path.
    pub fn new(method: &str, url: &str) -> Result<Request> {
        if let Some((socket, url)) = unix::split(url)? {
            let mut request = Request::to(method, Target::parse(&url)?)?;
            request.set_option("unix_socket", Some(&socket))?;
            request.is_unix_url = true;
            return Ok(request);
        }
        let target = Target::parse(url)?;
        Request::to(method, target)
    }

    pub(crate) fn to(method: &str, target: Target) -> Result<Request> {
        let head = match method {
            "CONNECT" => {
                let authority = target.authority_in_path()?;
                RequestHead::new(method, &authority, &authority)?
            }
            _ => RequestHead::new(method, target.path(), target.origin.host_field())?,
        };
        Ok(Request {
            head,
            target,
            body: Body::Empty,
            timeouts: Timeouts::default(),
            own_timeouts: false,
            decode: None,
            decode_later: false,
            max_body_size: None,
            redirects: None,
            own_defaults: false,
            trailers: None,
            omitted: Omitted::default(),
            policy: None,
            roads: None,
            tls: None,
            is_unix_url: false,
            proxy_authorization: None,
            observer: None,
            cookies: None,
            strayed: false,
            pace: None,
        })
    }

    /// Appends a header field; order, case and duplicates are kept. `Host` replaces the URL's;
    /// `Content-Length` and `Transfer-Encoding` must agree with the body. With `Expect: 100-continue` the
    /// body waits for the server's word; an empty `Expect` is not sent, and has it go at once whatever
    /// `expect_threshold` says (as curl's).
    ///
    /// # Errors
    /// `InvalidHeader`, naming the field and the reason.
    pub fn add_header(&mut self, name: &[u8], value: &[u8]) -> Result<()> {
        if name.len() > 6
            && name[..6].eq_ignore_ascii_case(b"proxy-")
            && self.is_for_proxy(name, value)?
        {
            return Ok(());
        }
        if name.len() == 6 && value.is_empty() && name.eq_ignore_ascii_case(b"Expect") {
            return self.omit_header(name);
        }
        self.head.append(name, value)?;
        self.own_defaults |= name.eq_ignore_ascii_case(b"User-Agent")
            || name.eq_ignore_ascii_case(b"Accept-Encoding");
        Ok(())
    }

    /// Whether a field is for a proxy and nobody else, so that it has no place among the others.
    /// `Proxy-Connection` is for nobody (RFC 9112 C.2.2).
    fn is_for_proxy(&mut self, name: &[u8], value: &[u8]) -> Result<bool> {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        // CONNECT is for a proxy itself.
        let for_proxy = is("Proxy-Authorization") && !self.head.is_connect();
        if !for_proxy && !is("Proxy-Connection") {
            return Ok(false);
        }
        RequestHead::new("GET", "/", "a")?.append(name, value)?;
        if is("Proxy-Authorization") {
            let line: &[&[u8]] = &[b"Proxy-Authorization: ", value.trim_ascii(), b"\r\n"];
            self.proxy_authorization = Some(line.concat().into());
        }
        Ok(true)
    }

    /// Overrides an option of the client for this request, if it is one about the road to the server, who
    /// asks, redirects or the body (`proxy`, `tls_verify`, `auth`, `decode` and others: those whose row of the
    /// table says `per_request`).
    /// `None`: as the client; an empty text: none; flags are `true` and `false`. Requests with other TLS
    /// options never share a connection or a session.
    ///
    /// # Errors
    /// `InvalidArgument`: no such option, or not a value of it. Files are read when the request is sent.
    pub fn set_option(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        if name == "decode" {
            self.decode = value.map(|text| tls_options::flag(name, text)).transpose()?;
            return Ok(());
        }
        if let Some(set) = self.set_speed_option(name, value) {
            return set;
        }
        if name == "redirect" {
            self.redirects = value.map(Redirects::parse).transpose()?;
            return Ok(());
        }
        let mut policy = self.policy.as_deref().cloned().unwrap_or_default();
        if policy.set(name, value)? {
            self.own_defaults |= policy.auth.is_some();
            self.policy = Some(Arc::new(policy));
            return Ok(());
        }
        let mut options = self.roads.as_deref().cloned().unwrap_or_default();
        if !options.set(name, value.map(str::to_string)) {
            let Some(option) = tls_options::option(name) else {
                let known = OPTIONS.iter().filter(|option| option.per_request);
                let known: Vec<_> = known.map(|option| option.name).collect();
                return Err(Error::argument(format!(
                    "option {name:?} cannot be set for a request; expected {}",
                    known.join(", ")
                )));
            };
            let mut tls = self.tls.as_deref().cloned().unwrap_or_default();
            tls.set(option, value)?;
            self.tls = (!tls.is_empty()).then(|| Arc::new(tls));
            return Ok(());
        }
        // What is wrong with it alone is said here.
        Roads::new(options.clone(), false)?;
        self.roads = (options != RoadOptions::default()).then(|| Arc::new(options));
        Ok(())
    }

    /// The request goes out without that field where it would get one by default: User-Agent,
    /// Accept-Encoding, the Authorization of a URL's userinfo, and what else is added to requests that do
    /// not say it themselves. A field that is added by name is sent all the same.
    ///
    /// # Errors
    /// `InvalidHeader`: Host, Content-Length and Transfer-Encoding are not the caller's to leave out; a
    /// name that is none.
    pub fn omit_header(&mut self, name: &[u8]) -> Result<()> {
        self.omitted.add(name)?;
        self.own_defaults = true;
        Ok(())
    }

    /// Whether a field of that name was added, or is to be left out (case-insensitive): then it gets none
    /// by default.
    pub fn decides_header(&self, name: &[u8]) -> bool {
        self.head.contains(name) || self.omitted.has(name)
    }

    /// Whether a field of that name was added (case-insensitive).
    pub fn has_header(&self, name: &[u8]) -> bool {
        self.head.contains(name)
    }

    /// A body held in memory, sent with Content-Length.
    pub fn set_body(&mut self, body: impl Into<Bytes>) {
        self.body = Body::Whole(body.into());
    }

    /// A streamed body: with Content-Length when `length` is known, else chunked.
    pub fn set_body_stream(&mut self, source: Box<dyn BodySource>, length: Option<u64>) {
        self.body = Body::Stream { source: Arc::new(Mutex::new(Some(Kept::new(source)))), length };
    }

    /// Overrides `max_body_size`: most bytes, decoded, of a response body that is collected whole; 0
    /// for no limit.
    pub fn set_max_body_size(&mut self, bytes: u64) {
        self.max_body_size = Some(bytes);
    }

    /// Deadlines of this request; `None` fields take the client's.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.timeouts = timeouts;
        self.own_timeouts = true;
    }

    /// Its limits of time, if it has any of its own.
    #[inline]
    pub(crate) fn own_limits(&self, config: &ClientConfig) -> Option<Limits> {
        self.own_timeouts.then(|| Limits::of(config, &self.timeouts))
    }

    /// Whether gzip, deflate, br and zstd response bodies are decoded, and offered in
    /// Accept-Encoding unless the request has that field. In place of the client's option `decode`.
    pub fn set_decode(&mut self, decode: bool) {
        self.decode = Some(decode);
    }

    /// Codings are offered as [`Request::set_decode`] says, but the body stays as it comes until
    /// [`Response::start_decoding`](crate::Response::start_decoding) is called. Default: no.
    pub fn set_decode_later(&mut self, later: bool) {
        self.decode_later = later;
    }

    /// Whether codings are offered and undone.
    #[inline]
    pub(crate) fn decodes(&self, config: &ClientConfig) -> bool {
        self.decode.unwrap_or(config.decode)
    }

    /// Whether 301, 302, 303, 307 and 308 are followed (RFC 9110 15.4). Default: as the client has it.
    pub fn set_follow_redirects(&mut self, follow: bool) {
        self.redirects = Some(if follow { Redirects::Follow } else { Redirects::Manual });
    }

    /// What becomes of 301, 302, 303, 307 and 308. Default: as the client has it.
    pub fn set_redirects(&mut self, redirects: Redirects) {
        self.redirects = Some(redirects);
    }

    /// Has `hook` decide about each redirect that is followed, in place of the client's
    /// ([`Client::set_redirect_hook`](crate::Client::set_redirect_hook)).
    pub fn set_redirect_hook(&mut self, hook: Arc<dyn RedirectHook>) {
        self.change_policy(|policy| policy.hook = Some(hook));
    }

    /// Follows so many redirects at most; the one after them is the response, as others are. In place of the
    /// client's `max_redirects`, beyond which there is an error.
    pub fn follow_at_most(&mut self, redirects: u32) {
        self.change_policy(|policy| policy.most_redirects = Some(redirects));
        self.set_follow_redirects(true);
    }

    /// A redirect takes the fields of these names to no other origin, as the option `sensitive_headers`
    /// has it for others.
    ///
    /// # Errors
    /// `InvalidArgument`: no name of a field.
    pub fn add_sensitive_headers(&mut self, names: &str) -> Result<()> {
        let mut names = sensitive_names(names)?;
        self.change_policy(|policy| policy.sensitive.append(&mut names));
        Ok(())
    }

    fn change_policy(&mut self, change: impl FnOnce(&mut RequestPolicy)) {
        change(Arc::make_mut(self.policy.get_or_insert_default()));
    }

    /// The body, if it is held in memory.
    pub fn whole_body(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Whole(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The host that the URL names: lower case, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.target.origin.host
    }

    /// Whether the URL had a user or password.
    pub fn has_userinfo(&self) -> bool {
        self.target.authorization.is_some()
    }

    /// Whether it does no harm when the server acts on it twice, instead of what its method says (RFC 9110
    /// 9.2.2): then it may be sent again when no answer came. After the fields, one of which may say so; a
    /// redirect is followed by what its method says.
    pub fn set_idempotent(&mut self, idempotent: bool) {
        self.head.set_replayable(idempotent);
    }

    /// Who is told of what happens to it, on whatever thread it happens.
    pub fn set_observer(&mut self, observer: Arc<dyn Observer>) {
        self.observer = Some(observer);
    }

    /// Who is told, if anybody is.
    pub fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.observer.as_ref()
    }

    /// What is known of it before it is sent, for the rule of repeats.
    pub(crate) fn attempt(&self) -> Attempt {
        Attempt {
            idempotent: self.head.is_replayable(),
            sent: Sent::Nothing,
            answer: Answer::None,
            body: self.body.again(),
        }
    }

    /// The method as given.
    pub fn method(&self) -> &str {
        self.head.method()
    }

    /// The URL that will be asked for: no userinfo, no fragment.
    pub fn url(&self) -> &str {
        &self.target.href
    }

    /// The header fields added so far.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> + '_ {
        self.head.fields()
    }

    /// Checks what can only be checked with head and body together.
    pub(crate) fn check(&self) -> Result<()> {
        if self.own_timeouts {
            self.timeouts.check()?;
        }
        self.head.check(self.framing())?;
        if self.trailers.is_some() {
            self.check_trailers()?;
        }
        Ok(())
    }
}
