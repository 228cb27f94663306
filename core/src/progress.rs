//! How far a body has come, told to whoever asked for it, and what became of one that was written to a file.

/// Which way a body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// A request's body.
    Upload,
    /// A response's body.
    Download,
}

/// How far a body has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Which way it goes.
    pub transfer: Transfer,
    /// Bytes so far, as they are on the wire: of a coded body before it is decoded, without the framing. Of
    /// a download that was resumed, those that were there already count too.
    pub bytes: u64,
    /// All bytes, if that is known.
    pub total: Option<u64>,
    /// Bytes per second, of the last few seconds.
    pub rate: f64,
}

/// Whoever wants to be told. It is called at most ten times a second and at the end, on the thread that
/// moves the body: a blocking call's own, else the engine's, where it must not block.
pub trait ProgressSink: Send + Sync {
    /// How far it is; `false` ends the request with `Cancelled`.
    fn progress(&self, progress: &Progress) -> bool;
}

/// What was written of a response's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Bytes of the whole body.
    pub bytes: u64,
    /// Of these, those that an earlier download had left behind.
    pub kept: u64,
    /// How often the connection broke and the rest was asked for.
    pub resumes: u32,
}
