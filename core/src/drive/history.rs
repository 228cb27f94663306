//! What is kept of the answers that led elsewhere.

use std::sync::Arc;

use keepalive_proto::ResponseHead;

use crate::connection::ends::Ends;
use crate::drive::buffer::Buffer;
use crate::drive::call::Interim;
use crate::drive::info::{Marks, Tally};
use crate::drive::reply::{Reply, State};
use crate::net::tls::info::TlsInfo;

/// The last so many are kept: a head may have 64 KiB, and the limit of redirects is the caller's.
const MOST: usize = 64;

/// One answer that led elsewhere: its head, and how its exchange went.
pub struct Hop {
    pub(crate) head: ResponseHead,
    pub(crate) url: Arc<str>,
    pub(crate) method: Box<str>,
    pub(crate) info: Tally,
    pub(crate) marks: Marks,
    ends: Option<Arc<Ends>>,
    informational: Interim,
    pub(crate) tls: Option<Arc<TlsInfo>>,
}

/// Those of one call, the first one first.
#[derive(Default)]
pub(crate) struct History {
    hops: Vec<Arc<Hop>>,
    /// The method of the request that was answered in the end.
    pub method: Box<str>,
}

impl History {
    /// Adds the answer to a request of that method; the rest of its body is given up.
    pub fn add(&mut self, reply: Box<Reply>, method: &str) {
        let Reply { head, url, info, marks, ends, informational, tls, .. } = *reply;
        if self.hops.len() == MOST {
            self.hops.remove(0);
        }
        let method = method.into();
        let hop = Hop { head, url, method, info, marks, ends, informational, tls };
        self.hops.push(Arc::new(hop));
    }

    pub fn hops(&self) -> &[Arc<Hop>] {
        &self.hops
    }
}

impl Hop {
    /// The method of the request that it answers.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// As a reply without a body.
    pub(crate) fn reply(&self) -> Box<Reply> {
        Box::new(Reply {
            info: self.info,
            ends: self.ends.clone(),
            informational: self.informational.clone(),
            tls: self.tls.clone(),
            ..Reply::of_head(self.head.clone(), self.url.clone(), self.marks)
        })
    }
}

impl Reply {
    /// One without a body, of which nothing else is known.
    pub(crate) fn of_head(head: ResponseHead, url: Arc<str>, marks: Marks) -> Reply {
        Reply {
            head,
            url,
            info: Tally::default(),
            marks,
            ended: None,
            ends: None,
            informational: None,
            tls: None,
            trailers: None,
            max_body_size: None,
            saved: None,
            decoded: false,
            meter: None,
            undecided: None,
            ready: Buffer::default(),
            state: State::Done,
            switched: false,
            history: None,
        }
    }
}
