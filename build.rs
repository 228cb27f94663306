//! Names the shared library (SONAME and the link beside it) and generates the C header. The header
//! goes to OUT_DIR, where `tests/header.rs` compares it with the committed `include/keepalive.h`;
//! the source tree is written only when asked (KEEPALIVE_UPDATE_HEADER=1) or when it has no header.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The ABI's major version: part of the SONAME, raised only when an old program would break.
const SONAME: &str = "libkeepalive.so.1";

/// In the order in which the header presents them.
const SOURCES: [&str; 12] = [
    "status", "error", "slice", "options", "stats", "client", "reader", "request", "response",
    "event", "queue", "submit",
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    println!("cargo:rerun-if-changed=ffi");
    println!("cargo:rerun-if-changed=include/keepalive.h");
    println!("cargo:rerun-if-env-changed=KEEPALIVE_UPDATE_HEADER");

    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        name_library(&out);
    }
    write_header(&root, &out);
}

/// Programs that link `-Ltarget/debug -lkeepalive` look for the SONAME at run time, so it is beside
/// the library. The engine's threads run its code for the life of the process: never unloaded.
fn name_library(out: &Path) {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{SONAME}");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // OUT_DIR is <target>/<profile>/build/<package>/out.
    #[cfg(unix)]
    if let Some(profile) = out.ancestors().nth(3) {
        let link = profile.join(SONAME);
        if fs::symlink_metadata(&link).is_err()
            && let Err(error) = std::os::unix::fs::symlink("libkeepalive.so", &link)
        {
            println!("cargo:warning={}: {error}", link.display());
        }
    }
}

fn write_header(root: &Path, out: &Path) {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config).with_after_include(macros());
    for source in SOURCES {
        builder = builder.with_src(root.join("ffi").join(source).with_extension("rs"));
    }
    let mut header = Vec::new();
    builder.generate().expect("cbindgen reads ffi/").write(&mut header);
    fs::write(out.join("keepalive.h"), &header).expect("OUT_DIR is writable");

    let committed = root.join("include/keepalive.h");
    let update = env::var("KEEPALIVE_UPDATE_HEADER").as_deref() == Ok("1") || !committed.exists();
    let stale = fs::read(&committed).ok().as_deref() != Some(&header);
    if update && stale {
        // A read-only source tree is no reason to fail a build.
        let written =
            fs::create_dir_all(root.join("include")).and_then(|()| fs::write(&committed, &header));
        if let Err(error) = written {
            println!("cargo:warning={}: {error}", committed.display());
        }
    }
}

/// The package version is the only source of the version macros.
fn macros() -> String {
    let part = |name: &str| env::var(name).expect("set by cargo");
    let (version, major, minor, patch) = (
        part("CARGO_PKG_VERSION"),
        part("CARGO_PKG_VERSION_MAJOR"),
        part("CARGO_PKG_VERSION_MINOR"),
        part("CARGO_PKG_VERSION_PATCH"),
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
