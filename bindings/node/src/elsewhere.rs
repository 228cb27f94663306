//! Requests that JavaScript answers itself, in place of servers: what the engine decides about them.

use keepalive_core::{Client, Request, next_request};
use napi_derive::napi;

use crate::arguments::made;
use crate::client::NativeClient;
use crate::convert::{ByteString, Failure, Thrown, thrown};

/// See the module.
#[napi]
pub struct RequestElsewhere {
    client: Client,
    request: Request,
    /// With its fragment.
    url: String,
    redirects: u64,
}

/// Where an answer leads; without a failure and a URL, nowhere.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Led {
    /// Why it is not to be followed.
    pub failure: Option<Failure>,
    /// With its fragment, without userinfo.
    pub url: Option<String>,
    /// Of the request that follows.
    pub method: Option<String>,
    /// Its fields, `name NUL value NUL ...`, a character for each byte.
    pub headers: Option<String>,
    /// Whether it has the body of the one before.
    pub keeps_body: bool,
}

#[napi]
impl RequestElsewhere {
    /// Arguments of `Bridge.submit`; the body stays in JavaScript.
    #[allow(clippy::too_many_arguments, reason = "those of a request that is submitted")]
    #[napi(constructor)]
    pub fn new(
        client: &NativeClient,
        method: String,
        url: String,
        flags: u32,
        headers: Option<ByteString>,
        header_count: Option<u32>,
        limits: Option<Vec<f64>>,
        options: Option<Vec<String>>,
    ) -> Result<RequestElsewhere, Thrown> {
        let fields = headers.map(|fields| (fields, header_count.unwrap_or(0)));
        let (request, _) = made(client, (&method, &url), flags, fields, None, limits, options)?;
        Ok(RequestElsewhere { client: client.client.clone(), request, url, redirects: 0 })
    }

    /// The cookies that it is sent with, a character for each byte.
    #[napi]
    pub fn cookie(&self) -> Result<Option<String>, Thrown> {
        let field = self.client.cookie_field(&self.request).map_err(thrown)?;
        Ok(field.as_deref().map(text))
    }

    /// It has had an answer with that status and these values of Location and Set-Cookie: keeps its cookies,
    /// and says where it leads. The request is the one that follows from then on.
    #[napi]
    pub fn answered(
        &mut self,
        status: u16,
        locations: Vec<ByteString>,
        cookies: Vec<ByteString>,
    ) -> Result<Led, Thrown> {
        let RequestElsewhere { client, request, url, redirects } = self;
        let cookies = cookies.into_iter().map(|ByteString(value)| value).collect();
        client.keep_cookies(request, cookies).map_err(thrown)?;
        let locations = || locations.iter().map(|ByteString(value)| value.as_slice());
        let next = match client.following(request, status, locations(), *redirects) {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(Led::default()),
            Err(error) => {
                return Ok(Led { failure: Some(Failure::from(&error)), ..Led::default() });
            }
        };
        let to = next_request((request.method(), url), status, locations());
        let to = to.map_or_else(|| next.url().to_string(), |(_, to)| to);
        let mut headers = String::new();
        for (name, value) in next.headers() {
            headers.extend([text(name).as_str(), "\0", text(value).as_str(), "\0"]);
        }
        let keeps_body = next.method() == request.method();
        let method = next.method().to_string();
        (*request, *redirects) = (next, *redirects + 1);
        url.clone_from(&to);
        Ok(Led {
            failure: None,
            url: Some(to),
            method: Some(method),
            headers: Some(headers),
            keeps_body,
        })
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}
