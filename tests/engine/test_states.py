"""What is kept of a conversation is restored to the same logits, or not at all."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.engine.api import ModelSpec
from desktop.engine.llama.checkpoints import TAIL
from desktop.engine.llama.decode import Decoder
from desktop.engine.llama.library import start
from desktop.engine.llama.machine import N_BATCH
from desktop.engine.llama.model import Model
from desktop.engine.llama.states import KeptStates, fingerprint
from desktop.engine.llama.stopping import StopSwitch
from tests.engine import tiny_memories
from tests.engine.test_decode import NOISE, divergence, numbers, read

Open = Callable[..., tuple[Model, Decoder]]


@pytest.fixture(scope="module", autouse=True)
def _llama_cpp() -> None:
    start()


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """A context that keeps what it reads below `tmp_path`, as a process started anew would."""

    def make(
        path: Path, n_ctx: int = 1024, *, limit: int = 1 << 30, kv_type: str | None = None
    ) -> tuple[Model, Decoder]:
        model = Model(ModelSpec(str(path), n_ctx=n_ctx, kv_type=kv_type), lambda _fraction: None)
        states = KeptStates(tmp_path / "states", fingerprint(path, *model.depends_on), limit)
        return model, Decoder(model, StopSwitch(), states)

    return make


def read_for(reader: Decoder, prompt: list[int], conversation: str = "chat-1") -> int:
    """How much needed no reading."""
    return list(reader.read(prompt, conversation))[-1].reused


def files(tmp_path: Path, suffix: str = ".kv") -> list[Path]:
    return sorted((tmp_path / "states").glob(f"*/*{suffix}"))


@pytest.mark.parametrize("name", ["tiny_model", "starter_model", "gemma_model"])
def test_a_conversation_goes_on_after_a_restart(
    opened: Open, tmp_path: Path, name: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(name)
    model, before = opened(path)
    first = model.vocabulary.tokenize(numbers(100, 150))
    follow_up = first + model.vocabulary.tokenize(" and then? " + numbers(300, 303))
    _, cold = read(before, follow_up)
    read_for(before, first)
    before.put_by()
    assert len(files(tmp_path)) == 1

    _, after = opened(path)
    assert after.known(follow_up, "chat-1") == len(first)
    assert after.known(follow_up, "chat-2") == 0
    assert read_for(after, follow_up) == len(first)
    assert divergence(cold, after.logits()) < NOISE
    assert list(after.tokens) == follow_up


@pytest.mark.parametrize("name", ["tiny_model", "starter_model", "gemma_model"])
def test_another_branch_is_brought_back(
    opened: Open, tmp_path: Path, name: str, request: pytest.FixtureRequest
) -> None:
    model, reader = opened(request.getfixturevalue(name), 2048)
    start_of_both = model.vocabulary.tokenize(numbers(100, 115))
    one = start_of_both + model.vocabulary.tokenize(" one " + numbers(200, 240))
    other = start_of_both + model.vocabulary.tokenize(" other " + numbers(500, 540))
    _, cold = read(reader, [*one, *start_of_both[-8:]])
    read_for(reader, one)
    read_for(reader, other)  # what is lost by it is kept
    assert len(files(tmp_path)) == 1
    assert read_for(reader, [*one, *start_of_both[-8:]]) == len(one)
    assert divergence(cold, reader.logits()) < NOISE
    assert len(files(tmp_path)) == 2


def test_what_is_contained_in_a_newer_state_is_not_kept_twice(
    opened: Open, tmp_path: Path, starter_model: Path
) -> None:
    model, reader = opened(starter_model)
    text = model.vocabulary.tokenize(numbers(100, 160))
    read_for(reader, text[:100])
    reader.put_by()
    [first] = files(tmp_path)
    read_for(reader, text)
    reader.put_by()
    [second] = files(tmp_path)
    assert second != first


def test_little_is_not_worth_keeping(opened: Open, tmp_path: Path, tiny_model: Path) -> None:
    model, reader = opened(tiny_model)
    read_for(reader, model.vocabulary.tokenize("short"))
    reader.put_by()
    assert files(tmp_path) == []
    read_for(reader, model.vocabulary.tokenize(numbers(100, 150)), conversation="")
    reader.put_by()
    assert files(tmp_path) == []


def test_files_are_private(opened: Open, tmp_path: Path, tiny_model: Path) -> None:
    before = os.umask(0o077)
    try:
        model, reader = opened(tiny_model)
        read_for(reader, model.vocabulary.tokenize(numbers(100, 150)))
        reader.put_by()
    finally:
        os.umask(before)
    for file in files(tmp_path, ".*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def truncated(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size - 1)


def altered(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(-100, os.SEEK_END)
        byte = opened.read(1)
        opened.seek(-100, os.SEEK_END)
        opened.write(bytes([byte[0] ^ 1]))


def empty(file: Path) -> None:
    file.write_bytes(b"")


def of_another_model(file: Path) -> None:
    sidecar = file.with_suffix(".json")
    told = json.loads(sidecar.read_text())
    sidecar.write_text(json.dumps({**told, "fingerprint": "0" * 64}))


def without_a_word(file: Path) -> None:
    file.with_suffix(".json").unlink()


def with_nonsense(file: Path) -> None:
    file.with_suffix(".json").write_text('{"format": 1, "size": []}')


@pytest.mark.parametrize("spoil", [truncated, altered, empty, of_another_model, without_a_word, with_nonsense])
def test_a_spoiled_state_is_read_again(
    opened: Open, tmp_path: Path, tiny_model: Path, spoil: Callable[[Path], None]
) -> None:
    model, before = opened(tiny_model)
    text = model.vocabulary.tokenize(numbers(100, 150))
    cold = read_for(before, text), before.logits().copy()
    before.put_by()
    [file] = files(tmp_path)
    spoil(file)
    _, after = opened(tiny_model)
    assert read_for(after, text) == cold[0] == 0
    assert divergence(cold[1], after.logits()) < NOISE


def test_a_state_of_another_cache_type_or_an_altered_model_is_not_used(
    opened: Open, tmp_path: Path, starter_model: Path
) -> None:
    copy = tmp_path / "model.gguf"
    copy.write_bytes(starter_model.read_bytes())
    model, before = opened(copy)
    text = model.vocabulary.tokenize(numbers(100, 150))
    read_for(before, text)
    before.put_by()
    _, same = opened(copy)
    assert same.known(text, "chat-1") == len(text) - 1
    _, smaller_values = opened(copy, kv_type="q8_0")
    assert smaller_values.known(text, "chat-1") == 0
    os.utime(copy, ns=(0, 0))
    _, changed = opened(copy)
    assert changed.known(text, "chat-1") == 0


def test_the_longest_unused_makes_room(opened: Open, tmp_path: Path, tiny_model: Path) -> None:
    model, reader = opened(tiny_model)
    for number in range(3):
        read_for(reader, model.vocabulary.tokenize(numbers(100 + 100 * number, 150 + 100 * number)), f"chat-{number}")
        reader.put_by()
    old, middle, new = (next((tmp_path / "states" / f"chat-{number}").glob("*.kv")) for number in range(3))
    for age, file in enumerate((new, old, middle)):
        os.utime(file, (1000 - age, 1000 - age))
    abandoned, busy = old.with_name("a.1.part"), old.with_name("b.2.part")
    for part in (abandoned, busy):
        part.write_bytes(b"")
    os.utime(abandoned, (1000, 1000))
    room = sum(file.stat().st_size for file in (old, middle, new)) + 100
    model, reader = opened(tiny_model, limit=room)
    read_for(reader, model.vocabulary.tokenize(numbers(600, 650)), "chat-9")
    reader.put_by()
    assert new.exists()
    assert old.exists()
    assert not middle.exists()
    assert not middle.with_suffix(".json").exists()
    assert not abandoned.exists()
    assert busy.exists()
    assert len(files(tmp_path)) == 3


def test_what_is_wanted_does_not_make_room(opened: Open, tmp_path: Path, tiny_model: Path) -> None:
    model, reader = opened(tiny_model)
    texts = [model.vocabulary.tokenize(numbers(first, first + 50)) for first in (100, 200, 300)]
    read_for(reader, texts[0], "chat-0")
    reader.put_by()
    model, reader = opened(tiny_model, limit=5 * files(tmp_path)[0].stat().st_size // 2)
    for number, text in enumerate(texts):
        read_for(reader, text, f"chat-{number}")  # the one before is put by
    for number in range(2):
        [file] = (tmp_path / "states" / f"chat-{number}").glob("*.kv")
        os.utime(file, (1000 + number, 1000 + number))
    follow_up = [*texts[0], *texts[1]]
    assert reader.known(follow_up, "chat-0") == len(texts[0])
    assert read_for(reader, follow_up, "chat-0") == len(texts[0])
    assert {file.parent.name for file in files(tmp_path)} == {"chat-0", "chat-2"}


@pytest.mark.parametrize("by_another", [False, True])
def test_what_was_kept_anew_is_as_good_as_at_first(tmp_path: Path, *, by_another: bool) -> None:
    """The same tokens with other values, as another split into batches rounds them."""
    one, other = (KeptStates(tmp_path / "states", "any", 1 << 30, spared_bytes=0) for _ in range(2))
    head = struct.pack("<6i", 0x67677371, 2, 3, 65, 66, 67)
    for states, values in ((one, b"0.1"), (other if by_another else one, b"0.2")):
        shutil.rmtree(tmp_path / "states", ignore_errors=True)  # as whoever needs the room does

        def write(path: Path, values: bytes = values) -> bool:
            return path.write_bytes(head + values) > 0

        assert states.keep("chat-1", [65, 66, 67], 0, 100, write, {})
        for file in (tmp_path / "states").rglob("*"):
            os.utime(file, (1000, 1000))  # as where times are coarse: both were kept in the same moment
        [state] = one.of("chat-1")
        assert one.verify(state)


def test_the_disk_is_not_filled_up(opened: Open, tmp_path: Path, tiny_model: Path) -> None:
    model, _ = opened(tiny_model)
    free = shutil.disk_usage(tmp_path).free
    for spared, kept in ((free + 1, 0), (free // 2, 1)):
        states = KeptStates(tmp_path / "states", "any", 1 << 30, spared_bytes=spared)
        reader = Decoder(model, StopSwitch(), states)
        read_for(reader, model.vocabulary.tokenize(numbers(100, 150)))
        reader.put_by()
        assert len(files(tmp_path)) == kept
        assert files(tmp_path, ".part") == []


def test_where_nothing_can_be_written_nothing_breaks(opened: Open, tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "states").write_text("a file where the folder should be")
    model, reader = opened(tiny_model)
    text = model.vocabulary.tokenize(numbers(100, 150))
    read_for(reader, text)
    reader.put_by()
    assert read_for(reader, text) == len(text) - 1
    assert (tmp_path / "states").is_file()


def test_a_window_that_has_moved_on_goes_back_to_shortly_before_the_end_of_a_prompt(
    opened: Open, gemma_model: Path
) -> None:
    model, reader = opened(gemma_model, 4096)
    question = model.vocabulary.tokenize(numbers(100, 130))
    answer = model.vocabulary.tokenize(numbers(300, 520))[1:]
    assert len(answer) > model.n_swa + N_BATCH
    again = [*question, *model.vocabulary.tokenize(" differently")[1:]]
    _, cold = read(reader, again)
    read_for(reader, model.vocabulary.tokenize(numbers(900, 920)), "chat-2")
    read_for(reader, question)
    list(reader.read([*question, *answer], "chat-2"))  # in pieces, as it was decoded: the window moves on
    assert reader.known(again) == len(question) - TAIL
    assert read_for(reader, again) == len(question) - TAIL
    assert divergence(cold, reader.logits()) < NOISE


def test_whatever_happened_before_the_logits_are_those_of_a_cold_run(opened: Open, tiny_model: Path) -> None:
    """500 steps of asking, editing, branching, changing the chat, stopping in the middle and starting anew."""
    chance = random.Random(5)
    model, reader = opened(tiny_model, 512)
    _, cold = opened(tiny_model, 512)
    paths: list[tuple[str, list[int]]] = [("chat-1", model.vocabulary.tokenize(numbers(100, 130)))]
    reused = 0
    for _ in range(500):
        conversation, path = chance.choice(paths[-8:])
        match chance.choice(["ask", "ask", "edit", "again", "chat", "stop", "restart", "rest"]):
            case "ask" if len(path) < 400:
                path = [*path, *(chance.randrange(32, 127) for _ in range(chance.randrange(1, 60)))]
            case "edit":
                path = [*path[: chance.randrange(1, len(path))], chance.randrange(32, 127)]
            case "chat":
                conversation = f"chat-{chance.randrange(3)}"
            case "stop":
                next(reader.read(path, conversation))
                continue
            case "restart":
                reader.put_by()
                _, reader = opened(tiny_model, 512)
            case "rest":
                reader.put_by()
        paths.append((conversation, path))
        reused += read_for(reader, path, conversation)
        list(cold.read([path[0] ^ 1]))  # which leaves nothing to reuse
        [first, *_] = cold.read(path)
        assert first.reused == 0
        assert divergence(cold.logits(), reader.logits()) < NOISE
        assert list(reader.tokens) == path
    assert reused > 20_000


def test_a_branch_behind_a_sliding_window_is_brought_back(opened: Open, tmp_path: Path, gemma_model: Path) -> None:
    model, reader = opened(gemma_model, 4096)
    question = model.vocabulary.tokenize(numbers(100, 130))
    answer = model.vocabulary.tokenize(numbers(300, 520))[1:]
    again = [*question, *model.vocabulary.tokenize(" differently")[1:]]
    _, cold = read(reader, again)
    list(reader.read([again[0] ^ 1]))
    read_for(reader, question)
    read_for(reader, [*question, *answer])
    reader.put_by()
    assert len(files(tmp_path, ".at")) == 2

    _, after = opened(gemma_model, 4096)
    assert after.known(again, "chat-1") == len(question) - TAIL
    assert read_for(after, again) == len(question) - TAIL
    assert divergence(cold, after.logits()) < NOISE

    checkpoint = next(file for file in files(tmp_path, ".at") if file.stem.endswith(f"-{len(question) - TAIL}"))
    altered(checkpoint)
    _, later = opened(gemma_model, 4096)
    assert read_for(later, again) == 0
    assert divergence(cold, later.logits()) < NOISE
    assert not checkpoint.exists()


def test_of_a_sliding_window_no_more_is_promised_than_the_file_has(opened: Open, tmp_path: Path) -> None:
    path = tiny_memories.write(tmp_path / "window.gguf", "gemma2")
    model, before = opened(path)
    question = model.vocabulary.tokenize(numbers(100, 140))
    text = [*question, *model.vocabulary.tokenize(numbers(300, 360))]
    assert model.n_swa < len(text) < model.n_swa + N_BATCH, "all is in the cache, the window in the file"
    edited = [*text[: len(text) - 100], *question[-10:]]
    _, cold = read(before, edited)
    list(before.read([edited[0] ^ 1]))
    read_for(before, question)
    read_for(before, text)
    before.put_by()

    _, after = opened(path)
    assert after.known(edited, "chat-1") == len(question) - TAIL
    assert read_for(after, edited) == len(question) - TAIL
    assert divergence(cold, after.logits()) < NOISE


def test_what_a_newer_state_cannot_go_back_to_is_kept_too(opened: Open, tmp_path: Path) -> None:
    path = tiny_memories.write(tmp_path / "window.gguf", "gemma2")
    model, reader = opened(path)
    first = model.vocabulary.tokenize(numbers(100, 140))
    read_for(reader, first[:-10])
    for token in first[-10:]:
        reader.step(token)
    reader.put_by()
    read_for(reader, [*first, *first])
    reader.put_by()
    assert len(files(tmp_path)) == 2
    _, after = opened(path)
    assert after.known([*first, 65], "chat-1") == len(first)
