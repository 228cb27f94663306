//! Where downloads are written to: permissions, links, devices, pipes, and what cannot be written to; by both
//! waits.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::common::download::*;
use crate::common::*;
use keepalive_core::*;

#[test]
fn permissions_are_those_of_a_file_that_is_opened_to_be_written() {
    let origin = origin();
    let (dir, client) = (Dir::new(), client(|_| {}));
    let request = get_request(&format!("{}/ok", origin.http()));
    fs::File::create(dir.path("plain")).expect("writable");
    let plain = fs::metadata(dir.path("plain")).expect("it is there").mode();
    let get = |name: &str| {
        let to = Download::to_path(dir.path(name));
        download(&client, &request, to, true).expect("saved");
        fs::metadata(dir.path(name)).expect("it is there").mode()
    };
    assert_eq!(get("new"), plain);
    fs::set_permissions(dir.path("plain"), fs::Permissions::from_mode(0o640)).expect("mine");
    assert_eq!(get("plain") & 0o777, 0o640);
    // A link stays a link.
    symlink("plain", dir.path("link")).expect("a link");
    symlink("nowhere", dir.path("dangling")).expect("a link");
    get("link");
    get("dangling");
    assert_eq!(fs::read(dir.path("plain")).expect("it is there"), b"ok");
    assert_eq!(fs::read(dir.path("nowhere")).expect("it is there"), b"ok");
    assert!(fs::symlink_metadata(dir.path("link")).expect("it is there").is_symlink());
}

#[test]
fn where_nothing_can_be_written_nothing_is_sent() {
    let server = Server::new(|_, _| all(TAG, BODY, 20));
    let (dir, client) = (Dir::new(), client(|_| {}));
    for resume in [true, false] {
        for (path, kind, os) in [
            (dir.0.clone(), ErrorKind::FileFailed, Some(21)),
            (dir.path("no/such/file"), ErrorKind::FileFailed, Some(2)),
            (PathBuf::from("/proc/version"), ErrorKind::FileFailed, Some(13)),
            (PathBuf::from(""), ErrorKind::InvalidArgument, None),
        ] {
            if path == Path::new("/proc/version") && rustix_is_root() {
                continue;
            }
            for blocking in [true, false] {
                let to = Download::to_path(&path).resume(resume);
                let error = failure(download(&client, &get_request(&server.url), to, blocking));
                assert_eq!((error.kind(), error.os_errno()), (kind, os), "{error}");
                assert!(error.message().contains(&path.display().to_string()), "{error}");
            }
        }
    }
    assert!(server.heads().is_empty());
}

/// Root may write to everything.
fn rustix_is_root() -> bool {
    fs::metadata("/proc/self").expect("it is there").uid() == 0
}

#[test]
fn a_disk_that_is_full_is_an_error_and_its_connection_is_closed() {
    let origin = origin();
    for blocking in [true, false] {
        let client = client(|_| {});
        let request = get_request(&format!("{}/bytes/3000000", origin.http()));
        let error = download(&client, &request, Download::to_path("/dev/full"), blocking);
        let error = failure(error);
        assert_eq!((error.kind(), error.os_errno()), (ErrorKind::FileFailed, Some(28)), "{error}");
        settled(&client);
        assert_eq!(client.stats().idle, 0);
    }
}

#[test]
fn a_directory_that_vanishes_is_an_error() {
    let origin = origin();
    let (dir, client) = (Dir::new(), client(|_| {}));
    fs::create_dir(dir.path("inner")).expect("writable");
    let gated = get_request(&format!("{}/gate-body/gone?n=10&sent=5", origin.http()));
    let queue = Queue::new(|| {});
    let to = Download::to_path(dir.path("inner/file"));
    client.submit_download(gated, to, &queue, 7).expect("started");
    assert!(origin.wait_at_gate("gone", 1, HANG));
    fs::remove_dir_all(dir.path("inner")).expect("mine");
    assert!(origin.open_gate("gone", HANG));
    let error = failure(response(next(&queue)));
    assert_eq!((error.kind(), error.os_errno()), (ErrorKind::FileFailed, Some(2)), "{error}");
}

#[test]
fn a_cancelled_download_leaves_nothing_behind() {
    let origin = origin();
    let (dir, client) = (Dir::new(), client(|_| {}));
    let gated = get_request(&format!("{}/gate-body/cancel?n=10&sent=5", origin.http()));
    let queue = Queue::new(|| {});
    let to = Download::to_path(dir.path("file"));
    let call = client.submit_download(gated, to, &queue, 7).expect("started");
    assert!(origin.wait_at_gate("cancel", 1, HANG));
    call.cancel();
    assert_eq!(failure(response(next(&queue))).kind(), ErrorKind::Cancelled);
    assert!(within(HANG, || dir.names().is_empty()), "{:?}", dir.names());
}

#[test]
fn an_open_file_is_written_in_place_from_where_it_stands() {
    use std::io::{Read, Seek, SeekFrom};
    let server = Server::new(|number, _| match number {
        0 => all(TAG, b"longer than what comes afterwards", 9),
        _ => all("ETag: \"two\"\r\n", BODY, 20),
    });
    let (dir, client) = (Dir::new(), client(|_| {}));
    let mut file = fs::File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(dir.path("file"))
        .expect("writable");
    file.write_all(b"before").expect("writable");
    let own = file.try_clone().expect("a handle");
    let response = download(&client, &get_request(&server.url), Download::to_file(own), false);
    assert_eq!(saved(&response.expect("saved")).bytes, 20);
    file.seek(SeekFrom::Start(0)).expect("a file");
    let mut all = Vec::new();
    file.read_to_end(&mut all).expect("readable");
    assert_eq!(all, [b"before", BODY].concat());
}

#[test]
fn a_pipe_is_written_on_but_never_anew() {
    use std::io::Read;
    for (second, whole) in
        [(rest(TAG, BODY, 5, 15), true), (all("ETag: \"two\"\r\n", BODY, 20), false)]
    {
        let server = Server::new(move |number, _| match number {
            0 => all(TAG, BODY, 5),
            _ => second.clone(),
        });
        let client = client(|_| {});
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let to = Download::to_file(fs::File::from(std::os::fd::OwnedFd::from(writer)));
        let result = download(&client, &get_request(&server.url), to, true);
        let mut came = Vec::new();
        reader.read_to_end(&mut came).expect("readable");
        match whole {
            true => assert_eq!((saved(&result.expect("saved")).bytes, &*came), (20, BODY)),
            false => {
                let error = failure(result);
                assert_eq!((error.kind(), &*came), (ErrorKind::FileFailed, &BODY[..5]), "{error}");
            }
        }
    }
}
