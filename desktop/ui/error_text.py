"""Words for what went wrong and for how an answer ended. Knows no Qt: the window and the command line share it.

An `AppError` carries facts; here each kind gets its sentences, in every language. A test fails on a kind of error, or
a member of its enums, that has none.
"""

from __future__ import annotations

from pathlib import Path

from desktop.chat.message import FinishReason, Message, State, Statistics
from desktop.errors import (
    AppError,
    BadComputation,
    BadInput,
    CannotExport,
    CannotPrint,
    CannotWrite,
    ContextFull,
    Crash,
    DamagedDatabase,
    DataInUse,
    EngineCrashed,
    EngineUnavailable,
    LoadCancelled,
    NewerDatabase,
    NoSuchChat,
    PromptTooLong,
    TemplateFailed,
    TemplateFault,
)
from desktop.packed_errors import unpack
from desktop.ui.context_words import no_summary_words
from desktop.ui.explanation import Explanation, clipped, memory_words
from desktop.ui.hub_words import hub_words
from desktop.ui.i18n import language, tr, tr_count
from desktop.ui.model_words import model_words


def explain(error: AppError) -> Explanation:
    """The sentences for `error` in the chosen language."""
    for words_of in (model_words, hub_words, _engine_words, _store_words):
        if (words := words_of(error)) is not None:
            return words
    match error:
        case NoSuchChat(chat_id):
            return Explanation(
                tr("There is no chat with the number {id}.", id=chat_id),
                tr("It may have been deleted."),
                tr("“fireside chats list” shows all chats."),
            )
        case CannotExport(path, full):
            why = tr("The disk is full.") if full else tr("Its folder is read-only, gone, or belongs to somebody else.")
            next_step = tr("Free some space, then try again.") if full else tr("Choose another folder.")
            return Explanation(tr("{path} cannot be written.", path=path), why, next_step)
        case CannotPrint():
            return Explanation(tr("The printer took no pages."), "", tr("Choose another one, or export a PDF."))
        case BadInput():
            return _input_words(error)
    # A bug: the test of this module walks the whole tree.
    raise TypeError(f"no sentence for {error!r}")


def one_line(error: AppError) -> str:
    """The explanation of `error` as one line of text."""
    words = explain(error)
    return _joined(words.what, words.why, words.next)


def message_notice(message: Message) -> str:
    """What is to be said under a message about how it ended; empty if it simply ended."""
    notices = [_end_notice(message)]
    if message.statistics is not None:
        notices.append(_cut_notice(message.statistics))
    return _joined(*notices)


def _cut_notice(statistics: Statistics) -> str:
    """What the model was not given of the chat."""
    count = statistics.left_out_messages
    if not count:
        return ""
    if statistics.summarised:
        return tr_count(
            "A summary stood for the oldest message, which did not fit the context.",
            "A summary stood for the {count} oldest messages, which did not fit the context.",
            count,
        )
    left_out = tr_count(
        "{count} earlier message did not fit the context and was left out.",
        "{count} earlier messages did not fit the context and were left out.",
        count,
    )
    return _joined(left_out, no_summary_words(statistics.no_summary))


def _end_notice(message: Message) -> str:
    if message.state is State.STOPPED:
        return tr("Stopped by you.")
    if message.state in (State.INTERRUPTED, State.FAILED):
        error = _unpacked(message.error)
        if error is not None:
            return one_line(error)
        return tr("Fireside was closed before this answer was finished.")
    if message.finish is FinishReason.LENGTH:
        limit = message.sampling.max_tokens if message.sampling is not None else None
        n_generated = message.statistics.generated_tokens if message.statistics is not None else 0
        if limit is not None and n_generated >= limit:
            return tr("Ended at the length limit of {count} tokens.", count=f"{limit:,}")
        return tr("Ended because the context is full.")
    return ""


def _unpacked(packed: dict[str, object] | None) -> AppError | None:
    if packed is None:
        return None
    try:
        return unpack(packed)
    except (ValueError, TypeError):
        # Stored by another version, whose errors have other names or facts.
        return None


def _engine_words(error: AppError) -> Explanation | None:  # noqa: PLR0911  a table, one row a kind
    match error:
        case EngineUnavailable(detail, cpu_lacks):
            why = clipped(detail)
            if cpu_lacks:
                why = tr("This build needs processor features that yours lacks: {features}.", features=cpu_lacks)
            return Explanation(
                tr("The engine that runs models does not start."),
                why,
                tr("“fireside doctor” says how to repair it."),
            )
        case EngineCrashed():
            return Explanation(_crash_place(error.during), *_crash_words(error))
        case LoadCancelled():
            return Explanation(tr("Loading was cancelled."))
        case BadComputation(path):
            return Explanation(
                tr("{name} computes nonsense.", name=Path(path).name),
                tr("Its weights are damaged."),
                tr("Download it again."),
            )
        case PromptTooLong(prompt_tokens, n_ctx):
            return Explanation(
                tr("The message is too long."),
                tr(
                    "It makes {tokens} tokens. The context holds {n_ctx}, the answer included.",
                    tokens=f"{prompt_tokens:,}",
                    n_ctx=f"{n_ctx:,}",
                ),
                tr("Shorten it, or choose a larger context."),
            )
        case ContextFull(prompt_tokens, n_ctx, left_out):
            return Explanation(
                tr("The context is full."),
                tr(
                    "The chat makes {tokens} tokens. The context holds {n_ctx}, the answer included.",
                    tokens=f"{prompt_tokens:,}",
                    n_ctx=f"{n_ctx:,}",
                ),
                tr_count(
                    "Leave out or summarise the oldest message, or choose a larger context.",
                    "Leave out or summarise the {count} oldest messages, or choose a larger context.",
                    left_out,
                ),
            )
        case TemplateFailed(fault, detail):
            return _template_words(fault, clipped(detail))
    return None


