//! The route that switches protocols: 101, bytes that come with it, and then an echo.

use crate::connection::{Ending, Failure};
use crate::exchange::{Exchange, Next, Reply};

/// `/upgrade`: what is sent comes back behind `?first=` (default "hello"), until the client ends its half,
/// or `?limit=` bytes have come; then the connection ends: in good order, with `?notify=0` without
/// close_notify, or with `?end=reset` by a RST. Without Upgrade in the request: 426.
pub(super) fn answer(exchange: &mut Exchange<'_>) -> Result<Next, Failure> {
    exchange.read_body(|_| ())?;
    let Some(protocol) = exchange.request.header("upgrade").map(str::to_owned) else {
        return exchange.send(Reply::text(426, "no Upgrade\n"));
    };
    let first = exchange.request.param("first").unwrap_or("hello").to_owned();
    let limit = exchange.request.number("limit", u64::MAX);
    let notify = exchange.request.number("notify", 1) != 0;
    let reset = exchange.request.param("end") == Some("reset");
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: {protocol}\r\n\r\n{first}"
    );
    exchange.connection.write(head.as_bytes())?;
    // An end of the client's without close_notify ends it as well.
    let _ = exchange.connection.echo(limit);
    Ok(Next::End(match reset {
        true => Ending::Reset,
        false => Ending::Fin { notify, linger: false },
    }))
}
