//! Generated from the tables in core/tables by `make generate`; do not edit.
//!
//! Counters and completions as JavaScript receives them; numbers are exact up to 2^53.

use keepalive_core::{OriginStats, Stats};
use napi_derive::napi;

use crate::stats::{ClosedCount, closed};

/// The engine's counters of a pool.
#[napi(object, object_from_js = false)]
pub struct NativeStats {
    /// Connections opened.
    pub opened: f64,
    /// Requests sent on a connection that had carried a response before.
    pub reused: f64,
    /// Requests sent behind others on their connection (option `pipelining`).
    pub pipelined: f64,
    /// Idle connections found dead, at checkout or while idle.
    pub stale: f64,
    /// Requests sent again on a fresh connection.
    pub replayed: f64,
    /// Further tries after failures (option `retries`).
    pub retried: f64,
    /// Second tries sent because the first took long (option `hedge`).
    pub hedged: f64,
    /// Look-ups of names, of the whole process, that have had no answer for 5 s and more.
    pub stuck_lookups: f64,
    /// Connections closed, by reason.
    pub closed: Vec<ClosedCount>,
    /// Requests waiting for a connection.
    pub waiting: f64,
    /// Idle connections.
    pub idle: f64,
    /// Connections in use.
    pub active: f64,
    /// Connections being opened.
    pub dialing: f64,
    /// The moment by origin.
    pub origins: Vec<NativeOrigin>,
}

impl NativeStats {
    pub fn of(stats: &Stats) -> NativeStats {
        NativeStats {
            opened: stats.opened as f64,
            reused: stats.reused as f64,
            pipelined: stats.pipelined as f64,
            stale: stats.stale as f64,
            replayed: stats.replayed as f64,
            retried: stats.retried as f64,
            hedged: stats.hedged as f64,
            stuck_lookups: stats.stuck_lookups as f64,
            closed: closed(&stats.closed),
            waiting: stats.waiting as f64,
            idle: stats.idle as f64,
            active: stats.active as f64,
            dialing: stats.dialing as f64,
            origins: stats.origins.iter().map(NativeOrigin::of).collect(),
        }
    }
}

/// One origin's part of them.
#[napi(object, object_from_js = false)]
pub struct NativeOrigin {
    /// The origin, such as "https://example.com:8443".
    pub origin: String,
    /// Requests waiting for a connection.
    pub waiting: f64,
    /// Idle connections.
    pub idle: f64,
    /// Connections in use.
    pub active: f64,
    /// Connections being opened.
    pub dialing: f64,
    /// How long a connection may idle.
    pub idle_limit: Option<f64>,
    /// Where that limit is from: the option `idle_timeout`, the server's Keep-Alive, or what its
    /// closes have taught.
    pub idle_limit_source: &'static str,
    /// The circuit breaker, which all clients of the process share.
    pub breaker: &'static str,
    /// What its name resolved to last; empty without connections, when the URL has an address, and
    /// when names are not looked up again (option `dns_ttl`).
    pub addresses: Vec<String>,
}

impl NativeOrigin {
    fn of(stats: &OriginStats) -> NativeOrigin {
        NativeOrigin {
            origin: stats.origin.clone(),
            waiting: stats.waiting as f64,
            idle: stats.idle as f64,
            active: stats.active as f64,
            dialing: stats.dialing as f64,
            idle_limit: stats.idle_limit.map(|limit| limit.as_secs_f64() * 1e3),
            idle_limit_source: stats.idle_limit_source,
            breaker: stats.breaker,
            addresses: stats.addresses.iter().map(ToString::to_string).collect(),
        }
    }
}

/// The layout of a completion record.
pub mod record {
    use keepalive_core::{Info, Timings};

    use crate::convert::row_of;

    /// Words of a record.
    pub const WORDS: usize = 20;
    /// Numbers that follow them.
    pub const NUMBERS: usize = 13;

    /// What a record is about.
    pub mod kind {
        /// The head of a response, and its body when it is here already.
        pub const HEAD: u32 = 0;
        /// More of a body.
        pub const CHUNK: u32 = 1;
        /// The engine wants more of the request's body.
        pub const WANT_BODY: u32 = 2;
        /// The call failed.
        pub const FAILED: u32 = 3;
        /// Connections were opened.
        pub const WARMED: u32 = 4;
        /// Bytes of a stream are at hand, or were written.
        pub const STREAMED: u32 = 5;
        /// The head of an interim response.
        pub const INFORMATIONAL: u32 = 6;
        /// A redirect waits for a word: its head, and where it leads as the body.
        pub const REDIRECT: u32 = 7;
        /// How far a body has come, as JSON in the place of a body.
        pub const PROGRESS: u32 = 8;
        /// What was written of the body of the response that follows, as JSON in the place of a
        /// body.
        pub const SAVED: u32 = 9;
    }

