//! The judge itself: each wrong fact is a difference, and so is each fact that is not said.

use super::*;
use crate::cases;

fn case(text: &str) -> Case {
    let head = "[[case]]\nname = \"a\"\nwhy = \"b\"\n";
    cases::parse(&format!("{head}{text}")).expect("a case").remove(0)
}

fn fields(list: &[(&str, &str)]) -> Option<Fields> {
    let owned = list.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Some(Fields::List(owned.collect()))
}

fn map(list: &[(&str, &[&str])]) -> Option<Fields> {
    let values = |all: &[&str]| all.iter().map(|&value| value.to_owned()).collect();
    Some(Fields::Map(list.iter().map(|(name, all)| ((*name).into(), values(all))).collect()))
}

/// A case whose verdict names everything.
fn named() -> Case {
    case(
        "response = \"\"\n[case.expect]\nstatus = 200\nreason = \"OK\"\nversion = \"1.1\"\n\
         headers = [[\"A\", \"1\"], [\"b\", \"2\"], [\"a\", \"3\"]]\nbody = \"hello\"\n\
         trailers = [[\"T\", \"1\"]]\ninformational = [103]\nreuse = \"ok\"\n",
    )
}

/// What is right of it; a way that knows less says less.
fn right(way: Way) -> Facts {
    let machine = way == Way::Machine;
    Facts {
        way,
        error: None,
        status: Some(200),
        version: Some("1.1".into()),
        reason: Some("OK".into()),
        headers: fields(&[("x", ""), ("a", "1"), ("B", "2"), ("a", "2"), ("A", "3")]),
        body: Some(b"hello".into()),
        trailers: fields(&[("t", "1")]),
        informational: machine.then(|| vec![103]),
        reused: (!machine).then_some(true),
        close_reason: machine.then(|| "ok".into()),
        requests: (!machine).then_some(1),
    }
}

const WAYS: [Way; 3] = [Way::Machine, Way::Pieces, Way::Whole];

fn one_difference(case: &Case, facts: &Facts, part: &str) {
    let found = case.judge(facts);
    let one = matches!(&found[..], [one] if one.starts_with(&format!("{part}: ")));
    assert!(one, "{part} by {:?}: {found:?}", facts.way);
}

#[test]
fn what_is_right_makes_no_difference() {
    for way in WAYS {
        assert_eq!(named().judge(&right(way)), [""; 0], "{way:?}");
    }
    let nothing_named = case("response = \"\"\n[case.expect]\nreuse = \"http10\"\n");
    let facts = Facts { reused: Some(false), ..right(Way::Whole) };
    assert_eq!(nothing_named.judge(&facts), [""; 0], "what is not named is not looked at");
}

#[test]
fn each_wrong_fact_is_a_difference() {
    type Change = fn(&mut Facts);
    let of_all: [(&str, Change); 13] = [
        ("status", |facts| facts.status = Some(201)),
        ("version", |facts| facts.version = Some("1.0".into())),
        ("reason", |facts| facts.reason = Some(String::new())),
        ("body", |facts| facts.body = Some(b"hell".into())),
        ("error", |facts| facts.error = Some("BodyTruncated".into())),
        ("headers", |facts| facts.headers = fields(&[("a", "1"), ("b", "2"), ("a", "2")])),
        ("headers", |facts| facts.headers = fields(&[("a", "3"), ("b", "2"), ("a", "1")])),
        ("headers", |facts| facts.headers = fields(&[("b", "2"), ("a", "1"), ("a", "3")])),
        ("headers", |facts| facts.headers = map(&[("a", &["1"]), ("b", &["2"])])),
        ("headers", |facts| facts.headers = map(&[("a", &["3", "1"]), ("b", &["2"])])),
        ("headers", |facts| facts.headers = map(&[("b", &["2"]), ("a", &["1", "3"])])),
        ("trailers", |facts| facts.trailers = fields(&[("t", "1"), ("u", "2")])),
        ("trailers", |facts| facts.trailers = map(&[])),
    ];
    for way in WAYS {
        for (part, change) in of_all {
            let mut facts = right(way);
            change(&mut facts);
            one_difference(&named(), &facts, part);
        }
        let facts = Facts { informational: Some(vec![]), ..right(way) };
        one_difference(&named(), &facts, "informational");
    }
    for way in [Way::Pieces, Way::Whole] {
        one_difference(&named(), &Facts { reused: Some(false), ..right(way) }, "reused");
        one_difference(&named(), &Facts { requests: Some(2), ..right(way) }, "requests");
    }
    let facts = Facts { close_reason: Some("http10".into()), ..right(Way::Machine) };
    one_difference(&named(), &facts, "close_reason");
}

