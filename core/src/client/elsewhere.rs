//! Requests that somebody else sends, such as an application in the same process: what the engine decides about
//! them.

use crate::client::Client;
use crate::config::redirects::Redirects;
use crate::drive::{cookies, redirect};
use crate::error::Result;
use crate::request::Request;

impl Client {
    /// Whether redirects are followed where a request does not say.
    pub fn follows_redirects(&self) -> bool {
        self.inner.settings.redirects == Redirects::Follow
    }

    /// The request that follows `request`, which had an answer of that status with these Locations, after so
    /// many redirects; `None`: the answer leads nowhere, or is not to be followed.
    ///
    /// # Errors
    /// `TooManyRedirects`, `InvalidRedirect`, `RedirectRefused`: as when the engine follows.
    pub fn following<'l>(
        &self,
        request: &Request,
        status: u16,
        locations: impl Iterator<Item = &'l [u8]>,
        redirects: u64,
    ) -> Result<Option<Request>> {
        redirect::followed(&self.inner.settings, request, status, locations, redirects)
    }

    /// The value of the Cookie field that `request` gets; `None` for no field of this client's.
    ///
    /// # Errors
    /// Those of the keeper, which is asked on this thread.
    pub fn cookie_field(&self, request: &Request) -> Result<Option<Vec<u8>>> {
        cookies::field_now(self.cookies(), request)
    }

    /// Keeps what the answer to `request` sets by these Set-Cookie fields.
    ///
    /// # Errors
    /// Those of the keeper, which is asked on this thread.
    pub fn keep_cookies(&self, request: &Request, fields: Vec<Vec<u8>>) -> Result<()> {
        cookies::keep_now(self.cookies(), request, fields)
    }
}
