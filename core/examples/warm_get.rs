//! `warm_get URL COUNT`: sends COUNT GETs one after the other over one connection. For profilers.

use keepalive_core::{Blocking, Client, ClientConfig, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("usage: warm_get URL COUNT")?;
    let count: u32 = args.next().ok_or("usage: warm_get URL COUNT")?.parse()?;
    let client = Client::new(ClientConfig::default())?;
    let request = Request::new("GET", &url)?;
    for _ in 0..count {
        let mut response = client.send(&request, Blocking::default())?;
        response.read_all(Blocking::default())?;
    }
    Ok(())
}
