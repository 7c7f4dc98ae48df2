from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import tracemalloc
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.errors import BadModelFile, Flaw, ModelError, NoSuchModel
from desktop.hub.header import Header, companion_bytes, read_header, read_remote, read_shards, unpack
from desktop.hub.layers import Layer
from tests.hub.gguf_file import ARRAY, STRING, U8, U64, GgufFile, string, strings, tensor, text, u32

GOOD = GgufFile()


def with_keys(**changed: bytes | None) -> GgufFile:
    """GOOD with these keys changed, added or (None) taken out; `__` stands for a dot."""
    keys = GOOD.keys | {name.replace("__", "."): value for name, value in changed.items() if value is not None}
    gone = {name.replace("__", ".") for name, value in changed.items() if value is None}
    return replace(GOOD, keys={name: value for name, value in keys.items() if name not in gone})


def write(tmp_path: Path, raw: bytes) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(raw)
    return path


def flaw_of(path: Path) -> tuple[Flaw, str]:
    with pytest.raises(BadModelFile) as caught:
        read_header(path)
    assert caught.value.path == str(path)
    return caught.value.flaw, caught.value.detail


def test_starter_model(starter_model: Path) -> None:
    header = read_header(starter_model)
    assert (header.architecture, header.quantisation, header.licence) == ("llama", "Q4_1", "apache-2.0")
    assert (header.n_layers, header.n_embd, header.n_head, header.n_head_kv) == (30, 576, 9, 3)
    assert (header.n_vocab, header.n_ctx_train, header.tensor_count) == (49152, 8192, 272)
    assert header.parameters == 134_515_008
    assert header.size_bytes == starter_model.stat().st_size
    assert header.chat_template is not None
    assert "<|im_start|>" in header.chat_template


def test_base_model_with_a_large_vocabulary(gemma_model: Path) -> None:
    header = read_header(gemma_model)
    assert (header.architecture, header.quantisation, header.n_vocab) == ("gemma3", "Q4_K_M", 262144)
    assert header.chat_template is None


def test_small_model(tmp_path: Path) -> None:
    assert read_header(write(tmp_path, GOOD.encode())) == Header(
        architecture="llama",
        size_bytes=len(GOOD.encode()),
        parameters=64,
        quantisation="F32",
        tensor_count=1,
        n_ctx_train=512,
        n_layers=2,
        n_vocab=4,
        layers=(Layer(0, 0), Layer(0, 0)),
        input_bytes=256,
        output_bytes=256,
        tied=True,
        output_type="F32",
    )


def test_nothing_there(tmp_path: Path) -> None:
    for path in (tmp_path / "no.gguf", tmp_path / ("x" * 5000), tmp_path / "a\0b", write(tmp_path, b"") / "below"):
        with pytest.raises(NoSuchModel):
            read_header(path)


def test_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        assert flaw_of(path)[0] is Flaw.NOT_A_FILE


def test_no_permission(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.encode())
    path.chmod(0)
    for directory in (tmp_path, *tmp_path.parents):
        if directory.stat().st_uid == os.getuid() and directory != Path("/"):
            directory.chmod(directory.stat().st_mode | 0o055)
    # Root may read everything: ask as somebody else.
    program = (
        "import os, sys; from pathlib import Path; from desktop.errors import BadModelFile;"
        "from desktop.hub.header import read_header\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "try: read_header(Path(sys.argv[1]))\n"
        "except BadModelFile as error: print(error.flaw)"
    )
    run = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == Flaw.NO_PERMISSION


