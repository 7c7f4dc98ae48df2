"""Files that no model can be read from: one clear error each, and the engine works on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.chat.message import Role, Sampling, Turn
from desktop.engine.api import Finished, ModelSpec, Request
from desktop.engine.local import LocalEngine
from desktop.errors import BadComputation, BadModelFile, Flaw, NoSuchModel
from tests.engine import tiny_gguf


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    local = LocalEngine(tmp_path_factory.mktemp("log") / "engine.log")
    yield local
    local.close()


def request(model: Path) -> Request:
    return Request(ModelSpec(str(model)), (Turn(Role.USER, "ab"),), Sampling(seed=1, max_tokens=3))


def write(content: bytes) -> Callable[[Path, Path], object]:
    return lambda path, _good: path.write_bytes(content)


def wrong_version(path: Path, good: Path) -> None:
    path.write_bytes(b"GGUF\x09\0\0\0" + good.read_bytes()[8:])


BAD: dict[str, tuple[Callable[[Path, Path], object], Flaw]] = {
    "directory": (lambda path, _good: path.mkdir(), Flaw.NOT_A_FILE),
    "empty": (write(b""), Flaw.EMPTY),
    "three bytes": (write(b"GGU"), Flaw.NOT_GGUF),
    "magic alone": (write(b"GGUF\x03\0\0\0"), Flaw.TRUNCATED),
    "random bytes": (write(bytes(i * i * 31 % 251 for i in range(20_000))), Flaw.NOT_GGUF),
    "random after the magic": (write(b"GGUF\x03\0\0\0" + bytes(i * i % 251 for i in range(20_000))), Flaw.DAMAGED),
    "version 9": (wrong_version, Flaw.UNSUPPORTED_VERSION),
    "half": (lambda path, good: path.write_bytes(good.read_bytes()[:200_000]), Flaw.TRUNCATED),
    "vocabulary only": (lambda path, _good: tiny_gguf.write(path, tensors=False), Flaw.VOCABULARY_ONLY),
    "architecture": (lambda path, _good: tiny_gguf.write(path, architecture="frobnicate"), Flaw.UNKNOWN_ARCHITECTURE),
    "projector": (lambda path, _good: tiny_gguf.write(path, architecture="clip"), Flaw.NOT_A_LANGUAGE_MODEL),
    "weights of another": (lambda path, _good: tiny_gguf.write(path, architecture="bert"), Flaw.DAMAGED),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_named_and_the_next_model_works(
    engine: LocalEngine, tmp_path: Path, tiny_model: Path, kind: str
) -> None:
    make, flaw = BAD[kind]
    bad = tmp_path / "bad.gguf"
    make(bad, tiny_model)
    with pytest.raises(BadModelFile) as raised:
        list(engine.generate(request(bad)))
    assert (raised.value.path, raised.value.flaw) == (str(bad), flaw)
    assert isinstance(list(engine.generate(request(tiny_model)))[-1], Finished)


def test_the_unknown_architecture_is_named(engine: LocalEngine, tmp_path: Path) -> None:
    bad = tiny_gguf.write(tmp_path / "bad.gguf", architecture="frobnicate")
    with pytest.raises(BadModelFile) as raised:
        list(engine.load(ModelSpec(str(bad))))
    assert raised.value.detail == "frobnicate"


def test_weights_that_are_no_numbers(engine: LocalEngine, tmp_path: Path, tiny_model: Path) -> None:
    bad = tiny_gguf.write(tmp_path / "bad.gguf", fill=float("nan"))
    for temperature in (0.0, 0.7):
        asked = Request(ModelSpec(str(bad)), (Turn(Role.USER, "ab"),), Sampling(temperature=temperature))
        with pytest.raises(BadComputation):
            list(engine.generate(asked))
    assert isinstance(list(engine.generate(request(tiny_model)))[-1], Finished)


@pytest.mark.parametrize("path", ["nothing.gguf", "a\0b.gguf", "nothing/nothing.gguf"])
def test_nothing_there(engine: LocalEngine, tmp_path: Path, path: str) -> None:
    with pytest.raises(NoSuchModel):
        list(engine.load(ModelSpec(f"{tmp_path}/{path}")))


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_a_file_that_may_not_be_read(engine: LocalEngine, tmp_path: Path, tiny_model: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(tiny_model.read_bytes())
    bad.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may read everything
    try:
        with pytest.raises(BadModelFile) as raised:
            list(engine.load(ModelSpec(str(bad))))
    finally:
        os.seteuid(user)
    assert raised.value.flaw is Flaw.NO_PERMISSION


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
def test_a_named_pipe_is_not_waited_for(engine: LocalEngine, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(BadModelFile) as raised:
        list(engine.load(ModelSpec(str(tmp_path / "pipe.gguf"))))
    assert raised.value.flaw is Flaw.NOT_A_FILE
