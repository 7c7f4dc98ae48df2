"""`fireside models`: what can be asked."""

from __future__ import annotations

import argparse
from typing import Any

from desktop.cli.command import Command
from desktop.hub.library import Library
from desktop.hub.model import Model
from desktop.ui.i18n import tr
from desktop.ui.quantities import gigabytes

_BILLION = 1000
"""In millions."""


def list_models(command: Command, _args: argparse.Namespace) -> int:
    """All models of the library."""
    models = Library(command.paths.library, command.paths.models).models()
    if command.terminal.as_json:
        command.terminal.data([_facts(model) for model in models], indent=2)
        return 0
    width = max((len(model.name) for model in models), default=0)
    for model in models:
        command.terminal.line(f"{model.name:<{width}}  {_summary(model)}")
    return 0


def _summary(model: Model) -> str:
    if model.missing:
        return tr("missing: {path}", path=model.path)
    if model.header is None:
        return tr("cannot be read: {path}", path=model.path)
    title = tr("Starter model") if model.is_starter else model.title
    millions = model.header.parameters / 1e6
    parameters = f"{millions:.0f}M" if millions < _BILLION else f"{millions / 1000:.1f}B"
    return f"{title} · {parameters} · {model.header.quantisation} · {gigabytes(model.size_bytes)}"


def _facts(model: Model) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": model.name,
        "title": model.title,
        "path": str(model.path),
        "size_bytes": model.size_bytes,
        "is_starter": model.is_starter,
        "missing": model.missing,
    }
    if model.header is not None:
        facts |= {
            "architecture": model.header.architecture,
            "parameters": model.header.parameters,
            "quantisation": model.header.quantisation,
            "n_ctx_train": model.header.n_ctx_train,
            "licence": model.header.licence,
            "has_template": model.header.chat_template is not None,
        }
    return facts
