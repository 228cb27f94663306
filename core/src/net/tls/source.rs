//! What an option names or holds: certificates in PEM, and what is wrong with them in words.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::Read;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::error::{Error, Result};
use crate::net::trust::Roots;

/// More is no file of certificates: all that the world trusts are a quarter of one.
const MOST: u64 = 16 << 20;

/// The bytes that an option gave, and what messages call them.
pub(super) struct Source<'a> {
    pub option: &'static str,
    path: Option<&'a str>,
    pub bytes: Cow<'a, [u8]>,
}

impl<'a> Source<'a> {
    /// Of an option that has the bytes themselves.
    pub fn held(option: &'static str, bytes: &'a [u8]) -> Source<'a> {
        Source { option, path: None, bytes: Cow::Borrowed(bytes) }
    }

    /// Of an option that names a file; it may be a pipe.
    pub fn file(option: &'static str, path: &'a str) -> Result<Source<'a>> {
        let mut source = Source { option, path: Some(path), bytes: Cow::Borrowed(&[]) };
        let failed = |error: std::io::Error| {
            Error::argument(format!("option {option}: {path}: {error}")).with_os(&error)
        };
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            let instead = if option == "ca_file" { "; ca_dir takes one" } else { "" };
            return Err(source.unusable(&format!("is a directory{instead}")));
        }
        let mut bytes = Vec::new();
        file.take(MOST + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MOST {
            return Err(source.unusable("is larger than 16 MiB"));
        }
        source.bytes = Cow::Owned(bytes);
        Ok(source)
    }

    /// An error that names the option and the file.
    pub fn unusable(&self, what: &str) -> Error {
        match self.path {
            Some(path) => Error::argument(format!("option {}: {path}: {what}", self.option)),
            None => Error::argument(format!("option {}: {what}", self.option)),
        }
    }

    /// All certificates in it, of which there has to be one.
    pub fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let list = CertificateDer::pem_slice_iter(&self.bytes)
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|_| self.unusable("is not well-formed PEM"))?;
        if list.is_empty() {
            return Err(self.unusable(self.what_it_is()));
        }
        Ok(list)
    }

    /// Why there is no certificate in it.
    fn what_it_is(&self) -> &'static str {
        if self.bytes.iter().all(u8::is_ascii_whitespace) {
            return "is empty; expected PEM (-----BEGIN CERTIFICATE-----)";
        }
        match &*self.bytes {
            // A sequence that begins with the version 3 is PKCS #12, another one is a certificate.
            [0x30, rest @ ..] if is_pkcs12(rest) => {
                "is PKCS #12; `openssl pkcs12 -in FILE -out FILE.pem` makes it PEM, with the key \
                 encrypted for client_key_password"
            }
            [0x30, ..] => "is DER; `openssl x509 -inform der -in FILE -out FILE.pem` makes it PEM",
            _ => "holds no certificate (-----BEGIN CERTIFICATE-----)",
        }
    }
}

/// Behind the tag of the outermost sequence: its length, then the integer 3 (RFC 7292 4).
fn is_pkcs12(rest: &[u8]) -> bool {
    let length = match rest.first() {
        Some(short) if *short < 0x80 => 1,
        Some(long) => 1 + usize::from(long & 0x7f),
        None => return false,
    };
    rest.get(length..length + 3) == Some(&[2, 1, 3])
}

/// The certificates of all files in a directory. As with OpenSSL's, files that are none of PEM or
/// cannot be read are passed over; some certificate there has to be.
pub(super) fn directory(option: &'static str, path: &str) -> Result<Vec<CertificateDer<'static>>> {
    let failed = |error: std::io::Error| {
        Error::argument(format!("option {option}: {path}: {error}")).with_os(&error)
    };
    let mut list: Vec<CertificateDer<'static>> = Vec::new();
    // Links by hash lead to files that are there too.
    let mut seen = HashSet::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if !std::fs::metadata(&file).is_ok_and(|about| about.is_file()) {
            continue;
        }
        let Some(source) = file.to_str().and_then(|file| Source::file(option, file).ok()) else {
            continue;
        };
        for certificate in CertificateDer::pem_slice_iter(&source.bytes).flatten() {
            if Roots::takes(&certificate) && seen.insert(certificate.clone()) {
                list.push(certificate);
            }
        }
    }
    match list.is_empty() {
        false => Ok(list),
        true => Err(Error::argument(format!(
            "option {option}: {path}: no file in it holds a certificate in PEM"
        ))),
    }
}
