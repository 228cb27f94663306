"""The functions of the module."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, assert_type

import libkeepalive
from libkeepalive import Response, Saved


def right_each_method_returns_a_response() -> None:
    assert_type(libkeepalive.get("http://h/"), Response)
    assert_type(libkeepalive.head("http://h/"), Response)
    assert_type(libkeepalive.options("http://h/"), Response)
    assert_type(libkeepalive.post("http://h/", json={"a": [1, None]}), Response)
    assert_type(libkeepalive.put("http://h/", b"data"), Response)
    assert_type(libkeepalive.patch("http://h/", data={"a": "1"}), Response)
    assert_type(libkeepalive.delete("http://h/", params={"a": 1}), Response)
    assert_type(libkeepalive.request("PURGE", "http://h/", timeout=2.5), Response)


def right_params_data_and_json_by_their_place() -> None:
    libkeepalive.get("http://h/", {"a": [1, 2]})
    libkeepalive.get("http://h/", "a=1")
    libkeepalive.post("http://h/", {"a": "1"}, {"b": 2})


def right_a_stream_is_a_context_manager() -> None:
    with libkeepalive.stream("GET", "http://h/", headers={"a": "b"}) as response:
        assert_type(response, Response)


def right_download_to_a_path_a_descriptor_or_an_object() -> None:
    assert_type(libkeepalive.download("http://h/", "file").saved, Saved | None)
    libkeepalive.download("http://h/", Path("file"), resume=True, fsync=True, method="POST", json=1)
    libkeepalive.download("http://h/", 3, progress=True)
    libkeepalive.download("http://h/", io.BytesIO(), progress=lambda progress: print(progress.rate))


def right_the_version_and_the_options() -> None:
    assert_type(libkeepalive.__version__, str)
    assert_type(libkeepalive.OPTIONS, list[tuple[str, str, str, str]])


def right_the_statuses_by_name() -> None:
    number: int = libkeepalive.codes.NOT_FOUND
    assert_type(libkeepalive.codes.is_error(number), bool)
    assert_type(libkeepalive.codes(404).phrase, str)
    print(libkeepalive.codes.not_found == number)


def wrong_url() -> None:
    libkeepalive.get(7)  # error: arg-type / reportArgumentType
    libkeepalive.get(Path("/a"))  # error: arg-type / reportArgumentType
    libkeepalive.get()  # error: call-arg / reportCallIssue


def wrong_name_of_an_argument() -> None:
    libkeepalive.get("http://h/", tiemout=3)  # error: call-arg / reportCallIssue
    libkeepalive.post("http://h/", body=b"")  # error: call-arg / reportCallIssue
    libkeepalive.download("http://h/", "file", resum=True)  # error: call-arg / reportCallIssue


def wrong_argument_of_another_function() -> None:
    libkeepalive.get("http://h/", retries=3)  # error: call-arg / reportCallIssue
    libkeepalive.get("http://h/", resume=True)  # error: call-arg / reportCallIssue


def wrong_name_in_the_module() -> None:
    libkeepalive.gett("http://h/")  # error: attr-defined / reportAttributeAccessIssue
    libkeepalive.Clinet()  # error: attr-defined / reportAttributeAccessIssue
    print(libkeepalive.codes.NOT_FUOND)  # error: attr-defined / reportAttributeAccessIssue


def wrong_download_without_a_place() -> None:
    libkeepalive.download("http://h/")  # error: call-arg / reportCallIssue
    libkeepalive.download("http://h/", None)  # error: arg-type / reportArgumentType
    libkeepalive.download("http://h/", [])  # error: arg-type / reportArgumentType


def wrong_use_of_a_stream() -> None:
    libkeepalive.stream("GET", "http://h/").read()  # error: attr-defined / reportAttributeAccessIssue
    for _ in libkeepalive.stream("GET", "http://h/"):  # error: attr-defined / reportGeneralTypeIssues
        pass


def right_json_is_what_the_program_says_it_is() -> dict[str, Any]:
    found: dict[str, Any] = libkeepalive.get("http://h/").json()
    return found
