"""One file from a hub that misbehaves: the verified file, or a clear error and a part that can be gone on with."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from desktop.errors import (
    AppError,
    BadToken,
    ChangedOnHub,
    Gate,
    Gated,
    HubRefused,
    HubUnreachable,
    NotOnHub,
    Trouble,
    WrongContent,
)
from desktop.hub.job import Phase
from desktop.hub.network import Connection
from desktop.hub.remote import Choice, RemoteFile
from tests.hub.fetching import BODY, FILE, GRANTED, PUBLISHED, REPO, Fetching, unfinished
from tests.hub.hub_server import HubServer
from tests.hub.origin import (
    Fault,
    body_of,
    chunked,
    drop,
    flip,
    ignore_range,
    portal,
    silence,
    status,
    wrong_bytes,
    wrong_range,
)

HOST = "127.0.0.1"
DROP = drop(100_000)


def test_a_file_arrives_private_and_alone(fetching: Fetching) -> None:
    download = fetching.fetch()
    assert download.phase is Phase.DONE
    assert fetching.published() == BODY
    assert fetching.done == [download]
    assert download.path == fetching.folder / PUBLISHED[-1]
    for path in (fetching.folder, *(fetching.folder / name for name in PUBLISHED)):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([DROP], id="dropped"),
        pytest.param([drop(100_000, "rst")], id="reset"),
        pytest.param([drop(0), drop(0, "rst"), drop(0)], id="dropped at once, three times"),
        pytest.param([flip(200_000)], id="a wrong bit"),
        pytest.param([body_of(lambda body: body[:-5])], id="shorter than promised"),
        pytest.param([body_of(lambda body: body + b"12345")], id="longer than promised"),
        pytest.param([chunked], id="no length"),
        pytest.param([DROP, wrong_bytes], id="a range of the wrong bytes"),
        pytest.param([DROP, wrong_range], id="another range"),
        pytest.param([DROP, ignore_range], id="the range ignored"),
        pytest.param([DROP, chunked], id="a range of no length"),
        pytest.param([status(429, Retry_After="0")], id="too many requests"),
        pytest.param([DROP, status(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")], id="unavailable"),
        pytest.param([status(403), status(404)], id="no such address any more"),
        pytest.param([DROP, portal], id="a login page"),
        pytest.param([status(302, Location="nonsense://x")], id="a redirect to nowhere"),
        pytest.param([DROP, status(206)], id="a range that does not say which"),
        pytest.param([status(200, body=b"", Content_Encoding="gzip", Content_Length="0")], id="compressed"),
    ],
)
def test_the_file_arrives_all_the_same(fetching: Fetching, faults: list[Fault]) -> None:
    fetching.hub.cdn.faults.extend(faults)
    download = fetching.fetch()
    assert (download.phase, download.error) == (Phase.DONE, None)
    assert not fetching.hub.cdn.faults
    assert fetching.published() == BODY


@pytest.mark.parametrize("fault", [drop(100_000, "stall"), silence])
def test_a_silent_server_is_asked_again(impatient: Fetching, fault: Fault) -> None:
    impatient.hub.cdn.faults.append(fault)
    assert impatient.fetch().phase is Phase.DONE
    assert impatient.published() == BODY


def test_a_silent_hub_is_asked_again(impatient: Fetching) -> None:
    impatient.hub.hub.faults.append(silence)
    assert impatient.fetch().phase is Phase.DONE
    assert impatient.published() == BODY


@pytest.mark.parametrize(
    "fault",
    [
        status(429, Retry_After="0"),
        status(500),
        status(503),
        portal,
        status(302, Location="http://x.invalid/login"),
    ],
)
def test_the_hub_may_fail_once(fetching: Fetching, fault: Fault) -> None:
    fetching.hub.hub.faults.append(fault)
    assert fetching.fetch().phase is Phase.DONE
    assert fetching.published() == BODY


def test_what_is_here_is_not_asked_for_again(hub: HubServer, fetching: Fetching) -> None:
    hub.cdn.faults.append(DROP)
    fetching.fetch()
    assert [asked.headers["Range"] for asked in hub.cdn.asked] == [None, "bytes=100000-"]
    assert hub.cdn.sent == len(BODY)


def test_a_drop_every_mebibyte_is_no_failure(hub: HubServer, fetching: Fetching) -> None:
    body = BODY * 20
    hub.add(REPO, {FILE: body})
    hub.cdn.always = drop(1 << 20)
    assert fetching.fetch().phase is Phase.DONE
    assert fetching.published() == body
    assert len(hub.cdn.asked) == 6
    assert hub.cdn.sent == len(body)


def test_each_attempt_has_an_address_of_its_own(hub: HubServer, fetching: Fetching) -> None:
    def expire(_: object) -> None:
        hub.expire()

    # The first address has expired when it is used; a second one is asked for.
    hub.hub.faults.append(expire)
    assert fetching.fetch().phase is Phase.DONE
    assert len({asked.path for asked in hub.cdn.asked}) == len(hub.cdn.asked) == 2


@pytest.mark.parametrize(
    ("fault", "error", "part"),
    [
        pytest.param(drop(0), HubUnreachable(HOST, Trouble.BROKEN), 0, id="dropped"),
        pytest.param(portal, HubUnreachable(HOST, Trouble.NOT_A_HUB), 0, id="a login page"),
        pytest.param(status(503, Retry_After="0"), HubRefused(HOST, 503), 0, id="unavailable"),
        pytest.param(status(403), HubRefused(HOST, 403), 0, id="forbidden"),
        pytest.param(flip(5), WrongContent(FILE, HOST), None, id="a wrong bit"),
        pytest.param(wrong_range, HubUnreachable(HOST, Trouble.NOT_A_HUB), 0, id="another range"),
    ],
)
def test_it_ends_with_an_error_and_can_be_resumed(
    fetching: Fetching, fault: Fault, error: AppError, part: int | None
) -> None:
    fetching.hub.cdn.always = fault
    download = fetching.fetch()
    assert download.phase is Phase.FAILED
    assert repr(download.error) == repr(error)
    assert fetching.here() == unfinished(download.id, *([] if part is None else ["0.part"]))
    fetching.hub.cdn.always = None
    assert fetching.resume(download.id).phase is Phase.DONE
    assert fetching.published() == BODY


def test_a_server_that_stands_still_is_given_up_and_can_be_asked_later(impatient: Fetching) -> None:
    impatient.hub.cdn.always = drop(0, "stall")
    download = impatient.fetch()
    assert download.phase is Phase.FAILED
    assert repr(download.error) == repr(HubUnreachable(HOST, Trouble.TIMED_OUT))
    assert impatient.here() == unfinished(download.id, "0.part")
    impatient.hub.cdn.always = None
    assert impatient.resume(download.id).phase is Phase.DONE
    assert impatient.published() == BODY


def test_what_had_come_is_kept_over_an_error(hub: HubServer, fetching: Fetching) -> None:
    hub.cdn.faults.append(DROP)
    hub.cdn.always = status(500)
    download = fetching.fetch()
    assert (download.phase, download.done_bytes) == (Phase.FAILED, 100_000)
    hub.cdn.always = None
    assert fetching.resume(download.id).phase is Phase.DONE
    assert hub.cdn.asked[-1].start == 100_000
    assert fetching.published() == BODY


def test_a_part_that_was_damaged_here_is_found_out(hub: HubServer, fetching: Fetching) -> None:
    hub.cdn.faults.append(DROP)
    hub.cdn.always = status(500)
    download = fetching.fetch()
    part = fetching.folder / ".downloads" / download.id / "0.part"
    part.write_bytes(b"damaged" + part.read_bytes()[7:])
    hub.cdn.always = None
    assert fetching.resume(download.id).phase is Phase.DONE
    assert fetching.published() == BODY


def test_a_part_that_is_too_long_is_begun_anew(hub: HubServer, fetching: Fetching) -> None:
    hub.cdn.always = status(500)
    download = fetching.fetch()
    (fetching.folder / ".downloads" / download.id / "0.part").write_bytes(BODY + b"more")
    hub.cdn.always = None
    assert fetching.resume(download.id).phase is Phase.DONE
    assert fetching.published() == BODY


def test_a_wait_that_is_too_long_is_an_error(hub: HubServer, fetching: Fetching) -> None:
    hub.hub.always = status(429, Retry_After="3600")
    download = fetching.fetch()
    assert repr(download.error) == repr(HubRefused(HOST, 429, 3600))
    assert len(hub.hub.asked) == 1
    assert hub.cdn.asked == []


def test_a_hub_that_is_not_there(hub: HubServer, tmp_path: Path) -> None:
    with HubServer() as gone:
        connection = Connection(gone.endpoint)
    fetching = Fetching(hub, tmp_path, connection=connection)
    download = fetching.fetch()
    assert repr(download.error) == repr(HubUnreachable(HOST, Trouble.REFUSED))
    assert fetching.here() == unfinished(download.id, "0.part")
    fetching.network.apply(Connection(hub.endpoint))
    assert fetching.resume(download.id).phase is Phase.DONE
    fetching.close()


def test_a_hub_without_a_name(hub: HubServer, tmp_path: Path) -> None:
    fetching = Fetching(hub, tmp_path, connection=Connection("http://hub.invalid"))
    assert repr(fetching.fetch().error) == repr(HubUnreachable("hub.invalid", Trouble.NO_SUCH_HOST))
    fetching.close()


def test_a_login_page_in_place_of_the_hub(hub: HubServer, fetching: Fetching) -> None:
    for fault in (portal, status(302, Location=f"{hub.cdn.address}/a/b/c")):
        hub.hub.always = fault
        download = fetching.fetch()
        assert repr(download.error) == repr(HubUnreachable(HOST, Trouble.NOT_A_HUB))
        assert hub.cdn.asked == []
        fetching.downloads.cancel(download.id)


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (None, Gated("maker/gated-GGUF", Gate.NO_TOKEN, "https://huggingface.co/maker/gated-GGUF")),
        ("hf_other", Gated("maker/gated-GGUF", Gate.NOT_GRANTED, "https://huggingface.co/maker/gated-GGUF")),
        ("hf_wrong", BadToken(HOST)),
    ],
)
def test_a_gate(hub: HubServer, tmp_path: Path, token: str | None, error: AppError) -> None:
    closed = Connection(hub.endpoint, token=token, token_origin=hub.endpoint)
    fetching = Fetching(hub, tmp_path, connection=closed)
    download = fetching.until(fetching.downloads.add(hub.choice("maker/gated-GGUF")), Phase.FAILED)
    assert repr(download.error) == repr(error)
    assert len(hub.hub.asked) == 1
    fetching.network.apply(Connection(hub.endpoint, token=GRANTED, token_origin=hub.endpoint))
    assert fetching.resume(download.id).phase is Phase.DONE
    # The token is the hub's alone.
    assert hub.hub.asked[-1].headers["Authorization"] == "Bearer hf_granted"
    assert [asked.headers["Authorization"] for asked in hub.cdn.asked] == [None]
    fetching.close()


def test_a_mirror_gets_no_token(hub: HubServer, tmp_path: Path) -> None:
    fetching = Fetching(hub, tmp_path, connection=Connection(hub.endpoint, token=GRANTED))
    assert fetching.fetch().phase is Phase.DONE
    assert {asked.headers["Authorization"] for asked in (*hub.hub.asked, *hub.cdn.asked)} == {None}
    fetching.close()


def test_a_repository_that_is_gone(hub: HubServer, fetching: Fetching) -> None:
    choice = hub.choice(REPO, FILE)
    del hub.repos[REPO]
    download = fetching.until(fetching.downloads.add(choice), Phase.FAILED)
    assert repr(download.error) == repr(NotOnHub(REPO))


def test_a_file_that_is_gone(hub: HubServer, fetching: Fetching) -> None:
    choice = hub.choice(REPO, FILE)
    hub.repos[REPO].files = {}
    download = fetching.until(fetching.downloads.add(choice), Phase.FAILED)
    assert repr(download.error) == repr(NotOnHub(REPO, FILE))


@pytest.mark.parametrize("keep_commit", [True, False])
def test_a_file_that_changes_between_two_attempts(hub: HubServer, fetching: Fetching, keep_commit: bool) -> None:
    old = hub.repos[REPO]

    def replace(_: object) -> None:
        hub.add(REPO, {FILE: BODY[::-1]}, commit=old.commit if keep_commit else "f" * 40)

    def replace_and_drop(answer: object) -> None:
        DROP(answer)  # type: ignore[arg-type]
        replace(answer)

    hub.cdn.faults.append(replace_and_drop)
    download = fetching.fetch()
    assert repr(download.error) == repr(ChangedOnHub(REPO, FILE))
    assert fetching.here() == unfinished(download.id, "0.part")
    # The hub as it was goes on where it was left.
    hub.repos[REPO] = old
    assert fetching.resume(download.id).phase is Phase.DONE
    assert fetching.published() == BODY


def test_a_file_that_git_keeps_is_compared_with_its_name_there(hub: HubServer, fetching: Fetching) -> None:
    choice = hub.choice(REPO, "README.md")
    assert choice.files[0].sha256 == ""
    hub.hub.faults.extend([lambda _: None, lambda _: None, flip(3)])
    download = fetching.until(fetching.downloads.add(choice), Phase.DONE)
    assert download.path.read_bytes() == b"# A model"
    # Once wrong, once right.
    assert len(hub.hub.requests("GET")) == 2


def test_a_file_that_nothing_vouches_for_is_refused(hub: HubServer, fetching: Fetching) -> None:
    def no_etag(answer: object) -> None:
        answer.headers.pop("ETag")  # type: ignore[attr-defined]

    hub.hub.always = no_etag
    download = fetching.until(fetching.downloads.add(hub.choice(REPO, "README.md")), Phase.FAILED)
    assert repr(download.error) == repr(HubUnreachable(HOST, Trouble.NOT_A_HUB))


def test_an_empty_file(hub: HubServer, fetching: Fetching) -> None:
    hub.add(REPO, {FILE: b""})
    assert fetching.fetch().phase is Phase.DONE
    assert fetching.published() == b""


def test_signed_addresses_are_in_no_error_and_no_log(
    hub: HubServer, fetching: Fetching, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    hub.cdn.always = status(403)
    assert "Signature" not in repr(fetching.fetch().error)
    assert "Signature" not in caplog.text


def test_a_choice_of_another_size_is_not_fetched(hub: HubServer, fetching: Fetching) -> None:
    right = hub.choice(REPO, FILE)
    wrong = Choice(REPO, right.commit, "", (RemoteFile(FILE, 5, right.files[0].sha256),))
    download = fetching.until(fetching.downloads.add(wrong), Phase.FAILED)
    assert repr(download.error) == repr(ChangedOnHub(REPO, FILE))
    assert hub.cdn.asked == []
