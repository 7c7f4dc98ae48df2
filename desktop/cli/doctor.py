"""`fireside doctor`: what works on this computer, and what to do about what does not."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

import psutil

from desktop.chat.message import Role, Sampling, Turn
from desktop.cli.command import Command
from desktop.engine import computer, rebuild
from desktop.engine.api import Request, SystemInfo, Token
from desktop.engine.gpus import gpu_help
from desktop.engine.local import LocalEngine
from desktop.errors import AppError, Crash, EngineCrashed, EngineUnavailable
from desktop.ui.error_text import explain, one_line
from desktop.ui.i18n import tr
from desktop.ui.model_words import unused_gpu_words
from desktop.ui.quantities import gigabytes

_LITTLE_SPACE_BYTES = 1_000_000_000
_SELF_TEST_TOKENS = 16


class Status(StrEnum):
    """How a check came out. A NOTE is worth knowing, a PROBLEM keeps something from working."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


_MARKS = {Status.OK: "✓", Status.NOTE: "·", Status.PROBLEM: "✗"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `name` and `facts` are for machines, `text` and `fix` for people."""

    name: str
    status: Status
    text: str
    fix: str = ""
    facts: dict[str, object] = field(default_factory=dict)


def doctor(command: Command, args: argparse.Namespace) -> int:
    """Check everything. 0 if Fireside can work, 4 if the engine fails its test, 1 for other problems."""
    checks = []
    for check in _checks(command, args.model):
        checks.append(check)
        if not command.terminal.as_json:
            command.terminal.line(f"{_MARKS[check.status]} {check.text}")
            if check.fix:
                command.terminal.line(f"    {check.fix}")
    problems = {check.name for check in checks if check.status is Status.PROBLEM}
    if command.terminal.as_json:
        command.terminal.data({"ok": not problems, "checks": [asdict(check) for check in checks]}, indent=2)
    if "self-test" in problems:
        return 4
    return 1 if problems else 0


def _checks(command: Command, model: str | None) -> Iterator[Check]:
    engine = command.engine()
    command.terminal.progress(tr("Starting the engine…"))
    info: SystemInfo | None = None
    try:
        info = engine.system_info()
    except AppError as error:
        yield _engine_problem(error)
    yield _versions(info)
    if info is not None:
        command.loading.note(info)
        yield _build(info)
        yield _devices(info)
        yield from _gpus(info)
    yield from _processor(info)
    yield from _directories(command)
    yield _memory()
    yield _chats(command)
    yield from _window()
    command.terminal.progress(tr("Testing the engine…"))
    yield _self_test(command, engine, model)
    yield from _tuning(engine)


def _engine_problem(error: AppError) -> Check:
    illegal = isinstance(error, EngineCrashed) and error.crash is Crash.ILLEGAL_INSTRUCTION
    lacking = isinstance(error, EngineUnavailable) and bool(error.cpu_lacks)
    words = explain(error)
    text = f"{words.what} {words.why}".strip()
    return Check("engine", Status.PROBLEM, text, rebuild.command("native") if illegal or lacking else words.next)


def _versions(info: SystemInfo | None) -> Check:
    versions = {
        "fireside": _version("fireside"),
        "python": platform.python_version(),
        "pyside6": _version("PySide6-Essentials"),
        "llama-cpp-python": _version("llama-cpp-python"),
        **dict(info.versions if info else ()),
    }
    text = ", ".join(f"{name} {number}" for name, number in versions.items())
    return Check("versions", Status.OK, text, facts={**versions, "system": platform.platform()})


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # not at the window's start, which passes here

    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _build(info: SystemInfo) -> Check:
    facts: dict[str, object] = {"flags": info.build, "gpu": info.gpu, "weights_repacked": info.weights_repacked}
    if info.weights_repacked:
        return Check("build", Status.OK, tr("llama.cpp was built with: {flags}", flags=info.build), facts=facts)
    return Check(
        "build",
        Status.NOTE,
        tr("This llama.cpp was built with AMX, which some compilers get wrong. It is left unused, which costs speed."),
        rebuild.command("native"),
        facts,
    )


def _devices(info: SystemInfo) -> Check:
    named = ", ".join(f"{each.name} ({each.description}, {gigabytes(each.total_bytes)})" for each in info.devices)
    facts: dict[str, object] = {"devices": [asdict(each) for each in info.devices], "n_threads": info.n_threads}
    return Check("devices", Status.OK, tr("Models can be computed on: {devices}", devices=named), facts=facts)


def _processor(info: SystemInfo | None) -> Iterator[Check]:
    has = computer.cpu_features()
    if info is None or has is None:
        return
    name = computer.processor()
    built = computer.build_features(info.build) & computer.known_features()
    facts: dict[str, object] = {"processor": name, "has": sorted(has), "built_for": sorted(built)}
    if lacks := built - has:
        yield Check(
            "processor",
            Status.PROBLEM,
            tr("{processor} lacks what llama.cpp was built for: {features}", processor=name, features=_list(lacks)),
            rebuild.command("native"),
            facts,
        )
    elif unused := (has - built) & {"AVX512", "AVX2", "DOTPROD", "MATMUL_INT8"}:
        yield Check(
            "processor",
            Status.NOTE,
            tr(
                "{processor} also has {features}: a build for this very processor may read prompts faster.",
                processor=name,
                features=_list(unused),
            ),
            rebuild.command("native"),
            facts,
        )
    else:
        yield Check("processor", Status.OK, tr("{processor} has all that it needs.", processor=name), facts=facts)


def _gpus(info: SystemInfo) -> Iterator[Check]:
    told = gpu_help(info)
    named = ", ".join(told.backends)
    yield Check("backends", Status.OK, tr("Backends of this llama.cpp: {backends}", backends=named))
    for device in told.devices:
        text = tr("{gpu} can be used.", gpu=f"{device.description} ({device.name})")
        yield Check("gpu", Status.OK, text, facts=asdict(device))
    for unused in told.unused:
        yield Check("gpu", Status.NOTE, unused_gpu_words(unused), unused.command, asdict(unused))


def _directories(command: Command) -> Iterator[Check]:
    paths = command.paths
    for name in ("data", "config", "cache", "logs"):
        path: Path = getattr(paths, name)
        free = shutil.disk_usage(path).free
        facts: dict[str, object] = {"path": str(path), "free_bytes": free, "writable": os.access(path, os.W_OK)}
        if not facts["writable"]:
            text, status = tr("{path} cannot be written.", path=path), Status.PROBLEM
        elif free < _LITTLE_SPACE_BYTES:
            text, status = tr("{path}: only {free} are free.", path=path, free=gigabytes(free)), Status.NOTE
        else:
            text, status = tr("{path}: {free} are free.", path=path, free=gigabytes(free)), Status.OK
        yield Check(f"directory-{name}", status, text, facts=facts)


def _memory() -> Check:
    memory = psutil.virtual_memory()
    text = tr("Memory: {free} of {total} are free.", free=gigabytes(memory.available), total=gigabytes(memory.total))
    few = memory.available < _LITTLE_SPACE_BYTES
    facts: dict[str, object] = {"total_bytes": memory.total, "free_bytes": memory.available}
    return Check("memory", Status.NOTE if few else Status.OK, text, facts=facts)


def _chats(command: Command) -> Check:
    path = command.paths.database
    if not path.exists():
        return Check("chats", Status.OK, tr("There are no chats yet."))
    try:
        store = command.store()
        store.check()
        n_chats = len(store.chats())
    except AppError as error:
        words = explain(error)
        return Check("chats", Status.PROBLEM, f"{words.what} {words.why}".strip(), words.next)
    text = tr("The database is sound; chats: {count}", count=f"{n_chats:,}")
    return Check("chats", Status.OK, text, facts={"path": str(path), "chats": n_chats})


def _window() -> Iterator[Check]:
    packages = computer.missing_qt_packages()
    if packages:
        yield Check(
            "window",
            Status.NOTE,
            tr("The window needs system libraries that are missing: {packages}", packages=", ".join(packages)),
            f"sudo apt-get install {' '.join(packages)}",
            {"packages": packages},
        )
    if computer.lacks_chinese_font():
        text = tr("There is no font with Chinese characters.")
        yield Check("fonts", Status.NOTE, text, "sudo apt-get install fonts-noto-cjk")


def _self_test(command: Command, engine: LocalEngine, model: str | None) -> Check:
    """Two engine processes must give the same greedy answer."""
    try:
        chosen = command.model(model)
        turns = (Turn(Role.USER, "Count from one to five."),)
        sampling = Sampling(temperature=0.0, seed=0, max_tokens=_SELF_TEST_TOKENS)
        request = Request(command.spec(chosen), turns, sampling)
        first = _answer(engine, request)
        # Not in the process that still holds the first answer's cache: another split of the work may round otherwise.
        engine.unload()
        second = _answer(engine, request)
    except AppError as error:
        if isinstance(error, EngineUnavailable | EngineCrashed):
            return Check("self-test", Status.PROBLEM, one_line(error), _engine_problem(error).fix)
        return Check("self-test", Status.PROBLEM, one_line(error))
    facts: dict[str, object] = {"model": chosen.name, "answer": first}
    if first != second:
        text = tr(
            "{model} gave two answers where only one is possible: its numbers cannot be trusted.", model=chosen.name
        )
        return Check("self-test", Status.PROBLEM, text, rebuild.command("cpu"), facts | {"second_answer": second})
    return Check("self-test", Status.OK, tr("{model} answers, twice the same.", model=chosen.name), facts=facts)


def _tuning(engine: LocalEngine) -> Iterator[Check]:
    """How the model that was tested runs, where the window has had it measured."""
    if (tuning := engine.tuning) is not None:
        text = tr(
            "Measured: it runs best with {n_threads} threads, and reads best with {n_threads_batch}.",
            n_threads=tuning.n_threads,
            n_threads_batch=tuning.n_threads_batch,
        )
        yield Check("tuning", Status.OK, text, facts=asdict(tuning))


def _answer(engine: LocalEngine, request: Request) -> str:
    return "".join(event.text for event in engine.generate(request) if isinstance(event, Token))


def _list(features: set[str]) -> str:
    return ", ".join(sorted(features))
