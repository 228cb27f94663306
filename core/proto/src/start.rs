//! How a request is started on a connection, beyond what stands in its head.

/// The request target's form (RFC 9112 3.2), which the route decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TargetForm<'a> {
    /// As it stands in the head: origin-form to the server itself and through tunnels,
    /// authority-form for CONNECT.
    #[default]
    Origin,
    /// absolute-form, to a forward proxy: scheme and authority (`http://example.org:8080`), which the
    /// head's own target follows.
    Absolute(&'a str),
}

/// What [`Connection::start_with`](crate::Connection::start_with) writes beside the head.
#[derive(Debug, Clone, Copy, Default)]
pub struct Start<'a> {
    /// Serialised field lines that follow the head's own; they must be valid and say nothing about
    /// framing or persistence.
    pub fields: &'a [u8],
    /// Further ones, such as those for a proxy.
    pub more: &'a [u8],
    /// It is the last request on this connection: `Connection: close` is written (RFC 9112 9.6), unless
    /// the head has a Connection field of its own. Afterwards `reuse` says `RequestSaidClose`, whether
    /// or not the field was written.
    pub last: bool,
    /// How the target is written.
    pub form: TargetForm<'a>,
}