#[test]
fn each_fact_that_is_not_said_is_a_difference() {
    type Change = fn(&mut Facts);
    let of_all: [(&str, Change); 6] = [
        ("status", |facts| facts.status = None),
        ("version", |facts| facts.version = None),
        ("reason", |facts| facts.reason = None),
        ("headers", |facts| facts.headers = None),
        ("body", |facts| facts.body = None),
        ("trailers", |facts| facts.trailers = None),
    ];
    let says = "the runner does not say";
    for way in WAYS {
        for (part, change) in of_all {
            let mut facts = right(way);
            change(&mut facts);
            let found = named().judge(&facts);
            assert!(!found.is_empty(), "{part} by {way:?}");
            assert!(found.iter().all(|one| *one == format!("{part}: {says}")), "{found:?}");
        }
    }
    let machine = [
        ("informational", Facts { informational: None, ..right(Way::Machine) }),
        ("close_reason", Facts { close_reason: None, ..right(Way::Machine) }),
    ];
    let client = [
        ("reused", Facts { reused: None, ..right(Way::Pieces) }),
        ("requests", Facts { requests: None, ..right(Way::Whole) }),
    ];
    for (part, facts) in machine.into_iter().chain(client) {
        one_difference(&named(), &facts, part);
    }
    // A response has a status, whatever the verdict names.
    let unnamed = case("response = \"\"\n[case.expect]\nreuse = \"ok\"\n");
    one_difference(&unnamed, &Facts { status: None, ..right(Way::Whole) }, "status");
}

#[test]
fn a_head_may_be_missing_only_where_none_was_handed_out() {
    let cut = case(
        "response = \"\"\n[case.expect]\nstatus = 200\nerror = \"BodyTruncated\"\npartial = \"he\"\n",
    );
    let whole = Facts {
        way: Way::Whole,
        error: Some("BodyTruncated".into()),
        body: Some(b"he".into()),
        reused: Some(false),
        requests: Some(1),
        ..Facts::default()
    };
    assert_eq!(cut.judge(&whole), [""; 0]);
    let pieces = Facts { way: Way::Pieces, ..whole.clone() };
    one_difference(&cut, &pieces, "status");
    assert_eq!(cut.judge(&Facts { status: Some(200), ..pieces }), [""; 0]);
    one_difference(&cut, &Facts { status: Some(201), ..whole.clone() }, "status");
    one_difference(&cut, &Facts { body: Some(b"hel".into()), ..whole.clone() }, "body");
    one_difference(&cut, &Facts { error: Some("ReadTimeout".into()), ..whole.clone() }, "error");
    one_difference(&cut, &Facts { reused: Some(true), ..whole.clone() }, "reused");
    let none = Facts { error: None, status: Some(200), ..whole };
    one_difference(&cut, &none, "error");
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
fn the_reason_against_reuse_follows_from_how_a_case_ends() {
    let reasons =
        |text: &str| case(&format!("response = \"\"\n{text}\n")).close_reasons().join(" ");
    assert_eq!(reasons("[case.expect]\nreuse = \"extra_bytes\""), "extra_bytes");
    assert_eq!(reasons("[case.expect]\nerror = \"InvalidChunk\""), "broken");
    let stall = "end = \"stall\"\n[case.expect]\nerror = \"ReadTimeout\"";
    assert_eq!(reasons(stall), "response_unfinished");
    assert_eq!(reasons(&format!("after = \"head\"\n{stall}")), "request_unfinished");
}

#[test]
fn facts_are_read_from_json() {
    let read = serde_json::from_str::<Facts>;
    let facts = read(
        r#"{"way": "whole", "error": null, "status": 200, "headers": [["a", ["1", "3"]]],
            "body_b64": "aGU=", "trailers": [["T", "1"]], "reused": true}"#,
    );
    let facts = facts.expect("facts");
    let expected = Facts {
        way: Way::Whole,
        status: Some(200),
        headers: map(&[("a", &["1", "3"])]),
        body: Some(b"he".into()),
        trailers: fields(&[("T", "1")]),
        reused: Some(true),
        ..Facts::default()
    };
    assert_eq!(facts, expected);
    for wrong in [
        r#"{"way": "whole"}"#,
        r#"{"error": null}"#,
        r#"{"way": "whole", "error": null, "requests": 1}"#,
        r#"{"way": "whole", "error": null, "body_b64": "?"}"#,
        r#"{"way": "whole", "error": null, "headers": ["a: 1"]}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
