"""What can be typed: all commands with their arguments and their help."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from typing_extensions import override

from desktop.cli import ask, chats, doctor, export, hub, models, prompt
from desktop.cli.arguments import (
    add_command,
    add_json,
    add_model,
    alternatives,
    data_dir_option,
    overflow,
    positive,
    temperature,
    whole_number,
)
from desktop.ui.i18n import tr


def parser() -> argparse.ArgumentParser:
    """Of all commands, with `run` as what does them; None where the window is to open. In the user's language."""
    whole = argparse.ArgumentParser(
        prog="fireside",
        parents=[data_dir_option()],
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=tr("Chat with a language model on your own computer. Without a command, the window opens."),
        epilog=tr(
            "exit codes: 0 fine, 1 something else went wrong, 2 wrong usage, 3 no such model or chat,\n"
            "4 the engine or the model failed, 5 the network or the hub failed, 6 a file is not what it should be,\n"
            "7 no space on the disk, 130 interrupted (what was written until then is kept)"
        ),
    )
    whole.add_argument("--version", action=_Version, nargs=0, help=tr("say which version this is, and nothing else"))
    whole.set_defaults(run=None)
    commands = whole.add_subparsers(metavar=tr("COMMAND"), title=tr("commands"))

    _add_ask(commands)
    _add_chats(commands)
    _add_models(commands)
    _add_prompt(commands)
    _add_doctor(commands)
    return whole


class _Version(argparse.Action):
    """Looks the version up when somebody asks for it: that takes longer than most commands."""

    @override
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        sys.stdout.write(f"Fireside {version('fireside')}\n")
        parser.exit()


def _add_ask(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    asking = add_command(
        commands, "ask", tr("ask a question, and save it and its answer as a chat"), ask.ask, _ask_details()
    )
    asking.add_argument("text", nargs="*", metavar="TEXT", help=tr("the question; - or nothing reads stdin"))
    asking.add_argument("--chat", metavar="ID", help=tr("go on with this chat instead of a new one"))
    add_model(asking)
    asking.add_argument("--system", metavar="TEXT", help=tr("the chat's system prompt"))
    asking.add_argument("--temperature", type=temperature, metavar="F", help=tr("0 is greedy"))
    asking.add_argument("--seed", type=whole_number, metavar="N", help=tr("the same seed draws the same answer"))
    asking.add_argument("--max-tokens", type=positive, metavar="N", help=tr("end the answer after so many tokens"))
    asking.add_argument(
        "--overflow",
        type=overflow,
        metavar="WAY",
        help=tr("what to do when the chat does not fit the context: drop, summarise or stop"),
    )
    add_json(asking, tr("events as JSON, one object a line"))
    asking.add_argument(
        "--alternatives",
        type=alternatives,
        default=0,
        metavar="N",
        help=tr("with --json: each token's logprob, and the N likeliest in its place (id, text, logprob)"),
    )


def _ask_details() -> str:
    return tr(
        "The answer goes to stdout, statistics go to stderr. With --json, stdout has one JSON object a line, each\n"
        "with a type: load (fraction), summarising (messages, read, total, written), summary (messages, text),\n"
        "prefill (read, total, reused), token (text; reasoning true where it is no part of the answer), finished\n"
        "(reason, statistics, chat, message), or error (error, message)."
    )


def _add_chats(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    group = add_command(commands, "chats", tr("list, show, search and export chats"), None)
    actions = group.add_subparsers(metavar=tr("ACTION"), required=True)
    listing = add_command(actions, "list", tr("all chats, the newest first"), chats.list_chats)
    add_json(listing, tr("a JSON list of chats"))
    show = add_command(actions, "show", tr("the messages of one chat"), chats.show_chat)
    show.add_argument("chat", metavar="ID", help=tr("the chat's number"))
    add_json(show, tr("a JSON object: the chat, and its messages as a list"))
    search = add_command(
        actions, "search", tr("where titles and messages contain all words of a text"), chats.search_chats
    )
    search.add_argument("text", metavar="TEXT", nargs="+")
    add_json(search, tr("a JSON list of hits: a chat, and the message where it is one that matches"))
    exporting = add_command(
        actions, "export", tr("one chat as a file that opens in any browser or editor"), export.export_chat
    )
    export.add_arguments(exporting)


def _add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    group = add_command(commands, "models", tr("the models that can be used"), None)
    actions = group.add_subparsers(metavar=tr("ACTION"), required=True)
    models.add_actions(actions)
    hub.add_actions(actions)


def _add_prompt(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    rendering = add_command(
        commands, "prompt", tr("print exactly what a model would be given for a list of messages"), prompt.prompt
    )
    add_model(rendering)
    rendering.add_argument("--template", type=Path, metavar="FILE", help=tr("use this chat template (Jinja) instead"))
    rendering.add_argument(
        "messages",
        type=Path,
        metavar="MESSAGES.json",
        help=tr("a JSON list of messages, each with role and content; - reads stdin"),
    )


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    checking = add_command(
        commands, "doctor", tr("check this computer, and say what to do about what is wrong"), doctor.doctor
    )
    add_model(checking)
    add_json(checking, tr("a JSON object: ok, and the checks as a list"))
