"""`fireside models list`, `info`, `add`, `remove`, `verify`, `fit` and `scan`: the models on this disk."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from desktop.cli.arguments import Run, add_command, add_json, positive
from desktop.cli.command import WRONG_FILE, Command, exit_code
from desktop.cli.table import table
from desktop.errors import BadModelFile, NoSuchModel
from desktop.hub.fit import Fit, fit
from desktop.hub.model import Model, Source
from desktop.ui.error_text import explain, one_line
from desktop.ui.fit_words import beyond_training, fit_arithmetic, fit_details, fit_line
from desktop.ui.i18n import tr, tr_count
from desktop.ui.library_words import badges, context, facts, facts_line, title_of, verified_words
from desktop.ui.licence_words import licence_name
from desktop.ui.quantities import parameters, size


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions on models on this disk."""
    listing = add_command(actions, "list", tr("all models; * marks the one that answers"), list_models)
    add_json(listing, tr("a JSON list of models"))

    info = add_command(
        actions, "info", tr("all that is known of a model, and whether it fits this computer"), _of_files(show_info)
    )
    _add_name(info)
    add_json(info, tr("a JSON object: the model"))

    adding = add_command(
        actions, "add", tr("add a model file, or all in a folder; they stay where they are"), _of_files(add_model)
    )
    adding.add_argument("path", metavar="PATH", type=Path, help=tr("a GGUF file, or a folder"))
    add_json(adding, tr("a JSON list of the models that were added"))

    removing = add_command(actions, "remove", tr("take a model off the list; its files stay"), remove)
    # All of it: nobody shall lose another model than the one that was meant.
    removing.add_argument("name", metavar="NAME", help=tr("the model's name, to the last letter"))
    removing.add_argument("--delete", action="store_true", help=tr("also move its files to the trash"))
    add_json(removing, tr("a JSON object: name, deleted, freed_bytes"))

    verifying = add_command(
        actions, "verify", tr("compare a model's files with what was downloaded or added"), _of_files(verify)
    )
    _add_name(verifying)
    add_json(verifying, tr("a JSON object: name, and the result: as_on_hub, as_recorded or recorded"))

    fitting = add_command(
        actions, "fit", tr("whether a model fits this computer, with the arithmetic"), _of_files(show_fit)
    )
    _add_name(fitting)
    fitting.add_argument("--context", type=positive, metavar="N", help=tr("with a context of so many tokens"))
    add_json(fitting, tr("a JSON object: verdict, numbers, and the bytes that each device has to hold"))

    scanning = add_command(actions, "scan", tr("models that other programs keep, and that can be added"), scan)
    add_json(scanning, tr("a JSON list: program, title, path, size_bytes"))


def list_models(command: Command, _args: argparse.Namespace) -> int:
    """All models of the library."""
    models = command.library.models()
    in_use = _in_use(command)
    if command.terminal.as_json:
        command.terminal.data([_as_json(model, in_use) for model in models], indent=2)
        return 0
    for line in table([_row(model, in_use) for model in models], right=(2, 4, 5)):
        command.terminal.line(line)
    return 0


def show_info(command: Command, args: argparse.Namespace) -> int:
    """One model: what its files say, where it came from, how it fits."""
    model = command.library.look_up(args.name)
    fits = _fit(command, model) if model.is_usable else None
    if command.terminal.as_json:
        command.terminal.data({**_as_json(model, _in_use(command)), "fit": asdict(fits) if fits else None}, indent=2)
    else:
        used_at = model.last_used_at
        # In the user's time zone, as everywhere on screen.
        used_on = datetime.fromtimestamp(used_at).astimezone().date() if used_at is not None else None
        rows = [(tr("Name"), model.name), *facts(model, used_on), (tr("Where"), str(model.path))]
        rows += [(tr("Loading"), wishes)] if (wishes := _wishes(model)) else []
        rows += [(tr("Fit"), f"{fit_line(fits)} · {fit_details(fits)}")] if fits else []
        for line in table(rows):
            command.terminal.line(line)
    if (problem := model.problem) is not None:
        command.terminal.tell(one_line(problem))
        return WRONG_FILE if isinstance(problem, BadModelFile) else exit_code(problem)
    return 0


