//! TLS resumption, alone in its process: the session cache is the process's and knows only names.

use keepalive_core::*;
use keepalive_origin::{Origin, OriginOptions};

fn origin() -> Origin {
    Origin::start(OriginOptions::default()).expect("the origin starts")
}

fn client(origin: &Origin) -> Client {
    let mut config = ClientConfig::default();
    config.ca_file = Some(origin.ca_file().to_string_lossy().into_owned());
    Client::new(config).expect("a client")
}

fn get(client: &Client, url: &str) -> Result<String> {
    let request = Request::new("GET", url)?;
    let mut response = client.send(&request, Blocking::default())?;
    let body = response.read_all(Blocking::default())?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

#[test]
fn sessions_are_resumed_by_new_connections() {
    let origin = origin();
    for base in [&origin.endpoints().tls12, origin.https()] {
        let client = client(&origin);
        let url = format!("{base}/echo");
        assert!(get(&client, &url).expect("full").contains("\"resumed\":false"));
        client.close_idle();
        let echo = get(&client, &url).expect("resumed");
        assert!(echo.contains("\"resumed\":true"), "{echo}");
        assert!(echo.contains("\"alpn\":\"http/1.1\""), "{echo}");
    }
}
