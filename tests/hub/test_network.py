"""Requests to a hub on the loopback address: refused, stopped, cut off, sent through a proxy."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from desktop.errors import AppError, BadToken, Gate, Gated, HubUnreachable, NotOnHub, OfflineMode, Trouble
from desktop.hub.job import Phase
from desktop.hub.network import Connection, Network, Patience
from desktop.hub.stop import ConnectionChanged, Stop, Stopped
from tests.hub.certificate import self_signed
from tests.hub.fetching import GRANTED, REPO, Fetching
from tests.hub.hub_server import HubServer
from tests.hub.origin import drop, silence, status
from tests.hub.proxy import Proxy, SocksProxy


@pytest.fixture
def network(hub: HubServer) -> Iterator[Network]:
    made = Network(Connection(hub.endpoint))
    yield made
    made.close()


def test_it_asks_the_hub(network: Network) -> None:
    info = network.ask(lambda api: api.model_info("maker/model-GGUF", files_metadata=True))
    assert [(file.rfilename, file.size) for file in info.siblings or []] == [
        ("model-Q4_K_M.gguf", 300_000),
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


class Question:
    """A request in a thread of its own, and what came of it."""

    def __init__(self, network: Network, url: str) -> None:
        self.stop = Stop()
        self.outcome: type[BaseException] | None = None
        self._thread = threading.Thread(target=self._ask, args=(network, url))
        self._thread.start()

    def _ask(self, network: Network, url: str) -> None:
        try:
            with network.opened(url, {}, self.stop) as response:
                response.read()
        except (Stopped, ConnectionChanged, AppError) as error:
            self.outcome = type(error)

    def over(self) -> bool:
        self._thread.join(60)
        return not self._thread.is_alive()


def readme(hub: HubServer) -> str:
    return f"{hub.endpoint}/{REPO}/resolve/main/README.md"


def test_a_silent_hub_can_be_stopped(hub: HubServer, network: Network) -> None:
    hub.hub.faults.append(silence)
    question = Question(network, readme(hub))
    assert hub.hub.stalled.acquire(timeout=60)
    question.stop.set()
    assert question.over()
    assert question.outcome is Stopped


def test_going_offline_cuts_requests_off(hub: HubServer, network: Network) -> None:
    hub.hub.faults.append(drop(3, "stall"))
    question = Question(network, readme(hub))
    assert hub.hub.stalled.acquire(timeout=60)
    network.apply(replace(network.connection, offline=True))
    assert question.over()
    assert question.outcome is ConnectionChanged


def test_a_question_is_asked_again_over_the_new_connection(hub: HubServer, network: Network) -> None:
    with HubServer() as mirror:
        mirror.repos = hub.repos
        hub.hub.faults.append(silence)
        answers: list[str] = []

        def ask() -> None:
            url = f"/{REPO}/resolve/main/README.md"
            answers.append(str(network.ask(lambda api: api.get_hf_file_metadata(url=api.endpoint + url)).location))

        thread = threading.Thread(target=ask)
        thread.start()
        assert hub.hub.stalled.acquire(timeout=60)
        network.apply(Connection(mirror.endpoint))
        thread.join(60)
        assert answers == [readme(mirror)]


@pytest.fixture
def full() -> Iterator[str]:
    """The address of a host that lets nobody in and turns nobody away."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        with ExitStack() as waiting:
            # The queue of a listening socket is longer than it was asked to be.
            for _ in range(8):
                connection = waiting.enter_context(socket.socket())
                connection.setblocking(False)
                connection.connect_ex(address)
            yield f"http://127.0.0.1:{address[1]}"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue turns away")
def test_a_connection_that_is_not_made_can_be_stopped(full: str) -> None:
    network = Network(Connection(full))
    question = Question(network, full)
    question.stop.set()
    assert question.over()
    assert question.outcome is Stopped
    network.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full queue turns away")
def test_a_connection_that_is_not_made_is_given_up(full: str) -> None:
    network = Network(Connection(full), Patience(connect_s=0.1))
    with pytest.raises(HubUnreachable) as raised, network.opened(full, {}):
        pass
    assert raised.value.trouble is Trouble.TIMED_OUT
    network.close()


def test_everything_goes_through_the_proxy(hub: HubServer, tmp_path: Path) -> None:
    with Proxy() as proxy:
        fetching = Fetching(hub, tmp_path, connection=Connection(hub.endpoint, proxy=proxy.address))
        assert fetching.fetch().phase is Phase.DONE
        fetching.close()
        asked = [asked.path for asked in (*hub.hub.asked, *hub.cdn.asked)]
        assert [urlsplit(url).path for url in proxy.asked] == [urlsplit(path).path for path in asked]


