//! TLS resumption, alone in its process: the session cache is the process's and knows only names.

use crate::common::*;

#[test]
fn sessions_are_resumed_by_new_connections() {
    let origin = origin();
    for base in [&origin.endpoints().tls12, origin.https()] {
        let client = trusting(&origin, |_| {});
        let url = format!("{base}/echo");
        assert!(text(get(&client, &url)).contains("\"resumed\":false"));
        client.close_idle();
        let echo = text(get(&client, &url));
        assert!(echo.contains("\"resumed\":true"), "{echo}");
        assert!(echo.contains("\"alpn\":\"http/1.1\""), "{echo}");
    }
}
