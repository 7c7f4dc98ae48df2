"""The hub's side is a server on the loopback address; the client is the real one."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.errors import (
    BadModelFile,
    BadToken,
    Flaw,
    Gate,
    Gated,
    HubRefused,
    HubUnreachable,
    NotOnHub,
    OfflineMode,
    Trouble,
    WrongContent,
)
from desktop.hub.header import read_header
from desktop.hub.network import Connection, Network
from desktop.hub.remote import Choice, Found, RemoteFile
from desktop.hub.remote_file import read_part
from desktop.hub.search import Hub, Sort
from desktop.hub.stop import Stop, Stopped
from tests.hub import origin
from tests.hub.hub_server import HubServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GRANTED, OTHER, MISTYPED = "hf_granted", "hf_other", "hf_mistyped"
CARD = "---\nlicense: mit\ntags:\n- gguf\n---\n# A model\n\n---\nIt writes.\n"


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as server:
        server.add(
            "maker/small-GGUF",
            {
                "small-Q8_0.gguf": b"GGUF" + bytes(80),
                "small-Q4_K_M.gguf": b"GGUF" + bytes(40),
                "README.md": CARD.encode(),
            },
            commit=COMMIT,
            downloads=5,
            likes=7,
            tags=["gguf", "license:mit"],
            gguf={"total": 135_000_000, "architecture": "llama", "context_length": 2048},
        )
        server.add(
            "maker/large-GGUF", {"large.gguf": b"GGUF"}, downloads=9, likes=1, gguf={"total": 70_000_000_000},
            pipeline_tag="text-generation",
        )  # fmt: skip
        server.add("maker/paints-GGUF", {"flux.gguf": b"GGUF"}, pipeline_tag="text-to-image")
        server.add("maker/other", {"model.safetensors": b"x"}, tags=["safetensors"])
        server.add("maker/gated-GGUF", {"m.gguf": b"GGUF", "README.md": b"# Ask first"}, gated=True)
        server.tokens = {GRANTED: {"maker/gated-GGUF"}, OTHER: set()}
        yield server


@pytest.fixture
def network(server: HubServer) -> Iterator[Network]:
    made = Network(Connection(server.endpoint, token_origin=server.endpoint))
    yield made
    made.close()


@pytest.fixture
def hub(network: Network) -> Hub:
    return Hub(network)


def _answers(server: HubServer, **facts: Any) -> None:
    """Let the API say this of one repository."""
    server.add("maker/small-GGUF", {"small-Q4_K_M.gguf": b"GGUF"}, **{"sha": COMMIT, **facts})


def test_a_search_finds_language_models_alone(hub: Hub) -> None:
    assert hub.search("SMALL") == [
        Found("maker/small-GGUF", 5, 7, 1767323045.0, False, "mit", 135_000_000, "llama", 2048)
    ]
    assert {found.repo: found.gated for found in hub.search("")} == {
        "maker/small-GGUF": False, "maker/large-GGUF": False, "maker/gated-GGUF": True,
    }  # fmt: skip


@pytest.mark.parametrize(("sort", "first"), [(Sort.DOWNLOADS, "maker/large-GGUF"), (Sort.LIKES, "maker/small-GGUF")])
def test_what_a_search_puts_first(hub: Hub, sort: Sort, first: str) -> None:
    assert hub.search("", sort=sort)[0].repo == first


def test_a_search_asks_the_hub_to_filter(server: HubServer, hub: Hub) -> None:
    found = hub.search("", licence="mit", largest_parameters=8_000_000_000, sort=Sort.UPDATED, limit=10)
    assert [each.repo for each in found] == ["maker/small-GGUF"]
    (asked,) = server.hub.asked
    assert "filter=gguf&filter=license%3Amit" in asked.path
    assert "num_parameters=max%3A8000000000" in asked.path
    assert "sort=lastModified&limit=10" in asked.path


def test_a_hub_that_filters_no_sizes_is_helped(hub: Hub) -> None:
    assert [found.repo for found in hub.search("ge-GGUF", largest_parameters=10**9)] == []
    assert [found.repo for found in hub.search("ge-GGUF", largest_parameters=10**12)] == ["maker/large-GGUF"]


def test_a_pages_address_finds_its_repository(hub: Hub) -> None:
    assert [found.repo for found in hub.search("https://huggingface.co/maker/small-GGUF/tree/main")] == [
        "maker/small-GGUF"
    ]


def test_a_repository_in_one_request(server: HubServer, hub: Hub) -> None:
    repository = hub.repository("maker/small-GGUF")
    assert len(server.hub.asked) == 1
    assert (repository.commit, repository.found.licence) == (COMMIT, "mit")
    assert [(choice.quantisation, choice.size_bytes) for choice in repository.choices] == [("Q4_K_M", 44), ("Q8_0", 84)]
    (file,) = repository.choices[0].files
    assert file.sha256 == server.digest(b"GGUF" + bytes(40))


@pytest.mark.parametrize("repo", ["maker/none", "none", "a/b/c", "../x", "", "two words", "maker/" + "x" * 100])
def test_there_is_no_such_repository(hub: Hub, repo: str) -> None:
    with pytest.raises(NotOnHub):
        hub.repository(repo)


def test_a_card_comes_without_its_front_matter(server: HubServer, hub: Hub) -> None:
    assert hub.card("maker/small-GGUF", COMMIT) == "# A model\n\n---\nIt writes.\n"
    server.repos["maker/small-GGUF"].files["README.md"] = "没有前言 ---\n".encode() + b"\xff"
    assert hub.card("maker/small-GGUF", COMMIT) == "没有前言 ---\n\ufffd"
    server.repos["maker/small-GGUF"].files["README.md"] = b""
    assert hub.card("maker/small-GGUF", COMMIT) == ""
    with pytest.raises(NotOnHub) as caught:
        hub.card("maker/large-GGUF", "main")
    assert caught.value.file == "README.md"


def test_an_endless_card_is_not_read_to_its_end(server: HubServer, hub: Hub) -> None:
    server.repos["maker/small-GGUF"].files["README.md"] = b"x" * (3 << 20)
    assert len(hub.card("maker/small-GGUF", COMMIT)) == 1 << 20
    server.hub.faults.append(origin.ignore_range)
    assert len(hub.card("maker/small-GGUF", COMMIT)) == 1 << 20


def _choice(server: HubServer, path: Path) -> Choice:
    server.add("maker/real-GGUF", {"m.gguf": path})
    return server.choice("maker/real-GGUF", "m.gguf")


@pytest.mark.model
def test_a_header_is_read_from_its_beginning(server: HubServer, hub: Hub, starter_model: Path) -> None:
    header = hub.header(_choice(server, starter_model))
    local = read_header(starter_model)
    assert (header.architecture, header.n_layers, header.n_ctx_train) == (local.architecture, local.n_layers, 8192)
    assert header.size_bytes == local.size_bytes
    assert not header.whole
    assert server.cdn.sent < 300_000


@pytest.mark.model
def test_a_cdn_without_ranges_will_do(server: HubServer, hub: Hub, starter_model: Path) -> None:
    server.cdn.always = origin.ignore_range
    assert hub.header(_choice(server, starter_model)).architecture == "llama"


def test_a_part_from_the_middle_of_a_file(server: HubServer, network: Network) -> None:
    server.repos["maker/small-GGUF"].files["README.md"] = bytes(range(100))
    for faults in ([], [origin.ignore_range]):
        server.hub.faults.extend(faults)
        assert read_part(network, "maker/small-GGUF", COMMIT, "README.md", 20, 3) == bytes([20, 21, 22])
        assert read_part(network, "maker/small-GGUF", COMMIT, "README.md", 98, 5) == bytes([98, 99])


def test_a_header_that_is_none(server: HubServer, hub: Hub) -> None:
    server.add("maker/bad-GGUF", {"m.gguf": b"no model at all" * 100})
    with pytest.raises(BadModelFile) as caught:
        hub.header(server.choice("maker/bad-GGUF", "m.gguf"))
    assert (caught.value.flaw, caught.value.path) == (Flaw.NOT_GGUF, "m.gguf")


def test_a_part_from_elsewhere_is_refused(server: HubServer, hub: Hub) -> None:
    server.cdn.always = origin.wrong_range
    with pytest.raises(WrongContent):
        hub.header(server.choice("maker/small-GGUF", "small-Q8_0.gguf"))


def test_gates_for_cards_and_headers(server: HubServer, network: Network, hub: Hub) -> None:
    choice = server.choice("maker/gated-GGUF", "m.gguf")
    for token, gate in ((None, Gate.NO_TOKEN), (OTHER, Gate.NOT_GRANTED)):
        network.apply(Connection(server.endpoint, token=token, token_origin=server.endpoint))
        with pytest.raises(Gated) as caught:
            hub.header(choice)
        assert caught.value.gate is gate
    network.apply(Connection(server.endpoint, token=GRANTED))
    with pytest.raises(Gated) as caught:
        hub.header(choice)
    assert caught.value.gate is Gate.TOKEN_WITHHELD, "it is for huggingface.co, and this is a mirror"
    network.apply(Connection(server.endpoint, token=GRANTED, token_origin=server.endpoint))
    assert hub.card("maker/gated-GGUF", "main") == "# Ask first"
    with pytest.raises(BadModelFile):
        hub.header(choice)
    assert not any("Authorization" in asked.headers for asked in server.cdn.asked)


def test_a_token_for_another_host_stays_here(server: HubServer, network: Network, hub: Hub) -> None:
    network.apply(Connection(server.endpoint, token=GRANTED))
    hub.search("small")
    hub.repository("maker/small-GGUF")
    hub.card("maker/small-GGUF", COMMIT)
    assert len(server.hub.asked) == 3
    assert not any("Authorization" in asked.headers for asked in server.hub.asked)


def test_a_bad_token(server: HubServer, network: Network, hub: Hub) -> None:
    network.apply(Connection(server.endpoint, token=MISTYPED, token_origin=server.endpoint))
    for ask in (
        lambda: hub.search(""),
        lambda: hub.repository("maker/small-GGUF"),
        lambda: hub.card("maker/small-GGUF", COMMIT),
    ):
        with pytest.raises(BadToken):
            ask()


def test_offline_nothing_is_asked(server: HubServer, network: Network, hub: Hub) -> None:
    network.apply(Connection(server.endpoint, offline=True))
    choice = Choice("maker/small-GGUF", COMMIT, "", (RemoteFile("small-Q8_0.gguf", 84),))
    for ask in (
        lambda: hub.search(""),
        lambda: hub.repository("maker/small-GGUF"),
        lambda: hub.card("maker/small-GGUF", COMMIT),
        lambda: hub.header(choice),
    ):
        with pytest.raises(OfflineMode):
            ask()
    assert server.hub.asked == []


def test_typing_on_stops_a_search_that_waits(server: HubServer, hub: Hub) -> None:
    stop, outcome = Stop(), []

    def search() -> None:
        try:
            hub.search("small", stop=stop)
        except Stopped as stopped:
            outcome.append(stopped)

    server.api_fault = origin.silence
    thread = threading.Thread(target=search)
    thread.start()
    assert server.hub.stalled.acquire(timeout=60)
    stop.set()
    thread.join(60)
    assert len(outcome) == 1


def test_a_busy_hub_is_not_waited_for(server: HubServer, hub: Hub) -> None:
    server.api_fault = origin.status(429, Retry_After="3600")
    for ask in (lambda: hub.search(""), lambda: hub.repository("maker/small-GGUF")):
        with pytest.raises(HubRefused) as caught:
            ask()
        assert (caught.value.host, caught.value.status, caught.value.retry_after_s) == ("127.0.0.1", 429, 3600)
    assert len(server.hub.asked) == 2


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("9" * 5000, 86_400), ("-5", 0), ("soon", 0), ("Fri, 31 Dec 9999999 23:59:59 GMT", 0), ("", 0)],
)
def test_a_wait_without_end_is_none(server: HubServer, hub: Hub, asked: str, seconds: int) -> None:
    server.api_fault = origin.status(503, Retry_After=asked)
    with pytest.raises(HubRefused) as caught:
        hub.search("")
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize("location", ["http://[::1", "data:application/json,[]", "file:///etc/passwd", "//a:b/"])
def test_a_redirect_that_leads_nowhere(
    server: HubServer, hub: Hub, location: str, capfd: pytest.CaptureFixture[str]
) -> None:
    server.api_fault = origin.status(302, Location=location)
    with pytest.raises(HubUnreachable) as caught:
        hub.search("")
    assert caught.value.trouble is Trouble.NOT_A_HUB
    assert len(server.hub.asked) == 1
    assert capfd.readouterr().err == ""


def _json(text: str | bytes) -> origin.Fault:
    body = text if isinstance(text, bytes) else text.encode()
    return origin.status(200, body=body, Content_Type="application/json")


@pytest.mark.parametrize(
    "fault",
    [
        origin.portal,
        origin.status(302, Location="ftp://elsewhere/"),
        origin.status(302, Location="/api/models/maker/small-GGUF"),
        origin.status(200, body=b"no gzip", Content_Encoding="gzip"),
        origin.status(200, body=gzip.compress(b"[" + b" " * (40 << 20) + b"]"), Content_Encoding="gzip"),
        _json(b"[" * 100_000),
        _json("[1]"),
        _json("null"),
        _json('"text"'),
        _json('{"error": []}'),
        _json('[{"downloads": 1}]'),
        _json(b"\xff\xfe"),
    ],
)
def test_something_else_answers_in_the_hubs_place(server: HubServer, hub: Hub, fault: origin.Fault) -> None:
    server.api_fault = fault
    for ask in (lambda: hub.search(""), lambda: hub.repository("maker/small-GGUF")):
        with pytest.raises(HubUnreachable) as caught:
            ask()
        assert caught.value.trouble is not Trouble.TIMED_OUT


def test_a_login_page_is_no_card_and_no_model(server: HubServer, hub: Hub) -> None:
    choice = server.choice("maker/small-GGUF", "small-Q8_0.gguf")
    server.hub.always = origin.portal
    for ask in (lambda: hub.card("maker/small-GGUF", COMMIT), lambda: hub.header(choice)):
        with pytest.raises(HubUnreachable) as caught:
            ask()
        assert caught.value.trouble is Trouble.NOT_A_HUB


_ODD = [None, "", "x", -1, 2**70, 1.5, True, [], [None], {}, {"total": "x"}, float("nan")]


@pytest.mark.parametrize("field", ["downloads", "likes", "gguf", "tags", "gated", "pipeline_tag"])
def test_facts_of_a_wrong_type_are_left_out(server: HubServer, hub: Hub, field: str) -> None:
    for odd in _ODD:
        _answers(server, **{field: odd})
        found = hub.repository("maker/small-GGUF").found
        assert found.repo == "maker/small-GGUF"
        assert min(found.downloads, found.likes) >= 0
        assert {type(found.downloads), type(found.likes)} == {int}
        assert (found.licence, found.architecture, found.parameters) == (None, None, None)


def test_a_date_that_is_none(server: HubServer, hub: Hub) -> None:
    _answers(server, lastModified=None)
    assert hub.repository("maker/small-GGUF").found.updated_at == 0
    _answers(server, lastModified="yesterday")
    with pytest.raises(HubUnreachable):
        hub.repository("maker/small-GGUF")


@pytest.mark.parametrize(
    "sibling",
    [
        {"rfilename": "m.gguf"},
        {"rfilename": "m.gguf", "size": -5},
        {"rfilename": "m.gguf", "size": "5"},
        {"rfilename": "m.gguf", "size": 2**70},
        {"rfilename": 5, "size": 5},
        {"rfilename": "", "size": 5},
        {"rfilename": "m.gguf", "size": 5, "lfs": {"size": -1, "sha256": "x", "pointerSize": 1}},
        {"rfilename": "../m.gguf", "size": 5},
    ],
)
def test_files_that_make_no_sense_are_no_choice(server: HubServer, hub: Hub, sibling: dict[str, Any]) -> None:
    _answers(server, siblings=[sibling, {"rfilename": "good.gguf", "size": 1, "lfs": _lfs("x" * 64)}])
    (choice,) = hub.repository("maker/small-GGUF").choices
    assert choice.files == (RemoteFile("good.gguf", 1),)


def _lfs(sha256: str) -> dict[str, Any]:
    return {"size": 1, "sha256": sha256, "pointerSize": 1}


@pytest.mark.parametrize("sibling", [5, {}, {"rfilename": "m.gguf", "lfs": {"size": 1}}])
def test_files_that_the_client_cannot_read(server: HubServer, hub: Hub, sibling: object) -> None:
    _answers(server, siblings=[sibling])
    with pytest.raises(HubUnreachable):
        hub.repository("maker/small-GGUF")


@pytest.mark.parametrize("facts", [{"sha": "main"}, {"sha": None}, {"sha": "../../x"}, {"id": "../x"}, {"id": 5}])
def test_a_repository_without_commit_or_name_is_none(server: HubServer, hub: Hub, facts: dict[str, Any]) -> None:
    _answers(server, **facts)
    with pytest.raises(HubUnreachable) as caught:
        hub.repository("maker/small-GGUF")
    assert caught.value.trouble is Trouble.NOT_A_HUB


def test_endless_files_do_no_harm(server: HubServer, hub: Hub) -> None:
    _answers(server, siblings=[{"rfilename": f"{n}.gguf", "size": 1} for n in range(25_000)])
    assert len(hub.repository("maker/small-GGUF").choices) == 20_000
