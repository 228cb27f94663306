//! The replay rule as a model of a few lines, and the verdict on what was seen.
//!
//! A request is tried once more, on a fresh connection, if its connection was reused and died before
//! any byte of the response, and nothing of the request had been written or the method may be repeated
//! (RFC 9110 9.2.2), and its body can be had again.

use keepalive_core::{ErrorKind, Sent};

use crate::client::{LIMIT, SILENCE, Seen};
use crate::plan::{Body, End, Fault, Plan, Shape};
use crate::server::Facts;

/// How a try looks from the client's side.
#[derive(Debug, PartialEq, Eq)]
enum View {
    Complete(Vec<u8>),
    /// It died before any byte of the response.
    Dead,
    HeadCut,
    BodyCut(Vec<u8>),
    /// Nothing more came, after that much of the body.
    Silent(Vec<u8>),
    Cancelled,
    /// No connection was made, or it was gone before it was used.
    NotOpened,
}

/// What the rule says must come of it.
#[derive(Debug)]
pub struct Due {
    view: View,
    pub replays: u32,
    /// Connections that see a byte of the request.
    attempts: usize,
    reused: bool,
}

fn end_of(fault: Fault) -> Option<End> {
    match fault {
        Fault::Request { end, .. }
        | Fault::Response { end, .. }
        | Fault::Records { end, .. }
        | Fault::Handshake { end, .. }
        | Fault::Early { end } => Some(end),
        Fault::BeforeWrite => Some(End::Rst),
        _ => None,
    }
}

/// What the bytes that got across amount to.
fn read(plan: &Plan, delivered: usize, end: Option<End>) -> View {
    let parts = plan.response();
    let is_final = |text: &str| text.ends_with("\r\n\r\n") && !text.starts_with("HTTP/1.1 103");
    let heads = parts.iter().position(|(text, _)| is_final(text)).expect("a head") + 1;
    let head: usize = parts[..heads].iter().map(|(text, _)| text.len()).sum();
    if delivered == 0 {
        return View::Dead;
    }
    if delivered < head {
        return View::HeadCut;
    }
    let (mut left, mut body) = (delivered - head, Vec::new());
    for (text, is_body) in &parts[heads..] {
        let count = left.min(text.len());
        left -= count;
        if *is_body {
            body.extend_from_slice(&text.as_bytes()[..count]);
        }
    }
    let ends_by_close = plan.shape == Shape::CloseDelimited && heads < parts.len();
    let whole = match end {
        _ if !ends_by_close => delivered == plan.response_bytes().len(),
        Some(End::Fin { notify }) => notify || !plan.tls,
        _ => false,
    };
    if whole { View::Complete(body) } else { View::BodyCut(body) }
}

fn view(plan: &Plan, number: usize, facts: &[Facts]) -> View {
    let delivered = facts.get(number).map_or(0, |facts| facts.delivered);
    let fault = plan.fault_on(number);
    match fault {
        Fault::None => read(plan, plan.response_bytes().len(), Some(End::Fin { notify: true })),
        Fault::Request { .. } | Fault::BeforeWrite => View::Dead,
        Fault::Early { .. } => View::Complete(Vec::new()),
        Fault::Response { .. } | Fault::Records { .. } => read(plan, delivered, end_of(fault)),
        Fault::Cancel { .. } => View::Cancelled,
        Fault::Age { .. } => View::Dead,
        Fault::Stall { .. } => match read(plan, delivered, None) {
            View::Dead | View::HeadCut => View::Silent(Vec::new()),
            View::BodyCut(body) => View::Silent(body),
            complete => complete,
        },
        Fault::Handshake { .. } if facts.get(number).is_some_and(|facts| facts.is_open) => {
            read(plan, plan.response_bytes().len(), Some(End::Fin { notify: true }))
        }
        Fault::Handshake { .. } => View::NotOpened,
    }
}

