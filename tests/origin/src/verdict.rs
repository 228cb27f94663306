//! The verdict on what a client made of a wire case: one rule, which the runners in other languages
//! follow with the JSON of `Case::to_json` (tests/wire/README.md spells it out).

use crate::cases::{Case, End};

/// What a client made of a case.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The final head, if the client was handed one.
    pub head: Option<Head>,
    /// The body, or what came of it before the error.
    pub body: Vec<u8>,
    /// Trailer fields in the order received.
    pub trailers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Name of the error kind, if the exchange failed.
    pub error: Option<String>,
    /// Whether a `GET /ok` after it came by the same connection.
    pub reused: bool,
}

/// A response head.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// `"1.0"` or `"1.1"`.
    pub version: String,
    /// Reason phrase.
    pub reason: Vec<u8>,
    /// Fields in the order received.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Fields by name in lower case, the names in the order of their first field, the values of each in
/// theirs: what every client can show, whether it keeps fields as a list or as a map.
pub type Grouped = Vec<(String, Vec<String>)>;

/// Groups fields; bytes become the characters U+0000 to U+00FF.
pub fn grouped<N: AsRef<[u8]>, V: AsRef<[u8]>>(fields: &[(N, V)]) -> Grouped {
    let text = |bytes: &[u8]| bytes.iter().map(|&byte| char::from(byte)).collect::<String>();
    let mut groups = Grouped::new();
    for (name, value) in fields {
        let name = text(&name.as_ref().to_ascii_lowercase());
        let value = text(value.as_ref());
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

    /// Whether the request after the case must come by the same connection.
    pub fn reused(&self) -> bool {
        self.expect.reuse.as_deref() == Some("ok")
    }

    /// What is wrong with what a client made of the case, in words; nothing: it is right.
    pub fn judge(&self, seen: &Seen) -> Vec<String> {
        let expect = &self.expect;
        let errors = self.errors();
        let mut wrong = Vec::new();
        let mut check = |right: bool, what: &str, got: &dyn std::fmt::Debug| {
            if !right {
                wrong.push(format!("{what}: {got:.1000?}"));
            }
        };
        let right = match &seen.error {
            None => errors.is_empty(),
            Some(kind) => errors.contains(&kind.as_str()),
        };
        check(right, &format!("error, expected {errors:?}"), &seen.error);
        check(seen.reused == self.reused(), "reused", &seen.reused);
        if let Some(body) = self.delivered() {
            check(seen.body == body, "body", &String::from_utf8_lossy(&seen.body));
        }
        check(seen.head.is_some() || seen.error.is_some(), "no head and no error", &());
        if let Some(head) = &seen.head {
            check(expect.status.is_none_or(|status| status == head.status), "status", &head.status);
            let version = expect.version.as_ref();
            check(version.is_none_or(|version| *version == head.version), "version", &head.version);
            let reason = head.reason.iter().map(|&byte| char::from(byte)).collect::<String>();
            check(expect.reason.as_ref().is_none_or(|r| *r == reason), "reason", &reason);
            let fields = grouped(&head.fields);
            let wanted = self.headers().unwrap_or_default();
            let within = is_within(&wanted, &fields, |(name, values), (other, all)| {
                name == other && is_within(values, all, |value, other| value == other)
            });
            check(within, "headers", &fields);
        }
        if let Some(trailers) = self.trailers().filter(|_| seen.error.is_none()) {
            let seen = grouped(&seen.trailers);
            check(seen == trailers, "trailers", &seen);
        }
        wrong
    }

    /// The fields that must be there, in this order.
    pub fn headers(&self) -> Option<Grouped> {
        self.expect.headers.as_deref().map(group_text)
    }

    /// The trailer section, exactly.
    pub fn trailers(&self) -> Option<Grouped> {
        self.expect.trailers.as_deref().map(group_text)
    }
}

fn group_text(fields: &[(String, String)]) -> Grouped {
    let bytes =
        |text: &str| text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect::<Vec<_>>();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (bytes(name), bytes(value))).collect();
    grouped(&fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases;

    fn case(text: &str) -> Case {
        let head = "[[case]]\nname = \"a\"\nwhy = \"b\"\n";
        cases::parse(&format!("{head}{text}")).expect("a case").remove(0)
    }

    fn fields(list: &[(&str, &str)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        list.iter().map(|(name, value)| (name.as_bytes().into(), value.as_bytes().into())).collect()
    }

    #[test]
    fn a_reset_may_be_seen_at_any_place_it_reached() {
        let errors = |response: &str, end: &str| {
            let case = case(&format!(
                "response = \"{response}\"\nend = \"{end}\"\n[case.expect]\nerror = \"BodyTruncated\"\n"
            ));
            case.errors().join(" ")
        };
        assert_eq!(errors("", "rst"), "ConnectionReset ConnectionClosed");
        assert_eq!(errors("HTTP/1.1", "rst"), "ConnectionReset ConnectionClosed HeadTruncated");
        let all = "ConnectionReset ConnectionClosed HeadTruncated BodyTruncated";
        assert_eq!(errors("HTTP/1.1 200\\r\\n\\r\\nx", "rst"), all);
        assert_eq!(errors("HTTP/1.1 200\\r\\n\\r\\nx", "fin"), "BodyTruncated");
    }

    #[test]
    fn each_part_of_the_verdict_counts() {
        let ok = case(
            "response = \"\"\n[case.expect]\nstatus = 200\nreason = \"OK\"\nversion = \"1.1\"\n\
             headers = [[\"A\", \"1\"], [\"b\", \"2\"], [\"a\", \"3\"]]\nbody = \"hello\"\n\
             trailers = [[\"T\", \"1\"]]\nreuse = \"ok\"\n",
        );
        let right = Seen {
            head: Some(Head {
                status: 200,
                version: "1.1".into(),
                reason: b"OK".into(),
                fields: fields(&[("x", ""), ("a", "1"), ("B", "2"), ("a", "2"), ("A", "3")]),
            }),
            body: b"hello".into(),
            trailers: fields(&[("t", "1")]),
            error: None,
            reused: true,
        };
        assert_eq!(ok.judge(&right), [""; 0]);
        type Change = fn(&mut Seen);
        let changes: [(&str, Change); 11] = [
            ("reused", |seen| seen.reused = false),
            ("body", |seen| seen.body.clear()),
            ("error", |seen| seen.error = Some("BodyTruncated".into())),
            ("no head", |seen| seen.head = None),
            ("status", |seen| seen.head.as_mut().unwrap().status = 201),
            ("version", |seen| seen.head.as_mut().unwrap().version = "1.0".into()),
            ("reason", |seen| seen.head.as_mut().unwrap().reason.clear()),
            ("headers", |seen| seen.head.as_mut().unwrap().fields.truncate(4)),
            ("headers", |seen| seen.head.as_mut().unwrap().fields.reverse()),
            ("headers", |seen| seen.head.as_mut().unwrap().fields.swap(1, 4)),
            ("trailers", |seen| seen.trailers.push((b"u".into(), b"2".into()))),
        ];
        for (part, change) in changes {
            let mut seen = right.clone();
            change(&mut seen);
            let wrong = ok.judge(&seen);
            assert!(matches!(&wrong[..], [one] if one.starts_with(part)), "{part}: {wrong:?}");
        }

        let cut = case(
            "response = \"\"\n[case.expect]\nstatus = 200\nerror = \"BodyTruncated\"\npartial = \"he\"\n",
        );
        let mut seen =
            Seen { body: b"he".into(), error: Some("BodyTruncated".into()), ..Seen::default() };
        assert_eq!(cut.judge(&seen), [""; 0], "whoever is handed no head has none to show");
        seen.body = b"hel".into();
        assert_eq!(cut.judge(&seen).len(), 1);
        seen.error = Some("ReadTimeout".into());
        assert_eq!(cut.judge(&seen).len(), 2);
    }
}
