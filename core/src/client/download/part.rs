//! A file that is written beside its place, and put there when it is whole.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use crate::client::download::fit::Representation;

/// A file to begin with, and what is in it.
pub(super) struct Part {
    pub file: PartFile,
    pub len: u64,
    pub representation: Option<Representation>,
}

/// A file that is not whole yet. Dropped so, it is removed, unless it is to be gone on with.
pub(super) struct PartFile {
    file: File,
    /// Where it is; `None` when it is in its place already (a device).
    path: Option<PathBuf>,
    place: PathBuf,
    kept: Option<Kept>,
}

/// Of a file that is to be gone on with.
struct Kept {
    /// The file that says what it is a part of.
    info: PathBuf,
    url: String,
    /// There is one, so that it is worth keeping.
    is_known: bool,
}

/// The longest name that file systems have, with room for what is added to it.
const LONGEST: usize = 255 - 32;

impl Part {
    /// A new one, with a name that nobody else has.
    pub fn new(path: &Path) -> io::Result<Part> {
        let (place, is_file) = place_of(path)?;
        if !is_file {
            let file = OpenOptions::new().write(true).open(&place)?;
            return Ok(Part::of(PartFile { file, path: None, place, kept: None }));
        }
        let mode = mode_of(&place)?;
        let (path, file) = unique(&place)?;
        let file = PartFile { file, path: Some(path), place, kept: None };
        file.set_mode(mode)?;
        Ok(Part::of(file))
    }

    /// The one that an earlier download of `url` left, or a new one that will be left.
    pub fn kept(path: &Path, url: &str) -> io::Result<Part> {
        let (place, is_file) = place_of(path)?;
        if !is_file {
            return Part::new(path);
        }
        let mode = mode_of(&place)?;
        let (path, info) = (named(&place, ".part"), named(&place, ".part.info"));
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| {
            let text = "another download writes to its part";
            let busy = io::Error::new(io::ErrorKind::ResourceBusy, text);
            if io::Error::from(error).kind() == io::ErrorKind::WouldBlock {
                busy
            } else {
                error.into()
            }
        })?;
        let mut kept = Kept { info, url: digest(url), is_known: false };
        let representation = kept.read();
        let len = file.metadata()?.len();
        kept.is_known = representation.is_some();
        let mut file = PartFile { file, path: Some(path), place, kept: Some(kept) };
        file.set_mode(mode)?;
        let whole = representation.as_ref().and_then(|known| known.total);
        match representation {
            // The last byte is asked for again, since there is no request for nothing.
            Some(representation) if len > 0 && whole.is_none_or(|whole| len <= whole) => {
                let len = if whole == Some(len) { len - 1 } else { len };
                file.file.seek(SeekFrom::Start(len))?;
                Ok(Part { len, representation: Some(representation), file })
            }
            _ => {
                file.restart(None)?;
                Ok(Part::of(file))
            }
        }
    }

    fn of(file: PartFile) -> Part {
        Part { file, len: 0, representation: None }
    }
}

impl PartFile {
    pub fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece)
    }

    /// Empties it; what comes is of that representation.
    pub fn restart(&mut self, representation: Option<&Representation>) -> io::Result<()> {
        if self.path.is_some() {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
        }
        match &mut self.kept {
            Some(kept) => kept.write(representation),
            None => Ok(()),
        }
    }

    /// It is whole: puts it into its place.
    pub fn finish(mut self, fsync: bool) -> io::Result<()> {
        if fsync {
            self.file.sync_all()?;
        }
        let Some(path) = &self.path else { return Ok(()) };
        fs::rename(path, &self.place)?;
        self.path = None;
        if let Some(kept) = self.kept.take() {
            let _ = fs::remove_file(&kept.info);
        }
        if fsync && let Some(directory) = self.place.parent() {
            File::open(if directory.as_os_str().is_empty() { Path::new(".") } else { directory })?
                .sync_all()?;
        }
        Ok(())
    }

    /// As the file has that it replaces.
    fn set_mode(&self, mode: Option<u32>) -> io::Result<()> {
        match mode {
            Some(mode) => self.file.set_permissions(fs::Permissions::from_mode(mode)),
            None => Ok(()),
        }
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        let Some(path) = &self.path else { return };
        let is_worth = self.kept.as_ref().is_some_and(|kept| kept.is_known)
            && self.file.metadata().is_ok_and(|metadata| metadata.len() > 0);
        if !is_worth {
            let _ = fs::remove_file(path);
            if let Some(kept) = &self.kept {
                let _ = fs::remove_file(&kept.info);
            }
        }
    }
}

