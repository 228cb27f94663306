//! Serves one connection, and decides which route answers a request.

mod chaos;
mod content;
mod control;
mod endless;
mod trouble;
mod upgrade;
mod wire;

use crate::connection::{Connection, Ending, Failure};
use crate::exchange::{Exchange, FIN, Next, Reply};
use crate::request::Request;
use crate::state::Entry;

/// Serves requests until the connection ends.
pub(crate) fn serve(mut connection: Connection) {
    let (ending, ticket) = loop {
        match connection.idle() {
            Ok(None) => {}
            Ok(Some(end)) => break end,
            Err(_) => break (FIN, None),
        }
        match answer(&mut connection) {
            Ok(Next::Request) => {}
            Ok(Next::End(ending)) => break (ending, None),
            // A TLS failure has sent an alert, which a RST could overtake.
            Err(Failure::Gone) => {
                let linger = connection.tls().is_some_and(|tls| tls.is_handshaking());
                break (Ending::Fin { notify: true, linger }, None);
            }
            Err(Failure::Malformed(rule)) => break (refuse(&mut connection, rule), None),
        }
    };
    connection.end(ending);
    drop(connection);
    drop(ticket);
}

/// Tells the client, and the journal, which rule was broken.
fn refuse(connection: &mut Connection, rule: String) -> Ending {
    let message = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{rule}",
        rule.len()
    );
    let entry = Entry::faulty(connection.number, connection.requests + 1, rule);
    connection.shared.note(entry);
    // The peer may have gone; the journal has it all the same.
    let _ = connection.write(message.as_bytes());
    Ending::Fin { notify: true, linger: true }
}

fn answer(connection: &mut Connection) -> Result<Next, Failure> {
    let head = connection.read_head()?;
    let request = Request::parse(&head).map_err(Failure::Malformed)?;
    let mut exchange = Exchange::new(connection, request);
    let path = exchange.request.path.clone();
    let segments: Vec<&str> = path[1.min(path.len())..].split('/').collect();
    let answered = match segments[..] {
        ["wire", name] => return wire::play(&mut exchange, name),
        ["chaos", seed, caller, number] => {
            return chaos::answer(&mut exchange, [seed, caller, number]);
        }
        ["upgrade"] => return upgrade::answer(&mut exchange),
        ["endless", form] => endless::answer(&mut exchange, form)?,
        [control, ..] if control.starts_with('_') => {
            let body = exchange.body()?;
            control::answer(&mut exchange, &segments, &body)?
        }
        _ => match content::answer(&mut exchange, &segments)? {
            Some(next) => Some(next),
            None => trouble::answer(&mut exchange, &segments)?,
        },
    };
    match answered {
        Some(next) => Ok(next),
        None => {
            exchange.read_body(|_| ())?;
            exchange.send(Reply::text(404, format!("no route {path}\n")))
        }
    }
}
