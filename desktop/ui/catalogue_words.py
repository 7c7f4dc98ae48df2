"""Words for the catalogue: what a model is good at, and why it is recommended. Knows no Qt."""

from __future__ import annotations

from desktop.hub.catalogue import Role, Strength
from desktop.ui.i18n import language, tr


def strengths_line(strengths: tuple[Strength, ...]) -> str:
    """What a model is good at, such as "Writing, code, pictures"."""
    words = [_strength(each) for each in strengths]
    if language() == "zh_CN":
        return "、".join(words)
    line = ", ".join(words)
    return line[:1].upper() + line[1:]


def why(role: Role) -> str:
    """Why a model is recommended, in a few words."""
    match role:
        case Role.GENERAL:
            return tr("The most capable that runs well here")
        case Role.CODE:
            return tr("For programming")
        case Role.REASONING:
            return tr("For problems that need thought")
        case Role.CHINESE:
            return tr("For Chinese")
        case Role.FAST:
            return tr("For quick answers")


def _strength(strength: Strength) -> str:  # noqa: PLR0911  a table, one row a strength
    match strength:
        case Strength.CHAT:
            return tr("conversation")
        case Strength.WRITING:
            return tr("writing")
        case Strength.CODE:
            return tr("code")
        case Strength.MATHS:
            return tr("mathematics")
        case Strength.REASONING:
            return tr("reasoning")
        case Strength.CHINESE:
            return tr("Chinese")
        case Strength.MULTILINGUAL:
            return tr("many languages")
        case Strength.VISION:
            return tr("pictures")
        case Strength.LONG_CONTEXT:
            return tr("long texts")
        case Strength.TINY:
            return tr("small computers")
        case Strength.TOOLS:
            return tr("using tools")
