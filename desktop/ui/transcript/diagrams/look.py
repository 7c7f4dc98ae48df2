"""The interface's colours as Mermaid's theme variables, https://mermaid.js.org/config/theming.html."""

from __future__ import annotations

from PySide6.QtGui import QColor

from desktop.ui.colours import Tokens

_SERIES = 12


def theme_variables(tokens: Tokens) -> dict[str, object]:
    """What Mermaid's theme "base" needs to draw with `tokens`."""
    # In the dark, what is nearer is lighter: the surface is darker than the ground of diagrams.
    fill = _blend(tokens.text, tokens.code, 0.09) if tokens.dark else tokens.surface
    quiet: dict[str, object] = {
        "background": tokens.code,
        "mainBkg": fill,
        "edgeLabelBackground": tokens.code,
    }
    quiet |= dict.fromkeys(_FILLS, fill)
    quiet |= dict.fromkeys(_WASHES, _blend(fill, tokens.code, 0.4))
    quiet |= dict.fromkeys(_TINTS, _blend(tokens.accent, fill, 0.14))
    quiet |= dict.fromkeys(_TEXTS, tokens.text)
    quiet |= dict.fromkeys(_LINES, tokens.muted)
    quiet |= dict.fromkeys(_BORDERS, _blend(tokens.muted, tokens.code, 0.6))
    quiet |= dict.fromkeys(_STRONG, tokens.accent)
    quiet |= {"critBkgColor": _blend(tokens.danger, fill, 0.2), "critBorderColor": tokens.danger}
    quiet |= {"doneTaskBkgColor": tokens.line, "doneTaskBorderColor": tokens.muted}
    for index in range(_SERIES):
        tint = _series(tokens, index)
        quiet |= {f"pie{index + 1}": tint, f"cScale{index}": tint, f"cScaleLabel{index}": tokens.text}
        quiet |= {f"cScalePeer{index}": tokens.muted, f"cScaleInv{index}": tokens.muted}
        quiet |= {f"fillType{index}": tint, f"git{index}": tint, f"gitInv{index}": tokens.text}
        quiet |= {f"gitBranchLabel{index}": tokens.text, f"actor{index}": tint}
    axes = dict.fromkeys(_AXES, tokens.text) | {"backgroundColor": tokens.code}
    chart = axes | {"plotColorPalette": ",".join(_strong_series(tokens, index) for index in range(_SERIES))}
    quiet["gridColor"] = tokens.line
    return {
        **quiet,
        "xyChart": chart,
        "darkMode": tokens.dark,
        "pieOpacity": "1",
        "fontSize": "14px",
        "pieOuterStrokeWidth": "1px",
        "pieStrokeWidth": "1px",
        "pieTitleTextSize": "16px",
        "pieSectionTextSize": "14px",
        "pieLegendTextSize": "14px",
    }


_FILLS = ("primaryColor", "actorBkg", "labelBoxBkgColor", "classBkg", "stateBkg", "attributeBackgroundColorOdd")
_WASHES = (
    *("secondaryColor", "tertiaryColor", "clusterBkg", "altBackground", "compositeBackground"),
    *("compositeTitleBackground", "sectionBkgColor", "altSectionBkgColor", "sectionBkgColor2"),
    *("attributeBackgroundColorEven", "rowOdd", "rowEven", "quadrant1Fill", "quadrant2Fill", "quadrant3Fill"),
    *("quadrant4Fill", "requirementBackground"),
)
_TINTS = (
    *("noteBkgColor", "activationBkgColor", "taskBkgColor", "activeTaskBkgColor", "tagLabelBackground"),
    *("commitLabelBackground", "relationLabelBackground"),
)
_TEXTS = (
    *("primaryTextColor", "secondaryTextColor", "tertiaryTextColor", "noteTextColor", "textColor", "nodeTextColor"),
    *("actorTextColor", "labelTextColor", "loopTextColor", "signalTextColor", "taskTextColor", "taskTextDarkColor"),
    *("taskTextLightColor", "taskTextOutsideColor", "titleColor", "classText", "stateLabelColor", "labelColor"),
    *("pieTitleTextColor", "pieSectionTextColor", "pieLegendTextColor", "tagLabelColor", "commitLabelColor"),
    *("scaleLabelColor", "transitionLabelColor", "quadrant1TextFill", "quadrant2TextFill", "quadrant3TextFill"),
    *("quadrant4TextFill", "quadrantPointTextFill", "quadrantXAxisTextFill", "quadrantYAxisTextFill"),
    *("quadrantTitleFill", "requirementTextColor", "relationLabelColor", "errorTextColor", "taskTextClickableColor"),
)
_LINES = (
    *("lineColor", "defaultLinkColor", "signalColor", "arrowheadColor", "transitionColor", "relationColor"),
    *("specialStateColor", "innerEndBackground", "quadrantPointFill"),
)
_BORDERS = (
    *("primaryBorderColor", "secondaryBorderColor", "tertiaryBorderColor", "nodeBorder", "clusterBorder"),
    *("actorBorder", "labelBoxBorderColor", "noteBorderColor", "activationBorderColor", "taskBorderColor"),
    *("stateBorder", "compositeBorder", "pieStrokeColor", "pieOuterStrokeColor", "tagLabelBorder"),
    *("actorLineColor", "requirementBorderColor", "quadrantInternalBorderStrokeFill"),
    "quadrantExternalBorderStrokeFill",
)
_STRONG = ("activeTaskBorderColor", "todayLineColor", "vertLineColor")
_AXES = (
    *("titleColor", "xAxisLabelColor", "xAxisTitleColor", "xAxisTickColor", "xAxisLineColor"),
    *("yAxisLabelColor", "yAxisTitleColor", "yAxisTickColor", "yAxisLineColor"),
)


def _blend(over: str, under: str, share: float) -> str:
    """`over` painted on `under` with this opacity."""
    one, other = QColor(over), QColor(under)
    parts = ((one.redF(), other.redF()), (one.greenF(), other.greenF()), (one.blueF(), other.blueF()))
    return QColor.fromRgbF(*(share * top + (1 - share) * bottom for top, bottom in parts)).name()


def _series(tokens: Tokens, index: int) -> str:
    """The colour of the slice or branch number `index`: steps around the circle from the accent, as light as a fill."""
    hue = (QColor(tokens.accent).hslHueF() + index * 5 / 12) % 1.0
    return QColor.fromHslF(hue, 0.28 if tokens.dark else 0.42, 0.32 if tokens.dark else 0.82).name()


def _strong_series(tokens: Tokens, index: int) -> str:
    """The same for lines and bars, which have no text on them."""
    if index == 0:
        return tokens.accent
    hue = (QColor(tokens.accent).hslHueF() + index * 5 / 12) % 1.0
    return QColor.fromHslF(hue, 0.4, 0.6 if tokens.dark else 0.45).name()