@pytest.mark.parametrize(
    ("raw", "flaw"),
    [
        (b"", Flaw.EMPTY),
        (b"GGU", Flaw.NOT_GGUF),
        (b"PK\x03\x04" + bytes(5000), Flaw.NOT_GGUF),
        (bytes(range(256)) * 40, Flaw.NOT_GGUF),
        (b"GGUF", Flaw.TRUNCATED),
        (GOOD.encode()[:-1], Flaw.TRUNCATED),
        (GOOD.encode()[:60], Flaw.TRUNCATED),
        (replace(GOOD, version=struct.pack("<I", 1)).encode(), Flaw.UNSUPPORTED_VERSION),
        (replace(GOOD, version=struct.pack("<I", 4)).encode(), Flaw.UNSUPPORTED_VERSION),
        (replace(GOOD, version=struct.pack(">I", 3)).encode(), Flaw.UNSUPPORTED_VERSION),
        (replace(GOOD, tensors=[], data=b"").encode(), Flaw.VOCABULARY_ONLY),
        (with_keys(general__architecture=string("clip")).encode(), Flaw.NOT_A_LANGUAGE_MODEL),
        (with_keys(general__architecture=string("whisper")).encode(), Flaw.NOT_A_LANGUAGE_MODEL),
        (with_keys(general__type=string("adapter")).encode(), Flaw.NOT_A_LANGUAGE_MODEL),
        (with_keys(general__type=string("imatrix"), general__architecture=None).encode(), Flaw.NOT_A_LANGUAGE_MODEL),
        (with_keys(split__no=struct.pack("<IH", 2, 1)).encode(), Flaw.NOT_FIRST_PART),
        (with_keys(general__architecture=None).encode(), Flaw.DAMAGED),
        (with_keys(general__architecture=u32(7)).encode(), Flaw.DAMAGED),
        (with_keys(llama__block_count=u32(0)).encode(), Flaw.DAMAGED),
        (with_keys(llama__block_count=u32(1_000_000_000)).encode(), Flaw.DAMAGED),
        (with_keys(llama__context_length=string("many")).encode(), Flaw.DAMAGED),
        (with_keys(general__alignment=u32(0)).encode(), Flaw.DAMAGED),
        (with_keys(general__alignment=u32(31)).encode(), Flaw.DAMAGED),
        (replace(GOOD, tensors=[tensor("a", (16, 4), offset=8)]).encode(), Flaw.DAMAGED),
        (replace(GOOD, tensors=[tensor("a", (16, 4), type_id=12)]).encode(), Flaw.DAMAGED),
    ],
)
def test_bad_file(tmp_path: Path, raw: bytes, flaw: Flaw) -> None:
    assert flaw_of(write(tmp_path, raw))[0] is flaw


def test_first_part_may_hold_no_tensors(tmp_path: Path) -> None:
    model = with_keys(split__no=struct.pack("<IH", 2, 0), split__count=struct.pack("<IH", 2, 3))
    assert read_header(write(tmp_path, replace(model, tensors=[], data=b"").encode())).tensor_count == 0


def test_tensor_type_that_is_newer_than_this_program(tmp_path: Path) -> None:
    # What it means, the engine knows or not.
    model = replace(GOOD, tensors=[tensor("a", (16, 4), type_id=99), tensor("b", (16, 4), offset=64)], data=bytes(320))
    assert read_header(write(tmp_path, model.encode())).parameters == 128


HUGE = 2**64 - 1


@pytest.mark.parametrize(
    "model",
    [
        replace(GOOD, n_keys=HUGE),
        replace(GOOD, n_tensors=HUGE),
        replace(GOOD, keys={f"key.{i}": u32(i) for i in range(1_000_000)}),
        with_keys(general__name=struct.pack("<IQ", STRING, HUGE)),
        with_keys(general__name=struct.pack("<IQ", STRING, 30 << 20)),
        with_keys(general__name=struct.pack("<IIQ", ARRAY, STRING, HUGE)),
        with_keys(general__name=struct.pack("<IIQ", ARRAY, STRING, 3_000_000)),
        with_keys(general__name=struct.pack("<IIQ", ARRAY, U8, HUGE)),
        with_keys(general__name=struct.pack("<IIQ", ARRAY, U64, 2**61)),
        with_keys(general__name=struct.pack("<II", ARRAY, ARRAY) * 500),
        with_keys(general__name=struct.pack("<IIQIQ", ARRAY, ARRAY, 1, U8, 1)),
        with_keys(general__name=struct.pack("<IIQQ", ARRAY, STRING, 1, HUGE)),
        with_keys(general__name=struct.pack("<II", 77, 1)),
        replace(GOOD, tensors=[tensor("a", (HUGE, HUGE, HUGE, HUGE))]),
        replace(GOOD, tensors=[tensor("a", (2**62, 2))]),
        replace(GOOD, tensors=[tensor("a", (1,) * 5)]),
        replace(GOOD, tensors=[text("a") + struct.pack("<I", HUGE >> 32)]),
        replace(GOOD, tensors=[tensor("a", (2**62,))]),
        replace(GOOD, tensors=[tensor("a", (16, 4), offset=HUGE)]),
        with_keys(tokenizer__ggml__tokens=strings(*(["x" * 3] * 100)), llama__block_count=struct.pack("<I", U64)),
    ],
)
def test_hostile_header_is_refused_in_bounded_memory(tmp_path: Path, model: GgufFile) -> None:
    path = write(tmp_path, model.encode())
    tracemalloc.start()
    try:
        flaw, _ = flaw_of(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert flaw in (Flaw.DAMAGED, Flaw.TRUNCATED)
    assert peak < 80 << 20


def test_a_file_of_endless_empty_texts_ends(tmp_path: Path) -> None:
    # A sparse file of 8 GB costs its maker nothing.
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IIQ", ARRAY, STRING, 100_000_000)
    path = write(tmp_path, head)
    with path.open("r+b") as file:
        file.truncate(8 << 30)
    assert flaw_of(path) == (Flaw.DAMAGED, "an array of 100000000 texts")


def test_a_text_as_long_as_a_disk_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path, b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IQ", STRING, 7 << 30))
    with path.open("r+b") as file:
        file.truncate(8 << 30)
    assert flaw_of(path) == (Flaw.DAMAGED, f"a text of {7 << 30} bytes")


@settings(max_examples=300)
@given(
    edits=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.none() | st.integers(0, 700),
)
def test_any_bytes_give_a_header_or_a_typed_error(
    tmp_path: Path, edits: list[tuple[int, int]], cut: int | None
) -> None:
    raw = bytearray(GOOD.encode())
    for position, byte in edits:
        raw[position % len(raw)] = byte
    try:
        header = read_header(write(tmp_path, bytes(raw[:cut])))
    except ModelError:
        return
    assert header.architecture


@settings(max_examples=60)
@given(edits=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=4))
def test_the_starter_model_with_wrong_bytes(tmp_path: Path, starter_model: Path, edits: list[tuple[int, int]]) -> None:
    path = tmp_path / "mutated.gguf"
    if not path.exists():
        # As long as the real file, but its weights are holes.
        with starter_model.open("rb") as real, path.open("wb") as copy:
            copy.write(real.read(4 << 20))
            copy.truncate(starter_model.stat().st_size)
    with path.open("r+b") as file, starter_model.open("rb") as real:
        for position, byte in edits:
            file.seek(position)
            file.write(bytes([byte]))
        with contextlib.suppress(BadModelFile):
            assert read_header(path).architecture
        for position, _ in edits:
            real.seek(position)
            file.seek(position)
            file.write(real.read(1))


