"""How an exported page looks: the window's colours in both themes, and paper. Knows no Qt."""

from __future__ import annotations

from desktop.ui.colours import DARK, LIGHT, Tokens
from desktop.ui.transcript.code.lexing import Ink

_SHEET = """
:root { color-scheme: light dark; %(light)s }
@media screen and (prefers-color-scheme: dark) { :root { %(dark)s } }
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 32px 24px; max-width: 768px; overflow-wrap: break-word;
  font: 16px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  background: var(--bg); color: var(--text);
}
:lang(zh), :lang(ja) { line-height: 1.75; }
h1, h2, h3, h4, h5, h6 { line-height: 1.35; margin: 1.5em 0 .5em; font-weight: 600; }
h1 { font-size: 1.4em; } h2 { font-size: 1.2em; } h3, h4, h5, h6 { font-size: 1.07em; }
p, ul, ol, blockquote, figure, .table { margin: 0 0 .8em; }
ul, ol { padding-left: 1.7em; }
li > p { margin-bottom: .35em; }
li.task { list-style: none; } li.task > input { margin: 0 .4em 0 -1.5em; accent-color: var(--accent); }
li.task > input + p { display: inline; }
em.dots { font-style: normal; text-emphasis: filled dot; text-emphasis-position: under; }
a { color: var(--accent); }
hr { border: 0; border-top: 1px solid var(--line); margin: 1.2em 0; }
blockquote { border-left: 3px solid var(--line); padding-left: 14px; }
code, pre { font-family: "JetBrains Mono", "SF Mono", Menlo, "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace; }
code { font-size: .9em; background: var(--hover); border-radius: 4px; padding: .1em .25em; unicode-bidi: isolate; }
pre { margin: 0; padding: 10px 16px 14px; overflow-x: auto; font-size: .9em; line-height: 1.5; tab-size: 4; }
pre code { background: none; padding: 0; font-size: 1em; }
pre.wraps { white-space: pre-wrap; overflow-wrap: anywhere; }
.line { counter-increment: line; }
.line::before {
  content: counter(line); display: inline-block; min-width: 2.5em; margin-right: 1em; text-align: right;
  color: var(--muted);
}
figure.code { background: var(--code); border: 1px solid var(--line); border-radius: 8px; counter-reset: line; }
figcaption { color: var(--muted); font-size: .8em; padding: 8px 16px 0; }
figure.diagram { text-align: center; overflow-x: auto; } figure.diagram img { max-width: 100%%; }
.table { overflow-x: auto; }
table { border-collapse: collapse; }
td, th { padding: 6px 14px; text-align: start; vertical-align: top; }
td:first-child, th:first-child { padding-left: 0; }
tbody tr { border-top: 1px solid var(--line); }
.left { text-align: left; } .center { text-align: center; } .right { text-align: right; }
.formula svg { overflow: visible; font-size: 1.1em; }
.formula-line { text-align: center; overflow-x: auto; padding: .2em 0; }
.plain { white-space: pre-wrap; }
.muted, .said, .notice, summary, footer { color: var(--muted); }
.said { font-size: .8em; margin: 1.8em 0 .4em; } .said b { font-weight: 600; margin-right: .5em; }
.question { display: flex; flex-direction: column; align-items: flex-end; }
.question .text { max-width: 80%%; background: var(--user); border-radius: 12px; padding: 9px 16px; }
.question .text > :last-child { margin-bottom: 0; }
.reasoning { margin-bottom: .8em; font-size: .93em; }
.reasoning > div { border-left: 2px solid var(--line); padding-left: 14px; margin-top: .5em; color: var(--muted); }
sup { font-size: .75em; line-height: 0; }
.note { margin-bottom: .8em; } .note > sup + p { display: inline; }
.error { color: var(--danger); }
footer { margin-top: 3em; font-size: .8em; }
@media print {
  body { max-width: none; padding: 0; font-size: 11pt; background: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  h1, h2, h3, h4, h5, h6, .said, figcaption { break-after: avoid; }
  tr, figure.diagram, .formula-line { break-inside: avoid; }
}
"""


def style_sheet() -> str:
    """All of it."""
    inks = "".join(f".ink-{ink} {{ color: var(--ink-{ink}); }}\n" for ink in Ink)
    return _SHEET % {"light": _values(LIGHT), "dark": _values(DARK)} + inks


def _values(colours: Tokens) -> str:
    names = ("bg", "user", "code", "line", "text", "muted", "accent", "danger")
    values = {name: getattr(colours, name) for name in names}
    # Qt writes the opacity first, CSS last.
    values["hover"] = f"#{colours.hover[3:]}{colours.hover[1:3]}"
    values |= {f"ink-{ink}": colours.ink(ink) for ink in Ink}
    return " ".join(f"--{name}: {value};" for name, value in values.items())
