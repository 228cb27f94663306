//! A program's own word on the certificate of a server.

/// What a server has shown of itself.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Presented<'a> {
    /// The name or address that the certificate has to be for.
    pub host: &'a str,
    /// The certificates that the server sent, in DER, its own first.
    pub chain: &'a [&'a [u8]],
    /// Why the certificate is rejected by the options of the client, in words; `None`: it is not.
    pub rejected: Option<&'a str>,
}

/// Decides about the certificates of servers, in place of what the options come to. It is asked in
/// every handshake that resumes no session, on the engine's thread, which it must not block: all
/// connections wait meanwhile. Pinned keys are checked besides.
pub trait CertificateCheck: Send + Sync {
    /// Whether the server is believed. A panic is a no.
    fn accepts(&self, presented: &Presented<'_>) -> bool;
}
