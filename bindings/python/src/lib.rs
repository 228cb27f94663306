//! The native module of the Python package: `libkeepalive._native`. It converts arguments, calls the
//! engine and maps errors; HTTP is decided in `keepalive-core`.

#![allow(clippy::doc_lazy_continuation)] // docstrings have examples with `>>>`, which are no Markdown

mod aio;
mod arguments;
mod auth;
mod blocking;
mod body;
mod build;
mod client;
mod convert;
mod cookies;
mod download;
mod errors;
mod exchange;
mod functions;
#[rustfmt::skip]
mod generated;
mod gevent;
mod headers;
mod held;
mod info;
mod interpreter;
mod memory;
mod multipart;
mod once;
mod option_text;
mod option_value;
mod options;
mod pieces;
mod prepared;
mod progress;
mod redirects;
mod response;
mod sending;
mod shared;
mod stream;
mod timeout;
mod tls;
mod tls_info;
mod trace;
mod trailers;
mod upgraded;

use keepalive_common::fork;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Tells servers that idle connections are over, before the process ends.
#[pyfunction]
fn _at_exit(py: Python<'_>) {
    py.detach(keepalive_core::at_exit);
}

/// Before `os.fork()` and its like: the engine's thread ends, without which Python would warn.
#[pyfunction]
fn _before_fork(py: Python<'_>) {
    py.detach(keepalive_core::fork_pause);
}

/// Requests under way go on.
#[pyfunction]
fn _after_fork(py: Python<'_>) {
    py.detach(keepalive_core::fork_resume);
}

/// Has Python tell of its forks.
fn watch_forks(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let hooks = PyDict::new(module.py());
    hooks.set_item("before", wrap_pyfunction!(_before_fork, module)?)?;
    hooks.set_item("after_in_parent", wrap_pyfunction!(_after_fork, module)?)?;
    module.py().import("os")?.getattr("register_at_fork")?.call((), Some(&hooks)).map(drop)
}

/// A function, because the check has to come before any class is made.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    interpreter::require_main(module.py())?;
    fork::watch();
    module.add_class::<aio::AsyncClient>()?;
    module.add_class::<aio::stream::AsyncStream>()?;
    module.add_class::<aio::upload::Sender>()?;
    module.add_class::<client::Client>()?;
    module.add_class::<stream::Stream>()?;
    module.add_class::<cookies::CookieStore>()?;
    module.add_class::<progress::Saved>()?;
    module.add_class::<progress::Progress>()?;
    module.add_class::<gevent::Task>()?;
    module.add_class::<headers::Headers>()?;
    module.add_class::<generated::Info>()?;
    module.add_class::<generated::OriginStats>()?;
    module.add_class::<generated::Stats>()?;
    module.add_class::<generated::Timings>()?;
    module.add_class::<multipart::Multipart>()?;
    module.add_class::<prepared::Prepared>()?;
    module.add_class::<response::Response>()?;
    module.add_class::<timeout::Timeout>()?;
    module.add_class::<tls_info::Certificate>()?;
    module.add_class::<tls_info::TlsInfo>()?;
    module.add_class::<upgraded::AsyncUpgradedStream>()?;
    module.add_class::<upgraded::UpgradedStream>()?;
    module.add_function(wrap_pyfunction!(errors::error_table, module)?)?;
    response::at_once::add(module)?;
    module.add_function(wrap_pyfunction!(functions::delete, module)?)?;
    module.add_function(wrap_pyfunction!(functions::download, module)?)?;
    module.add_function(wrap_pyfunction!(functions::get, module)?)?;
    module.add_function(wrap_pyfunction!(functions::head, module)?)?;
    module.add_function(wrap_pyfunction!(functions::options, module)?)?;
    module.add_function(wrap_pyfunction!(functions::patch, module)?)?;
    module.add_function(wrap_pyfunction!(functions::post, module)?)?;
    module.add_function(wrap_pyfunction!(functions::put, module)?)?;
    module.add_function(wrap_pyfunction!(functions::request, module)?)?;
    module.add_function(wrap_pyfunction!(functions::stream, module)?)?;
    let at_exit = wrap_pyfunction!(_at_exit, module)?;
    module.py().import("atexit")?.call_method1("register", (at_exit,))?;
    watch_forks(module)?;
    let aio = module.py().import("libkeepalive._aio")?;
    aio.call_method1("install", (module,))?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("OPTIONS", generated::OPTION_ROWS.to_vec())
}
