//! Names the shared library: SONAME, and the link beside it.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The ABI's major version: part of the SONAME, raised only when an old program would break.
const SONAME: &str = "libkeepalive.so.1";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");

    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        name_library(&out);
    }
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
