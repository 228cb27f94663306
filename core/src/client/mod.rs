//! What all three surfaces wrap: a client owns a pool; sending runs on the caller's thread,
//! submitting on the engine's.

pub(crate) mod call;
pub(crate) mod download;
mod elsewhere;
pub(crate) mod outcome;
mod pools;
mod submission;
mod submit_body;
mod submit_download;
mod submit_stream;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use once_cell::race::OnceBox;

use crate::client::call::Call;
use crate::client::outcome::{Outcome, Queue};
use crate::client::pools::Pools;
use crate::client::submission::{Submission, perform_here, submitted};
use crate::config::{ClientConfig, Settings};
use crate::connection::manager::{ClientPool, HookCell, RedirectCell, open_pool};
use crate::cookies::Cookies;
use crate::decode::ACCEPTED;
use crate::drive::on_engine::on_engine;
use crate::drive::wait::blocking::{Blocking, BlockingWait, run};
use crate::drive::wait::tokio::TokioWait;
use crate::drive::warm::warm;
use crate::drive::{hedge, perform};
use crate::error::{Error, Result};
use crate::net::lookup_hook::LookupHook;
use crate::net::resolver::Resolver;
use crate::net::socket::SocketHook;
use crate::net::tls::TlsSettings;
use crate::observe::{Observer, ObserverCell};
use crate::process::{Process, process};
use crate::request::Request;
use crate::request::redirect_hook::RedirectHook;
use crate::request::url::Target;
use crate::response::{Response, Until};
use crate::roads::Roads;
use crate::roads::options::RoadOptions;
use crate::stats::Stats;

struct ClientInner {
    /// `None`: whichever this fork generation has.
    process: Option<&'static Process>,
    observer: Arc<ObserverCell>,
    settings: Arc<Settings>,
    tls: Arc<TlsSettings>,
    resolver: Arc<Resolver>,
    /// Each pool makes its own of them.
    roads: Roads,
    socket_hook: Arc<HookCell>,
    redirect_hook: Arc<RedirectCell>,
    pools: Arc<Pools>,
    closed: AtomicBool,
}

/// A pool with its limits and TLS settings. Cheap to clone; clones share the pool. Any thread.
#[derive(Clone)]
pub struct Client {
    inner: Arc<ClientInner>,
}

/// The process-wide client; a lock could be held at a fork.
static SHARED: OnceBox<Client> = OnceBox::new();

impl AsRef<Settings> for ClientInner {
    fn as_ref(&self) -> &Settings {
        &self.settings
    }
}

impl ClientInner {
    /// The last one of a pool closes it.
    fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            self.pools.leave();
        }
    }
}

impl Drop for ClientInner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Client {
    /// A client of its own.
    ///
    /// # Errors
    /// `InvalidArgument` names the option; unreadable or invalid certificate files too.
    pub fn new(config: ClientConfig) -> Result<Client> {
        Client::in_process(config, None, None)
    }

    /// A client of its own, whose `observer` is told of what happens to all its requests and
    /// connections, on whatever thread it happens.
    ///
    /// # Errors
    /// Those of [`Client::new`].
    pub fn observed(config: ClientConfig, observer: Arc<dyn Observer>) -> Result<Client> {
        Client::in_process(config, None, Some(observer))
    }

    /// One that shares nothing with the clients of another process.
    fn in_process(
        config: ClientConfig,
        own: Option<&'static Process>,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Client> {
        config.check()?;
        let tls = Arc::new(TlsSettings::new(&config, &own.unwrap_or_else(process).tls)?);
        let resolver = Arc::new(Resolver::new(config.resolve.as_deref(), config.dns_ttl)?);
        let roads = Roads::new(RoadOptions::of(&config), config.trust_env)?;
        Ok(Client {
            inner: Arc::new(ClientInner {
                process: own,
                observer: Arc::new(observer.map_or_else(ObserverCell::new, |told| {
                    ObserverCell::with_value(Box::new(told))
                })),
                settings: Arc::new(Settings::new(config, ACCEPTED)?),
                tls,
                resolver,
                roads,
                socket_hook: Arc::default(),
                redirect_hook: Arc::default(),
                pools: Arc::new(Pools::new()),
                closed: false.into(),
            }),
        })
    }

