//! `make generate`: writes every generated file of the source tree that is not current, and names it. With
//! `man FOLDER YYYY-MM-DD` it writes the manual pages to a folder instead.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().unwrap_or(here);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        [] => keepalive_generate::write(root)
            .map(|written| written.into_iter().map(|path| format!("wrote {path}")).collect()),
        ["man", folder, date] => keepalive_generate::write_manual(root, Path::new(folder), date)
            .map(|count| vec![format!("wrote {count} pages to {folder}")]),
        _ => Err("usage: keepalive-generate [man FOLDER YYYY-MM-DD]".to_string()),
    };
    match done {
        Ok(lines) => {
            let mut out = std::io::stdout().lock();
            for line in lines {
                // Nobody may be reading.
                let _ = writeln!(out, "{line}");
            }
            ExitCode::SUCCESS
        }
        Err(reason) => {
            let _ = writeln!(std::io::stderr(), "generate: {reason}");
            ExitCode::FAILURE
        }
    }
}
