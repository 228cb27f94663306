//! Where a body is to go.

use std::fs::File;
use std::io;
use std::path::PathBuf;

/// Something of the caller's that a body is written to in place.
pub trait BodyWriter: Send {
    /// Writes all of `piece`. It may block: it is called on the thread of a blocking call, else on a helper
    /// of the engine's.
    fn write(&mut self, piece: &[u8]) -> io::Result<()>;
    /// What was written is forgotten: the body comes again from its beginning. An error where that cannot
    /// be, which ends the download.
    fn restart(&mut self) -> io::Result<()>;
    /// The body is complete.
    fn finish(&mut self, fsync: bool) -> io::Result<()>;
}

/// Where the body of an answer goes.
pub struct Download {
    pub(super) to: To,
    pub(super) fsync: bool,
    pub(super) keep: bool,
}

pub(super) enum To {
    Path(PathBuf),
    Writer(Box<dyn BodyWriter>),
}

impl Download {
    /// Into a new file of that name: written beside it, and put in its place when it is whole. Its
    /// permissions are those of a file that is opened for writing: what is there already keeps its own, a
    /// new one has 0666 without the umask. A symbolic link stays, and what it leads to is replaced; what is
    /// there and no regular file (a device, a named pipe) is written to in place.
    pub fn to_path(path: impl Into<PathBuf>) -> Download {
        Download { to: To::Path(path.into()), fsync: false, keep: false }
    }

    /// Into an open file in place, from where it stands. Where it cannot be sought in (a pipe), what does
    /// not fit to what was written is an error.
    pub fn to_file(file: File) -> Download {
        Download::to_writer(Box::new(InPlace { file, begin: None }))
    }

    /// To something of the caller's, in place.
    pub fn to_writer(writer: Box<dyn BodyWriter>) -> Download {
        Download { to: To::Writer(writer), fsync: false, keep: false }
    }

    /// Whether it is on the disk, file and directory entry, before the download is over. Default: no.
    #[must_use]
    pub fn fsync(mut self, fsync: bool) -> Download {
        self.fsync = fsync;
        self
    }

    /// Whether what came before a failure stays beside the path (`PATH.part`, with what it is a part of in
    /// `PATH.part.info`), and is gone on with where it is of the same URL and has a strong validator. Of a
    /// path alone; no two downloads at a time. Default: no.
    #[must_use]
    pub fn resume(mut self, resume: bool) -> Download {
        self.keep = resume;
        self
    }
}

struct InPlace {
    file: File,
    /// Where it stood first, if it can be sought in.
    begin: Option<io::Result<u64>>,
}

impl InPlace {
    fn begin(&mut self) -> &io::Result<u64> {
        use std::io::Seek;
        let file = &mut self.file;
        self.begin.get_or_insert_with(|| file.stream_position())
    }
}

impl BodyWriter for InPlace {
    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        use std::io::Write;
        let _ = self.begin();
        self.file.write_all(piece)
    }

    fn restart(&mut self) -> io::Result<()> {
        use std::io::Seek;
        if self.begin.is_none() {
            return Ok(());
        }
        let begin = match self.begin() {
            Ok(begin) => *begin,
            Err(error) => return Err(io::Error::new(error.kind(), error.to_string())),
        };
        self.file.set_len(begin)?;
        self.file.seek(io::SeekFrom::Start(begin)).map(drop)
    }

    fn finish(&mut self, fsync: bool) -> io::Result<()> {
        if fsync { self.file.sync_all() } else { Ok(()) }
    }
}
