//! A file as a body: read while it is sent, never collected, and held to the length it had when it was
//! given.

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::error::{Error, ErrorKind, Phase, Result};
use crate::request::Request;
use crate::request::body::BodySource;

/// Bytes read at a time.
const PIECE: usize = 256 * 1024;

/// A file that is opened when it is sent, and read by the thread that sends or, on the engine, by a helper.
///
/// A regular file is sent with the length it had when this was made. One that is gone by then, or cannot be
/// read, fails the request with `BodySourceFailed`; one that has become shorter or longer, be it while it is
/// sent, with `BodyLengthMismatch`: the server then gets no complete request. What has no length (a pipe, a
/// file of /proc) is sent until it ends.
pub struct FileBody {
    path: Arc<Path>,
    length: Option<u64>,
    state: State,
}

enum State {
    Closed,
    /// Read up to there.
    Open(Arc<File>, u64),
    /// A helper reads on from there.
    Away(JoinHandle<Result<Read>>),
    Ended,
}

/// A piece, empty at the end, and the file up to where it has been read.
struct Read(Bytes, Arc<File>, u64);

impl FileBody {
    /// That of the file at `path`, which is looked at and not opened for longer.
    ///
    /// # Errors
    /// `InvalidArgument` with the operating system's error number: there is none, it is a directory, or it
    /// may not be read.
    pub fn new(path: impl Into<PathBuf>) -> Result<FileBody> {
        let path: Arc<Path> = path.into().into();
        let refused = |error: io::Error| {
            Error::argument(format!("cannot send the file {}: {error}", path.display()))
                .with_os(&error)
        };
        let about = std::fs::metadata(&path).map_err(refused)?;
        if about.is_dir() {
            return Err(refused(io::ErrorKind::IsADirectory.into()));
        }
        let mut length = None;
        if about.is_file() {
            let file = File::open(&path).map_err(refused)?;
            // Files of /proc say that they are empty.
            let has_more = about.len() == 0 && file.read_at(&mut [0], 0).map_err(refused)? > 0;
            length = (!has_more).then_some(about.len());
        }
        Ok(FileBody { path, length, state: State::Closed })
    }

    /// Bytes; `None` if only its end tells.
    pub fn length(&self) -> Option<u64> {
        self.length
    }
}

impl Request {
    /// A file as the body, read while it is sent: with Content-Length, unless it has no length.
    pub fn set_body_file(&mut self, file: FileBody) {
        let length = file.length();
        self.set_body_stream(Box::new(file), length);
    }
}

/// Reads on; opens the file for the first piece.
fn read(path: &Path, length: Option<u64>, open: Option<(Arc<File>, u64)>) -> Result<Read> {
    let (file, at) = match open {
        Some(open) => open,
        None => (Arc::new(File::open(path).map_err(|error| failed(path, &error))?), 0),
    };
    let most = length.map_or(PIECE, |length| {
        usize::try_from(length.saturating_sub(at)).unwrap_or(PIECE).min(PIECE)
    });
    let mut piece = BytesMut::zeroed(most);
    let count = match length {
        // What has no length may have no places either.
        None => io::Read::read(&mut &*file, &mut piece),
        Some(_) => file.read_at(&mut piece, at),
    };
    let count = count.map_err(|error| failed(path, &error))?;
    piece.truncate(count);
    let end = at + count as u64;
    if let Some(length) = length
        && (count == 0 || end >= length)
    {
        // Looked at before its last bytes go out: without them the request is not complete.
        let now = file.metadata().map_err(|error| failed(path, &error))?.len();
        if end < length || now != length {
            return Err(changed(path, length, if end < length { end } else { now }));
        }
    }
    Ok(Read(piece.freeze(), file, end))
}

fn failed(path: &Path, error: &io::Error) -> Error {
    let text = format!("request body source: the file {}: {error}", path.display());
    Error::new(ErrorKind::BodySourceFailed, Phase::Send, text).with_os(error)
}

fn changed(path: &Path, had: u64, has: u64) -> Error {
    let text = format!(
        "request body: the file {} had {had} bytes when it was given and has {has} now",
        path.display()
    );
    Error::new(ErrorKind::BodyLengthMismatch, Phase::Send, text)
}

impl BodySource for FileBody {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        if let State::Closed | State::Open(..) = self.state {
            let open = match std::mem::replace(&mut self.state, State::Ended) {
                State::Open(file, at) => Some((file, at)),
                _ => None,
            };
            let (path, length) = (self.path.clone(), self.length);
            if let Some((_, at)) = &open
                && length.is_some_and(|length| *at >= length)
            {
                return Poll::Ready(Ok(None));
            }
            match Handle::try_current() {
                // A disk may take its time, and the engine's thread is everybody's.
                Ok(engine) => {
                    let work = move || read(&path, length, open);
                    self.state = State::Away(engine.spawn_blocking(work));
                }
                Err(_) => return Poll::Ready(self.taken(read(&path, length, open))),
            }
        }
        match &mut self.state {
            State::Away(helper) => match Pin::new(helper).poll(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(done) => {
                    let gone = |_| failed(&self.path, &io::Error::other("its reader is gone"));
                    let done = done.map_err(gone).and_then(|done| done);
                    Poll::Ready(self.taken(done))
                }
            },
            _ => Poll::Ready(Ok(None)),
        }
    }

    fn can_rewind(&self) -> bool {
        self.length.is_some() || matches!(self.state, State::Closed)
    }

    fn rewind(&mut self) -> bool {
        let can = self.can_rewind();
        self.state = State::Closed;
        can
    }
}

impl FileBody {
    fn taken(&mut self, read: Result<Read>) -> Result<Option<Bytes>> {
        self.state = State::Ended;
        let Read(piece, file, at) = read?;
        if piece.is_empty() {
            return Ok(None);
        }
        self.state = State::Open(file, at);
        Ok(Some(piece))
    }
}