def _crash_place(during: str) -> str:
    match during:
        case "load":
            return tr("The engine died while it was loading the model.")
        case "prefill":
            return tr("The engine died while it was reading the chat.")
        case "decode":
            return tr("The engine died while it was writing.")
        case "template":
            return tr("The engine died while it was preparing the chat for the model.")
    return tr("The engine died.")


def _crash_words(error: EngineCrashed) -> tuple[str, str]:
    """Why the engine process died, and what to do."""
    retry = tr("Try again: the engine starts anew.")
    doctor = tr("If it happens again, “fireside doctor” may say why.")
    match error.crash:
        case Crash.OUT_OF_MEMORY:
            why = memory_words(error.needed_bytes, error.free_bytes)
            return why, tr("Close other programs, choose a smaller context, or a smaller model.")
        case Crash.KILLED:
            why = tr("It was ended from outside, perhaps because the system ran short of memory.")
            return why, retry
        case Crash.ABORTED:
            return tr("llama.cpp gave up: it met something that it cannot handle."), doctor
        case Crash.ILLEGAL_INSTRUCTION:
            why = tr("This build uses instructions that your processor does not have.")
            return why, tr("“fireside doctor” says how to repair it.")
        case Crash.MEMORY_FAULT:
            return tr("An error in llama.cpp, or in how it was built, made it crash."), doctor
        case Crash.UNKNOWN:
            return tr("The reason is not known."), retry


def _template_words(fault: TemplateFault, detail: str) -> Explanation:
    what = tr("The model's chat template gave no prompt.")
    match fault:
        case TemplateFault.REFUSED:
            why = tr("It refuses this chat: {detail}", detail=detail) if detail else tr("It refuses this chat.")
            return Explanation(what, why, tr("Start a new chat, or change the system prompt."))
        case TemplateFault.BROKEN:
            why = tr("It has an error: {detail}", detail=detail) if detail else tr("It has an error.")
        case TemplateFault.TOO_SLOW:
            why = tr("It did not come to an end.")
        case TemplateFault.TOO_LARGE:
            why = tr("It needed too much memory.")
    return Explanation(what, why, tr("Choose another file of this model: its template may have been repaired."))


def _store_words(error: AppError) -> Explanation | None:
    match error:
        case NewerDatabase():
            return Explanation(
                tr("These chats were written by a newer version of Fireside."),
                tr("This version would not understand them, and leaves them untouched."),
                tr("Update Fireside, or start it with another data directory."),
            )
        case DamagedDatabase(path):
            return Explanation(
                tr("The chats cannot be read."),
                tr("The file {path} is damaged, or is no database of Fireside.", path=path),
                tr("Put a copy from the folder “backups” beside it in its place, or move it away to start anew."),
            )
        case DataInUse():
            return Explanation(
                tr("Another window of Fireside is using these chats."),
                "",
                tr("Go on in that window, or close it first."),
            )
        case CannotWrite(path, full):
            if full:
                why, next_step = tr("The disk is full."), tr("Free some space, then try again.")
            else:
                why = tr("Its folder or disk is read-only, or belongs to somebody else.")
                next_step = tr("Change the permissions, or start Fireside with another data directory.")
            return Explanation(tr("{path} cannot be written.", path=path), why, next_step)
    return None


def _input_words(error: BadInput) -> Explanation:
    detail = clipped(error.detail)
    match error.wanted:
        case "messages":
            return Explanation(
                tr("{path} cannot be read as messages.", path=error.path),
                detail,
                tr("A JSON list is needed, each item with “role” (system, user or assistant) and “content”."),
            )
        case "template":
            return Explanation(
                tr("{path} cannot be read as a chat template.", path=error.path),
                detail,
                tr("A text file in UTF-8 is needed."),
            )
        case "choice":
            return Explanation(
                tr("“{name}” can mean several files.", name=clipped(error.path)),
                detail,
                tr("Say which, by its name."),
            )
    return Explanation(tr("{path} cannot be used here.", path=error.path), detail)


def _joined(*sentences: str) -> str:
    # Chinese sentences follow each other without a space.
    return ("" if language() == "zh_CN" else " ").join(sentence for sentence in sentences if sentence)
