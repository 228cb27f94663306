//! Forms, as text with `|` where a content stands.

use super::*;

/// The form as it is sent, its boundary as `B`, the contents as `|number|`.
fn sent(form: Multipart<u32>) -> String {
    let boundary = form.boundary.clone();
    let piece = |piece| match piece {
        Piece::Bytes(bytes) => String::from_utf8(bytes.to_vec()).expect("text"),
        Piece::Content(number) => format!("|{number}|"),
    };
    form.finish().into_iter().map(piece).collect::<String>().replace(&boundary, "B")
}

fn form() -> Multipart<u32> {
    Multipart::new(None).expect("a form")
}

#[test]
fn parts_stand_between_boundaries() {
    let mut form = form();
    form.add_text("a", "1\n2\r3\r\n4");
    let file = Part {
        name: "f\"\n",
        filename: Some("n\"\r\n.txt"),
        content_type: Some(b"text/plain"),
        headers: &[(b"X-Part", b"\xc3\xbc")],
    };
    form.add(&file, 7).expect("a part");
    form.add(&Part { name: "g", filename: Some(""), ..Part::default() }, 8).expect("a part");
    let own = [(b"content-type".as_slice(), b"text/html".as_slice())];
    let own = Part { name: "h", content_type: Some(b"text/plain"), headers: &own, ..file };
    form.add_bytes(&own, b"bytes\n").expect("a part");
    assert_eq!(
        sent(form),
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n3\r\n4\r\n\
         --B\r\nContent-Disposition: form-data; name=\"f%22%0D%0A\"; filename=\"n%22%0D%0A.txt\"\r\n\
         Content-Type: text/plain\r\nX-Part: ü\r\n\r\n|7|\r\n\
         --B\r\nContent-Disposition: form-data; name=\"g\"; filename=\"\"\r\n\r\n|8|\r\n\
         --B\r\nContent-Disposition: form-data; name=\"h\"; filename=\"n%22%0D%0A.txt\"\r\n\
         content-type: text/html\r\n\r\nbytes\n\r\n--B--\r\n"
    );
    assert_eq!(sent(self::form()), "--B--\r\n");
}

#[test]
fn a_boundary_is_the_caller_s_or_random() {
    let of = |own: &str| Multipart::<u32>::new(Some(own.as_bytes()));
    for (own, boundary) in [
        ("multipart/form-data; boundary=mine", "mine"),
        (" Multipart/Related; type=x; BOUNDARY=\"with space\"", "with space"),
        ("multipart/x; boundary=\"a\\:b\"", "a:b"),
    ] {
        let form = of(own).expect(own);
        assert_eq!(
            (form.boundary.as_str(), form.content_type()),
            (boundary, own.trim().as_bytes())
        );
    }
    let own = of("multipart/form-data; charset=utf-8 ;").expect("a form");
    let expected = format!("multipart/form-data; charset=utf-8; boundary={}", own.boundary);
    assert_eq!(own.content_type(), expected.as_bytes());
    assert!(own.boundary.len() == 32 && own.boundary.bytes().all(|c| c.is_ascii_hexdigit()));
    assert_ne!(form().boundary, form().boundary);
    let long = format!("multipart/x; boundary={}", "b".repeat(71));
    for (own, reason) in [
        ("application/json", "says application/json; expected multipart/form-data"),
        ("", "expected multipart/form-data"),
        ("multipartx", "expected multipart/form-data"),
        ("multipart/x; boundary=\u{e9}", "RFC 2046"),
        ("multipart/x; boundary=\"ends \"", "RFC 2046"),
        ("multipart/x; boundary=", "RFC 2046"),
        (&long, "1 to 70"),
    ] {
        let error = of(own).err().expect(own);
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.message().contains(reason), "{own}: {error}");
    }
}

#[test]
fn nothing_ends_a_header_field_early() {
    let refused = |part: Part<'_>| {
        let mut form = form();
        let error = form.add(&part, 1).expect_err("refused");
        assert_eq!(sent(form), "--B--\r\n");
        error.message().to_string()
    };
    for name in [b"a b".as_slice(), b"", b"a:", b"\xc3\xbc", b"a\r\n"] {
        let headers = [(name, b"".as_slice())];
        let message = refused(Part { headers: &headers, ..Part::default() });
        assert!(message.contains("is not the name of a header field"), "{message}");
    }
    for value in [b"a\rb".as_slice(), b"a\nb", b"\0"] {
        let headers = [(b"a".as_slice(), value)];
        let message = refused(Part { headers: &headers, ..Part::default() });
        assert!(message.contains("line break or NUL"), "{message}");
        let message = refused(Part { content_type: Some(value), ..Part::default() });
        assert!(message.contains("line break or NUL"), "{message}");
    }
}
