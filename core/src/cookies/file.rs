//! Files of cookies: which form one has, and how one is written and read.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::cookies::cookie::Cookie;
use crate::cookies::{json, netscape};
use crate::error::{Error, Result};

/// The form of a file of cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieFormat {
    /// A line for each, as curl, wget and Python's MozillaCookieJar write and read it. It has no place for
    /// cookies that were given for all hosts.
    Netscape,
    /// `{"cookies": [...]}`; what Playwright and tough-cookie write is read too.
    Json,
}

/// Larger files are none of cookies.
const MOST: u64 = 64 * 1024 * 1024;

pub(super) fn write(format: CookieFormat, cookies: &[Cookie]) -> Vec<u8> {
    match format {
        CookieFormat::Netscape => netscape::write(cookies),
        CookieFormat::Json => json::write(cookies),
    }
}

/// What is wrong with it says nothing of a value.
pub(super) fn read(bytes: &[u8]) -> std::result::Result<Vec<Cookie>, String> {
    match bytes.trim_ascii_start().first() {
        Some(b'{' | b'[') => json::read(bytes),
        _ => netscape::read(bytes),
    }
}

/// The whole file or nothing is there afterwards.
pub(super) fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error| failed(path, "written", &error);
    // Where a link leads, so that the link stays.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if target.exists() && !target.is_file() {
        // A device or a pipe has nothing to replace.
        return OpenOptions::new()
            .write(true)
            .open(&target)
            .and_then(|mut file| file.write_all(bytes))
            .map_err(failed);
    }
    let beside = beside(&target);
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(&beside);
    let written = opened.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&beside, &target)
    });
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

/// A name in the same folder that nobody has.
fn beside(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{:016x}.new", number()));
    target.with_file_name(name)
}

pub(super) fn load(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes));
    read.map_err(|error| failed(path, "read", &error))?;
    if bytes.len() as u64 > MOST {
        return Err(Error::argument(format!(
            "cookies of {}: the file is larger than {MOST} bytes",
            path.display()
        )));
    }
    Ok(bytes)
}

fn failed(path: &Path, what: &str, error: &std::io::Error) -> Error {
    let text = format!("cookies of {}: cannot be {what}: {error}", path.display());
    Error::argument(text).with_os(error)
}

/// One that nobody guesses.
fn number() -> u64 {
    RandomState::new().hash_one(0u8)
}

#[cfg(test)]
mod tests;
