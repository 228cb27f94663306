//! What is told of a pool and of an exchange: `stats()` and `info` in every language.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::errors::ErrorKind;

/// The type of a fact, and its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// Yes or no: `bool`.
    Flag,
    /// A number of things: `u64`.
    Count,
    /// A number of things that stays small: `u32`.
    Few,
    /// A length of time: `Duration`.
    Span,
    /// A limit of time: `Option<Duration>`, absent for ever.
    Limit,
    /// The kind of an error: `Option<ErrorKind>`.
    Reason,
    /// One of some words: `&'static str`.
    Word,
    /// Text: `String`.
    Text,
    /// One end of a connection: `Option<Arc<str>>`, absent where it has no address.
    Address,
    /// Addresses: `Vec<IpAddr>`.
    Addresses,
}

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub struct FactInfo {
    /// snake_case; Node has the same in camelCase, C the same with the unit of times at its end.
    pub name: &'static str,
    /// Its type.
    pub kind: FactKind,
    /// What it says. Options stand in it in backticks.
    pub doc: &'static str,
    /// What a [`FactKind::Word`] can be.
    pub words: &'static [&'static str],
}

macro_rules! type_of {
    (Flag) => { bool };
    (Count) => { u64 };
    (Few) => { u32 };
    (Span) => { Duration };
    (Limit) => { Option<Duration> };
    (Reason) => { Option<ErrorKind> };
    (Word) => { &'static str };
    (Text) => { String };
    (Address) => { Option<Arc<str>> };
    (Addresses) => { Vec<IpAddr> };
}

macro_rules! facts {
    (
        $(#[$about:meta])* $name:ident, $table:ident:
        $($fact:ident: $kind:ident, $doc:literal $(, $($word:literal)|+)?;)*
    ) => {
        $(#[$about])*
        pub struct $name {
            $(#[doc = $doc] pub $fact: type_of!($kind),)*
        }

        /// What is told of each, in the order of the reference.
        pub const $table: &[FactInfo] = &[$(FactInfo {
            name: stringify!($fact),
            kind: FactKind::$kind,
            doc: $doc,
            words: &[$($($word),+)?],
        },)*];
    };
}

facts! {
    /// How an exchange went.
    #[derive(Debug, Clone, Default)]
    Info, INFO:
    reused: Flag, "Whether the connection had carried a response before.";
    connection_id: Count, "Number of the connection, unique in the process.";
    requests: Count, "Requests that the connection has carried, this one counted in.";
    pipelined: Flag, "Whether it was sent behind other requests on its connection (option `pipelining`).";
    replays: Few, "How often the request was sent again on a fresh connection: 0 or 1.";
    replay_reason: Reason, "Why it was sent again: the kind of the error that it met.";
    retries: Few, "Tries before this one that failed and were worth another (option `retries`).";
    redirects: Few, "Redirects followed before this response.";
    hedged: Flag, "Whether a second try was sent because the first took long (option `hedge`).";
    hedge_won: Flag, "Whether the response is the second try's.";
    bytes_sent: Count, "What was sent of the request, in bytes: head and body as they stood in the connection, before TLS.";
    bytes_received: Count, "What has come of the response, in bytes: 1xx heads, head and body as they stood in the connection, chunked and coded, after TLS. While the body is being read, what came with the head.";
    local_address: Address, "Address and port of this end of the connection.";
    peer_address: Address, "Address and port that the connection leads to, which are a proxy's where there is one; of a Unix domain socket its path, as the option `unix_socket` has it.";
}

facts! {
    /// Durations by phase; zero where a phase did not happen. All but `total` add up to it. They are of
    /// the try that was answered: what was before it (other tries, redirects) is in `stalled`.
    #[derive(Debug, Clone, Copy, Default)]
    Timings, TIMINGS:
    queued: Span, "Waiting for a connection or for leave to open one: the limits of the pool.";
    stalled: Span, "What is none of the others: tries before this one with the pauses between them, the redirects that led to it, and what opening a connection cost beside the next three.";
    resolve: Span, "Resolving the host name, as far as the request waited for it.";
    connect: Span, "The TCP handshake, and what a proxy took to open the way, as far as the request waited for them.";
    tls: Span, "The TLS handshakes, as far as the request waited for them.";
    send: Span, "From the connection to the last byte of the request.";
    wait: Span, "From the last byte of the request to the end of the response head.";
    receive: Span, "From the response head to the end of the body; 0 before that end, and when all came with the head.";
    total: Span, "From the call to the end of the response, or to its head while the body is still to come.";
}

/// Calls the macro `$define` with the counters of a client: `totals` count since it was made,
/// `process` are counted by the process, `moments` are of this moment, of each origin and in all.
#[macro_export]
macro_rules! counters {
    ($define:ident) => {
        $define! {
            totals {
                opened: "Connections opened.";
                reused: "Requests sent on a connection that had carried a response before.";
                pipelined: "Requests sent behind others on their connection (option `pipelining`).";
                stale: "Idle connections found dead, at checkout or while idle.";
                replayed: "Requests sent again on a fresh connection.";
                retried: "Further tries after failures (option `retries`).";
                hedged: "Second tries sent because the first took long (option `hedge`).";
            }
            process {
                stuck_lookups: "Look-ups of names, of the whole process, that have had no answer for 5 s and more.";
            }
            moments {
                waiting: "Requests waiting for a connection.";
                idle: "Idle connections.";
                active: "Connections in use.";
                dialing: "Connections being opened.";
            }
        }
    };
}

macro_rules! define_stats {
    (
        totals { $($total:ident: $total_doc:literal;)* }
        process { $($other:ident: $other_doc:literal;)* }
        moments { $($moment:ident: $moment_doc:literal;)* }
    ) => {
        /// A snapshot of a client's counters.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Stats {
            $(#[doc = $total_doc] pub $total: u64,)*
            $(#[doc = $other_doc] pub $other: u64,)*
            /// Connections closed, by reason; only reasons that happened, sorted by name.
            pub closed: Vec<(&'static str, u64)>,
            $(#[doc = $moment_doc] pub $moment: u64,)*
            /// The same moment by origin, in the order they were first used.
            pub origins: Vec<OriginStats>,
        }

        impl Stats {
            /// The moments in all, from those of the origins.
            pub fn add_up(&mut self) {
                $(self.$moment = self.origins.iter().map(|origin| origin.$moment).sum();)*
            }
        }

        /// What is counted.
        pub const TOTALS: &[FactInfo] = &[
            $(count(stringify!($total), $total_doc),)*
            $(count(stringify!($other), $other_doc),)*
        ];

        /// What is so at the moment, of each origin and in all.
        pub const MOMENTS: &[FactInfo] = &[$(count(stringify!($moment), $moment_doc),)*];

        facts! {
            /// One origin's part of a snapshot.
            #[derive(Debug, Clone, PartialEq, Eq)]
            OriginStats, ORIGIN:
            origin: Text, "The origin, such as \"https://example.com:8443\".";
            $($moment: Count, $moment_doc;)*
            idle_limit: Limit, "How long a connection may idle.";
            idle_limit_source: Word, "Where that limit is from: the option `idle_timeout`, the server's Keep-Alive, or what its closes have taught.", "option" | "hint" | "learnt";
            breaker: Word, "The circuit breaker, which all clients of the process share.", "closed" | "open" | "half_open";
            addresses: Addresses, "What its name resolved to last; empty without connections, when the URL has an address, and when names are not looked up again (option `dns_ttl`).";
        }
    };
}

const fn count(name: &'static str, doc: &'static str) -> FactInfo {
    FactInfo { name, kind: FactKind::Count, doc, words: &[] }
}

counters! { define_stats }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OPTIONS;

    #[test]
    fn what_stands_in_backticks_is_an_option() {
        let all = [INFO, TIMINGS, TOTALS, ORIGIN].concat();
        for fact in all {
            for name in fact.doc.split('`').skip(1).step_by(2) {
                assert!(OPTIONS.iter().any(|option| option.name == name), "{}: {name}", fact.name);
            }
            assert!(fact.doc.ends_with('.'), "{}", fact.name);
            assert_eq!(fact.kind == FactKind::Word, !fact.words.is_empty(), "{}", fact.name);
        }
    }
}
