"""What goes wrong with the adapter is the exception that the host raises without it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from httpx_hosts import both_hosts, both_loops, run

Mistake = Callable[[Any, Any, Any], Any]


def limits(client: Any, module: Any, url: str, **named: float) -> Any:
    return client.get(url, timeout=module.Timeout(None, **named))


def endless() -> Any:
    yield b"x" * 10


MISTAKES: dict[str, Mistake] = {
    "a scheme that is not spoken": lambda c, m, o: c.get("ftp://127.0.0.1/"),
    "no scheme": lambda c, m, o: c.get("/ok"),
    "no host": lambda c, m, o: c.get("http:///ok"),
    "a port that is none": lambda c, m, o: c.get("http://127.0.0.1:99999/"),
    "an URL that is none": lambda c, m, o: c.get("http://a b/"),
    "a name that nobody has": lambda c, m, o: c.get("http://nobody.invalid/"),
    "a port where nobody listens": lambda c, m, o: c.get("http://127.0.0.1:1/"),
    "a line break in a field": lambda c, m, o: c.get(o.http + "/ok", headers={"X-A": "a\r\nb: c"}),
    "a NUL in a field": lambda c, m, o: c.get(o.http + "/ok", headers={"X-A": "a\0b"}),
    "a blank in the name of a field": lambda c, m, o: c.get(o.http + "/ok", headers={"X A": "b"}),
    "an empty name of a field": lambda c, m, o: c.get(o.http + "/ok", headers={"": "b"}),
    "a value of another type": lambda c, m, o: c.get(o.http + "/ok", headers={"X-A": 7}),
    "a method that is no token": lambda c, m, o: c.request("G T", o.http + "/ok"),
    "a length that is no number": lambda c, m, o: c.post(
        o.http + "/echo", content=endless(), headers={"Content-Length": "x"}
    ),
    "a coding that is not spoken": lambda c, m, o: c.post(
        o.http + "/echo", content=b"abc", headers={"Transfer-Encoding": "gzip"}
    ),
    "content that is no bytes": lambda c, m, o: c.post(o.http + "/echo", content=7),
    "pieces that are no bytes": lambda c, m, o: c.post(o.http + "/echo", content=iter([7])),
    "a target that is none": lambda c, m, o: c.get(
        o.http + "/ok", extensions={"target": b"/a b"}
    ),
    "no answer in time": lambda c, m, o: limits(c, m, o.http + "/stall", read=0.05),
    "no body in time": lambda c, m, o: limits(c, m, o.http + "/stall-body?n=9&sent=3", read=0.05),
    "an untrusted server": lambda c, m, o: c.get(o.https + "/ok"),
    "http to a port of TLS": lambda c, m, o: c.get(o.https.replace("https", "http") + "/ok"),
    "TLS to a port of http": lambda c, m, o: c.get(o.http.replace("http", "https") + "/ok"),
    "closed without an answer": lambda c, m, o: c.post(o.http + "/close"),
    "reset without an answer": lambda c, m, o: c.post(o.http + "/reset"),
    "a head that is cut off": lambda c, m, o: c.get(o.http + "/wire/truncated_in_field"),
    "a body that is cut off": lambda c, m, o: c.get(o.http + "/wire/truncated_content_length"),
    "chunks without an end": lambda c, m, o: c.get(
        o.http + "/wire/truncated_chunked_no_last_chunk"
    ),
    "a body that does not decode": lambda c, m, o: c.get(o.http + "/gzip?bad=1"),
    "too many redirects": lambda c, m, o: c.get(
        o.http + "/redirect/302?n=30", follow_redirects=True
    ),
    "a status that is refused": lambda c, m, o: c.get(o.http + "/status/500").raise_for_status(),
    "a stream that is read twice": lambda c, m, o: twice(c, o),
    "a stream that is read late": lambda c, m, o: late(c, o),
    "a closed client": lambda c, m, o: closed(c, o),
}


def twice(client: Any, origin: Any) -> None:
    with client.stream("GET", origin.http + "/ok") as response:
        list(response.iter_raw())
        list(response.iter_raw())


def late(client: Any, origin: Any) -> None:
    with client.stream("GET", origin.http + "/ok") as response:
        pass
    response.read()


def closed(client: Any, origin: Any) -> None:
    client.close()
    client.get(origin.http + "/ok")


def raised(client: Any, module: Any, origin: Any, mistake: Mistake) -> BaseException:
    with client, pytest.raises(Exception) as caught:
        mistake(client, module, origin)
    return caught.value


@both_hosts
@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_the_hosts_own_error(host, what: str, origin) -> None:
    module, mistake = host.module, MISTAKES[what]
    theirs = raised(module.Client(trust_env=False), module, origin, mistake)
    ours = raised(host.client(), module, origin, mistake)
    assert type(ours) is type(theirs), (ours, theirs)
    if isinstance(theirs, module.RequestError):
        assert ours.request.method == theirs.request.method
        assert ours.request.url == theirs.request.url
        assert str(ours)


# Of the hosts' own generators.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@both_hosts
@both_loops
def test_the_same_on_a_loop(host, loop, origin) -> None:
    module = host.module

    async def of(client: Any, path: str, **arguments: Any) -> type[BaseException]:
        async with client:
            with pytest.raises(Exception) as caught:
                await client.get(path if "://" in path else origin.http + path, **arguments)
            assert caught.value.request.url
            return caught.type

    async def work() -> None:
        brief = module.Timeout(None, read=0.05)
        for path, arguments in [
            ("ftp://127.0.0.1/", {}),
            ("http://nobody.invalid/", {}),
            ("http://127.0.0.1:1/", {}),
            ("/ok", {"headers": {"X-A": "a\r\nb: c"}}),
            ("/stall", {"timeout": brief}),
            ("/stall-body?n=9&sent=3", {"timeout": brief}),
            ("/gzip?bad=1", {}),
            ("/wire/truncated_content_length", {}),
            (origin.https + "/ok", {}),
        ]:
            theirs = await of(module.AsyncClient(trust_env=False), path, **arguments)
            assert await of(host.aclient(), path, **arguments) is theirs, path

    run(loop, work)


@both_hosts
@pytest.mark.parametrize("length", [3, 30])
def test_a_body_of_another_length_than_it_says(host, length: int, origin) -> None:
    # The host lets an exception of the parser below through, which is none of its own.
    with host.client() as client, pytest.raises(host.module.LocalProtocolError):
        client.post(
            origin.http + "/echo", content=endless(), headers={"Content-Length": str(length)}
        )


@both_hosts
def test_without_a_client_the_request_is_set_too(host, origin) -> None:
    transport = host.adapter.Transport()
    request = host.module.Request("GET", "http://127.0.0.1:1/")
    with pytest.raises(host.module.ConnectError) as caught:
        transport.handle_request(request)
    assert caught.value.request is request
    cause = caught.value.__cause__
    assert (cause.kind, cause.sent) == ("ConnectFailed", "nothing")


@both_hosts
def test_a_failed_connection_is_tried_again(host, origin, monkeypatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    with host.client(transport={"retries": 3}) as client:
        with pytest.raises(host.module.ConnectError):
            client.get("http://127.0.0.1:1/")
        assert waits == [0, 0.5, 1]
        with pytest.raises(host.module.RemoteProtocolError):
            client.post(origin.http + "/close")
        assert len(waits) == 3
