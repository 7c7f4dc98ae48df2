"""The queue of downloads: paused, resumed, cancelled, found again, and never half published."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.errors import CannotWrite, HubUnreachable, NoSpace, OfflineMode, UnsafeName
from desktop.hub.job import Phase
from desktop.hub.network import Connection, Patience
from desktop.hub.remote import Choice, RemoteFile
from tests.hub.fetching import BODY, FILE, IMPATIENT, PUBLISHED, REPO, Fetching, listing, unfinished
from tests.hub.hub_server import HubServer
from tests.hub.origin import drop, flip, silence, status

HALF = len(BODY) // 2
PATIENT = Patience(silence_s=30, waits_s=(30,))


@pytest.fixture
def patient(hub: HubServer, tmp_path: Path) -> Fetching:
    """Downloads that stand still for as long as the hub does."""
    return Fetching(hub, tmp_path / "models", patience=PATIENT)


def start_and_stall(fetching: Fetching) -> str:
    """Have a download stand still with half of the file here."""
    fetching.hub.cdn.faults.append(drop(HALF, "stall"))
    download_id = fetching.add()
    fetching.until_it(download_id, lambda download: download.done_bytes == HALF)
    return download_id


def test_pause_and_resume(hub: HubServer, patient: Fetching) -> None:
    download_id = start_and_stall(patient)
    patient.downloads.pause(download_id)
    paused = patient[download_id]
    assert (paused.phase, paused.done_bytes, paused.error) == (Phase.PAUSED, HALF, None)
    assert patient.here() == unfinished(download_id, "0.part")
    assert patient.resume(download_id).phase is Phase.DONE
    assert hub.cdn.asked[-1].headers["Range"] == f"bytes={HALF}-"
    assert patient.published() == BODY
    patient.close()


def test_cancel_leaves_nothing(hub: HubServer, patient: Fetching) -> None:
    download_id = start_and_stall(patient)
    patient.downloads.cancel(download_id)
    assert patient.downloads.list() == []
    patient.close()
    assert listing(patient.folder) == []
    assert patient.done == []
    assert len(hub.cdn.asked) == 1


def test_cancel_while_the_hub_says_nothing(hub: HubServer, patient: Fetching) -> None:
    hub.hub.faults.append(silence)
    download_id = patient.add()
    assert hub.hub.stalled.acquire(timeout=60)
    patient.downloads.cancel(download_id)
    patient.close()
    assert listing(patient.folder) == []


def test_cancel_while_it_waits_to_try_again(hub: HubServer, patient: Fetching) -> None:
    hub.hub.always = status(503)
    download_id = patient.add()
    assert hub.hub.answered.acquire(timeout=60)
    patient.downloads.cancel(download_id)
    patient.close()
    assert listing(patient.folder) == []


def test_cancelled_and_added_again(patient: Fetching) -> None:
    download_id = start_and_stall(patient)
    patient.downloads.cancel(download_id)
    assert patient.fetch().phase is Phase.DONE
    assert patient.published() == BODY
    patient.close()


def test_cancelled_when_done_it_is_forgotten_and_stays(fetching: Fetching) -> None:
    fetching.downloads.cancel(fetching.fetch().id)
    assert fetching.downloads.list() == []
    assert fetching.published() == BODY


def test_the_same_choice_twice_is_one_download(patient: Fetching) -> None:
    download_id = start_and_stall(patient)
    assert patient.add() == download_id
    assert len(patient.downloads.list()) == 1
    patient.close()


def test_added_again_when_it_is_here_nothing_is_fetched(hub: HubServer, fetching: Fetching) -> None:
    fetching.fetch()
    hub.cdn.asked.clear()
    assert fetching.fetch().phase is Phase.DONE
    assert hub.cdn.asked == []
    assert fetching.published() == BODY


def test_another_file_in_its_place_is_replaced(fetching: Fetching) -> None:
    path = fetching.folder / PUBLISHED[-1]
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY[::-1])
    assert fetching.fetch().phase is Phase.DONE
    assert fetching.published() == BODY


def test_two_at_once_and_the_third_waits(hub: HubServer, patient: Fetching) -> None:
    hub.cdn.always = drop(HALF, "stall")
    for name in ("one", "two", "three"):
        hub.add(f"maker/{name}", {FILE: BODY})
    first, second, third = (patient.downloads.add(hub.choice(f"maker/{name}")) for name in ("one", "two", "three"))
    for download_id in (first, second):
        patient.until_it(download_id, lambda download: download.done_bytes == HALF)
    assert patient[third].phase is Phase.WAITING
    patient.downloads.pause(third)
    patient.downloads.resume(third)
    assert patient[third].phase is Phase.WAITING
    patient.downloads.pause(first)
    patient.until_it(third, lambda download: download.done_bytes == HALF)
    assert [download.id for download in patient.downloads.list()] == [first, second, third]
    patient.downloads.resume(first)
    assert patient[first].phase is Phase.WAITING
    patient.downloads.set_at_once(3)
    assert patient[first].phase is not Phase.WAITING
    patient.close()


def test_what_was_left_is_found_as_paused(hub: HubServer, patient: Fetching) -> None:
    download_id = start_and_stall(patient)
    patient.close()
    again = Fetching(hub, patient.folder)
    (found,) = again.downloads.list()
    assert (found.id, found.phase, found.done_bytes) == (download_id, Phase.PAUSED, HALF)
    assert found.choice == hub.choice(REPO, FILE)
    hub.cdn.asked.clear()
    assert again.resume(download_id).phase is Phase.DONE
    assert [asked.headers["Range"] for asked in hub.cdn.asked] == [f"bytes={HALF}-"]
    assert again.published() == BODY
    again.close()


@pytest.mark.parametrize("damage", [("{", "["), (REPO, "../elsewhere"), (FILE, "../" + FILE), ("files", "none")])
def test_a_record_that_cannot_be_read_takes_its_parts_along(
    hub: HubServer, patient: Fetching, damage: tuple[str, str]
) -> None:
    download_id = start_and_stall(patient)
    patient.close()
    record = patient.folder / ".downloads" / download_id / "job.json"
    record.write_text(record.read_text().replace(*damage))
    again = Fetching(hub, patient.folder)
    assert again.downloads.list() == []
    assert again.fetch().phase is Phase.DONE
    assert again.published() == BODY
    again.close()


def test_a_record_that_is_being_written_is_left_alone(hub: HubServer, tmp_path: Path) -> None:
    record = tmp_path / "models" / ".downloads" / "0123456789abcdef" / "job.json.1-1.part"
    record.parent.mkdir(parents=True)
    record.write_text("{")
    fetching = Fetching(hub, tmp_path / "models")
    assert fetching.downloads.list() == []
    assert record.read_text() == "{"
    fetching.close()


def test_shards_and_companions_appear_together(hub: HubServer, fetching: Fetching) -> None:
    shards = [f"Q4/model-0000{n}-of-00003.gguf" for n in (1, 2, 3)]
    hub.add(REPO, {name: BODY[n:] for n, name in enumerate([*shards, "mmproj.gguf"])})
    hub.cdn.faults.extend([lambda _: None, lambda _: None])
    hub.cdn.always = flip(9)
    choice = hub.choice(REPO, *shards, companions=("mmproj.gguf",))
    failed = fetching.until(fetching.downloads.add(choice), Phase.FAILED)
    assert fetching.here() == unfinished(failed.id, "0.done", "1.done")
    assert failed.done_bytes == 2 * len(BODY) - 1
    hub.cdn.always = None
    asked = len(hub.cdn.asked)
    assert fetching.resume(failed.id).phase is Phase.DONE
    assert len(hub.cdn.asked) == asked + 2
    assert fetching[failed.id].path == fetching.folder / REPO / shards[0]
    assert [name for name in fetching.here() if name.endswith(".gguf")] == [
        f"{REPO}/{name}" for name in (*shards, "mmproj.gguf")
    ]
    assert (fetching.folder / REPO / "mmproj.gguf").read_bytes() == BODY[3:]
    assert ".downloads" not in fetching.here()


def test_going_offline_stops_everything(hub: HubServer, patient: Fetching) -> None:
    download_id = start_and_stall(patient)
    patient.network.apply(Connection(hub.endpoint, offline=True))
    paused = patient.until(download_id, Phase.PAUSED)
    assert isinstance(paused.error, OfflineMode)
    hub.hub.asked.clear()
    hub.cdn.asked.clear()
    assert isinstance(patient.resume(download_id).error, OfflineMode)
    assert (hub.hub.asked, hub.cdn.asked) == ([], [])
    assert patient.here() == unfinished(download_id, "0.part")
    patient.network.apply(Connection(hub.endpoint))
    assert patient.resume(download_id).phase is Phase.DONE
    assert patient.published() == BODY
    patient.close()


def test_back_online_it_goes_on(hub: HubServer, patient: Fetching) -> None:
    stopped, paused = start_and_stall(patient), patient.downloads.add(hub.choice(REPO, "README.md"))
    patient.downloads.pause(paused)
    patient.network.apply(Connection(hub.endpoint, offline=True))
    patient.until(stopped, Phase.PAUSED)
    patient.network.apply(Connection(hub.endpoint))
    patient.downloads.resume_from_offline()
    assert patient.until(stopped, Phase.DONE, Phase.FAILED).phase is Phase.DONE
    # What the user had paused waits for the user.
    assert patient[paused].phase is Phase.PAUSED
    patient.close()


def test_another_mirror_goes_on_at_once(hub: HubServer, patient: Fetching) -> None:
    download_id = start_and_stall(patient)
    with HubServer() as mirror:
        mirror.repos = hub.repos
        patient.network.apply(Connection(mirror.endpoint))
        assert patient.until(download_id, Phase.DONE, Phase.FAILED).phase is Phase.DONE
        assert mirror.cdn.asked[-1].start == HALF
    assert patient.published() == BODY
    patient.close()


@pytest.mark.parametrize(
    "path", ["../x.gguf", "/x.gguf", "a/../../x.gguf", "CON", "con.gguf", "a\\b.gguf", "x.gguf ", ""]
)
def test_names_that_lead_elsewhere(fetching: Fetching, path: str) -> None:
    for choice in (
        Choice(REPO, "c" * 40, "", (RemoteFile(path, 5, "0" * 64),)),
        Choice(REPO, "c" * 40, "", (RemoteFile("x.gguf", 5, "0" * 64),), (RemoteFile(path, 5, "0" * 64),)),
    ):
        with pytest.raises(UnsafeName):
            fetching.downloads.add(choice)
    assert not fetching.folder.exists()


def test_no_room(hub: HubServer, fetching: Fetching) -> None:
    commit = hub.repos[REPO].commit
    with pytest.raises(NoSpace) as raised:
        fetching.downloads.add(Choice(REPO, commit, "", (RemoteFile(FILE, 1 << 60, "0" * 64),)))
    assert raised.value.needed_bytes == (1 << 60) + (256 << 20)
    assert 0 < raised.value.free_bytes < 1 << 60
    assert not fetching.folder.exists()


def test_a_folder_that_cannot_be_written(hub: HubServer, tmp_path: Path) -> None:
    (tmp_path / "models").write_bytes(b"a file")
    fetching = Fetching(hub, tmp_path / "models")
    with pytest.raises(CannotWrite):
        fetching.add()
    assert fetching.downloads.list() == []
    fetching.close()


def test_speed_and_time_left_are_told_while_it_runs(patient: Fetching) -> None:
    download = patient[start_and_stall(patient)]
    assert download.phase is Phase.RUNNING
    assert download.bytes_per_s > 0
    assert download.left_s == pytest.approx((len(BODY) - HALF) / download.bytes_per_s)
    patient.close()


def test_without_an_answer_it_ends_in_words(hub: HubServer, impatient: Fetching) -> None:
    hub.hub.always = silence
    download = impatient.fetch()
    assert isinstance(download.error, HubUnreachable)
    assert len(hub.hub.asked) == 1 + len(IMPATIENT.waits_s)
