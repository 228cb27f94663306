//! What the tests of the C ABI share: where the library is, how a C program is built and run, and
//! the origin they talk to.
#![allow(dead_code)] // each test program uses a part of it

pub mod modules;
pub mod peers;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use keepalive_origin::{Origin, OriginOptions};

/// The server that programs talk to.
pub fn origin() -> Origin {
    Origin::start(OriginOptions::default()).expect("the origin starts")
}

/// The source tree.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The shared library that cargo built beside this test program, or the one that KEEPALIVE_LIBRARY names.
pub fn library() -> PathBuf {
    if let Some(given) = given() {
        return given;
    }
    let program = std::env::current_exe().expect("this program has a path");
    let built = program.parent().expect("it is in a directory").join("libkeepalive.so");
    assert!(built.exists(), "{} was not built", built.display());
    built
}

fn given() -> Option<PathBuf> {
    std::env::var_os("KEEPALIVE_LIBRARY").map(PathBuf::from)
}

/// A directory of links to the library by the names under which it is linked and loaded.
fn library_dir() -> PathBuf {
    let dir = scratch().join("lib");
    std::fs::create_dir_all(&dir).expect("the target directory is writable");
    for name in ["libkeepalive.so", "libkeepalive.so.1"] {
        let link = dir.join(name);
        if std::fs::read_link(&link).ok() != Some(library()) {
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(library(), &link).expect("a link can be made");
        }
    }
    dir
}

/// This test program's own directory below target/: another one for each library, since two may run at once.
pub fn scratch() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let mut name = program.file_stem().expect("it has a name").to_owned();
    if given().is_some() {
        name.push(format!("-{}", sanitizer().map_or("given".to_string(), |(kind, _)| kind)));
    }
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

static COMPILED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// How a program is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Build {
    /// Part of the program's name.
    pub name: &'static str,
    pub compiler: &'static str,
    pub standard: &'static str,
    pub extra: &'static [&'static str],
}

pub const C99: Build = Build { name: "c99", compiler: "gcc", standard: "c99", extra: &[] };
pub const C11: Build = Build { name: "c11", compiler: "gcc", standard: "c11", extra: &[] };
pub const CXX17: Build = Build { name: "cxx17", compiler: "g++", standard: "c++17", extra: &[] };
pub const SANITIZED: Build = Build {
    name: "sanitized",
    compiler: "gcc",
    standard: "c11",
    extra: &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
};

/// What the library named by KEEPALIVE_LIBRARY is instrumented with. Its programs are too, and are
/// linked with the runtime of the same compiler.
pub fn sanitizer() -> Option<(String, String)> {
    let name = std::env::var("KEEPALIVE_SANITIZER").ok()?;
    let runtime = std::env::var("KEEPALIVE_SANITIZER_RUNTIME");
    Some((name, runtime.expect("KEEPALIVE_SANITIZER_RUNTIME: scripts/sanitize.sh sets it")))
}

/// The compiler for one C file, with the header, and every warning an error.
fn front_end(source: &Path, build: Build) -> Command {
    let language = if build.compiler.ends_with("++") { "c++" } else { "c" };
    let mut command = Command::new(build.compiler);
    command
        .args(["-x", language, &format!("-std={}", build.standard), "-pthread"])
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(build.extra)
        .arg("-I")
        .arg(root().join("include"))
        .arg(source);
    command
}

/// Whether the compiler takes one C file.
pub fn check(source: &Path, build: Build) {
    let output = run(front_end(source, build).arg("-fsyntax-only"), "gcc and g++");
    assert!(output.status.success(), "{} as {}: {}", source.display(), build.name, text(&output));
}

/// Compiles one C file against the header and the shared library, with every warning an error; once
/// in a test program, whoever asks first.
pub fn compile(source: &Path, build: Build) -> PathBuf {
    compile_with(source, build, [])
}

/// Compiles one C file like [`compile`], with `flags` of other libraries.
pub fn compile_with<'a>(
    source: &Path,
    build: Build,
    flags: impl IntoIterator<Item = &'a str>,
) -> PathBuf {
    let flags: Vec<&str> = flags.into_iter().collect();
    // Tests and examples share names, so the directory is part of the program's.
    let names = source.iter().rev().take(2).map(|name| name.to_string_lossy());
    let name = names.collect::<Vec<_>>().join("-of-").replace('.', "-");
    let mut compiled = COMPILED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let dir = library_dir();
    let program = scratch().join(format!("{name}-{}", build.name));
    if !compiled.insert(program.clone()) {
        return program;
    }
    let object = program.with_extension("o");
    let mut command = front_end(source, build);
    command
        .arg("-g")
        .args(sanitizer().map(|(name, _)| format!("-fsanitize={name}")))
        .args(flags.iter().filter(|flag| !flag.starts_with("-l")))
        .arg("-c")
        .arg("-o")
        .arg(&object);
    let output = run(&mut command, "gcc and g++");
    assert!(output.status.success(), "{}: {}", source.display(), text(&output));
    let mut command = Command::new(build.compiler);
    command.arg("-pthread").args(build.extra).arg(&object).arg("-o").arg(&program);
    if let Some((_, runtime)) = sanitizer() {
        command.args(["-Wl,--whole-archive", &runtime, "-Wl,--no-whole-archive"]).args([
            "-Wl,--export-dynamic",
            "-ldl",
            "-lrt",
            "-lm",
            "-lresolv",
        ]);
    }
    command
        .arg("-L")
        .arg(&dir)
        .arg("-lkeepalive")
        .args(&flags)
        // RPATH rather than RUNPATH: cargo's LD_LIBRARY_PATH has target/debug, where an older one may be.
        .arg(format!("-Wl,--disable-new-dtags,-rpath,{}", dir.display()));
    let output = run(&mut command, "gcc and g++");
    assert!(output.status.success(), "{}: {}", source.display(), text(&output));
    program
}

/// Runs a command to its end; `package` is what to install when it is missing.
pub fn run(command: &mut Command, package: &str) -> Output {
    let name = command.get_program().to_os_string();
    command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{name:?}: {error}; install the package {package}"))
}

/// What a program said.
pub fn text(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The C files of a directory, sorted.
pub fn c_files(dir: &str) -> Vec<PathBuf> {
    files(&root().join(dir), "c")
}

/// The files of a directory that end in `.extension`, sorted.
pub fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{dir:?}: {error}"));
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the directory can be listed").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{dir:?} has no .{extension} file");
    found
}
