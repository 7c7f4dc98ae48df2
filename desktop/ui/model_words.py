"""Words for what is wrong with a model file, or was with loading it. Knows no Qt."""

from __future__ import annotations

import os
from pathlib import Path

from desktop.engine.api import Fallback, Reason, Step
from desktop.engine.gpus import UnusedGpu
from desktop.errors import Altered, AppError, BadModelFile, Flaw, ModelDoesNotFit, NoSuchModel, NoTrash
from desktop.ui.explanation import Explanation, clipped, memory_words
from desktop.ui.i18n import tr

# What brings the compiler of each kind of GPU along, by the names that its makers gave it.
_COMPILERS = {"nvcc": "CUDA Toolkit (nvcc)", "glslc": "Vulkan SDK (glslc)", "hipcc": "ROCm (hipcc)"}


def model_words(error: AppError) -> Explanation | None:  # noqa: PLR0911  a table, one row a kind
    """The sentences for what is wrong with a model file; None for errors of other kinds."""
    match error:
        case NoSuchModel(""):
            return Explanation(
                tr("No model is chosen."),
                "",
                tr("Choose the starter model, or a model file (GGUF) of your own."),
            )
        case NoSuchModel(name) if os.sep in name or name.endswith(".gguf"):
            return Explanation(
                tr("The model file {path} is not there.", path=name),
                tr("It was moved or deleted, or its disk is not connected."),
                tr("Choose another model, or add the file again from its new place."),
            )
        case NoSuchModel(name):
            return Explanation(
                tr("There is no model called “{name}”.", name=clipped(name)),
                "",
                tr("“fireside models list” shows all models; the path of a GGUF file works too."),
            )
        case BadModelFile(path, flaw, detail):
            what = tr("{name} cannot be used as a model.", name=Path(path).name or path)
            return Explanation(what, *_flaw_words(flaw, clipped(detail)))
        case ModelDoesNotFit(path, needed_bytes, free_bytes, fits_without_draft):
            return Explanation(
                tr("{name} does not fit into memory.", name=Path(path).name),
                memory_words(needed_bytes, free_bytes),
                tr("Without its draft model it fits: choose “None” for that in its details, or close other programs.")
                if fits_without_draft
                else tr("Close other programs, choose a smaller context, or a smaller model."),
            )
        case Altered(path):
            return Explanation(
                tr("{name} is not the file any more that it was.", name=Path(path).name),
                tr("Its sha256 is another one: the disk has a fault, or something wrote to the file."),
                tr("Download it again."),
            )
        case NoTrash(path):
            return Explanation(
                tr("{name} cannot be moved to the trash.", name=Path(path).name),
                tr("Its disk has no trash, or you have no permission."),
                tr("It can be taken off the list; then delete the file yourself."),
            )
    return None


def fallback_words(fallback: Fallback) -> str:
    """What to tell of a model that is not loaded as it was meant to be."""
    match fallback.reason:
        case Reason.CRASHED:
            why = tr("The engine crashed with this model on the GPU.")
        case Reason.CRASHED_BEFORE:
            why = tr("The engine crashed with this model on the GPU before, so that is not tried again.")
        case Reason.NO_MEMORY:
            why = tr("The GPU's memory does not hold this model as planned.")
    match fallback.step:
        case Step.FEWER_LAYERS:
            instead = tr("Fewer of its layers are on the GPU now.")
        case Step.OTHER_GPU:
            instead = tr("It runs on another GPU now.")
        case Step.CPU:
            instead = tr("The processor answers instead.")
    return tr("{why} {instead}", why=why, instead=instead)


def no_draft(name: str) -> str:
    """What to tell of a model whose draft model, called `name`, cannot be used."""
    return tr("The draft model “{name}” is gone or no longer suits: the model answers without it.", name=clipped(name))


def unused_gpu_words(unused: UnusedGpu) -> str:
    """Why a GPU is not used. What to type for it is `unused.command`."""
    if not unused.command:
        return tr("{gpu} is there, but llama.cpp does not see it: check its driver.", gpu=unused.gpu.name)
    text = tr("{gpu} is there, but this llama.cpp was built without support for it.", gpu=unused.gpu.name)
    if not unused.missing:
        return text
    first = tr("Before it is built anew, install {compiler}.", compiler=_COMPILERS[unused.missing])
    return tr("{why} {instead}", why=text, instead=first)


def _flaw_words(flaw: Flaw, detail: str) -> tuple[str, str]:  # noqa: PLR0911, PLR0912  a table, one row a flaw
    """Why a model file is no good, and what to do."""
    another = tr("Choose another file.")
    again = tr("Download it again.")
    another_draft = tr("Choose a smaller model of the same family as the draft model, or none.")
    match flaw:
        case Flaw.NOT_A_FILE:
            return tr("It is not a file but a folder or a device."), tr("Choose a GGUF file.")
        case Flaw.NO_MODEL_INSIDE:
            return tr("There is no GGUF file in this folder."), tr("Choose another folder, or a GGUF file.")
        case Flaw.NO_PERMISSION:
            return tr("You have no permission to read it."), tr("Change its permissions, or choose another file.")
        case Flaw.EMPTY:
            return tr("The file is empty."), again
        case Flaw.TRUNCATED:
            return tr("The file ends too early, as after an interrupted download."), again
        case Flaw.NOT_GGUF:
            return tr("It is not a GGUF file."), tr("Choose a model in the GGUF format.")
        case Flaw.UNSUPPORTED_VERSION:
            why = tr("It is in a variant of GGUF that this version cannot read ({detail}).", detail=detail)
            return why, tr("Look for a current download of the same model.")
        case Flaw.UNKNOWN_ARCHITECTURE:
            why = tr("Its architecture ({detail}) is not known to this version.", detail=detail or "?")
            return why, tr("Update Fireside, or choose another model.")
        case Flaw.VOCABULARY_ONLY:
            return tr("It holds only a vocabulary, no weights."), another
        case Flaw.NOT_A_LANGUAGE_MODEL:
            return tr("It does not write text ({detail}): it is another kind of model.", detail=detail or "?"), another
        case Flaw.NOT_FIRST_PART:
            why = tr("It is part {number} of a model that comes in several files.", number=detail)
            return why, tr("Choose the first part; the others must lie beside it.")
        case Flaw.MISSING_PART:
            why = tr("It comes in several files, and one of them is not there: {detail}", detail=detail)
            return why, tr("Download it again, or put the missing part beside it.")
        case Flaw.CUT_BY_HAND:
            why = tr("It was cut into pieces that belong together byte by byte ({detail}).", detail=detail)
            return why, tr("Look for a file in one piece, or one whose parts are numbered like -00001-of-00003.")
        case Flaw.OTHER_VOCABULARY:
            why = tr("It cannot guess for the chosen model: it has another vocabulary.")
            return why, another_draft
        case Flaw.TAKES_NOTHING_BACK:
            return tr("It cannot guess for another model: what it has read cannot be taken back."), another_draft
        case Flaw.DAMAGED:
            return tr("What it says about itself makes no sense: the file is damaged."), again
