//! Requests that are made of another: by a redirect, or by who authenticates it.

use std::sync::Arc;

use crate::auth::credentials::Credentials;
use crate::error::Result;
use crate::request::Request;
use crate::request::url::Target;

impl Request {
    /// The same request with these fields in place of its own, and all else as it is: a Host that is none of
    /// the caller's is not among those to give.
    ///
    /// # Errors
    /// `InvalidHeader`, naming the field and the reason.
    pub fn with_headers<'f>(
        &self,
        fields: impl IntoIterator<Item = (&'f [u8], &'f [u8])>,
    ) -> Result<Request> {
        let mut request = Request::to(self.method(), self.target.clone())?;
        request.copy_settings(self);
        request.proxy_authorization = self.proxy_authorization.clone();
        request.share_body(self);
        if !self.head.is_connect() && self.head.target() != self.target.path() {
            request.set_raw_target(self.head.target().as_bytes())?;
        }
        for (name, value) in fields {
            request.add_header(name, value)?;
        }
        Ok(request)
    }

    /// A request for something else, with all of this one that is not about the message: limits, road, trust;
    /// and its credentials within its origin.
    ///
    /// # Errors
    /// Those of [`Request::new`].
    pub fn sibling(&self, method: &str, url: &str) -> Result<Request> {
        let mut request = Request::to(method, Target::parse(url)?)?;
        request.copy_settings(self);
        if request.target.origin != self.target.origin {
            request.leave_origin();
        }
        Ok(request)
    }

    /// Takes over everything that is not about the message itself.
    pub(crate) fn copy_settings(&mut self, other: &Request) {
        self.timeouts = other.timeouts;
        self.own_timeouts = other.own_timeouts;
        self.decode = other.decode;
        self.decode_later = other.decode_later;
        self.omitted = other.omitted.clone();
        self.own_defaults |= !self.omitted.is_empty();
        self.max_body_size = other.max_body_size;
        self.redirects = other.redirects;
        self.policy = other.policy.clone();
        self.own_defaults |= other.policy.as_ref().is_some_and(|policy| policy.auth.is_some());
        self.roads = other.roads.clone();
        self.tls = other.tls.clone();
        self.is_unix_url = other.is_unix_url;
        self.observer = other.observer.clone();
        self.cookies = other.cookies.clone();
        self.strayed = other.strayed;
        self.pace = other.pace.clone();
    }

    /// It goes to another origin than the URL that it was made of.
    pub(crate) fn leave_origin(&mut self) {
        self.strayed = true;
        if std::mem::take(&mut self.is_unix_url)
            && let Some(options) = &mut self.roads
        {
            Arc::make_mut(options).unix_socket = None;
        }
        // Not the client's either.
        self.change_policy(|policy| policy.auth = Some(Credentials::None));
        self.own_defaults = true;
    }
}
