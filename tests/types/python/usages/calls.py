"""What a program hands to a client: ``auth``, hooks, transports, tests; and errors and counters."""

from __future__ import annotations

import pickle
import re
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any, assert_type

import libkeepalive
from libkeepalive import (
    Auth,
    BasicAuth,
    BearerAuth,
    Client,
    AsyncClient,
    DigestAuth,
    Info,
    NetRCAuth,
    OriginStats,
    Request,
    RequestInfo,
    Response,
    Stats,
)
from libkeepalive.testing import (
    ASGITransport,
    Answer,
    Call,
    MockTransport,
    Origin,
    Received,
    Route,
    WSGITransport,
)

client = Client()


class Token(Auth):
    requires_response_body = True

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        request.headers["Authorization"] = "Bearer a"
        response = yield request
        assert_type(response, Response)


def signs(request: Request) -> Request:
    request.headers["X-Signature"] = request.url
    return request


def right_auth() -> None:
    client.get("/", auth=("user", b"password"))
    client.get("/", auth=BasicAuth("user", "password"))
    client.get("/", auth=BearerAuth("token"))
    client.get("/", auth=DigestAuth(b"user", "password"))
    client.get("/", auth=NetRCAuth())
    client.get("/", auth=Token())
    client.get("/", auth=signs)
    client.get("/", auth=None)
    client.send(Request("GET", "http://h/"), auth=libkeepalive.USE_CLIENT_DEFAULT)


def right_hooks() -> None:
    def asked(request: Request) -> None:
        request.headers["a"] = "b"

    Client(event_hooks={"request": [asked], "response": [lambda response: response.raise_for_status()]})
    client.event_hooks["response"].append(print)
    client.event_hooks = {"request": [asked]}
    client.event_hooks = Client().event_hooks


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"a"]


