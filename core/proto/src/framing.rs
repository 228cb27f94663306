//! Where a response body ends: RFC 9112 6.3 as one pure function, its rules in their order.

use crate::error::RemoteError;
use crate::facts::{ContentLength, Facts, TransferEncoding, foreign_coding};
use crate::fields::Fields;
use crate::head::Version;

/// How the end of a response body is found (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFraming {
    /// No body, whatever the fields say.
    None,
    /// Exactly so many bytes.
    Length(u64),
    /// Chunked transfer coding.
    Chunked,
    /// Everything until the peer closes the connection.
    CloseDelimited,
}

/// The verdict on one final response head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framing {
    pub body: BodyFraming,
    /// The fields contradict each other: deliver, but never reuse the connection.
    pub ambiguous: bool,
    /// What follows the head is another protocol.
    pub switched: bool,
}

/// What the request says about its response.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RequestFacts {
    pub head: bool,
    pub connect: bool,
    pub upgrade: bool,
    pub close: bool,
    /// A proxy forwards it.
    pub forwarded: bool,
    /// It waits for 100 (Continue).
    pub asks: bool,
}

/// Decides the framing of a final response (or 101) to `request`. `fields` are those that `facts`
/// were noted from, to name a coding in an error.
pub(crate) fn response_framing(
    request: RequestFacts,
    status: u16,
    version: Version,
    facts: &Facts,
    fields: &Fields,
) -> Result<Framing, RemoteError> {
    let coded = facts.transfer_encoding != TransferEncoding::Absent;
    let ambiguous = match facts.content_length {
        ContentLength::Absent => false,
        ContentLength::Valid(..) => coded,
        ContentLength::Invalid(_) => true,
    } || match facts.transfer_encoding {
        TransferEncoding::Absent => false,
        TransferEncoding::Chunked => version == Version::Http10, // RFC 9112 6.1: faulty framing
        TransferEncoding::Repeated | TransferEncoding::Other => true,
    };
    let framing = |body| Framing { body, ambiguous, switched: false };

    if status == 101 && !request.upgrade {
        return Err(RemoteError::InvalidHead("101 without an Upgrade in the request"));
    }
    // Rule 2 (and 101): the connection becomes a tunnel or another protocol after the head.
    if status == 101 || (request.connect && (200..300).contains(&status)) {
        return Ok(Framing { body: BodyFraming::None, ambiguous, switched: true });
    }
    // Rule 1: no body whatever the fields say.
    if request.head || status < 200 || status == 204 || status == 304 {
        return Ok(framing(BodyFraming::None));
    }
    // Rules 3 and 4: Transfer-Encoding overrides Content-Length. Rule 4 lets the end of the
    // connection end a body whose last coding is another one; but no coding is offered (no TE is
    // sent), and what nobody here undoes must not pass for the body.
    match facts.transfer_encoding {
        TransferEncoding::Chunked | TransferEncoding::Repeated => {
            return Ok(framing(BodyFraming::Chunked));
        }
        TransferEncoding::Other => return Err(foreign(fields)),
        TransferEncoding::Absent => {}
    }
    match facts.content_length {
        // Rule 5: an invalid Content-Length cannot be recovered from.
        ContentLength::Invalid(reason) => Err(RemoteError::InvalidFraming(reason.into())),
        // Rule 6.
        ContentLength::Valid(length, _) => Ok(framing(BodyFraming::Length(length))),
        // Rule 8 (7 is for requests).
        ContentLength::Absent => Ok(framing(BodyFraming::CloseDelimited)),
    }
}

/// Most bytes of a peer's word that an error repeats.
const SHOWN: usize = 64;

