//! Receiving a body whose speed is limited, or whose progress somebody is told of.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Instant;

use keepalive_proto::Fields;

use crate::connection::Connection;
use crate::deadline::Deadline;
use crate::drive::body::{Live, Progress, Taken, broken, leased, past};
use crate::drive::meter::Meter;
use crate::drive::wait::{Stopped, Wait, Want};
use crate::error::{ErrorKind, Phase, Result};
use crate::net::socket::Received;
use crate::origin::Origin;

impl Live {
    /// As `step`, with a `meter`.
    pub(super) async fn step_metered<W: Wait>(
        &mut self,
        meter: &mut Meter,
        wait: &mut W,
        into: &mut Vec<u8>,
        trailers: &mut Option<Fields>,
    ) -> Result<Progress> {
        let mut deadline = self.deadline()?;
        let before = into.len();
        loop {
            let turn = poll_fn(|cx| wait.poll_turn(cx, &deadline)).await;
            turn.map_err(|stopped| stopped.into_error(Phase::Body, &self.origin, &deadline))?;
            let mut count = 0;
            let taken = self.take(into, trailers, &mut count)?;
            meter.count(count);
            wait.spend(taken.work());
            meter.tell(Phase::Body, taken == Taken::End)?;
            match taken {
                Taken::End => return Ok(Progress::End),
                _ if into.len() > before => return Ok(Progress::Data),
                Taken::More(_) => continue,
                Taken::Dry(_) => {}
            }
            if let Some(until) = meter.pause() {
                pause(wait, until, &self.total, &self.origin).await?;
                deadline = self.deadline()?;
            }
            let began = Instant::now();
            let limit = deadline.sooner(meter.look(began));
            let connection = leased(&mut self.lease)?;
            wait.adopt(&mut connection.io)?;
            let Connection { wire, io, .. } = connection;
            let past = past(&wire.http, &self.decoder);
            let room = self.room.next(&wire.http, past, into.len());
            // A little at a time does not go into the caller's memory, which may have room for all that
            // is there.
            let mut piece = Vec::new();
            let (to, room) = match meter.most() {
                None => (&mut *into, room),
                Some(most) => (&mut piece, room.min(most)),
            };
            let received = poll_fn(|cx| {
                wait.poll_io(cx, io, Want::Read.of(&wire.transport), &limit, &mut |fd, _| {
                    wire.try_read_body(fd, room, past, to)
                })
            })
            .await;
            let waited = began.elapsed();
            match received {
                Ok(Received::Bytes(count)) => {
                    self.room.came(room, count);
                    wait.spend(count);
                }
                Ok(_) => {}
                Err(Stopped::Expired) if !deadline.is_over() => {
                    meter.waited(waited, Phase::Body, &self.origin)?;
                    continue;
                }
                Err(stopped) => {
                    let http = &mut wire.http;
                    return Err(broken(stopped, http, Phase::Body, &self.origin, &deadline));
                }
            }
            into.append(&mut piece);
            meter.count((into.len() - before) as u64);
            meter.waited(waited, Phase::Body, &self.origin)?;
            // Something came, so the wait for the next byte begins anew.
            deadline = self.deadline()?;
        }
    }
}

/// Waits until then, without the socket.
pub(super) async fn pause<W: Wait>(
    wait: &mut W,
    until: Instant,
    total: &Deadline,
    origin: &Origin,
) -> Result<()> {
    let left = until.saturating_duration_since(Instant::now());
    let deadline = Deadline::from_now(Some(left), ErrorKind::TooSlow).sooner(*total);
    let never = poll_fn(|cx| wait.poll_until(cx, &deadline, &mut |_| Poll::<()>::Pending)).await;
    match never {
        Err(Stopped::Interrupted) => {
            Err(Stopped::Interrupted.into_error(Phase::Body, origin, &deadline))
        }
        _ if total.is_over() => Err(total.error(Phase::Body, origin)),
        _ => Ok(()),
    }
}
