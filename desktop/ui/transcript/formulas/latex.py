"""LaTeX as models write it, into the LaTeX that the typesetter knows."""

from __future__ import annotations

import re

_MAX_EXPANDED = 2_000
"""How many characters the macros that a formula defines may add up to."""

_NAMES = {
    "varlimsup": r"\overline{\lim}",
    "varliminf": r"\underline{\lim}",
    "varinjlim": r"\underrightarrow{\lim}",
    "varprojlim": r"\underleftarrow{\lim}",
    "injlim": r"\operatorname*{inj\,lim}",
    "projlim": r"\operatorname*{proj\,lim}",
    "operatornamewithlimits": r"\operatorname*",
    "mathellipsis": r"\ldots",
    "N": r"\mathbb{N}",
    "Z": r"\mathbb{Z}",
    "Q": r"\mathbb{Q}",
    "R": r"\mathbb{R}",
    "C": r"\mathbb{C}",
    "reals": r"\mathbb{R}",
    "Reals": r"\mathbb{R}",
    "natnums": r"\mathbb{N}",
    "cnums": r"\mathbb{C}",
    "and": r"\land",
    "or": r"\lor",
    "vcentcolon": ":",
    "dblcolon": "::",
    "Colon": "::",
    "underbar": r"\underline",
    "overgroup": r"\overparen",
    "undergroup": r"\underparen",
    "stackbin": r"\overset",
    "textasciitilde": r"\sim",
    "textdollar": r"\$",
    "allowbreak": "",
    "nobreak": "",
    "newline": r"\\",
    "par": "",
    "hfil": r"\quad",
    "kg": r"\kilogram",
    "km": r"\kilo\metre",
    "cm": r"\centi\metre",
    "mm": r"\milli\metre",
    "nm": r"\nano\metre",
    "ms": r"\milli\second",
    "kHz": r"\kilo\hertz",
    "MHz": r"\mega\hertz",
    "kJ": r"\kilo\joule",
    "kPa": r"\kilo\pascal",
}
_NAMES |= {
    f"var{name}": rf"\mathit{{\{name}}}"
    for name in ("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega")
}

_COMMAND = re.compile(r"\\(?:([a-zA-Z]+)|.)", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{multlined\}")
_COLOUR = re.compile(r"\\color\s*(\{[^{}]*\})\s*(?=\{)")
"""With an argument: as web pages' typesetter has it, and models mean it."""
_COLUMNS = re.compile(r"(?<=\\begin\{array\})(?:\[\w\])?\{[^{}]*\}")
_ROOT_OF = re.compile(r"\\root\s*([^\\{}]+?)\s*\\of(?![a-zA-Z])\s*")
_WITHOUT_MEANING = re.compile(
    r"\\(?:href|class|cssId|style|htmlClass|htmlId|htmlStyle|htmlData|require|vspace\*?|mathversion)\s*\{[^{}]*\}"
)
_DEFINITION = re.compile(r"\\(?:(?:re|provide)?newcommand\*?|def)\s*\{?\s*\\([a-zA-Z]+)\s*\}?[^{}\\]*(?=\{)")
_OTHER_DEFINITION = re.compile(r"\\(?:let|futurelet|edef|xdef|gdef|newenvironment|renewenvironment)(?![a-zA-Z])")
_TAG = re.compile(r"\\tag(\*?)\s*\{([^{}]*)\}")


def known(source: str) -> str:
    """`source` with other names for what the typesetter does not know by the name that it has."""
    source = _WITHOUT_MEANING.sub("", source)
    source = _ENVIRONMENT.sub(r"\\\1{gathered}", source)
    source = _COLOUR.sub(r"\\textcolor\1", source)
    source = _COLUMNS.sub(lambda match: match[0].replace(":", "|"), source)
    source = _ROOT_OF.sub(r"\\sqrt[\1]", source)
    defined = set(_DEFINITION.findall(source))
    return _COMMAND.sub(lambda match: match[0] if match[1] in defined else _other_name(match, source), source)


def broken_lines(source: str) -> str:
    r"""`source` with a space behind each `\\`, so that what follows is not taken for a command written with two."""
    return re.sub(r"\\\\(?=[a-zA-Z])", lambda match: match[0] + " ", source)


def is_bounded(source: str) -> bool:
    """Whether the macros that `source` defines are plain enough to say that they grow it little."""
    if _OTHER_DEFINITION.search(source):
        return False
    bodies = {match[1]: _braced(source, match.end()) for match in _DEFINITION.finditer(source)}
    if not bodies:
        return True
    uses = [name for name in re.findall(r"\\([a-zA-Z]+)", source) if name in bodies]
    nested = any(name in bodies for body in bodies.values() for name in re.findall(r"\\([a-zA-Z]+)", body))
    # What is given to a macro may stand in it several times, and hold macros again.
    given = sum(body.count("#") for body in bodies.values()) * len(source) * len(uses)
    return not nested and sum(len(bodies[name]) for name in uses) + given <= _MAX_EXPANDED


def split_tag(source: str) -> tuple[str, str]:
    r"""`source` without its `\tag`, and the tag as it is shown. Where there are several, they stay where they are."""
    tags = _TAG.findall(source)
    if len(tags) != 1:
        return source, ""
    starred, text = tags[0]
    return _TAG.sub("", source), text if starred else f"({text})"


def _other_name(match: re.Match[str], source: str) -> str:
    new = _NAMES.get(match[1] or "")
    if new is None:
        return match[0]
    follows = source[match.end() : match.end() + 1]
    return f"{new} " if new[-1:].isalpha() and follows.isalpha() else new


def _braced(source: str, start: int) -> str:
    """What stands between the brace at `start` and the one that closes it."""
    depth = 0
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(source, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return source[start : match.end()]
    return source[start:]