def test_the_system_names_a_proxy(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with Proxy() as proxy, Proxy() as chosen:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        monkeypatch.setenv("NO_PROXY", "")
        for of_settings, used in ((None, [readme(hub)]), (chosen.address, []), ("", [])):
            network = Network(Connection(hub.endpoint, proxy=of_settings))
            with network.opened(readme(hub), {}) as response:
                assert response.read() == b"# A model"
            assert proxy.asked == used
            proxy.asked.clear()
            network.close()
        assert chosen.asked == [readme(hub)]
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        network = Network(Connection(hub.endpoint))
        with network.opened(readme(hub), {}) as response:
            assert response.read() == b"# A model"
        assert proxy.asked == []
        network.close()


# A 502 for http is not among them: it cannot be told from the hub's own.
@pytest.mark.parametrize(("scheme", "status"), [("http", 407), ("https", 407), ("https", 502)])
def test_a_proxy_that_refuses(hub: HubServer, scheme: str, status: int) -> None:
    with Proxy(refuses=status) as proxy:
        url = readme(hub).replace("http", scheme, 1)
        network = Network(Connection(url, proxy=proxy.address))
        with pytest.raises(HubUnreachable) as raised, network.opened(url, {}):
            pass
        assert raised.value.trouble is Trouble.PROXY
        network.close()


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "nonsense://127.0.0.1:1", "http://[", "socks5://127.0.0.1:9"])
def test_a_proxy_that_is_none(hub: HubServer, proxy: str) -> None:
    network = Network(Connection(hub.endpoint, proxy=proxy))
    with pytest.raises(HubUnreachable) as raised, network.opened(readme(hub), {}):
        pass
    assert raised.value.trouble is Trouble.PROXY
    assert hub.hub.asked == []
    network.close()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks"])
def test_a_socks_proxy(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with SocksProxy(scheme) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.address)
        monkeypatch.setenv("NO_PROXY", "")
        fetching = Fetching(hub, tmp_path)
        assert fetching.fetch().phase is Phase.DONE
        fetching.close()
        assert set(proxy.asked) == {urlsplit(origin.address).netloc for origin in (hub.hub, hub.cdn)}


def test_a_silent_socks_proxy_can_be_stopped(hub: HubServer) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        network = Network(Connection(hub.endpoint, proxy=f"socks5://127.0.0.1:{silent.getsockname()[1]}"))
        question = Question(network, readme(hub))
        accepted, _ = silent.accept()
        with accepted:
            assert accepted.recv(1) == b"\x05"
            question.stop.set()
            assert question.over()
        assert question.outcome is Stopped
        network.close()


def _serve_half(listening: socket.socket, context: ssl.SSLContext, sent: threading.Event) -> None:
    """Answer one request over TLS with half of what is announced, and wait until the other side has gone."""
    accepted, _ = listening.accept()
    with context.wrap_socket(accepted, server_side=True) as connection:
        connection.recv(1 << 16)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
        sent.set()
        with suppress(ConnectionError, ssl.SSLError):
            connection.recv(1)


@pytest.mark.parametrize("outcome", [Stopped, ConnectionChanged])
def test_a_body_over_tls_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: type[Exception]
) -> None:
    certificate = self_signed(tmp_path / "certificate.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    sent = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=_serve_half, args=(listening, context, sent))
        serving.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        network = Network(Connection(url))
        question = Question(network, url)
        assert sent.wait(60)
        if outcome is Stopped:
            question.stop.set()
        else:
            network.apply(Connection(url, offline=True))
        assert question.over()
        serving.join(60)
    assert question.outcome is outcome
    network.close()


def test_a_redirect_gets_no_token(hub: HubServer) -> None:
    network = Network(Connection(hub.endpoint, token=GRANTED, token_origin=hub.endpoint))
    with HubServer() as other:
        other.repos, other.tokens = hub.repos, hub.tokens
        hub.api_fault = status(307, Location=f"{other.endpoint}/api/models/{REPO}")
        assert network.ask(lambda api: api.model_info(REPO)).id == REPO
        assert [asked.headers["Authorization"] for asked in hub.hub.asked] == [f"Bearer {GRANTED}"]
        assert [asked.headers["Authorization"] for asked in other.hub.asked] == [None]
    network.close()


def test_a_tunnel_to_a_host_without_tls(hub: HubServer) -> None:
    url = readme(hub).replace("http", "https", 1)
    with Proxy() as proxy:
        network = Network(Connection(url, proxy=proxy.address))
        with pytest.raises(HubUnreachable) as raised, network.opened(url, {}):
            pass
        assert raised.value.trouble is Trouble.NOT_SECURE
        assert proxy.asked == [urlsplit(hub.endpoint).netloc]
        network.close()


def test_a_handshake_that_stands_still_can_be_stopped() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        network = Network(Connection(url))
        question = Question(network, url)
        accepted, _ = silent.accept()
        with accepted:
            # The client has said hello.
            assert accepted.recv(1) == b"\x16"
            question.stop.set()
            assert question.over()
        assert question.outcome is Stopped
        network.close()


def test_no_cookie_comes_back(hub: HubServer, network: Network) -> None:
    hub.hub.faults.append(lambda answer: answer.headers.update({"Set-Cookie": "who=you"}))
    for _ in range(2):
        with network.opened(readme(hub), {}) as response:
            response.read()
    assert [asked.headers["Cookie"] for asked in hub.hub.asked] == [None, None]


def test_stopped_before_it_begins_nothing_is_asked(hub: HubServer, network: Network) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Stopped), network.opened(readme(hub), {}, stop):
        pass
    assert hub.hub.asked == []
