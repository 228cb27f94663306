//! What a request has for itself that is no option of a client's: its target, fields that it does not get,
//! and where the body of its answer goes.

use std::fs::File;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use keepalive_core::{
    Call, Client, Download, Error, Progress, Queue, Request, Result, Saved, Transfer, Until,
    progress_events,
};

use crate::trailers::Told;

/// What the names and values that come with a request say beside its options.
#[derive(Default)]
pub struct Order {
    to: Option<Download>,
    /// JavaScript is told how far the body has come.
    is_watched: bool,
    /// Values of trailers that JavaScript tells.
    told: Option<Arc<Told>>,
}

impl Order {
    /// Takes one name and its value.
    pub fn take(&mut self, request: &mut Request, name: &str, value: &str) -> Result<()> {
        match name {
            "raw_target" => request.set_raw_target(value.as_bytes()),
            "omit" => request.omit_header(value.as_bytes()),
            "download_path" => {
                self.to = Some(Download::to_path(value));
                Ok(())
            }
            "download_fd" => {
                self.to = Some(Download::to_file(duplicate(value)?));
                Ok(())
            }
            "fsync" => {
                self.to = self.to.take().map(|to| to.fsync(true));
                Ok(())
            }
            "resume" => {
                self.to = self.to.take().map(|to| to.resume(true));
                Ok(())
            }
            "progress" => {
                self.is_watched = true;
                Ok(())
            }
            "trailer" => {
                let (name, value) = value.split_once('\0').unwrap_or((value, ""));
                request.add_trailer(&bytes(name), &bytes(value))
            }
            "told_trailer" => self.told.get_or_insert_default().announce(request, value),
            "cookie" => {
                let (name, value) = value.split_once('\0').unwrap_or((value, ""));
                request.add_cookie(name.as_bytes(), value.as_bytes())
            }
            "no_cookies" => {
                request.set_cookies(None);
                Ok(())
            }
            "max_redirections" => {
                request.follow_at_most(value.parse().unwrap_or(u32::MAX));
                Ok(())
            }
            _ => request.set_option(name, Some(value)),
        }
    }

    /// The values of trailers that are told later.
    pub fn told(&self) -> Option<Arc<Told>> {
        self.told.clone()
    }

    /// Starts the request: to the end of a download, else to the head.
    pub fn submit(
        self,
        client: &Client,
        mut request: Request,
        inline: bool,
        (queue, token): (&Arc<Queue>, u64),
    ) -> Result<Call> {
        if self.is_watched {
            request.set_progress(progress_events(queue, token));
        }
        match self.to {
            Some(to) => client.submit_download(request, to, queue, token),
            None if inline => client.submit_inline(request, Until::Head, queue, token),
            None => client.submit(request, Until::Head, queue, token),
        }
    }
}

/// A byte for each character, all of which are below U+0100.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|one| u8::try_from(one).unwrap_or(b'?')).collect()
}

fn duplicate(number: &str) -> Result<File> {
    let wrong = |reason: &dyn std::fmt::Display| Error::argument(format!("path: {reason}"));
    let fd = number.parse::<i32>().map_err(|error| wrong(&error))?;
    if fd < 0 {
        return Err(wrong(&"a negative number is no file descriptor"));
    }
    // SAFETY: open for this call by the caller's word, as of `fs.write`; one that is not fails.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned();
    fd.map(File::from).map_err(|error| wrong(&error))
}

/// As JSON.
pub fn progress_text(progress: &Progress) -> String {
    let Progress { transfer, bytes, total, rate } = *progress;
    let total = total.map_or_else(|| "null".to_string(), |total| total.to_string());
    let upload = transfer == Transfer::Upload;
    format!("{{\"bytes\":{bytes},\"total\":{total},\"rate\":{rate:.1},\"upload\":{upload}}}")
}

/// As JSON.
pub fn saved_text(saved: &Saved) -> String {
    let Saved { bytes, kept, resumes } = *saved;
    format!("{{\"bytes\":{bytes},\"kept\":{kept},\"resumes\":{resumes}}}")
}
