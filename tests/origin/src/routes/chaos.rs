//! `/chaos/SEED/CALLER/NUMBER`: answers as the dice of `crate::chaos` fall.

use std::time::Duration;

use crate::chaos::{After, Answer, Cut, body, deal};
use crate::connection::{Ending, Failure, IdleAction, IdlePlan, Trigger};
use crate::exchange::{Exchange, FIN, Next, Reply};

/// RFC 9110 section 9.2.2.
const IDEMPOTENT: [&str; 6] = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];

pub(super) fn answer(exchange: &mut Exchange<'_>, path: [&str; 3]) -> Result<Next, Failure> {
    let [Ok(seed), Ok(caller), Ok(number)] = path.map(str::parse::<u64>) else {
        exchange.read_body(|_| ())?;
        return exchange.send(Reply::text(404, "/chaos/SEED/CALLER/NUMBER\n"));
    };
    let shared = exchange.connection.shared.clone();
    let request = &exchange.request;
    let has_key = request.header("idempotency-key").is_some();
    let replayable = has_key || IDEMPOTENT.contains(&request.method.as_str());
    let has_body = ["POST", "PUT", "PATCH"].contains(&request.method.as_str());
    let attempt = shared.lock().chaos.saw(caller, number, replayable);
    let due = deal(seed, caller, number, attempt, request.number("stalls", 0) != 0);
    let got = exchange.body()?;
    let foreign = has_body && got != body(caller, number, got.len().max(1));
    {
        let mut state = shared.lock();
        state.chaos.dealt(&due);
        if foreign {
            state.chaos.wrong(format!("{caller}.{number} came with another's body"));
        }
    }

    let bytes = body(caller, number, due.length);
    let mut headers = vec![
        ("X-Id".to_string(), format!("{caller}.{number}")),
        ("X-Attempt".into(), attempt.to_string()),
        ("X-Length".into(), due.length.to_string()),
    ];
    match due.after {
        After::Close => headers.push(("Connection".into(), "close".into())),
        After::Hint => headers.push(("Keep-Alive".into(), "timeout=2".into())),
        _ => {}
    }
    let (length, chunked) = (
        ("Content-Length".to_string(), due.length.to_string()),
        ("Transfer-Encoding".to_string(), "chunked".to_string()),
    );
    let next = match due.answer {
        Answer::Nothing(cut) => return Ok(Next::End(ending(cut))),
        Answer::HeadCut(cut) => {
            exchange.write_raw(b"HTTP/1.1 200 OK\r\nX-Id: ")?;
            exchange.flush()?;
            return Ok(Next::End(ending(cut)));
        }
        Answer::BodyCut { cut, chunked: in_chunks } => {
            headers.retain(|(name, _)| name != "Connection");
            headers.push(if in_chunks { chunked } else { length });
            exchange.start(200, &headers);
            let half = &bytes[..bytes.len() / 2];
            if in_chunks {
                write_chunks(exchange, half, half.len().max(1), None)?;
            } else if !half.is_empty() {
                exchange.write(half)?;
            }
            exchange.flush()?;
            return Ok(Next::End(ending(cut)));
        }
        Answer::Stall => {
            headers.push(("Content-Length".into(), (due.length + 10).to_string()));
            exchange.start(200, &headers);
            exchange.write(&bytes[..bytes.len() / 2])?;
            exchange.flush()?;
            exchange.connection.stall();
            return Ok(Next::End(FIN));
        }
        Answer::UntilClose => {
            exchange.start(200, &headers);
            exchange.write(&bytes)?;
            exchange.flush()?;
            return Ok(Next::End(FIN));
        }
        Answer::Chunked | Answer::Drip => {
            headers.push(chunked);
            exchange.start(200, &headers);
            let pause = (due.answer == Answer::Drip).then_some(Duration::from_millis(3));
            write_chunks(exchange, &bytes, due.length / 5 + 1, pause)?;
            exchange.write(b"0\r\n\r\n")?;
            exchange.finish()?
        }
        Answer::Length | Answer::Slow(_) | Answer::Interim => {
            if let Answer::Slow(ms) = due.answer {
                exchange.connection.wait(Duration::from_millis(ms), |_| false)?;
            }
            if due.answer == Answer::Interim {
                exchange.write_raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")?;
            }
            headers.push(length);
            exchange.start(200, &headers);
            exchange.write(&bytes)?;
            exchange.finish()?
        }
    };
    let (ms, action) = match due.after {
        After::Close => return Ok(Next::End(FIN)),
        After::Idle(cut, ms) => (ms, IdleAction::End(ending(cut))),
        After::Stray { ms, fin } => (ms, IdleAction::Stray(fin.then_some(FIN))),
        After::Keep | After::Hint => return Ok(next),
    };
    let trigger = Trigger::After(Duration::from_millis(ms));
    exchange.connection.idle_plan = Some(IdlePlan { trigger, action });
    Ok(next)
}

fn ending(cut: Cut) -> Ending {
    match cut {
        Cut::Fin { notify } => Ending::Fin { notify, linger: false },
        Cut::Rst => Ending::Reset,
    }
}

fn write_chunks(
    exchange: &mut Exchange<'_>,
    bytes: &[u8],
    size: usize,
    pause: Option<Duration>,
) -> Result<(), Failure> {
    for piece in bytes.chunks(size) {
        exchange.write(format!("{:x}\r\n", piece.len()).as_bytes())?;
        exchange.write(piece)?;
        exchange.write(b"\r\n")?;
        if let Some(pause) = pause {
            exchange.flush()?;
            exchange.connection.wait(pause, |_| false)?;
        }
    }
    Ok(())
}
