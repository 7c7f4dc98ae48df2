"""Errors as plain values, for the pipe to the engine process and for the database."""

from __future__ import annotations

from dataclasses import asdict, fields
from enum import StrEnum

from desktop.errors import AppError, Crash, Flaw, Gate, TemplateFault, Trouble

_ENUM_FACTS: dict[str, type[StrEnum]] = {
    "flaw": Flaw,
    "crash": Crash,
    "fault": TemplateFault,
    "trouble": Trouble,
    "gate": Gate,
}


def pack(error: AppError) -> dict[str, object]:
    """The error as plain values, for the pipe and the database: its class's name as `type`, then its facts."""
    return {"type": type(error).__name__, **asdict(error)}


def unpack(packed: dict[str, object]) -> AppError:
    """The error that `pack` was given.

    Raises:
        ValueError: no error of that name or with those facts is known.
    """
    known = {kind.__name__: kind for kind in _kinds(AppError)}
    kind = known.get(str(packed.get("type")))
    if kind is None:
        raise ValueError(f"no such error: {packed.get('type')!r}")
    facts = {name: value for name, value in packed.items() if name != "type"}
    for enum_field, enum in _ENUM_FACTS.items():
        if enum_field in facts:
            facts[enum_field] = enum(str(facts[enum_field]))
    known_facts = {each.name for each in fields(kind)}
    if not facts.keys() <= known_facts:
        raise ValueError(f"{kind.__name__} knows no {sorted(facts.keys() - known_facts)}")
    return kind(**facts)


def _kinds(kind: type[AppError]) -> list[type[AppError]]:
    """`kind` and all its subclasses."""
    return [kind, *(each for child in kind.__subclasses__() for each in _kinds(child))]
