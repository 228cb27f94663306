//! What is told of the TLS under a response.

use std::sync::Arc;

use keepalive_core::{Certificate as CoreCertificate, TlsInfo as CoreTlsInfo};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::info::repr;

/// How TLS was agreed on when the connection of a response was opened.
///
/// ::
///
///     tls = libkeepalive.get("https://example.com/").info.tls
///     print(tls.version, tls.cipher, tls.certificate.subject)
#[pyclass(frozen, module = "libkeepalive")]
pub struct TlsInfo(Arc<CoreTlsInfo>);

/// Of an exchange; `None` without TLS.
pub fn tls_info(py: Python<'_>, tls: Option<&Arc<CoreTlsInfo>>) -> PyResult<Option<Py<TlsInfo>>> {
    tls.map(|tls| Py::new(py, TlsInfo(tls.clone()))).transpose()
}

#[pymethods]
impl TlsInfo {
    /// ``TLSv1.2`` or ``TLSv1.3``.
    #[getter]
    fn version(&self) -> &'static str {
        self.0.version()
    }

    /// The cipher suite by its IANA name, such as ``TLS_AES_128_GCM_SHA256``.
    #[getter]
    fn cipher(&self) -> &'static str {
        self.0.cipher()
    }

    /// The group of the key exchange, such as ``X25519``; None when a session of TLS 1.2 was resumed,
    /// which exchanges no keys.
    #[getter]
    fn group(&self) -> Option<&'static str> {
        self.0.group()
    }

    /// The protocol that the server chose by ALPN; None: it chose none.
    #[getter]
    fn alpn(&self) -> Option<&str> {
        self.0.alpn()
    }

    /// Whether an earlier session was resumed. The certificates are then those of that session.
    #[getter]
    fn resumed(&self) -> bool {
        self.0.resumed()
    }

    /// Whether the request travelled with the handshake (0-RTT): always False in this version.
    #[getter]
    fn early(&self) -> bool {
        self.0.early()
    }

    /// The certificates that the server sent, in DER, its own first.
    #[getter]
    fn chain<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.0.chain().map(|der| PyBytes::new(py, der)).collect()
    }

    /// What the server's own certificate says; None when it is malformed, as an unverified one may be.
    #[getter]
    fn certificate(&self) -> Option<Certificate> {
        self.0.certificate(0).map(Certificate)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let dict = PyDict::new(py);
        dict.set_item("version", self.version())?;
        dict.set_item("cipher", self.cipher())?;
        dict.set_item("group", self.group())?;
        dict.set_item("alpn", self.alpn())?;
        dict.set_item("resumed", self.resumed())?;
        dict.set_item("early", self.early())?;
        dict.set_item("certificate", self.certificate())?;
        repr("TlsInfo", &dict)
    }
}

/// What a server's certificate says.
///
/// ::
///
///     certificate = libkeepalive.get("https://example.com/").info.tls.certificate
///     print(certificate.names, certificate.not_after)
#[pyclass(frozen, module = "libkeepalive")]
pub struct Certificate(CoreCertificate);

/// A point in time with its zone, UTC.
fn time(py: Python<'_>, seconds: i64) -> PyResult<Bound<'_, PyAny>> {
    let module = py.import("datetime")?;
    let zone = module.getattr("timezone")?.getattr("utc")?;
    module.getattr("datetime")?.call_method1("fromtimestamp", (seconds, zone))
}

#[pymethods]
impl Certificate {
    /// Whose it is (RFC 4514), such as ``CN=example.com,O=Example``.
    #[getter]
    fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Who vouches for it, in the same form.
    #[getter]
    fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The serial number in hexadecimal.
    #[getter]
    fn serial(&self) -> &str {
        &self.0.serial
    }

    /// The host names and IP addresses that it is for.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.0.names.clone()
    }

    /// From when on it is valid, as a ``datetime`` in UTC.
    #[getter]
    fn not_before<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time(py, self.0.not_before)
    }

    /// Until when, likewise.
    #[getter]
    fn not_after<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        time(py, self.0.not_after)
    }

    /// Its public key as option ``tls_pins`` takes it: ``sha256//...``.
    #[getter]
    fn pin(&self) -> &str {
        &self.0.pin
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let dict = PyDict::new(py);
        dict.set_item("subject", self.subject())?;
        dict.set_item("names", self.names())?;
        dict.set_item("issuer", self.issuer())?;
        dict.set_item("not_after", self.not_after(py)?.str()?)?;
        repr("Certificate", &dict)
    }
}
