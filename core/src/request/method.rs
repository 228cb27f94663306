//! Method names. They are case-sensitive (RFC 9110 9.1), and callers write the common ones in any case.

/// RFC 9110's methods that a client sends to an origin, and PATCH (RFC 5789).
pub const METHODS: [&str; 8] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"];

/// Those that WHATWG's fetch takes in any case: `patch` stays what it is there.
pub const FETCH_METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];

/// The one of [`METHODS`] that `given` is in any case; `None` for all others, which are sent as they are.
pub fn standard_method(given: &str) -> Option<&'static str> {
    METHODS.into_iter().find(|name| name.eq_ignore_ascii_case(given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names_are_taken_in_any_case() {
        assert_eq!(standard_method("get"), Some("GET"));
        assert_eq!(standard_method("Patch"), Some("PATCH"));
        for other in ["purge", "GETS", "", "connect"] {
            assert_eq!(standard_method(other), None, "{other}");
        }
        assert!(FETCH_METHODS.iter().all(|name| METHODS.contains(name)));
    }
}