def add_model(command: Command, args: argparse.Namespace) -> int:
    """Add files in place."""
    models = command.library.add(args.path)
    if command.terminal.as_json:
        command.terminal.data([_as_json(model, _in_use(command)) for model in models], indent=2)
        return 0
    for line in table([(model.name, _problem(model) or facts_line(model)) for model in models]):
        command.terminal.line(line)
    return 0


def remove(command: Command, args: argparse.Namespace) -> int:
    """Take a model off the list, and into the trash if that is wanted."""
    model = next((each for each in command.library.models() if each.name == args.name), None)
    if model is None:
        raise NoSuchModel(args.name)
    if model.is_starter:
        command.terminal.tell(tr("The starter model came with Fireside and stays."))
        return 2
    freed_bytes = command.library.frees(model.name) if args.delete else 0
    command.library.remove(model.name, to_trash=args.delete)
    if command.terminal.as_json:
        command.terminal.data({"name": model.name, "deleted": freed_bytes > 0, "freed_bytes": freed_bytes})
    elif freed_bytes:
        command.terminal.line(
            tr(
                "{name} is in the trash, which frees {size} when it is emptied.",
                name=model.name,
                size=size(freed_bytes),
            )
        )
    elif model.missing:
        command.terminal.line(tr("{name} is off the list.", name=model.name))
    elif args.delete:
        command.terminal.line(
            tr("{name} is off the list. Its files belong to another program and stay: {path}",
               name=model.name, path=model.path)
        )  # fmt: skip
    else:
        command.terminal.line(tr("{name} is off the list. Its files stay: {path}", name=model.name, path=model.path))
    return 0


def verify(command: Command, args: argparse.Namespace) -> int:
    """Read every byte of a model's files."""
    name = command.library.find(args.name).name
    told = -1

    def on_progress(done_bytes: int, total_bytes: int) -> None:
        nonlocal told
        percent = 100 * done_bytes // max(1, total_bytes)
        if percent != told:
            told = percent
            command.terminal.progress(tr("Verifying {name}… {percent} %", name=name, percent=percent))

    result = command.library.verify(name, on_progress)
    if command.terminal.as_json:
        command.terminal.data({"name": name, "result": result})
    else:
        command.terminal.line(verified_words(result))
    return 0


def show_fit(command: Command, args: argparse.Namespace) -> int:
    """Whether a model fits, in one line, and what stands behind it."""
    model = command.library.find(args.name)
    fits = _fit(command, model, args.context)
    n_ctx_train = model.header.n_ctx_train if model.header is not None else None
    if command.terminal.as_json:
        more = {"n_ctx_train": n_ctx_train, "needed_bytes": fits.needed_bytes, "message": fit_line(fits)}
        command.terminal.data({**asdict(fits), **more}, indent=2)
        return 0
    command.terminal.line(f"{fit_line(fits)} · {fit_details(fits)}")
    for line in table([("", label, number) for label, number in fit_arithmetic(fits)], right=(2,)):
        command.terminal.line(line)
    if warning := beyond_training(fits.n_ctx, n_ctx_train):
        command.terminal.tell(warning)
    return 0


def scan(command: Command, _args: argparse.Namespace) -> int:
    """What other programs keep."""
    found = command.library.neighbours()
    if command.terminal.as_json:
        command.terminal.data(
            [
                {"program": each.program, "title": each.title, "path": str(each.path), "size_bytes": each.size_bytes}
                for each in found
            ],
            indent=2,
        )
        return 0
    for line in table(
        [(each.program, each.title, size(each.size_bytes), str(each.path)) for each in found], right=(2,)
    ):
        command.terminal.line(line)
    if found:
        command.terminal.tell(tr("“fireside models add PATH” adds one of them where it is. Nothing is copied."))
    else:
        command.terminal.tell(tr("No other program keeps models here that are not in the library already."))
    return 0


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=tr("the model's name, or the beginning of it"))


