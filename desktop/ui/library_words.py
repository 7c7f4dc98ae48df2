"""Words for a model on this computer. Knows no Qt."""

from __future__ import annotations

from datetime import date

from desktop.errors import AppError, Flaw
from desktop.hub.header import Header
from desktop.hub.model import Model, Source, Verified
from desktop.ui.error_text import one_line
from desktop.ui.i18n import tr, tr_count
from desktop.ui.licence_words import licence_name
from desktop.ui.quantities import parameters, size

_KILO = 1024


def title_of(model: Model) -> str:
    """What the model is called on screen."""
    return tr("Starter model") if model.is_starter else model.title


def context(n_ctx: int) -> str:
    """A context length: "32k", "1,500"."""
    return f"{n_ctx // _KILO}k" if n_ctx >= _KILO and n_ctx % _KILO == 0 else f"{n_ctx:,}"


def facts_line(model: Model) -> str:
    """Such as "8.2B · Q4_K_M · 5.0 GB · context 32k · Apache 2.0"; what is not known is left out."""
    header = model.header
    facts = [size(model.size_bytes) if model.size_bytes else ""]
    if header is not None:
        length = tr("context {n_ctx}", n_ctx=context(header.n_ctx_train)) if header.n_ctx_train else ""
        count = parameters(header.parameters) if header.parameters else ""
        facts = [count, header.quantisation, *facts, length, licence_name(header.licence or "")]
    return " · ".join(fact for fact in facts if fact)


def badges(model: Model, *, in_use: bool) -> list[str]:
    """What is special about it, in a word each."""
    has = {
        tr("in use"): in_use,
        problem_badge(model): not model.is_usable,
        tr("base"): model.is_base,
        tr("vision"): model.companion is not None,
    }
    return [word for word, is_so in has.items() if is_so]


def problem_badge(model: Model) -> str:
    """Why it cannot be used, in a word; empty if it can."""
    if model.missing:
        return tr("missing")
    match model.flaw:
        case None:
            return ""
        case Flaw.MISSING_PART:
            return tr("incomplete")
        case Flaw.EMPTY | Flaw.TRUNCATED | Flaw.NOT_GGUF | Flaw.DAMAGED:
            return tr("damaged")
        case _:
            return tr("not usable")


def facts(model: Model, used_on: date | None) -> list[tuple[str, str]]:
    """All that is known of it, each with its name. `used_on` is the day when it answered last."""
    rows = _header_facts(model.header) if model.header is not None else []
    rows.append((tr("Size"), size(model.size_bytes) if model.size_bytes else ""))
    if model.companion is not None:
        vision = tr(
            "{name}, {size}; Fireside does not look at pictures yet",
            name=model.companion.name,
            size=size(model.companion_bytes),
        )
        rows.append((tr("Vision part"), vision))
    rows.append((tr("Licence"), licence_name(model.licence or "") or tr("not stated in the file")))
    rows.append((tr("Last used"), used_on.isoformat() if used_on else tr("never")))
    rows.append((tr("From"), _source(model)))
    if len(model.files) > 1:
        rows.append((tr("Files"), tr_count("{count} file", "{count} files", len(model.files))))
    return [(name, value) for name, value in rows if value]


def verified_words(outcome: Verified | AppError) -> str:
    """What came of a verification."""
    if isinstance(outcome, AppError):
        return one_line(outcome)
    match outcome:
        case Verified.AS_ON_HUB:
            return tr("Verified: every byte is as on the hub.")
        case Verified.AS_RECORDED:
            return tr("Verified: nothing has changed since the first time.")
        case Verified.RECORDED:
            return tr("Its sha256 is recorded: from now on a change will be noticed.")
        case Verified.STOPPED:
            return tr("Stopped before the end.")


def _header_facts(header: Header) -> list[tuple[str, str]]:
    length = tr_count("{count} token", "{count} tokens", header.n_ctx_train) if header.n_ctx_train else ""
    count = f"{parameters(header.parameters)} ({header.parameters:,})" if header.parameters else ""
    template = tr("answers in a chat") if header.chat_template else tr("none: a base model, which continues text")
    return [
        (tr("Name in the file"), header.name or ""),
        (tr("Architecture"), header.architecture),
        (tr("Parameters"), count),
        (tr("Quantisation"), header.quantisation),
        (tr("Context length"), length),
        (tr("Chat template"), template),
    ]


def _source(model: Model) -> str:
    if model.origin is not None:
        return tr("{repo} on the hub, commit {commit}", repo=model.origin.repo, commit=model.origin.commit[:12])
    match model.source:
        case Source.STARTER:
            return tr("came with Fireside")
        case Source.ADDED:
            return tr("added by you; the file stays where it is")
        case Source.DOWNLOADED:
            return tr("downloaded")
