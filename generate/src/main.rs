//! `make generate`: writes every generated file of the source tree that is not current, and names it.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().unwrap_or(here);
    let mut out = std::io::stdout().lock();
    match keepalive_generate::write(root) {
        Ok(written) => {
            for path in written {
                // Nobody may be reading.
                let _ = writeln!(out, "wrote {path}");
            }
            ExitCode::SUCCESS
        }
        Err(reason) => {
            let _ = writeln!(std::io::stderr(), "generate: {reason}");
            ExitCode::FAILURE
        }
    }
}
