//! The routes that answer late, in part, or not at all.

use std::time::Duration;

use super::content::pattern;
use crate::connection::{Ending, Failure, IdleAction, IdlePlan, Trigger};
use crate::exchange::{Exchange, FIN, Next, Reply};
use crate::state::GateTicket;

/// How long a request stays at a closed gate.
const GATE_STAY: Duration = Duration::from_secs(3600);

pub(super) fn answer(
    exchange: &mut Exchange<'_>,
    segments: &[&str],
) -> Result<Option<Next>, Failure> {
    match *segments {
        ["early"] => return early(exchange).map(Some),
        ["flaky"] => return flaky(exchange).map(Some),
        _ => exchange.read_body(|_| ())?,
    };
    let next = match *segments {
        ["slow-head"] => {
            let delay = Duration::from_millis(exchange.request.number("ms", 1000));
            exchange.connection.wait(delay, |_| false)?;
            exchange.send(Reply::text(200, "ok"))?
        }
        ["drip"] => drip(exchange)?,
        ["stall"] => stall(exchange),
        ["stall-body"] => {
            partial(exchange)?;
            stall(exchange)
        }
        ["gate", name] => {
            let ticket = GateTicket::new(&exchange.connection.shared, name);
            exchange.connection.wait(GATE_STAY, |state| ticket.is_open(state))?;
            exchange.send(Reply::text(200, "ok"))?
        }
        ["gate-body", name] => {
            let ticket = GateTicket::new(&exchange.connection.shared, name);
            let rest = partial(exchange)?;
            exchange.connection.wait(GATE_STAY, |state| ticket.is_open(state))?;
            exchange.write(&rest)?;
            exchange.finish()?
        }
        ["reset"] => Next::End(Ending::Reset),
        ["close"] => {
            let notify = exchange.request.number("notify", 1) != 0;
            Next::End(Ending::Fin { notify, linger: false })
        }
        ["close-idle"] => {
            let notify = exchange.request.number("notify", 1) != 0;
            let ending = Ending::Fin { notify, linger: false };
            idle(exchange, IdleAction::End(ending))?
        }
        ["reset-idle"] => idle(exchange, IdleAction::End(Ending::Reset))?,
        ["stray-idle"] => {
            let fin = exchange.request.param("end") == Some("fin");
            idle(exchange, IdleAction::Stray(fin.then_some(FIN)))?
        }
        _ => return Ok(None),
    };
    Ok(Some(next))
}

/// Answers, then acts `?ms=` (default 0) later or when `?gate=NAME` opens.
fn idle(exchange: &mut Exchange<'_>, action: IdleAction) -> Result<Next, Failure> {
    let trigger = match exchange.request.param("gate") {
        Some(name) => Trigger::Gate(GateTicket::new(&exchange.connection.shared, name)),
        None => Trigger::After(Duration::from_millis(exchange.request.number("ms", 0))),
    };
    let next = exchange.send(Reply::text(200, "ok"))?;
    exchange.connection.idle_plan = Some(IdlePlan { trigger, action });
    Ok(next)
}

fn drip(exchange: &mut Exchange<'_>) -> Result<Next, Failure> {
    let delay = Duration::from_millis(exchange.request.number("ms", 100));
    let piece = pattern(exchange.request.number("size", 5).clamp(1, 1 << 20));
    exchange.start(200, &[("Transfer-Encoding".into(), "chunked".into())]);
    for _ in 0..exchange.request.number("count", 5) {
        exchange.write(format!("{:x}\r\n", piece.len()).as_bytes())?;
        exchange.write(&piece)?;
        exchange.write(b"\r\n")?;
        exchange.flush()?;
        exchange.connection.wait(delay, |_| false)?;
    }
    exchange.write(b"0\r\n\r\n")?;
    exchange.finish()
}

/// Sends the head and the first `?sent=` of `?n=` body bytes; returns the rest.
fn partial(exchange: &mut Exchange<'_>) -> Result<Vec<u8>, Failure> {
    let mut body = pattern(exchange.request.number("n", 100).min(1 << 26));
    let sent = exchange.request.number("sent", 10).min(body.len() as u64) as usize;
    let rest = body.split_off(sent);
    let length = (body.len() + rest.len()).to_string();
    exchange.start(200, &[("Content-Length".into(), length)]);
    exchange.write(&body)?;
    exchange.flush()?;
    Ok(rest)
}

fn stall(exchange: &mut Exchange<'_>) -> Next {
    exchange.connection.stall();
    Next::End(FIN)
}

/// Answers without reading the body, then closes: `drain=1` (default) half-closes and reads until
/// the client closes, `drain=0` closes at once, which the kernel turns into a RST.
fn early(exchange: &mut Exchange<'_>) -> Result<Next, Failure> {
    let status = exchange.request.number("status", 413);
    let status = u16::try_from(status).ok().filter(|s| (200..=999).contains(s)).unwrap_or(413);
    let linger = exchange.request.number("drain", 1) != 0;
    exchange.send(Reply::text(status, "early\n").header("Connection", "close"))?;
    Ok(Next::End(Ending::Fin { notify: true, linger }))
}

/// The first `times` requests of a key get no answer.
fn flaky(exchange: &mut Exchange<'_>) -> Result<Next, Failure> {
    let request = &exchange.request;
    let times = request.number("times", 1);
    let reset = request.param("how") == Some("rst");
    let unread = request.param("after") == Some("head");
    let key = request.key().unwrap_or_default().to_owned();
    let fails = exchange.connection.shared.update(|state| {
        let failures = state.failures.entry(key).or_default();
        let fails = *failures < times;
        *failures += u64::from(fails);
        fails
    });
    if !(fails && unread) {
        exchange.read_body(|_| ())?;
    }
    match (fails, reset) {
        (false, _) => exchange.send(Reply::text(200, "ok")),
        (true, true) => Ok(Next::End(Ending::Reset)),
        (true, false) => {
            let linger = !exchange.is_body_read();
            Ok(Next::End(Ending::Fin { notify: true, linger }))
        }
    }
}