fn foreign(fields: &Fields) -> RemoteError {
    let coding = foreign_coding(fields.get_all(b"Transfer-Encoding")).unwrap_or_default();
    let shown = coding[..coding.len().min(SHOWN)].escape_ascii();
    let rule = format!("transfer coding \"{shown}\" is not supported, only chunked is");
    RemoteError::InvalidFraming(rule.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(request: RequestFacts, status: u16, fields: &[(&str, &str)]) -> Option<Framing> {
        let mut facts = Facts::default();
        fields.iter().for_each(|(name, value)| facts.note(name.as_bytes(), value.as_bytes()));
        response_framing(request, status, Version::Http11, &facts, &Fields::default()).ok()
    }

    fn body(status: u16, fields: &[(&str, &str)]) -> Option<BodyFraming> {
        decide(RequestFacts::default(), status, fields).map(|framing| framing.body)
    }

    const LENGTH: (&str, &str) = ("Content-Length", "5");
    const CHUNKED: (&str, &str) = ("Transfer-Encoding", "chunked");

    #[test]
    fn the_rules_apply_in_their_order() {
        assert_eq!(body(200, &[LENGTH]), Some(BodyFraming::Length(5)));
        assert_eq!(body(200, &[CHUNKED]), Some(BodyFraming::Chunked));
        assert_eq!(body(200, &[LENGTH, CHUNKED]), Some(BodyFraming::Chunked));
        assert_eq!(body(200, &[]), Some(BodyFraming::CloseDelimited));
        assert_eq!(body(200, &[("Transfer-Encoding", "gzip"), LENGTH]), None);
        assert_eq!(body(200, &[("Transfer-Encoding", "gzip"), CHUNKED]), None);
        assert_eq!(body(200, &[CHUNKED, CHUNKED]), Some(BodyFraming::Chunked));
        assert_eq!(
            body(200, &[("Transfer-Encoding", "identity"), LENGTH]),
            Some(BodyFraming::Length(5))
        );
        assert_eq!(body(200, &[("Content-Length", "5, 6")]), None);
        for status in [204, 304] {
            assert_eq!(body(status, &[LENGTH, CHUNKED]), Some(BodyFraming::None));
        }
        let head = RequestFacts { head: true, ..RequestFacts::default() };
        assert_eq!(decide(head, 200, &[LENGTH]).map(|f| f.body), Some(BodyFraming::None));
    }

    #[test]
    fn contradictions_are_ambiguous() {
        let ambiguous = |fields: &[(&str, &str)]| {
            decide(RequestFacts::default(), 304, fields).map(|framing| framing.ambiguous)
        };
        assert_eq!(ambiguous(&[LENGTH]), Some(false));
        assert_eq!(ambiguous(&[CHUNKED]), Some(false));
        assert_eq!(ambiguous(&[LENGTH, CHUNKED]), Some(true));
        assert_eq!(ambiguous(&[("Content-Length", "x")]), Some(true));
        assert_eq!(ambiguous(&[CHUNKED, CHUNKED]), Some(true));
        assert_eq!(ambiguous(&[("Transfer-Encoding", "gzip")]), Some(true));
        assert_eq!(ambiguous(&[("Transfer-Encoding", "identity"), LENGTH]), Some(false));
        let mut facts = Facts::default();
        facts.note(b"transfer-encoding", b"chunked");
        let (get, fields) = (RequestFacts::default(), Fields::default());
        let old = response_framing(get, 200, Version::Http10, &facts, &fields);
        assert!(old.is_ok_and(|framing| framing.ambiguous && framing.body == BodyFraming::Chunked));
    }

    #[test]
    fn an_error_names_the_coding_but_not_at_any_length() {
        let text = [&b"transfer-encoding"[..], &[b'x'; 100], b"\x1b"].concat();
        let message = |value| {
            let field = (&text[..17], value);
            foreign(&Fields::new(&text, [field].into_iter())).to_string()
        };
        assert!(message(&text[17..27]).contains("\"xxxxxxxxxx\""));
        assert!(message(&text[17..]).len() < 150);
        assert!(message(&text[116..]).contains("\"x\\x1b\""));
    }

    #[test]
    fn switching_needs_a_request_for_it() {
        let connect = RequestFacts { connect: true, ..RequestFacts::default() };
        let upgrade = RequestFacts { upgrade: true, ..RequestFacts::default() };
        let switched = |request, status| decide(request, status, &[LENGTH]).map(|f| f.switched);
        assert_eq!(switched(RequestFacts::default(), 101), None);
        assert_eq!(switched(upgrade, 101), Some(true));
        assert_eq!(switched(upgrade, 200), Some(false));
        assert_eq!(switched(connect, 204), Some(true));
        assert_eq!(switched(connect, 407), Some(false));
    }
}
