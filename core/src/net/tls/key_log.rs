//! The secrets of sessions in the form of SSLKEYLOGFILE (the NSS key log format), so that a capture
//! can be read.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;

use rustls::KeyLog;

use crate::error::{Error, Result};

/// Appends to a file.
#[derive(Debug)]
pub(super) struct KeyLogFile(File);

impl KeyLogFile {
    /// Opens or makes it, for its owner alone.
    pub fn open(path: &str) -> Result<KeyLogFile> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        file.map(KeyLogFile).map_err(|error| {
            Error::argument(format!("option keylog_file: {path}: {error}")).with_os(&error)
        })
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = format!("{label} ");
        for (bytes, end) in [(client_random, ' '), (secret, '\n')] {
            for byte in bytes {
                let _ = write!(line, "{byte:02x}");
            }
            line.push(end);
        }
        // One write each, so that lines of other threads and processes stay whole. A full disk is no
        // reason to end a connection.
        let _ = (&self.0).write_all(line.as_bytes());
    }
}