async def asgi(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    await send({"type": "http.response.start", "status": 200})


def right_transports() -> None:
    Client(transport=lambda request: Response(200, text=request.url))
    Client(transport=wsgi)
    Client(transport=WSGITransport(wsgi, raise_app_exceptions=False, script_name="/app"))
    Client(transport=MockTransport())
    AsyncClient(transport=asgi)
    AsyncClient(transport=ASGITransport(asgi, root_path="/app"))
    AsyncClient(transport=wsgi)
    AsyncClient(transport=MockTransport(lambda request: Response(200)))


def right_a_mock() -> None:
    with MockTransport() as mock:
        route = mock.get("https://h/users/*", headers={"a": "b"})
        assert_type(route, Route)
        route.respond(json={"a": 1}).respond(404, text="gone").reply(libkeepalive.ReadTimeout("late"))
        mock.route("POST", re.compile("login$")).reply(lambda request: Response(200, text=request.method))
        mock.post("/login").reply(Response(401))
        assert_type(route.calls, list[Call])
        assert_type(route.calls[0].request, Request)
        assert_type(mock.calls[0].response, Response | None)
        assert_type(route.called, bool)
        assert_type(route.call_count, int)
        mock.assert_all_called()
        mock.reset()


def right_a_mock_of_a_task() -> None:
    async def handler(request: Request) -> Response:
        return Response(200, content=await request.aread())

    AsyncClient(transport=MockTransport(handler, assert_all_called=False))


def right_an_origin() -> None:
    def answers(received: Received) -> Answer:
        return Answer(200, received.body, {"a": received.header("a") or ""})

    with Origin(Answer(503), answers) as origin:
        assert_type(origin, Origin)
        assert_type(origin.url, str)
        assert_type(origin.port, int)
        assert_type(origin.connections, int)
        assert_type(origin.requests, list[Received])
        origin.script(Answer(body="text", delay=0.5, reset=True)).route("/a", answers)
        origin.wait_for(3, timeout=5)
        origin.drop_connections(reset=True)


def right_fixtures(keepalive_mock: MockTransport, keepalive_origin: Origin) -> None:
    keepalive_mock.get(keepalive_origin.url)


def right_errors() -> None:
    try:
        client.get("/").raise_for_status()
    except libkeepalive.HTTPStatusError as error:
        assert_type(error.response, Response)
    except libkeepalive.ConnectTimeout as error:
        assert_type(error.kind, str)
        assert_type(error.phase, str)
        assert_type(error.reused, bool)
        assert_type(error.retry_safe, bool)
        assert_type(error.errno, int | None)
        assert_type(error.request, RequestInfo | None)
        assert_type(error.info, Info | None)
        assert_type(error.partial_body, bytes | None)
        print(pickle.dumps(error))
    except (libkeepalive.HTTPError, libkeepalive.InvalidURL) as error:
        assert_type(error.code, str)


def right_errors_are_python_s_too() -> None:
    timeout: TimeoutError = libkeepalive.ReadTimeout("late")
    broken: ConnectionError = libkeepalive.ReadError("broken")
    mistake: ValueError = libkeepalive.InvalidURL("wrong")
    root: libkeepalive.HTTPError = libkeepalive.SSLError("wrong")
    print(timeout, broken, mistake, root)


def right_stats() -> None:
    stats = client.stats()
    assert_type(stats, Stats)
    assert_type(stats.opened, int)
    assert_type(stats.closed, dict[str, int])
    assert_type(stats.origins, list[OriginStats])
    assert_type(stats.origins[0].addresses, list[str])
    assert_type(stats.origins[0].idle_limit, float | None)
    assert_type(stats.as_dict(), dict[str, Any])


def right_patching() -> None:
    assert_type(libkeepalive.patch_all(aiohttp=False), list[str])
    assert_type(libkeepalive.unpatch_all(), list[str])


def wrong_auth() -> None:
    client.get("/", auth="user:password")  # error: arg-type / reportArgumentType
    client.get("/", auth=("user",))  # error: arg-type / reportArgumentType
    client.get("/", auth=BasicAuth)  # error: arg-type / reportArgumentType
    BasicAuth("user")  # error: call-arg / reportCallIssue
    BearerAuth(b"token")  # error: arg-type / reportArgumentType
    client.auth = "user:password"  # error: assignment / reportAttributeAccessIssue


def wrong_flow() -> None:
    class Wrong(Auth):
        def auth_flow(self, request: Request) -> Request:  # error: override / reportIncompatibleMethodOverride
            return request

    print(Wrong)


def wrong_hooks() -> None:
    Client(event_hooks={"requests": [print]})  # error: arg-type / reportArgumentType
    Client(event_hooks={"request": print})  # error: arg-type / reportArgumentType
    Client(event_hooks=[print])  # error: arg-type / reportArgumentType


def wrong_transports() -> None:
    async def answer(request: Request) -> Response:
        return Response(200)

    Client(transport=answer)  # error: arg-type / reportArgumentType
    Client(transport=asgi)  # error: arg-type / reportArgumentType
    Client(transport=lambda request: "text")  # error: arg-type / reportArgumentType
    Client(transport=7)  # error: arg-type / reportArgumentType
    WSGITransport(asgi)  # error: arg-type / reportArgumentType
    ASGITransport(wsgi)  # error: arg-type / reportArgumentType


def wrong_mock() -> None:
    mock = MockTransport()
    mock.get(7)  # error: arg-type / reportArgumentType
    mock.get("/", haeders={})  # error: call-arg / reportCallIssue
    mock.get("/").respond("200")  # error: arg-type / reportArgumentType
    mock.get("/").respond(jsn={})  # error: call-arg / reportCallIssue
    mock.get("/").reply(200)  # error: arg-type / reportArgumentType
    mock.get("/").reply(libkeepalive.ReadTimeout)  # error: arg-type / reportArgumentType


def wrong_origin() -> None:
    Origin(200)  # error: arg-type / reportArgumentType
    Origin(Answer(body=7))  # error: arg-type / reportArgumentType
    Answer(200, delya=1)  # error: call-arg / reportCallIssue
    Answer().status = 404  # error: misc / reportAttributeAccessIssue


def wrong_errors(error: libkeepalive.HTTPError) -> None:
    print(error.status_code)  # error: attr-defined / reportAttributeAccessIssue
    print(libkeepalive.ConnectionError)  # error: attr-defined / reportAttributeAccessIssue
    libkeepalive.patch_all(djnago=True)  # error: call-arg / reportCallIssue
    libkeepalive.patch_all(["requests"])  # error: arg-type,call-arg / reportCallIssue