    /// Bits of the word FLAGS.
    pub mod flag {
        /// The response is of HTTP/1.0.
        pub const HTTP_10: u32 = 1;
        /// The body ends with this record.
        pub const LAST: u32 = 2;
        /// The body can be taken as it comes.
        pub const DIRECT: u32 = 4;
        /// The request's body is wanted from its beginning.
        pub const RESTART: u32 = 8;
        /// It says how the exchange went: of a head, the end of a body and a failure.
        pub const TOLD: u32 = 16;
    }

    /// The places of words.
    pub mod word {
        /// Bytes of the record, a multiple of 8.
        pub const SIZE: usize = 0;
        /// The slot of the exchange.
        pub const SLOT: usize = 1;
        /// What the record is about.
        pub const KIND: usize = 2;
        /// Of a head, also an interim one: the status. Of WARMED: how many connections were opened.
        /// Of STREAMED: how many bytes are at hand.
        pub const STATUS: usize = 3;
        /// Bits, each with its meaning.
        pub const FLAGS: usize = 4;
        /// The number of what comes beside the record, counted from 1; 0: nothing.
        pub const EXTRA: usize = 5;
        /// Bytes of the URL, the first of the texts.
        pub const URL_LENGTH: usize = 6;
        /// Bytes of the reason phrase, which follows.
        pub const REASON_LENGTH: usize = 7;
        /// Bytes of the header fields: name, NUL, value, NUL and so on.
        pub const FIELDS_LENGTH: usize = 8;
        /// Bytes of the trailer fields, in the same form.
        pub const TRAILERS_LENGTH: usize = 9;
        /// Bytes of the body.
        pub const BODY_LENGTH: usize = 10;
        /// Bytes of the 1xx heads behind it: status, number of fields and the fields of each, all
        /// with a NUL at their end.
        pub const INFORMATIONAL_LENGTH: usize = 11;
        /// Where in the record those of the answers begin that led here, one after the other;
        /// 0: none did.
        pub const HISTORY: usize = 12;
    }

    /// Puts what is told of an exchange into its places.
    pub fn put(info: &Info, timings: &Timings, words: &mut [u32; WORDS], numbers: &mut [f64; NUMBERS]) {
        words[word::FLAGS] |= flag::TOLD;
        words[word::FLAGS] |= u32::from(info.reused) << 5;
        words[word::FLAGS] |= u32::from(info.pipelined) << 6;
        words[word::FLAGS] |= u32::from(info.hedged) << 7;
        words[word::FLAGS] |= u32::from(info.hedge_won) << 8;
        words[13] = info.replays;
        words[14] = info.replay_reason.map_or(0, row_of);
        words[15] = info.retries;
        words[16] = info.redirects;
        numbers[0] = info.connection_id as f64;
        numbers[1] = info.requests as f64;
        numbers[2] = info.bytes_sent as f64;
        numbers[3] = info.bytes_received as f64;
        numbers[4] = timings.queued.as_secs_f64() * 1e3;
        numbers[5] = timings.stalled.as_secs_f64() * 1e3;
        numbers[6] = timings.resolve.as_secs_f64() * 1e3;
        numbers[7] = timings.connect.as_secs_f64() * 1e3;
        numbers[8] = timings.tls.as_secs_f64() * 1e3;
        numbers[9] = timings.send.as_secs_f64() * 1e3;
        numbers[10] = timings.wait.as_secs_f64() * 1e3;
        numbers[11] = timings.receive.as_secs_f64() * 1e3;
        numbers[12] = timings.total.as_secs_f64() * 1e3;
    }

    /// The texts that come last, with the places of their lengths.
    pub fn texts(info: &Info) -> impl Iterator<Item = (usize, &str)> {
        [
            (17, info.local_address.as_deref().unwrap_or_default()),
            (18, info.peer_address.as_deref().unwrap_or_default()),
        ]
        .into_iter()
    }
}
