//! The step through an HTTP proxy: CONNECT (RFC 9110 9.3.6).

use keepalive_proto::{
    Connection as Machine, Event, Limits, RequestBody, RequestHead, ResponseHead, Start,
};

use crate::auth::Challenges;
use crate::auth::tries::Tries;
use crate::connection::wire::note;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::net::connect::dialled::Dialled;
use crate::net::socket::READ_SIZE;
use crate::origin::proxy::ProxyServer;

/// What became of it.
pub(super) enum Opened {
    /// Bytes go to the server from now on.
    Tunnel(Box<Dialled>),
    /// The proxy wants credentials that it has not had yet; on a new connection, since the rest of
    /// this answer is not read.
    Asked,
}

/// Has `proxy`, which `below` leads to, open a way to `target` (`host:port`). The caller sets the deadline
/// by dropping the future.
pub(super) async fn open(
    mut below: Dialled,
    proxy: &ProxyServer,
    target: &str,
    limits: Limits,
    tried: &mut Tries,
) -> Result<Opened> {
    let head = RequestHead::new("CONNECT", target, target)?;
    let mut http = Machine::new(limits);
    let failed = |kind, reason: &str| {
        let text = format!("proxy {proxy} opened no way to {target}: {reason}");
        Error::new(kind, Phase::Connect, text)
    };
    let answer = {
        let fields = proxy.fields(|| ("CONNECT", target.to_string()), tried);
        http.start_with(&head, RequestBody::None, &Start { fields: &fields, ..Start::default() })?;
        http.send_end()?;
        let answer = exchange(&mut below, &mut http).await;
        answer.map_err(|reason| failed(ErrorKind::ProxyFailed, &reason))?
    };
    match answer.status {
        200..=299 if http.take_switched().is_empty() => Ok(Opened::Tunnel(Box::new(below))),
        // Both protocols that follow are begun by the client.
        200..=299 => Err(failed(ErrorKind::ProxyFailed, "it sent more than its answer")),
        407 => {
            let challenges = Challenges::read(answer.fields.get_all(b"proxy-authenticate"));
            let reason = refusal(proxy, &challenges);
            match proxy.asks(challenges, tried) {
                true => Ok(Opened::Asked),
                false => Err(failed(ErrorKind::ProxyAuthenticationRequired, &reason)),
            }
        }
        status => {
            Err(failed(ErrorKind::ProxyFailed, &format!("it answered {status}{}", said(&answer))))
        }
    }
}

/// A 407 in words.
pub(crate) fn refusal(proxy: &ProxyServer, challenges: &Challenges) -> String {
    let given = match proxy.login {
        None => "it asks for authentication",
        Some(_) => "it refused the user name or password",
    };
    format!("{given} (407): {}", challenges.shown)
}

/// Sends the request and receives the head of the final answer.
async fn exchange(
    below: &mut Dialled,
    http: &mut Machine,
) -> std::result::Result<ResponseHead, String> {
    while let Some(data) = http.poll_transmit() {
        below.write_all(data).await.map_err(|error| error.to_string())?;
        let count = data.len();
        http.transmitted(count);
    }
    loop {
        match http.poll_event().map_err(|error| error.to_string())? {
            Some(Event::Head(head)) => return Ok(head),
            Some(Event::Informational(_)) => continue,
            Some(_) => return Err("its answer has no head".to_string()),
            None => {}
        }
        let received = below.read(http.receive_space(READ_SIZE)).await;
        note(http, received.map_err(|error| error.to_string())?);
    }
}

/// The reason phrase, as far as it can be shown.
fn said(head: &ResponseHead) -> String {
    let reason = String::from_utf8_lossy(head.reason());
    let shown: String = reason.chars().filter(|c| !c.is_control()).take(60).collect();
    if shown.is_empty() { shown } else { format!(" {shown}") }
}