/// The rule.
pub fn due(plan: &Plan, facts: &[Facts]) -> Due {
    let first = view(plan, plan.first(), facts);
    let touched = usize::from(plan.fault != Fault::BeforeWrite);
    let may_repeat = plan.method.is_replayable() || touched == 0;
    if first == View::Dead && plan.reuses() && may_repeat && plan.is_rewindable() {
        let second = view(plan, plan.first() + 1, facts);
        return Due { view: second, replays: 1, attempts: touched + 1, reused: false };
    }
    Due { view: first, replays: 0, attempts: touched, reused: plan.reuses() }
}

/// What is wrong, in words; nothing when all is as it must be.
pub fn judge(plan: &Plan, due: &Due, seen: &Seen, facts: &[Facts]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, holds: bool| {
        if !holds {
            wrong.push(what.to_string());
        }
    };
    let silent = matches!(due.view, View::Silent(_));
    let limit = if silent { SILENCE + LIMIT / 4 } else { LIMIT / 2 };
    check("it ends in time", seen.took < limit);
    check("the server is not left waiting", facts.iter().all(|facts| !facts.hung));
    let tries: Vec<&Facts> = facts.iter().filter(|facts| facts.request_bytes > 0).collect();
    let may_repeat = plan.method.is_replayable();
    check("no request is seen twice unless it may be repeated", may_repeat || tries.len() <= 1);
    check("never more than twice", tries.len() <= 2 && tries.iter().all(|try_| try_.requests <= 1));

    let error = seen.error.as_ref();
    let is = |kind: ErrorKind| error.is_some_and(|error| error.kind() == kind);
    let reset = |fault| matches!(end_of(fault), Some(End::Rst));
    let last_fault = plan.fault_on(plan.first() + due.replays as usize);
    let dead =
        if reset(last_fault) { ErrorKind::ConnectionReset } else { ErrorKind::ConnectionClosed };
    let retry_safe = error.is_some_and(|error| error.retry_safe());
    if due.view == View::NotOpened {
        // Cut in what follows its Finished, the server may look open to the client for a while.
        let complete = error.is_none() && seen.status.is_some();
        check("a failed handshake is an error or is made up for", complete || error.is_some());
        return wrong;
    }
    check("the number of tries", tries.len() == due.attempts);
    match &due.view {
        View::Complete(body) => {
            check("a response", error.is_none() && seen.status.is_some());
            check("its body", seen.body == *body);
            let info = seen.info.as_ref();
            check("info.reused", info.is_some_and(|info| info.reused == due.reused));
            check("info.replays", info.is_some_and(|info| info.replays == due.replays));
            let first = plan.fault_on(plan.first());
            let reason =
                if reset(first) { ErrorKind::ConnectionReset } else { ErrorKind::ConnectionClosed };
            let reason = (due.replays > 0).then_some(reason);
            check("info.replay_reason", info.is_some_and(|info| info.replay_reason == reason));
        }
        View::Dead => {
            check("the error of a death", is(dead) && seen.status.is_none());
            check("error.reused", error.is_some_and(|error| error.reused() == due.reused));
            let nothing = last_fault == Fault::BeforeWrite;
            let sent = error.map(|error| error.sent());
            check("error.sent", (sent == Some(Sent::Nothing)) == nothing);
            check(
                "error.sent of a small request",
                plan.body == Body::Large || nothing || sent == Some(Sent::All),
            );
            check("error.retry_safe", retry_safe == (may_repeat || nothing));
        }
        View::HeadCut => {
            let kind = if reset(last_fault) { dead } else { ErrorKind::HeadTruncated };
            check("the error of a cut head", is(kind) && seen.status.is_none() && !retry_safe);
        }
        View::BodyCut(body) => {
            check("the error of a cut body", is(ErrorKind::BodyTruncated) && !retry_safe);
            check("the body before it", seen.body == *body);
            check("its head", seen.status.is_some() == plan.pieces);
        }
        View::Silent(body) => {
            check("the error of silence", is(ErrorKind::ReadTimeout));
            check("not before its time", seen.took >= SILENCE);
            check("the body before it", seen.body == *body);
        }
        View::Cancelled => check("the error of a cancelled request", is(ErrorKind::Cancelled)),
        View::NotOpened => {}
    }
    wrong
}
