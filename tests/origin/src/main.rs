//! `keepalive-origin`: runs an origin until its standard input ends.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use keepalive_origin::{Origin, OriginOptions};

const USAGE: &str = "\
usage: keepalive-origin [--port N] [--tls-port N] [--wire DIR] [--dir DIR]

Prints one line of JSON with its addresses and files when it is ready, and runs until standard
input ends.

  --port N      port of plain HTTP (default: any)
  --tls-port N  port of HTTPS (default: any)
  --wire DIR    directory of the wire cases (default: tests/wire of the source tree)
  --dir DIR     directory for the certificates (default: a temporary one, removed at exit)
";

fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprint!("keepalive-origin: {message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keepalive-origin: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `None`: the user asked for help.
fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<OriginOptions>, String> {
    let mut options = OriginOptions::default();
    while let Some(name) = args.next() {
        if matches!(name.as_str(), "-h" | "--help") {
            return Ok(None);
        }
        let mut value = || args.next().ok_or_else(|| format!("{name} needs a value"));
        let port = |value: String| {
            value.parse().map_err(|_| format!("{name}: {value:?} is not a port number"))
        };
        match name.as_str() {
            "--port" => options.port = port(value()?)?,
            "--tls-port" => options.tls_port = port(value()?)?,
            "--wire" => options.wire = value()?.into(),
            "--dir" => options.dir = Some(value()?.into()),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    Ok(Some(options))
}

fn run(options: OriginOptions) -> Result<(), Box<dyn Error + Send + Sync>> {
    let origin = Origin::start(options)?;
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", serde_json::to_string(origin.endpoints())?)?;
    stdout.flush()?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
