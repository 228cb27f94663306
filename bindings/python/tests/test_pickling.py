"""Clients that are pickled and copied: their options travel, and in one process equal ones have one pool."""

from __future__ import annotations

import asyncio
import copy
import gc
import multiprocessing
import os
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor

import pytest

import libkeepalive
from libkeepalive import AsyncClient, Client
from libkeepalive import _pickling as pickling


@pytest.fixture(autouse=True)
def nothing_kept():
    pickling._kept.clear()
    gc.collect()
    yield
    pickling._kept.clear()


def connection(client: Client, url: str) -> int:
    number: int = client.get(url).json()["connection"]
    return number


def test_equal_clients_have_one_pool(origin):
    url = origin.http + "/echo"
    pickled = pickle.dumps(Client(trust_env=False, headers={"A": "b"}, max_total=7))
    first, second = pickle.loads(pickled), pickle.loads(pickled)
    assert first is not second and first.headers == second.headers
    found = connection(first, url)
    assert connection(second, url) == found
    assert first.stats().opened == second.stats().opened == 1

    async def work() -> int:
        client = pickle.loads(pickle.dumps(AsyncClient(trust_env=False, max_total=7)))
        assert type(client) is AsyncClient
        number: int = (await client.get(url)).json()["connection"]
        return number

    # Whatever the loop, the form and what each sends.
    assert {asyncio.run(work()), asyncio.run(work())} == {found}
    # Not where the engine is told something else.
    other = pickle.loads(pickle.dumps(Client(trust_env=False, max_total=8)))
    assert connection(other, url) != found


def test_what_is_not_the_pools_is_each_ones(origin):
    pickled = pickle.dumps(Client(trust_env=False))
    first, second = pickle.loads(pickled), pickle.loads(pickled)
    first.headers["X-Token"] = "1"
    first.auth = ("ann", "secret")
    first.cookies.set("n", "v", domain="127.0.0.1")
    first.get(origin.http + "/cookies?set=a%3Db")
    assert sorted(first.cookies) == ["a", "n"]
    answer = second.get(origin.http + "/echo").json()
    names = {name.lower() for name, _ in answer["headers"]}
    assert not names & {"x-token", "authorization", "cookie"} and not second.cookies


def test_closing_one_leaves_the_others(origin):
    url = origin.http + "/echo"
    pickled = pickle.dumps(Client(trust_env=False))
    with pickle.loads(pickled) as first:
        second = pickle.loads(pickled)
        found = connection(first, url)
    assert first.is_closed and not second.is_closed
    with pytest.raises(libkeepalive.InvalidState):
        first.get(url)
    assert connection(second, url) == found
    second.close()
    # The next task finds the connections of those before.
    assert connection(pickle.loads(pickled), url) == found


def test_copies_too(origin):
    url = origin.http + "/echo"
    client = Client(trust_env=False, params={"a": "b"})
    found = {connection(made, url) for made in (copy.copy(client), copy.deepcopy(client), copy.copy(client))}
    assert len(found) == 1
    # That of the original is its own.
    assert connection(client, url) not in found
    with client:
        pass
    assert connection(copy.copy(client), url) in found
    assert copy.deepcopy(Client.shared()).stats() == Client.shared().stats()


def test_pools_that_are_kept_are_bounded(origin):
    url = origin.http + "/echo"
    pickles = [pickle.dumps(Client(trust_env=False, max_total=number + 1)) for number in range(20)]
    used = pickle.loads(pickles[0])
    found = connection(used, url)
    for pickled in pickles[1:]:
        connection(pickle.loads(pickled), url)
    gc.collect()
    assert len(pickling._kept) == pickling._KEPT and len(pickling._used) <= pickling._KEPT + 1
    # One that is used is found all the same, one that was closed is not.
    assert connection(pickle.loads(pickles[0]), url) == found
    for pickled in pickles[1:]:
        pickle.loads(pickled).close()
    used.close()
    assert connection(pickle.loads(pickles[0]), url) != found


def test_options_that_are_equal_but_not_the_same(origin):
    proxies = {"all://a.example": "http://proxy.example:3128"}
    made = [
        Client(trust_env=False, proxy=dict(proxies), ca_pem=None, retries=1),
        Client(retries=1, proxy=dict(proxies), trust_env=False),
    ]
    for client in made:
        pickle.loads(pickle.dumps(client))
    assert len(pickling._kept) == 1
    assert pickling._key({"a": 1}) != pickling._key({"a": True}) != pickling._key({"a": 1.0})
    assert pickling._key({"a": {"b": ["c"]}}) == pickling._key({"a": {"b": ["c"]}, "headers": [], "z": None})


class Unhashed(str):
    """Text that nobody can look up by."""

    __hash__ = None  # type: ignore[assignment]


def test_what_cannot_be_compared_has_a_pool_of_its_own(origin):
    url = origin.http + "/echo"
    pickled = pickle.dumps(Client(trust_env=False, user_agent=Unhashed("x")))
    first, second = pickle.loads(pickled), pickle.loads(pickled)
    assert connection(first, url) != connection(second, url)
    assert not pickling._kept


def test_threads_that_unpickle_at_once_have_one_pool(origin):
    url = origin.http + "/echo"
    pickled = pickle.dumps(Client(trust_env=False))
    made: list[Client] = []
    gate = threading.Barrier(8)

    def work() -> None:
        gate.wait()
        made.append(pickle.loads(pickled))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({connection(client, url) for client in made}) == 1


def fetch(client: Client, url: str) -> tuple[int, int]:
    return os.getpid(), connection(client, url)


@pytest.mark.parametrize("way", ["spawn", "fork", "forkserver"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_pool_for_each_worker_process(origin, way):
    url = origin.http + "/echo"
    client = Client(trust_env=False, max_total=3)
    # A child has what its parent unpickled, and not its connections.
    parents = connection(pickle.loads(pickle.dumps(client)), url)
    context = multiprocessing.get_context(way)
    with ProcessPoolExecutor(2, mp_context=context) as workers:
        jobs = [workers.submit(fetch, client, url) for _ in range(20)]
        found: dict[int, set[int]] = {}
        for pid, number in (job.result() for job in jobs):
            found.setdefault(pid, set()).add(number)
    assert os.getpid() not in found
    assert all(len(numbers) == 1 for numbers in found.values()), found
    assert not set.union(*found.values()) & {parents}
    with context.Pool(1) as pool:
        both = pool.starmap(fetch, [(client, url)] * 4, chunksize=1)
    assert len(set(both)) == 1