def _of_files(run: Run) -> Run:
    """`run`, which is asked about a file: that it is no good is an answer with an exit code of its own."""

    def judged(command: Command, args: argparse.Namespace) -> int:
        try:
            return run(command, args)
        except BadModelFile as error:
            command.terminal.error(error)
            return WRONG_FILE

    return judged


def _in_use(command: Command) -> str:
    """The name of the model that answers where none is named; empty if there is none."""
    try:
        return command.model(None).name
    except (NoSuchModel, BadModelFile):
        return ""


def _fit(command: Command, model: Model, n_ctx: int | None = None) -> Fit:
    """How `model` fits this computer, as the user wants it loaded, but with a context of `n_ctx` if that is given.

    Raises:
        NoSuchModel, BadModelFile: nothing can be said of it.
    """
    if model.header is None:
        raise model.problem or NoSuchModel(model.name)
    command.terminal.progress(tr("Looking at this computer…"))
    command.loading.study(command.paths.engine_log)
    wishes = command.loading.wishes(command.settings, model.loading)
    if n_ctx is not None:
        wishes = replace(wishes, n_ctx=n_ctx)
    draft = command.draft_of(model)
    return fit(model.header, command.loading.machine(), wishes, draft=draft.header if draft is not None else None)


def _row(model: Model, in_use: str) -> tuple[str, ...]:
    """A model in the table: mark, name, parameters, quantisation, size, context, licence, remarks."""
    header = model.header
    remarks = [tr("Starter model")] if model.is_starter else []
    remarks += badges(model, in_use=False)
    return (
        "*" if model.name == in_use else "",
        model.name,
        parameters(header.parameters) if header is not None else "",
        header.quantisation if header is not None else "",
        size(model.size_bytes) if model.size_bytes else "",
        context(header.n_ctx_train) if header is not None and header.n_ctx_train else "",
        licence_name(model.licence or ""),
        _problem(model) or " · ".join(remarks),
    )


def _problem(model: Model) -> str:
    """What is wrong with it, short; empty if nothing is."""
    if model.missing:
        return tr("missing: {path}", path=model.path)
    problem = model.problem
    return explain(problem).why if problem is not None else ""


def _wishes(model: Model) -> str:
    """How the user wants it loaded; empty if as all others."""
    wishes = model.loading
    n_ctx, n_layers = wishes.n_ctx, wishes.n_gpu_layers
    words = [
        tr_count("{count} token of context", "{count} tokens of context", n_ctx) if n_ctx is not None else "",
        tr_count("{count} layer on the GPU", "{count} layers on the GPU", n_layers) if n_layers is not None else "",
        tr("KV cache: {kind}", kind=wishes.kv_type) if wishes.kv_type is not None else "",
        {None: "", True: tr("with Flash Attention"), False: tr("without Flash Attention")}[wishes.flash_attention],
        tr("draft model: {name}", name=wishes.draft) if wishes.draft is not None else "",
    ]
    return " · ".join(word for word in words if word)


def _as_json(model: Model, in_use: str) -> dict[str, Any]:
    header, problem = model.header, model.problem
    facts: dict[str, Any] = {
        "name": model.name,
        "title": title_of(model) if model.is_starter else model.title,
        "path": str(model.path),
        "files": [str(file) for file in model.files],
        "size_bytes": model.size_bytes,
        "source": model.source,
        "is_starter": model.source is Source.STARTER,
        "in_use": model.name == in_use,
        "missing": model.missing,
        "flaw": model.flaw,
        "problem": one_line(problem) if problem is not None else None,
        "companion": str(model.companion) if model.companion is not None else None,
        "licence": model.licence,
        "last_used_at": model.last_used_at,
        "loading": asdict(model.loading),
        "origin": asdict(model.origin) if model.origin is not None else None,
    }
    if header is not None:
        facts |= {
            "architecture": header.architecture,
            "parameters": header.parameters,
            "quantisation": header.quantisation,
            "n_ctx_train": header.n_ctx_train,
            "has_template": header.chat_template is not None,
        }
    return facts
