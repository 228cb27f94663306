//! The one judge of the wire cases: holds what a runner says became of a case against the case's
//! verdict. `tests/wire/README.md` spells the rule out.

use std::fmt::Debug;

use crate::cases::{After, Case, End};
use crate::facts::{Facts, Fields, Way};

impl Case {
    /// Every error kind that is right. None: the exchange must succeed.
    ///
    /// What a client sees of a reset depends on when it reads and writes: the reset itself or, once
    /// another call was told of it, an end of the stream, at any place up to the last byte sent.
    pub fn errors(&self) -> Vec<&str> {
        let Some(error) = self.expect.error.as_deref() else {
            return Vec::new();
        };
        if self.end != End::Rst {
            return vec![error];
        }
        let line_ends = self.response.split(|&byte| byte == b'\n').skip(1);
        let has_head = line_ends.into_iter().any(|line| matches!(line, [] | [b'\r']));
        let places = [("HeadTruncated", !self.response.is_empty()), ("BodyTruncated", has_head)];
        let cut = places.into_iter().filter(|(_, reached)| *reached).map(|(kind, _)| kind);
        ["ConnectionReset", "ConnectionClosed"].into_iter().chain(cut).collect()
    }

    /// Body bytes that must have been delivered: the whole body, or those before the error.
    pub fn delivered(&self) -> Option<&[u8]> {
        let expect = &self.expect;
        if expect.error.is_some() { expect.partial.as_deref() } else { expect.body.as_deref() }
    }

    /// Every word about the connection's further use that is right: `"ok"`, or reasons against it.
    pub fn close_reasons(&self) -> Vec<&str> {
        match (self.expect.reuse.as_deref(), self.end, self.after) {
            (Some(reason), _, _) => vec![reason],
            (None, End::Stall, After::Request) => vec!["response_unfinished"],
            (None, End::Stall, After::Head) => vec!["request_unfinished"],
            (None, _, _) => vec!["broken"],
        }
    }

    /// What is wrong with what a runner says of the case, in words; nothing: it is right.
    pub fn judge(&self, facts: &Facts) -> Vec<String> {
        let Facts { way, error, .. } = facts;
        let (expect, failed) = (&self.expect, error.is_some());
        let mut judge = Judge(Vec::new());
        let errors = self.errors();
        let right = error.as_deref().map_or(errors.is_empty(), |kind| errors.contains(&kind));
        judge.check(right, "error", error, &errors);
        // What says nothing of an error's head has been handed none.
        let headless = failed && *way == Way::Whole;
        if facts.status.is_none() && !failed {
            judge.lacks("status");
        }
        judge.same("status", expect.status.as_ref(), facts.status.as_ref(), headless);
        judge.same("version", expect.version.as_ref(), facts.version.as_ref(), headless);
        judge.same("reason", expect.reason.as_ref(), facts.reason.as_ref(), headless);
        judge.named("headers", expect.headers.as_ref(), facts.headers.as_ref(), headless, within);
        let body = facts.body.as_deref();
        judge.named("body", self.delivered(), body, false, |wanted, body| wanted == body);
        if !failed {
            let trailers = expect.trailers.as_ref();
            judge.named("trailers", trailers, facts.trailers.as_ref(), false, equal);
        }
        let unseen = *way != Way::Machine;
        let heads = expect.informational.as_ref();
        judge.same("informational", heads, facts.informational.as_ref(), unseen);
        match way {
            Way::Machine => {
                let (reason, reasons) = (facts.close_reason.as_deref(), self.close_reasons());
                let right = |reasons: &Vec<&str>, reason: &str| reasons.contains(&reason);
                judge.named("close_reason", Some(&reasons), reason, false, right);
            }
            Way::Pieces | Way::Whole => {
                let reused = expect.reuse.as_deref() == Some("ok");
                judge.same("reused", Some(&reused), facts.reused.as_ref(), false);
                judge.same("requests", Some(&1), facts.requests.as_ref(), false);
            }
        }
        judge.0
    }
}

/// The differences found.
struct Judge(Vec<String>);

impl Judge {
    fn check(&mut self, right: bool, what: &str, seen: &dyn Debug, wanted: &dyn Debug) {
        if !right {
            self.0.push(format!("{what}: {seen:.300?}, expected {wanted:.300?}"));
        }
    }

    fn lacks(&mut self, what: &str) {
        self.0.push(format!("{what}: the runner does not say"));
    }

    /// What the verdict names must be said, unless `unseen`, and what is said must be right.
    fn named<W: Debug + ?Sized, S: Debug + ?Sized>(
        &mut self,
        what: &str,
        wanted: Option<&W>,
        seen: Option<&S>,
        unseen: bool,
        right: impl Fn(&W, &S) -> bool,
    ) {
        match (wanted, seen) {
            (Some(wanted), Some(seen)) => self.check(right(wanted, seen), what, &seen, &wanted),
            (Some(_), None) if !unseen => self.lacks(what),
            _ => {}
        }
    }

    fn same<T: Debug + PartialEq>(
        &mut self,
        what: &str,
        wanted: Option<&T>,
        seen: Option<&T>,
        unseen: bool,
    ) {
        self.named(what, wanted, seen, unseen, T::eq);
    }
}

type List = Vec<(String, String)>;

/// Whether the fields are there, in their order, whatever else is: names compare without case.
fn within(wanted: &List, seen: &Fields) -> bool {
    match seen {
        Fields::List(seen) => is_within(&lower(wanted), &lower(seen), |one, other| one == other),
        Fields::Map(seen) => is_within(&grouped(wanted), seen, |(name, values), (other, all)| {
            other.eq_ignore_ascii_case(name) && is_within(values, all, |one, other| one == other)
        }),
    }
}

/// Whether the fields are these and no others, in their order.
fn equal(wanted: &List, seen: &Fields) -> bool {
    match seen {
        Fields::List(seen) => lower(wanted) == lower(seen),
        Fields::Map(seen) => {
            let seen = seen.iter().map(|(name, all)| (name.to_ascii_lowercase(), all.clone()));
            grouped(wanted) == seen.collect::<Vec<_>>()
        }
    }
}

fn lower(fields: &List) -> List {
    fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
}

/// By name in lower case, the names in the order of their first field, the values of each in theirs.
fn grouped(fields: &List) -> Vec<(String, Vec<String>)> {
    let mut groups = Vec::<(String, Vec<String>)>::new();
    for (name, value) in lower(fields) {
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => groups.push((name, vec![value])),
        }
    }
    groups
}

/// Whether `part` is left when some of `whole` is left out.
fn is_within<A, B>(part: &[A], whole: &[B], same: impl Fn(&A, &B) -> bool) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|wanted| rest.any(|one| same(wanted, one)))
}

#[cfg(test)]
mod tests;
