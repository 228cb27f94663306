"""What to say about an argument that nobody knows: the name that was meant, or what there is instead."""

from __future__ import annotations

from collections.abc import Sequence

_BODY = "content=, data=, json= or files="
_STREAM = "use client.stream(method, url) as a context manager"
_RETRIES = "give retries= to Client(...)"
_PROXY = 'proxy=, a URL or patterns: proxy={"https://": "http://host:3128"}'
_CERT = "give verify= to Client(...)"

#: What requests, httpx, aiohttp and urllib3 call things that are spelled or done otherwise here.
_ELSEWHERE = {
    "max_redirects": "give max_redirects= to Client(...)",
    "preload_content": _STREAM,
    "cookie_jar": "did you mean cookies?",
    "proxies": _PROXY,
    "mounts": _PROXY,
    "proxy_auth": 'it stands in the URL: proxy="http://user:password@host"',
    "proxy_basic_auth": 'it stands in the URL: proxy="http://user:password@host"',
    "uds": "unix_socket=",
    "socket_path": "unix_socket=",
    "source_address": "local_address=",
    "local_addr": "local_address=",
    "verify": _CERT,
    "verify_ssl": _CERT,
    "ssl": _CERT,
    "ssl_context": _CERT,
    "ca_certs": _CERT,
    "assert_hostname": "give tls_verify_host=False to Client(...)",
    "check_hostname": "give tls_verify_host=False to Client(...)",
    "server_hostname": "give tls_server_name= to Client(...)",
    "assert_fingerprint": "give tls_pins= to Client(...)",
    "cert_reqs": "give verify=False to Client(...), or better its CA file",
    "cert": "give cert= to Client(...)",
    "connector": "give the limits to the client: max_per_host=, max_total=",
    "limits": "max_per_host=, max_total=, idle_timeout=",
    "pool_connections": "max_total=",
    "pool_maxsize": "max_per_host=",
    "maxsize": "max_per_host=",
    "limit": "max_total=",
    "limit_per_host": "max_per_host=",
    "max_connections": "max_total=",
    "max_keepalive_connections": "max_per_host=; idle connections are kept as long as they are good",
    "keepalive_expiry": "idle_timeout=",
    "keepalive_timeout": "idle_timeout=",
    "max_retries": _RETRIES,
    "retry": _RETRIES,
    "retries": _RETRIES,
    "http1": "it is always HTTP/1.1",
    "http2": "only HTTP/1.1 is spoken",
    "app": "give transport=app to Client(...)",
    "hooks": 'give event_hooks={"response": [...]} to Client(...)',
    "allow_redirect": "on_redirect=",
    "body": _BODY,
    "fields": "params=, data= or files=",
    "query": "params=",
    "form": "data=",
    "bearer": "auth=libkeepalive.BearerAuth(token)",
    "raise_for_status": "call response.raise_for_status()",
    "connect_timeout": "timeout=libkeepalive.Timeout(connect=...)",
    "read_timeout": "timeout=libkeepalive.Timeout(read=...)",
    "total_timeout": "timeout=libkeepalive.Timeout(total=...)",
    "session": "use the methods of a Client",
}  # fmt: skip


def unknown(what: str, name: str, known: Sequence[str], of_client: Sequence[str]) -> str:
    """The text of a ``TypeError``; ``what`` is ``argument`` or ``option``."""
    from difflib import get_close_matches

    text = f"unknown {what} {name}"
    plain = name.lower().replace("-", "_")
    if plain in known:
        return f"{text}; did you mean {plain}?"
    if hint := _ELSEWHERE.get(plain):
        return f"{text}; here: {hint}"
    if plain in of_client:
        return f"{text}; it is an option of the client: Client({plain}=...)"
    for close in get_close_matches(plain, [*known, *of_client], 1):
        if close in known:
            return f"{text}; did you mean {close}?"
        return f"{text}; did you mean the client's option {close}? Client({close}=...)"
    return f"{text}; accepted are {', '.join(sorted(known))}"
