from __future__ import annotations

import json
from dataclasses import replace

import pytest

from desktop.chat.message import FinishReason, Role, Sampling, Statistics, Turn
from desktop.engine.api import (
    Alternative,
    Device,
    DeviceUse,
    Fallback,
    Finished,
    Loaded,
    ModelSpec,
    Reason,
    Request,
    Step,
    SystemInfo,
    Token,
)
from desktop.engine.wire import Call, Done, Failed, Generate, Load, Message, Reply, Stop, decode, encode
from desktop.errors import BadModelFile, Flaw

LOADED = Loaded(
    n_ctx=64,
    n_ctx_train=128,
    n_layers=2,
    n_gpu_layers=3,
    has_template=False,
    size_bytes=9,
    load_s=0.5,
    kv_type="q4_0",
    devices=(DeviceUse("CUDA0", 3, 7),),
    base_bytes=4,
    memory_bytes=5,
    fallback=Fallback(Step.OTHER_GPU, Reason.NO_MEMORY),
)
STATISTICS = Statistics(3, 1, 2, 0.5, 10.0, 20.0, 512)
INFO = SystemInfo(
    (("ggml", "1"),),
    "AVX2 = 1",
    gpu=False,
    devices=(Device("CPU", "", "cpu", 2, 1),),
    n_threads=2,
    weights_repacked=True,
)


@pytest.mark.parametrize(
    "message",
    [
        Call(
            1,
            Generate(
                Request(ModelSpec("a.gguf", n_ctx=64), (Turn(Role.USER, "你好 🙂\n\0"),), Sampling(stop=("x", "y")))
            ),
        ),
        Stop(7),
        Reply(2, (Token("é\ud800", 5, reasoning=True), Finished(FinishReason.STOPPED, STATISTICS, 9), Done())),
        Reply(3, (INFO,)),
        Reply(3, (Token("a", 5, logprob=-0.25, alternatives=(Alternative(5, "a", -0.25), Alternative(6, "é", -2.5))),)),
        Call(4, Load(ModelSpec("a.gguf", 64, 3, 2, "q8_0", ("CUDA0", "CUDA1"), (0.5, 1.5)))),
        Call(5, Load(ModelSpec("a.gguf", devices=()))),
        Reply(6, (LOADED, replace(LOADED, fallback=None, devices=()))),
    ],
)
def test_what_is_sent_arrives(message: Message) -> None:
    line = encode(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode(line) == message


def test_errors_arrive_with_their_facts() -> None:
    reply = decode(encode(Reply(1, (Failed(BadModelFile("a.gguf", Flaw.TRUNCATED, "12 bytes")),))))
    assert isinstance(reply, Reply)
    failed = reply.events[0]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, BadModelFile)
    assert (failed.error.flaw, failed.error.detail) == (Flaw.TRUNCATED, "12 bytes")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[1]",
        b'{"type":"Popen","args":["sh"]}',
        b'{"type":"Token","text":"not a message of its own","id":1}',
        b'{"type":"Stop"}',
        b'{"type":"Stop","number":1,"more":2}',
        b'{"type":["Stop"]}',
        b'{"type":"Turn","text":"no role"}',
        b'{"type":"Reply","number":1,"events":[{"type":"Token","text":"a","id":1,"alternatives":[[1,"a"]]}]}',
        b'{"type":"Reply","number":1,"events":[{"type":"Token","text":"a","id":1,"alternatives":1}]}',
        b'{"type":"Turn","role":"nobody","text":""}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(line)


def test_only_what_is_named_crosses() -> None:
    with pytest.raises(TypeError):
        encode(Reply(1, (object(),)))  # type: ignore[arg-type]
    assert json.loads(encode(Stop(1))) == {"type": "Stop", "number": 1}