    /// Another client with the same options on the same pool, whose limits, hooks, observer and counters are
    /// those of both. It has cookies of its own, or none as this one began; closing one does not close the other, and
    /// the last one closes the pool.
    ///
    /// # Errors
    /// `InvalidState` when all clients of the pool are closed.
    pub fn beside(&self) -> Result<Client> {
        let inner = &self.inner;
        let settings = Arc::new(Settings::new(self.config().clone(), ACCEPTED)?);
        let roads = inner.roads.renewed()?;
        inner.pools.enter()?;
        Ok(Client {
            inner: Arc::new(ClientInner {
                process: inner.process,
                observer: inner.observer.clone(),
                settings,
                tls: inner.tls.clone(),
                resolver: inner.resolver.clone(),
                roads,
                socket_hook: inner.socket_hook.clone(),
                redirect_hook: inner.redirect_hook.clone(),
                pools: inner.pools.clone(),
                closed: false.into(),
            }),
        })
    }

    /// The process-wide client: one pool for every thread, event loop, worker and language that
    /// links this copy of the library; the first caller's `config` is its. `close()` on it only closes idle
    /// connections.
    ///
    /// # Errors
    /// Those of [`Client::new`]; the next call tries again.
    pub fn shared(config: impl FnOnce() -> ClientConfig) -> Result<&'static Client> {
        // Racing callers may each make one, which costs nothing.
        SHARED.get_or_try_init(|| Client::new(config()).map(Box::new))
    }

    /// The options it was made with.
    pub fn config(&self) -> &ClientConfig {
        &self.inner.settings.config
    }

    /// Sends `request` and waits for the response head, all on this thread. A warm connection
    /// needs no other thread.
    ///
    /// # Errors
    /// `InvalidState` when the client is closed, what [`Request`] does not allow, and whatever keeps the
    /// response head from coming ([`ErrorKind`](crate::ErrorKind)); no HTTP status is an error.
    pub fn send(&self, request: &Request, blocking: Blocking<'_>) -> Result<Response> {
        self.send_until(request, Until::Head, blocking)
    }

    /// Sends `request` and receives the response with its whole body, on this thread.
    ///
    /// # Errors
    /// Those of [`Client::send`], and those of the body, which has what came of it
    /// ([`Error::partial_body`]).
    pub fn send_whole(&self, request: &Request, blocking: Blocking<'_>) -> Result<Response> {
        self.send_until(request, Until::Body, blocking)
    }

    /// Sends `request` and receives as much of the response as `until` says, on this thread.
    ///
    /// # Errors
    /// Those of [`Client::send_whole`].
    pub fn send_until(
        &self,
        request: &Request,
        until: Until,
        blocking: Blocking<'_>,
    ) -> Result<Response> {
        request.check()?;
        let pool = self.pool()?;
        if hedge::allowed(self.config(), request) {
            return self.send_on_engine(pool, request, until, blocking);
        }
        let mut wait = BlockingWait::new(blocking);
        let reply = run(perform(&self.inner.settings, &pool, request, &mut wait))?;
        let mut response = Response::from(reply);
        if !response.is_enough(until)? {
            run(response.collect_whole(&mut wait))?;
        }
        Ok(response)
    }

    /// Two tries cannot be waited for by one thread's `poll(2)`.
    fn send_on_engine(
        &self,
        pool: Arc<ClientPool>,
        request: &Request,
        until: Until,
        blocking: Blocking<'_>,
    ) -> Result<Response> {
        let (inner, request) = (self.inner.clone(), request.clone());
        let mut wait = TokioWait::new(self.process().engine()?);
        let work =
            async move { perform_here(&inner.settings, &pool, &request, until, &mut wait).await };
        on_engine(blocking, work)
    }

    /// Runs `request` on the engine; one that is sent often is best shared. Exactly one
    /// [`Outcome::Response`] with `token` reaches `queue`.
    ///
    /// # Errors
    /// Bad input and a closed client fail here, and then nothing reaches the queue.
    pub fn submit(
        &self,
        request: impl Into<Arc<Request>>,
        until: Until,
        queue: &Arc<Queue>,
        token: u64,
    ) -> Result<Call> {
        self.start(request, until, queue, token, false)
    }

    /// [`Client::submit`] for an event loop's own thread, which calls [`Call::poll_inline`] as soon as it has
    /// nothing else to do: where answers come within microseconds, waking the engine and being
    /// woken by it costs more than to look. Until then, or until the call is dropped, nobody looks
    /// for the answer of a lone request, and its limits do not end it.
    pub fn submit_inline(
        &self,
        request: impl Into<Arc<Request>>,
        until: Until,
        queue: &Arc<Queue>,
        token: u64,
    ) -> Result<Call> {
        self.start(request, until, queue, token, true)
    }

    fn start(
        &self,
        request: impl Into<Arc<Request>>,
        until: Until,
        queue: &Arc<Queue>,
        token: u64,
        inline: bool,
    ) -> Result<Call> {
        let request = request.into();
        request.check()?;
        let (call, cancel) = Call::new();
        let submission = Submission {
            pool: self.pool()?,
            client: self.inner.clone(),
            request,
            until,
            cancel,
            queue: queue.clone(),
            token,
        };
        let engine = self.process().engine()?;
        let begin = move |count| submission.begin(TokioWait::new(engine), count);
        Ok(call.with_inline(engine.submit(inline, begin)))
    }

    /// Has `hook` see every socket that is opened from now on, before it is connected, on the engine's
    /// thread, where it must not block.
    ///
    /// # Errors
    /// `InvalidState` when the client has one: without a lock, which a fork could find taken, there is
    /// one for all its life.
    pub fn set_socket_hook(&self, hook: Arc<SocketHook>) -> Result<()> {
        let set = self.inner.socket_hook.set(Box::new(hook));
        set.map_err(|_| Error::state("the client has a socket callback already"))
    }

    /// Has `cookies` keep the cookies of this client's requests from now on: a jar that several clients may
    /// have, or somebody else.
    ///
    /// # Errors
    /// `InvalidState` when somebody keeps them already (option `cookies` gives a client a jar of its own):
    /// that is so for all its life.
    pub fn set_cookies(&self, cookies: Cookies) -> Result<()> {
        let set = self.inner.settings.cookies.set(Box::new(cookies));
        set.map_err(|_| Error::state("the client has a jar of cookies already"))
    }

    /// Who keeps the cookies of this client's requests; `None`: nobody.
    pub fn cookies(&self) -> Option<&Cookies> {
        self.inner.settings.cookies.get()
    }

    /// Has `hook` decide about each redirect that is followed from now on, for requests that have none of
    /// their own.
    ///
    /// # Errors
    /// `InvalidState` when the client has one: without a lock, which a fork could find taken, there is
    /// one for all its life.
    pub fn set_redirect_hook(&self, hook: Arc<dyn RedirectHook>) -> Result<()> {
        let set = self.inner.redirect_hook.set(Box::new(hook));
        set.map_err(|_| Error::state("the client has a redirect callback already"))
    }

    /// Has `hook` find the addresses of all connections that are made from now on: it is asked for each, also
    /// where a URL has an address or option `resolve` an entry, and before anything is sent to it. Of a
    /// proxy it is asked for the proxy's name. Names are then not looked up again in the background.
    ///
    /// # Errors
    /// `InvalidState` when the client has one: without a lock, which a fork could find taken, there is
    /// one for all its life.
    pub fn set_lookup_hook(&self, hook: Arc<dyn LookupHook>) -> Result<()> {
        match self.inner.resolver.set_hook(hook) {
            true => Ok(()),
            false => Err(Error::state("the client has a lookup callback already")),
        }
    }

    /// Has `observer` be told of what happens to all requests and connections from now on, on whatever thread
    /// it happens.
    ///
    /// # Errors
    /// `InvalidState` when the client has one: without a lock, which a fork could find taken, there is one for
    /// all its life.
    pub fn set_observer(&self, observer: Arc<dyn Observer>) -> Result<()> {
        let set = self.inner.observer.set(Box::new(observer));
        set.map_err(|_| Error::state("the client has an observer already"))
    }

    /// Counters of this client's pool.
    pub fn stats(&self) -> Stats {
        match self.inner.pools.get() {
            Some(pool) => pool.stats(),
            None => Stats::default(),
        }
    }

    /// Closes idle connections, fails waiting requests and refuses new ones with `InvalidState`.
    /// Exchanges under way finish. While another client is on the same pool ([`Client::beside`]) it refuses new
    /// requests alone. The process-wide client stays usable: only its idle connections are closed.
    pub fn close(&self) {
        match SHARED.get().is_some_and(|shared| Arc::ptr_eq(&shared.inner, &self.inner)) {
            true => self.close_idle(),
            false => self.inner.close(),
        }
    }

    /// Opens connections to the origin of `url` until it has `count` idle ones, within the caps, on
    /// this thread; returns how many were opened.
    ///
    /// # Errors
    /// The first dial's that failed; what succeeded is kept.
    pub fn warm(&self, url: &str, count: usize, blocking: Blocking<'_>) -> Result<usize> {
        let target = Target::parse(url)?;
        let pool = self.pool()?;
        let mut wait = BlockingWait::new(blocking);
        run(warm(&self.inner.settings.config, &pool, &target.origin, count, &mut wait))
    }

    /// Opens connections as [`Client::warm`] does, on the engine; exactly one [`Outcome::Warmed`] with
    /// `token` reaches `queue`.
    ///
    /// # Errors
    /// A bad URL and a closed client fail here, and then nothing reaches the queue.
    pub fn submit_warm(
        &self,
        url: &str,
        count: usize,
        queue: &Arc<Queue>,
        token: u64,
    ) -> Result<Call> {
        let target = Target::parse(url)?;
        let pool = self.pool()?;
        let inner = self.inner.clone();
        submitted(
            (queue, token),
            (),
            |(), error| Outcome::Warmed(Err(error)),
            move |(), wait| {
                Box::pin(async move {
                    let config = &inner.settings.config;
                    warm(config, &pool, &target.origin, count, wait).await
                })
            },
            |(), opened| Outcome::Warmed(opened),
        )
    }

    /// The network is another one (a laptop moved, a VPN came up): idle connections are closed, so
    /// that requests look names up and dial anew, and what was learnt of failing origins is
    /// forgotten.
    pub fn network_changed(&self) {
        self.process().dns.forget();
        self.close_idle();
        if let Some(pool) = self.inner.pools.get() {
            pool.forget_failures();
        }
    }

    /// Closes the circuit breaker of the origin of `url`, for the whole process.
    pub fn reset_breaker(&self, url: &str) -> Result<()> {
        self.process().origins.of(&Target::parse(url)?.origin).reset_breaker();
        Ok(())
    }

    /// Closes idle connections; the client stays usable.
    pub fn close_idle(&self) {
        if let Some(pool) = self.inner.pools.get() {
            pool.close(false);
        }
    }

    /// Whether `close()` was called.
    pub fn is_closed(&self) -> bool {
        self.inner.closed.load(Ordering::Acquire)
    }

    fn pool(&self) -> Result<Arc<ClientPool>> {
        if self.is_closed() {
            return Err(Error::state("the client is closed"));
        }
        let inner = &self.inner;
        let open = || {
            let process = self.process();
            let ClientInner { settings, tls, resolver, roads, observer, .. } = &**inner;
            let hooks = (&inner.socket_hook, &inner.redirect_hook);
            let ways = (resolver, roads.renewed()?, hooks);
            let pool = open_pool(process, &settings.config, tls, ways, observer.clone());
            let seen: Weak<ClientPool> = Arc::downgrade(&pool);
            process.remember(seen);
            Ok(pool)
        };
        inner.pools.get_or_try_init(open).cloned()
    }

    fn process(&self) -> &'static Process {
        self.inner.process.unwrap_or_else(process)
    }
}

#[cfg(test)]
mod tests;
