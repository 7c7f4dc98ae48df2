"""Requests to a hub on the loopback address: refused, stopped, cut off, sent through a proxy."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from desktop.errors import BadToken, Gate, Gated, NotOnHub, OfflineMode
from desktop.hub.network import Connection, Network
from desktop.hub.stop import Stop, Stopped
from tests.hub.hub_server import HubServer
from tests.hub.origin import silence


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        server.add("maker/model-GGUF", {"model-Q4_K_M.gguf": b"GGUF" + bytes(1000), "README.md": b"# A model"})
        server.add("maker/gated-GGUF", {"model-Q4_K_M.gguf": b"GGUF"}, gated=True)
        server.tokens = {"hf_granted": {"maker/gated-GGUF"}, "hf_other": set()}
        yield server


@pytest.fixture
def network(hub: HubServer) -> Iterator[Network]:
    made = Network(Connection(hub.endpoint))
    yield made
    made.close()


def test_it_asks_the_hub(network: Network) -> None:
    info = network.ask(lambda api: api.model_info("maker/model-GGUF", files_metadata=True))
    assert [(file.rfilename, file.size) for file in info.siblings or []] == [
        ("model-Q4_K_M.gguf", 1004),
        ("README.md", 9),
    ]


def test_offline_nothing_is_asked(hub: HubServer, network: Network) -> None:
    network.apply(Connection(hub.endpoint, offline=True))
    with pytest.raises(OfflineMode):
        network.ask(lambda api: api.model_info("maker/model-GGUF"))
    with pytest.raises(OfflineMode), network.opened(f"{hub.endpoint}/maker", {}):
        pass
    assert hub.hub.asked == []


@pytest.mark.parametrize(
    ("repo", "token", "error"),
    [
        ("maker/none", None, NotOnHub("maker/none")),
        ("maker/none", "hf_other", NotOnHub("maker/none")),
        ("maker/model-GGUF", "hf_wrong", BadToken("127.0.0.1")),
    ],
)
def test_refusals_mean_something(hub: HubServer, repo: str, token: str | None, error: Exception) -> None:
    network = Network(Connection(hub.endpoint, token=token, token_origin=hub.endpoint))
    with pytest.raises(type(error)) as raised:
        network.ask(lambda api: api.model_info(repo), repo=repo)
    assert repr(raised.value) == repr(error)
    network.close()


@pytest.mark.parametrize(("token", "gate"), [(None, Gate.NO_TOKEN), ("hf_other", Gate.NOT_GRANTED)])
def test_a_gate_says_what_is_missing(hub: HubServer, token: str | None, gate: Gate) -> None:
    network = Network(Connection(hub.endpoint, token=token, token_origin=hub.endpoint))
    url = f"{hub.endpoint}/maker/gated-GGUF/resolve/main/model-Q4_K_M.gguf"
    with pytest.raises(Gated) as raised:
        network.ask(lambda api: api.get_hf_file_metadata(url=url), repo="maker/gated-GGUF")
    assert raised.value.gate == gate
    assert raised.value.url == "https://huggingface.co/maker/gated-GGUF"
    network.close()


def test_a_silent_hub_can_be_stopped(hub: HubServer, network: Network) -> None:
    stop = Stop()
    outcome: list[type[BaseException]] = []

    def ask() -> None:
        try:
            with network.opened(f"{hub.endpoint}/maker/model-GGUF/resolve/main/README.md", {}, stop):
                pass
        except Stopped as error:
            outcome.append(type(error))

    hub.hub.faults.append(silence)
    thread = threading.Thread(target=ask)
    thread.start()
    assert hub.hub.stalled.acquire(timeout=10)
    stop.set()
    thread.join(10)
    assert outcome == [Stopped]