/// The first line of a file that says what a part is of.
const FORM: &str = "libkeepalive part 1";

/// Most of such a file that is read.
const LARGEST: u64 = 16 * 1024;

impl Kept {
    /// What is said of an earlier part, if it is of this URL.
    fn read(&self) -> Option<Representation> {
        use std::io::Read;
        let mut text = Vec::new();
        File::open(&self.info).ok()?.take(LARGEST).read_to_end(&mut text).ok()?;
        let mut lines = text.split(|&byte| byte == b'\n');
        let mut line = |name: &str| {
            let line = lines.next()?.strip_prefix(name.as_bytes())?;
            Some(line.to_vec())
        };
        let same = line(FORM)?.is_empty() && line("url ")? == self.url.as_bytes();
        let validator = line("validator ")?;
        let total = line("total ")?;
        let coding = line("coding ")?;
        let total = match &*total {
            b"" => None,
            digits => Some(std::str::from_utf8(digits).ok()?.parse().ok()?),
        };
        // A file that was cut off is none.
        (same && line("end").is_some_and(|rest| rest.is_empty())).then_some(Representation {
            validator: Some(validator),
            total,
            coding,
            is_decoded: false,
        })
    }

    /// Says what the part is of; nothing, where the rest of it could not be asked for.
    fn write(&mut self, representation: Option<&Representation>) -> io::Result<()> {
        let condition = representation.and_then(|known| Some((known, known.condition()?)));
        let Some((known, validator)) = condition else {
            self.is_known = false;
            return match fs::remove_file(&self.info) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        };
        let total = known.total.map(|total| total.to_string()).unwrap_or_default();
        let text = [
            FORM.as_bytes(),
            b"\nurl ",
            self.url.as_bytes(),
            b"\nvalidator ",
            validator,
            b"\ntotal ",
            total.as_bytes(),
            b"\ncoding ",
            &known.coding,
            b"\nend\n",
        ]
        .concat();
        fs::write(&self.info, text)?;
        self.is_known = true;
        Ok(())
    }
}

/// A URL may have a signature in it, so it is not written down.
fn digest(url: &str) -> String {
    Sha256::digest(url.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the file will be, links followed, and whether it is a regular one or none yet.
fn place_of(path: &Path) -> io::Result<(PathBuf, bool)> {
    if path.as_os_str().is_empty() || path.as_os_str().as_bytes().contains(&0) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no path of a file"));
    }
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            Err(io::Error::from_raw_os_error(rustix::io::Errno::ISDIR.raw_os_error()))
        }
        Ok(metadata) if metadata.is_file() => Ok((fs::canonicalize(path)?, true)),
        Ok(_) => Ok((path.to_path_buf(), false)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A link that leads nowhere yet leads to the file.
            let place = match fs::read_link(path) {
                Ok(to) => path.parent().map_or(to.clone(), |parent| parent.join(&to)),
                Err(_) => path.to_path_buf(),
            };
            match place.file_name() {
                Some(_) if !path.as_os_str().as_bytes().ends_with(b"/") => Ok((place, true)),
                _ => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// The permissions of the file that is to be replaced, if there is one; an error if it may not be written.
fn mode_of(place: &Path) -> io::Result<Option<u32>> {
    match OpenOptions::new().write(true).open(place) {
        Ok(file) => Ok(Some(file.metadata()?.permissions().mode() & 0o7777)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn named(place: &Path, end: &str) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_os_string();
    name.push(end);
    place.with_file_name(name)
}

/// A new file beside `place`.
fn unique(place: &Path) -> io::Result<(PathBuf, File)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = place.file_name().unwrap_or_default().as_bytes();
    let name = &name[..name.len().min(LONGEST)];
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut own = OsString::from(".");
        own.push(OsStr::from_bytes(name));
        own.push(format!(".{}-{number}.part", std::process::id()));
        let path = place.with_file_name(own);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            // Of a process that had this number before.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return Ok((path, file?)),
        }
    }
}
