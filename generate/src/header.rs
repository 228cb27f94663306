//! `include/keepalive.h`: what cbindgen makes of `ffi/`.

use std::path::Path;

use crate::{Output, Result};

/// In the order in which the header presents them.
const SOURCES: &[&str] = &[
    "generated/status",
    "status",
    "error",
    "slice",
    "convert",
    "generated/options",
    "options",
    "generated/stats",
    "stats",
    "client",
    "socket",
    "reader",
    "upload",
    "verifier",
    "request",
    "multipart",
    "cookies",
    "progress",
    "response",
    "redirect",
    "hooks",
    "tls",
    "response_tls",
    "event",
    "queue",
    "submit",
    "cancellable",
    "download",
    "stream",
];

pub fn output(root: &Path) -> Result<Output> {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    let mut builder = cbindgen::Builder::new().with_config(config).with_after_include(macros());
    for source in SOURCES {
        builder = builder.with_src(root.join("ffi").join(source).with_extension("rs"));
    }
    let mut header = Vec::new();
    let bindings = builder.generate().map_err(|error| format!("ffi: {error}"))?;
    bindings.write(&mut header);
    let text = String::from_utf8(header).map_err(|error| error.to_string())?;
    Ok(Output { path: "include/keepalive.h", text })
}

/// The package version is the only source of the version macros.
fn macros() -> String {
    let (version, major, minor, patch) = (
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_VERSION_MAJOR"),
        env!("CARGO_PKG_VERSION_MINOR"),
        env!("CARGO_PKG_VERSION_PATCH"),
    );
    format!(
        r#"
/* The version of this header; ka_version() is the version of the library that runs. */
#define KA_VERSION "{version}"
#define KA_VERSION_MAJOR {major}
#define KA_VERSION_MINOR {minor}
#define KA_VERSION_PATCH {patch}
#define KA_VERSION_NUMBER ((KA_VERSION_MAJOR << 16) | (KA_VERSION_MINOR << 8) | KA_VERSION_PATCH)

#ifndef KA_API
#  define KA_API extern
#endif

/* A ka_str of a literal: ka_request_new_str(KA_STR("GET"), url, &request, &error). */
#ifdef __cplusplus
#  define KA_STR(literal) (ka_str{{literal, sizeof(literal) - 1}})
#else
#  define KA_STR(literal) ((ka_str){{literal, sizeof(literal) - 1}})
#endif"#
    )
}