def test_the_kept_header_is_the_same_header(starter_model: Path) -> None:
    header = read_header(starter_model)
    assert unpack(json.loads(json.dumps(asdict(header)))) == header


@pytest.mark.parametrize("model", ["starter_model", "gemma_model"])
def test_from_elsewhere_only_the_front_is_fetched(model: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(model)
    here, fetched = read_header(path), []
    with path.open("rb") as file:

        def read(offset: int, length: int) -> bytes:
            file.seek(offset)
            fetched.append(length)
            return file.read(length)

        far = read_remote(read, path.name, here.size_bytes)
    assert sum(fetched) <= 128 << 10
    assert not far.whole
    cache = [(layer.n_k, layer.n_v, layer.window) for layer in here.layers]
    assert [(layer.n_k, layer.n_v, layer.window) for layer in far.layers] == cache
    assert (far.n_vocab, far.n_ctx_train, far.tied) == (here.n_vocab, here.n_ctx_train, True)
    weights = sum(layer.size_bytes for layer in far.layers) + far.input_bytes
    assert weights == pytest.approx(here.size_bytes, rel=0.01)


def shard(number: int, count: int, **keys: bytes | None) -> GgufFile:
    places = {"split__no": struct.pack("<IH", 2, number), "split__count": struct.pack("<IH", 2, count)}
    model = with_keys(**places, **keys)
    return replace(model, tensors=[tensor(f"blk.{number}.attn_q.weight", (16, 4))])


def test_shards_are_one_model(tmp_path: Path) -> None:
    paths = [tmp_path / f"m-0000{number + 1}-of-00002.gguf" for number in range(2)]
    for number, path in enumerate(paths):
        path.write_bytes(shard(number, 2).encode())
    header = read_shards(paths)
    assert (header.tensor_count, header.parameters) == (2, 128)
    assert header.size_bytes == sum(path.stat().st_size for path in paths)
    assert [layer.size_bytes for layer in header.layers] == [256, 256]
    with pytest.raises(BadModelFile) as caught:
        read_shards(paths[:1])
    assert caught.value.flaw is Flaw.MISSING_PART
    with pytest.raises(BadModelFile) as caught:
        read_shards([paths[1], paths[0]])
    assert caught.value.flaw in (Flaw.NOT_FIRST_PART, Flaw.DAMAGED)
    paths[1].unlink()
    with pytest.raises(BadModelFile) as caught:
        read_shards(paths)
    assert (caught.value.flaw, caught.value.detail) == (Flaw.MISSING_PART, paths[1].name)


def test_a_vision_companion_has_a_size(tmp_path: Path) -> None:
    path = write(tmp_path, with_keys(general__architecture=string("clip")).encode())
    assert companion_bytes(path) == path.stat().st_size
    with pytest.raises(BadModelFile):
        companion_bytes(write(tmp_path, GOOD.encode()))
