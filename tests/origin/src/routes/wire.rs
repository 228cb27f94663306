//! Plays the wire cases: sends a case's bytes and ends as it says.

use crate::cases::{After, End};
use crate::connection::{Ending, Failure};
use crate::exchange::{Exchange, Next, Reply};
use crate::runs::Over;

pub(super) fn play(exchange: &mut Exchange<'_>, name: &str) -> Result<Next, Failure> {
    let shared = exchange.connection.shared.clone();
    let Some(case) = shared.cases.iter().find(|case| case.name == name) else {
        exchange.read_body(|_| ())?;
        return exchange.send(Reply::text(404, format!("no case {name}\n")));
    };
    if let Some(run) = exchange.request.param("run") {
        let over = if exchange.connection.tls().is_some() { Over::Https } else { Over::Http };
        shared.update(|state| state.runs.entry(run.into()).or_default().played(name, over));
    }
    // The case says every byte that is sent.
    exchange.answers_expect = false;
    if case.after == After::Request {
        exchange.read_body(|_| ())?;
    }
    if case.shut {
        exchange.connection.shut()?;
    }
    exchange.connection.write(&case.response)?;
    match case.end {
        End::Open => {
            exchange.read_body(|_| ())?;
            Ok(Next::Request)
        }
        End::Fin => {
            let linger = !exchange.is_body_read();
            Ok(Next::End(Ending::Fin { notify: case.close_notify, linger }))
        }
        End::Rst => Ok(Next::End(Ending::Reset)),
        End::Stall => {
            exchange.connection.stall();
            Ok(Next::End(Ending::Fin { notify: false, linger: false }))
        }
    }
}
