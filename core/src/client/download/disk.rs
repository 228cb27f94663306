//! What a body is written to. With the engine's wait each step runs on a helper thread, since a disk may
//! take its time; a step is over before the next begins.

use std::io;

use bytes::Bytes;

use crate::client::download::fit::Representation;
use crate::client::download::part::{Part, PartFile};
use crate::client::download::target::{BodyWriter, Download, To};
use crate::drive::wait::Wait;
use crate::engine::cancel::panicked;
use crate::error::{Error, ErrorKind, Phase, Result};
use crate::progress::Saved;
use crate::request::Request;

/// A body on its way to its place. Dropped before its end, it leaves nothing behind but what is to be gone
/// on with.
pub(super) struct Disk {
    place: Option<Place>,
    /// What it is called in errors.
    name: String,
    len: u64,
    kept: u64,
    representation: Option<Representation>,
    resumes: bool,
    fsync: bool,
}

enum Place {
    File(PartFile),
    Writer(Box<dyn BodyWriter>),
}

impl Place {
    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Place::File(file) => file.write(piece),
            Place::Writer(writer) => writer.write(piece),
        }
    }

    fn restart(&mut self, representation: Option<&Representation>) -> io::Result<()> {
        match self {
            Place::File(file) => file.restart(representation),
            Place::Writer(writer) => writer.restart(),
        }
    }
}

impl Disk {
    /// Opens it, before anything is sent.
    ///
    /// # Errors
    /// `FileFailed`; `InvalidArgument` for a path that is none; `InvalidState` when another download writes
    /// to it.
    pub async fn open<W: Wait>(download: Download, request: &Request) -> Result<Disk> {
        let Download { to, fsync, keep } = download;
        let resumes = request.method() == "GET" && !request.has_header(b"range");
        let url = request.target.href.clone();
        match to {
            To::Writer(_) if keep => {
                Err(Error::argument("resume: only a download to a path can be gone on with"))
            }
            To::Writer(writer) => Ok(Disk {
                place: Some(Place::Writer(writer)),
                name: "the target of the download".into(),
                len: 0,
                kept: 0,
                representation: None,
                resumes,
                fsync,
            }),
            To::Path(path) => {
                let name = path.display().to_string();
                let place = path.clone();
                let opened = on_disk::<W, _>(move || match keep && resumes {
                    true => Part::kept(&place, &url),
                    false => Part::new(&place),
                });
                let Part { file, len, representation } =
                    opened.await?.map_err(|error| failed(&name, &error))?;
                Ok(Disk {
                    place: Some(Place::File(file)),
                    name,
                    len,
                    kept: len,
                    representation,
                    resumes,
                    fsync,
                })
            }
        }
    }

    /// Bytes that are there.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// What they are of.
    pub fn representation(&self) -> Option<&Representation> {
        self.representation.as_ref()
    }

    /// So many bytes it will be.
    pub fn will_have(&mut self, total: u64) {
        if let Some(known) = &mut self.representation {
            known.total = Some(total);
        }
    }

    /// Whether the rest of it could be asked for.
    pub fn can_resume(&self) -> bool {
        self.resumes
    }

    /// Appends a piece.
    pub async fn write<W: Wait>(&mut self, piece: Bytes) -> Result<()> {
        let count = piece.len() as u64;
        self.with::<W, _>(move |place| place.write(&piece)).await?;
        self.len += count;
        Ok(())
    }

    /// Begins anew, with nothing.
    pub async fn restart<W: Wait>(&mut self, representation: Option<Representation>) -> Result<()> {
        let known = representation.clone();
        self.with::<W, _>(move |place| place.restart(known.as_ref())).await?;
        (self.len, self.kept, self.representation) = (0, 0, representation);
        Ok(())
    }

    /// It is whole: puts it into its place.
    pub async fn finish<W: Wait>(mut self, resumes: u32) -> Result<Saved> {
        let fsync = self.fsync;
        let Some(place) = self.place.take() else { return Err(panicked()) };
        let finished = on_disk::<W, _>(move || match place {
            Place::File(file) => file.finish(fsync),
            Place::Writer(mut writer) => writer.finish(fsync),
        });
        finished.await?.map_err(|error| failed(&self.name, &error))?;
        Ok(Saved { bytes: self.len, kept: self.kept, resumes })
    }

    /// Nothing came for it: what is there stays as it was.
    pub fn leave(&mut self) {
        self.place = None;
    }

    async fn with<W: Wait, T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Place) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let Some(mut place) = self.place.take() else { return Err(panicked()) };
        let (place, result) = on_disk::<W, _>(move || {
            let result = work(&mut place);
            (place, result)
        })
        .await?;
        self.place = Some(place);
        result.map_err(|error| failed(&self.name, &error))
    }
}

/// Runs `work` where it may block.
async fn on_disk<W: Wait, T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    match W::REGISTERED {
        true => tokio::task::spawn_blocking(work).await.map_err(|_| panicked()),
        false => Ok(work()),
    }
}

fn failed(name: &str, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::ResourceBusy => ErrorKind::InvalidState,
        io::ErrorKind::InvalidInput => ErrorKind::InvalidArgument,
        _ => ErrorKind::FileFailed,
    };
    Error::new(kind, Phase::Body, format!("cannot write to {name}: {error}")).with_os(error)
}
