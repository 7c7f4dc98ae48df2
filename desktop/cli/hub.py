"""`fireside models search`, `files` and `download`: what the hub has, and how it gets here."""

from __future__ import annotations

import argparse
import re
import time
from dataclasses import asdict
from typing import Any

from desktop.cli.arguments import add_command, add_json, positive
from desktop.cli.command import Command
from desktop.cli.fetching import fetch
from desktop.cli.picking import fits, named, suited
from desktop.errors import BadModelFile, HubError
from desktop.hub.fit import Fit
from desktop.hub.network import Network
from desktop.hub.remote import Choice, Repository
from desktop.hub.search import Hub, Sort
from desktop.packed_errors import pack
from desktop.ui.error_text import one_line
from desktop.ui.fit_words import fit_line
from desktop.ui.found_words import facts_of
from desktop.ui.i18n import tr, tr_count
from desktop.ui.quantities import size

_MOST_FOUND = 100


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions that talk to the hub to those of `fireside models`."""
    searching = add_command(actions, "search", tr("look for models on the hub"), search)
    searching.add_argument("query", metavar="QUERY", nargs="*", help=tr("words of the name; without any, all models"))
    sorts = [sort.name.lower() for sort in Sort]
    searching.add_argument("--sort", choices=sorts, default=sorts[0], help=tr("what comes first"))
    searching.add_argument("--licence", metavar="NAME", help=tr("only with this licence, such as apache-2.0"))
    searching.add_argument(
        "--max-parameters", type=_parameters, metavar="N", help=tr("only models of at most so many, such as 8B")
    )
    searching.add_argument(
        "--limit", type=positive, default=20, metavar="N", help=tr("how many at most; by default 20, never over 100")
    )
    _add_connection(searching)
    add_json(searching, tr("a JSON list of repositories"))

    listing = add_command(actions, "files", tr("what can be downloaded from a repository"), files)
    _add_repo(listing)
    _add_connection(listing)
    add_json(listing, tr("a JSON object: the repository, its choices, and what is refused"))

    downloading = add_command(
        actions, "download", tr("download a model into the library"), download, _download_details()
    )
    _add_repo(downloading)
    downloading.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help=tr("a file's name or a quantisation; by default the one that suits this computer"),
    )
    _add_connection(downloading)
    add_json(downloading, tr("events as JSON, one object a line"))


def search(command: Command, args: argparse.Namespace) -> int:
    """Repositories that have what the words say."""
    found = Hub(_network(command, args)).search(
        " ".join(args.query),
        sort=Sort[args.sort.upper()],
        licence=args.licence,
        largest_parameters=args.max_parameters,
        limit=min(args.limit, _MOST_FOUND),
    )
    if command.terminal.as_json:
        command.terminal.data([asdict(each) for each in found], indent=2)
        return 0
    width = max((len(each.repo) for each in found), default=0)
    now_s = time.time()
    for each in found:
        facts = [*facts_of(each, now_s), *([tr("asks for acceptance of its terms")] if each.gated else [])]
        command.terminal.line(f"{each.repo:<{width}}  {' · '.join(facts)}")
    if not found:
        command.terminal.tell(tr("Nothing was found."))
    return 0


def files(command: Command, args: argparse.Namespace) -> int:
    """What can be downloaded from a repository, and what cannot be and why."""
    hub = Hub(_network(command, args))
    repository = hub.repository(args.repo)
    command.terminal.progress(tr("Looking at this computer…"))
    command.loading.study(command.paths.engine_log)
    try:
        how = fits(hub, repository, command.loading.machine())
    except (HubError, BadModelFile):
        # Gated, perhaps. What there is can be said nevertheless.
        how = {}
    if command.terminal.as_json:
        command.terminal.data(_repository_facts(repository, how), indent=2)
        return 0
    width = max((len(choice.quantisation) for choice in repository.choices), default=0)
    for choice in repository.choices:
        facts = [size(choice.size_bytes), choice.files[0].path]
        if len(choice.files) > 1:
            facts.append(tr_count("{count} file", "{count} files", len(choice.files)))
        if choice.companions:
            facts.append(tr("sees pictures"))
        if choice in how:
            facts.append(fit_line(how[choice]))
        command.terminal.line(f"{choice.quantisation:<{width}}  {' · '.join(facts)}")
    for refusal in repository.refused:
        command.terminal.tell(one_line(refusal.error))
    if not repository.choices:
        command.terminal.tell(tr("There is no model file (GGUF) to download in {repo}.", repo=repository.found.repo))
    return 0


def download(command: Command, args: argparse.Namespace) -> int:
    """Download a model; afterwards it is in the library."""
    network = _network(command, args)
    hub = Hub(network)
    repository = hub.repository(args.repo)
    if args.file is not None:
        choice = named(repository, args.file)
    else:
        command.terminal.progress(tr("Looking at this computer…"))
        command.loading.study(command.paths.engine_log)
        choice = suited(hub, repository, command.loading.machine())
        command.terminal.tell(
            tr(
                "{file} ({size}) is what suits this computer best.",
                file=_file_name(choice),
                size=size(choice.size_bytes),
            )
        )
    return fetch(command, network, choice)


def _network(command: Command, args: argparse.Namespace) -> Network:
    return command.network(args.endpoint, trust_endpoint=args.trust_endpoint, offline=args.offline)


def _file_name(choice: Choice) -> str:
    return choice.files[0].path.rpartition("/")[2]


def _repository_facts(repository: Repository, how: dict[Choice, Fit]) -> dict[str, Any]:
    return {
        **asdict(repository.found),
        "commit": repository.commit,
        "choices": [
            {
                "quantisation": choice.quantisation,
                "size_bytes": choice.size_bytes,
                "files": [file.path for file in choice.files],
                "companions": [file.path for file in choice.companions],
                "fits": how[choice].verdict if choice in how else None,
            }
            for choice in repository.choices
        ],
        "refused": [
            {"file": refusal.path, "error": pack(refusal.error), "message": one_line(refusal.error)}
            for refusal in repository.refused
        ],
    }


def _download_details() -> str:
    return tr(
        "An interrupted download goes on where it stopped when the command is run again. With --json, stdout has one\n"
        "JSON object a line, each with a type: progress (phase, done_bytes, total_bytes, bytes_per_s, left_s),\n"
        "done (model, path), or error (error, message)."
    )


def _add_repo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "repo", metavar="REPO", help=tr("such as unsloth/Qwen3-8B-GGUF, or the address of its page on the hub")
    )


def _add_connection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        help=tr("the hub to talk to; by default HF_ENDPOINT, then the settings, then huggingface.co"),
    )
    parser.add_argument(
        "--trust-endpoint",
        action="store_true",
        help=tr(
            "send the access token (HF_TOKEN, or the keyring's) to it too; by default huggingface.co alone gets it"
        ),
    )
    parser.add_argument("--offline", action="store_true", help=tr("ask nothing of the network"))


def _parameters(text: str) -> int:
    found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,15})?)([MBT]?)", text.strip(), re.IGNORECASE)
    count = int(float(found[1]) * {"": 1, "M": 1e6, "B": 1e9, "T": 1e12}[found[2].upper()]) if found else 0
    if count < 1:
        raise argparse.ArgumentTypeError(tr("{value} is no number of parameters, such as 8B or 500M", value=text))
    return count
