//! The native module of the Python package: `libkeepalive._native`. It converts arguments, calls the
//! engine and maps errors; HTTP is decided in `keepalive-core`.

mod aio;
mod blocking;
mod body;
mod build;
mod client;
mod convert;
mod errors;
mod fork;
mod functions;
mod headers;
mod info;
mod pieces;
mod response;
mod shared;
mod timeout;

use pyo3::prelude::*;

/// The engine's options: `(name, type, default, meaning)` for each.
fn option_rows() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    let kind = |kind| match kind {
        keepalive_core::OptionKind::Count => "int",
        keepalive_core::OptionKind::Time => "float | None",
        keepalive_core::OptionKind::Flag => "bool",
        keepalive_core::OptionKind::Text => "str | None",
        keepalive_core::OptionKind::Pem => "bytes | None",
    };
    let rows = keepalive_core::OPTIONS.iter();
    rows.map(|option| (option.name, kind(option.kind), option.default, option.doc)).collect()
}

#[pymodule(gil_used = false)]
mod _native {
    use super::*;

    #[pymodule_export]
    use crate::aio::AsyncClient;
    #[pymodule_export]
    use crate::aio::stream::AsyncStream;
    #[pymodule_export]
    use crate::aio::upload::Sender;
    #[pymodule_export]
    use crate::client::{Client, Stream};
    #[pymodule_export]
    use crate::errors::error_table;
    #[pymodule_export]
    use crate::functions::{delete, get, head, options, patch, post, put, request, stream};
    #[pymodule_export]
    use crate::headers::Headers;
    #[pymodule_export]
    use crate::info::{Info, OriginStats, Stats, Timings};
    #[pymodule_export]
    use crate::response::Response;
    #[pymodule_export]
    use crate::timeout::Timeout;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        fork::register();
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("OPTIONS", option_rows())
    }
}
