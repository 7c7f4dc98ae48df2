"""Colours as CSS writes them."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtGui import QColor

from desktop.ui.transcript.diagrams.geometry import numbers

_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^)]*)\)")


def colour(value: str, current: str, gradient: Callable[[str], str]) -> tuple[str, float]:
    """`value` as `#rrggbb` or "none", and its opacity. `current` is the value of `color`; a gradient is one colour."""
    value = value.strip()
    if value.startswith("url("):
        value = gradient(value)
    if value.lower() == "currentcolor":
        value = current
    if value in ("", "none", "transparent"):
        return "none", 1.0
    function = _FUNCTION.fullmatch(value.lower())
    if function is None:
        found = QColor(_css_hex(value))
        return (found.name(), found.alphaF()) if found.isValid() else ("#000000", 1.0)
    parts = numbers(function[2])
    if len(parts) < 3:  # noqa: PLR2004  a colour has three parts
        return "none", 1.0
    if function[1] == "rgb":
        found = QColor(*(min(max(round(part), 0), 255) for part in parts[:3]))
    else:
        share = [min(max(part / 100, 0.0), 1.0) for part in parts[1:3]]
        found = QColor.fromHslF((parts[0] % 360) / 360, *share)
    return found.name(), min(max(parts[3], 0.0), 1.0) if len(parts) > 3 else 1.0  # noqa: PLR2004  the fourth is alpha


def contrast(one: str, other: str) -> float:
    """How far two colours are apart, 1 to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(value: str) -> float:
    found = QColor(value)
    parts = [found.redF(), found.greenF(), found.blueF()]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]  # noqa: PLR2004
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _css_hex(value: str) -> str:
    """CSS has a hexadecimal colour's opacity last, Qt first."""
    digits = value.removeprefix("#")
    if not value.startswith("#") or len(digits) not in (4, 8):
        return value
    if len(digits) == 4:  # noqa: PLR2004  one digit a part
        digits = "".join(digit * 2 for digit in digits)
    return f"#{digits[6:]}{digits[:6]}"
