"""Mermaid drawn by the real process: what is seen, what is never done, and what happens when it dies or hangs."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.ui import theme
from desktop.ui.colours import DARK, LIGHT
from desktop.ui.transcript.diagrams import service
from desktop.ui.transcript.diagrams.draw import Artist
from desktop.ui.transcript.diagrams.look import theme_variables
from desktop.ui.transcript.diagrams.paint import contrast
from desktop.ui.transcript.diagrams.service import MAX_SOURCE_CHARS, Diagrams, Picture
from desktop.ui.transcript.diagrams.wire import Fault, Why
from desktop.ui.transcript.transcript import Transcript
from tests.ui.transcript.rows import answer

WAIT_MS = 60_000
SIMPLE = "flowchart TD\n  A[Start] --> B[End]"
KINDS = {
    "flowchart TD\n A[{a}] -->|{b}| B(x)\n subgraph s [{c}]\n  B\n end": 3,
    "flowchart LR\n A([{a}]) -.-> B[({b})]\n B ==> C{{{{{c}}}}}": 3,
    "sequenceDiagram\n participant A as {a}\n A->>+B: {b}\n Note over A,B: {c}\n B-->>-A: ok": 3,
    'classDiagram\n class A["{a}"] {{\n  +{b}()\n }}\n A <|-- B : {c}': 3,
    'stateDiagram-v2\n state "{a}" as s\n [*] --> s : {b}\n state "{c}" as t {{\n  [*] --> u\n }}': 3,
    "gantt\n title {a}\n dateFormat YYYY-MM-DD\n section {b}\n {c} :a1, 2026-01-01, 30d": 3,
    'pie title {a}\n "{b}" : 40\n "{c}" : 60': 3,
    'erDiagram\n X ||--o{{ Y : "{c}"\n X {{\n  string {a} "{b}"\n }}': 3,
    "journey\n title {a}\n section {b}\n  {c}: 5: Me": 3,
    "mindmap\n  root(({a}))\n    {b}\n    {c}": 3,
    "timeline\n title {a}\n 2002 : {b} : {c}": 3,
    'gitGraph\n commit id: "{a}"\n commit id: "{b}" tag: "{c}"': 3,
}
WORDS = {"en": ("First", "second", "Third"), "zh": ("处理请求", "是的", "数据库")}


@pytest.fixture
def diagrams(qapp: QApplication) -> Iterator[Callable[..., Diagrams]]:
    """Makes services, and ends their processes."""
    assert qapp.devicePixelRatio() == 1
    made: list[Diagrams] = []

    def make(**options: object) -> Diagrams:
        made.append(Diagrams(**options))  # type: ignore[arg-type]  # what the test says
        return made[-1]

    yield make
    for one in made:
        one.close()


def drawn(qtbot: QtBot, diagrams: Diagrams, source: str, *, dark: bool = False, scale: float = 1.0) -> Picture:
    """The picture, once it is there."""
    if diagrams.picture(source, dark, scale) is None:
        with qtbot.waitSignal(diagrams.drawn, timeout=WAIT_MS, check_params_cb=lambda which: which == source):
            pass
    picture = diagrams.picture(source, dark, scale)
    assert picture is not None
    return picture


def child(tmp_path: Path, *lines: str) -> list[str]:
    """The command of a stand-in for the process that draws. Before it says a word, its id is in the file `pid`."""
    script = tmp_path / "child.py"
    begin = [
        "import os, sys, time",
        f"with open({str(tmp_path / 'pid')!r}, 'w') as pid: pid.write(str(os.getpid()))",
        "print('ready', flush=True)",
    ]
    script.write_text("\n".join([*begin, *lines]), encoding="utf-8")
    return [sys.executable, str(script)]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("language", WORDS)
def test_all_kinds_are_drawn_with_their_labels(qtbot: QtBot, diagrams: Callable[..., Diagrams], language: str) -> None:
    here = diagrams()
    for source, count in KINDS.items():
        words = WORDS[language]
        picture = drawn(qtbot, here, source.format(a=words[0], b=words[1], c=words[2]))
        assert picture.fault is None, source
        said = "".join(ElementTree.fromstring(picture.svg).itertext())  # noqa: S314  our own
        assert [word for word in words[:count] if word not in said] == [], source
        assert picture.image.width() == round(picture.width)


def test_another_theme_or_scale_is_drawn_anew_in_the_same_layout(
    qtbot: QtBot, diagrams: Callable[..., Diagrams]
) -> None:
    here = diagrams()
    light = drawn(qtbot, here, SIMPLE)
    assert light.image.pixelColor(0, 0).name() == LIGHT.code.lower()
    for dark, scale in ((True, 1.0), (False, 2.0)):
        assert here.picture(SIMPLE, dark, scale) is light  # until it is drawn anew
        with qtbot.waitSignal(here.drawn, timeout=WAIT_MS):
            pass
        other = here.picture(SIMPLE, dark, scale)
        assert other is not None
        assert (other.width, other.height) == (light.width, light.height)
        assert other.image.width() == round(scale * light.width)
        assert other.image.pixelColor(0, 0).name() == (DARK if dark else LIGHT).code.lower()


def test_a_syntax_error_says_the_line(qtbot: QtBot, diagrams: Callable[..., Diagrams]) -> None:
    picture = drawn(qtbot, diagrams(), "flowchart TD\n  A --> B\n  B[Start --> C")
    assert picture.fault == Fault(Why.SYNTAX, 3)
    assert picture.image.isNull()


def test_a_source_that_is_too_long_starts_nothing(diagrams: Callable[..., Diagrams]) -> None:
    here = diagrams()
    picture = here.picture("x" * (MAX_SOURCE_CHARS + 1), False, 1.0)
    assert picture is not None
    assert picture.fault == Fault(Why.LARGE)
    assert here.pid == 0


def test_where_the_library_is_missing_nothing_is_started(
    diagrams: Callable[..., Diagrams], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_can_draw", lambda: False)
    here = diagrams()
    picture = here.picture(SIMPLE, False, 1.0)
    assert picture is not None
    assert picture.fault == Fault(Why.MISSING)
    assert here.svg(SIMPLE, False) == ""
    assert here.pid == 0


def test_a_bomb_ends_in_a_fault_and_the_next_diagram_is_drawn(qtbot: QtBot, diagrams: Callable[..., Diagrams]) -> None:
    here = diagrams()
    links = "\n".join(f"n{one} --> n{other}" for one in range(50) for other in range(one + 1, 50))
    bomb = drawn(qtbot, here, "flowchart TD\n" + links)
    assert bomb.fault is not None
    assert bomb.fault.why in (Why.LARGE, Why.SLOW)
    deep = drawn(qtbot, here, "mindmap\n" + "\n".join(" " * depth + "a" for depth in range(190)))
    assert deep.fault is not None
    assert drawn(qtbot, here, SIMPLE).fault is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_process_that_was_killed_is_started_anew(qtbot: QtBot, diagrams: Callable[..., Diagrams]) -> None:
    here = diagrams()
    drawn(qtbot, here, SIMPLE)
    first = here.pid
    os.kill(first, signal.SIGKILL)
    qtbot.waitUntil(lambda: not is_running(first) or _is_zombie(first))
    assert drawn(qtbot, here, SIMPLE + " --> C").fault is None
    assert here.pid not in (0, first)


def test_a_process_that_dies_over_a_diagram_leaves_a_fault(
    qtbot: QtBot, diagrams: Callable[..., Diagrams], tmp_path: Path
) -> None:
    here = diagrams(command=child(tmp_path, "sys.stdin.readline()", "sys.exit(3)"))
    assert drawn(qtbot, here, SIMPLE).fault == Fault(Why.CRASH)


def test_a_process_that_hangs_is_ended(qtbot: QtBot, diagrams: Callable[..., Diagrams], tmp_path: Path) -> None:
    here = diagrams(command=child(tmp_path, "time.sleep(600)"), draw_s=0.5)
    assert drawn(qtbot, here, SIMPLE).fault == Fault(Why.SLOW)
    assert not is_running(int((tmp_path / "pid").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "answer",
    ["nonsense", "[]", '{"width": 1}', '{"width": 1, "height": 1, "svg": "", "bytes": 9999999999}'],
)
def test_nonsense_from_the_process_is_a_fault(
    qtbot: QtBot, diagrams: Callable[..., Diagrams], tmp_path: Path, answer: str
) -> None:
    here = diagrams(
        command=child(tmp_path, "sys.stdin.readline()", f"print({answer!r}, flush=True)", "time.sleep(600)")
    )
    assert drawn(qtbot, here, SIMPLE).fault == Fault(Why.CRASH)


def test_the_process_ends_when_nothing_is_to_be_drawn(qtbot: QtBot, diagrams: Callable[..., Diagrams]) -> None:
    here = diagrams(idle_s=0.2)
    drawn(qtbot, here, SIMPLE)
    qtbot.waitUntil(lambda: here.pid == 0, timeout=WAIT_MS)


def test_closing_ends_the_process(qtbot: QtBot, diagrams: Callable[..., Diagrams]) -> None:
    here = diagrams()
    drawn(qtbot, here, SIMPLE)
    pid = here.pid
    here.close()
    qtbot.waitUntil(lambda: not is_running(pid))  # it is waited for two seconds, which a busy computer may need
    assert here.wait_for(SIMPLE + " --> C", False, 1.0).fault == Fault(Why.CRASH)


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
def test_the_process_has_limits(qtbot: QtBot, diagrams: Callable[..., Diagrams]) -> None:
    import resource

    from desktop.ui.transcript.diagrams.child import MEMORY_BYTES

    here = diagrams()
    drawn(qtbot, here, SIMPLE)
    assert resource.prlimit(here.pid, resource.RLIMIT_AS)[1] == MEMORY_BYTES
    assert resource.prlimit(here.pid, resource.RLIMIT_FSIZE)[1] == 0


def test_nothing_is_fetched_read_or_run(
    qtbot: QtBot, diagrams: Callable[..., Diagrams], server: tuple[str, list[str]], tmp_path: Path
) -> None:
    red = QImage(400, 400, QImage.Format.Format_RGB32)
    red.fill(0xFF0000)
    red.save(str(tmp_path / "red.png"))
    here = diagrams()
    for address in (server[0], (tmp_path / "red.png").as_uri()):
        for source in _hostile(address):
            picture = drawn(qtbot, here, source)
            svg = here.svg(source, False)
            assert (picture.fault is None) == bool(svg)
            tags = {re.sub(r"\{.*\}", "", element.tag) for element in _elements(svg)}
            assert tags <= {"svg", "g", "text", "path", "rect", "circle", "ellipse", "line", "polygon", "polyline"}
            attributes = " ".join(value for element in _elements(svg) for value in element.attrib.values())
            assert not re.search(r"url\(|href|://|script|@import", attributes)
            pixels = {
                picture.image.pixel(x, y)
                for x in range(0, picture.image.width(), 3)
                for y in range(0, picture.image.height(), 3)
            }
            assert 0xFFFF0000 not in pixels
    assert server[1] == []


def _hostile(address: str) -> list[str]:
    css = f'{{"themeCSS": "@import url({address}/a.css); * {{ background: url({address}/b.png) }}"}}'
    return [
        f"flowchart TD\n  A[\"<img src='{address}/1.png' width=300 height=300>\"] --> B[b]",
        f'flowchart TD\n  A@{{ img: "{address}/2.png", label: "x", w: 300, h: 300 }}\n  A --> B',
        f'flowchart TD\n  A[a]\n  click A "{address}/3" _blank\n  click A href "javascript:alert(1)"',
        f"flowchart TD\n  A[a]\n  style A fill:url({address}/4.svg#a),background:url({address}/5.png)",
        f"%%{{init: {css}}}%%\nflowchart TD\n  A[a] --> B",
        f"---\nconfig:\n  themeCSS: '@font-face {{ src: url({address}/6.woff) }}'\n---\nflowchart TD\n  A --> B",
        'flowchart TD\n  A["<script>alert(1)</script>"] --> B[fa:fa-car car]',
        f"sequenceDiagram\n  participant A\n  link A: Home @ {address}/7\n  A->>B: ![x]({address}/8.png)",
        f'classDiagram\n  class A\n  link A "{address}/9" "tip"',
    ]


def _elements(svg: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter()) if svg else []  # noqa: S314  our own


def _artist(*, dark: bool) -> Artist:
    tokens = DARK if dark else LIGHT
    families = theme.ui_font(1.0).families()
    return Artist(families, theme_variables(tokens), tokens.code, (LIGHT.text, DARK.text))


@pytest.mark.usefixtures("qapp")
def test_what_authors_colour_stays_readable() -> None:
    for dark in (False, True):
        for fill in ("#ffff00", "#222266"):
            drawing = _artist(dark=dark).draw(f"flowchart TD\n  A[label]\n  style A fill:{fill},color:{fill}")
            (text,) = drawing.texts
            assert contrast(text.fill, fill) >= 4.5


@pytest.mark.usefixtures("qapp")
def test_the_look_is_the_interfaces_whatever_the_author_wants() -> None:
    artist = _artist(dark=False)
    own = '%%{init: {"theme": "forest", "themeVariables": {"primaryColor": "#ff0000"}, "look": "handDrawn"}}%%\n'
    assert artist.svg(artist.draw(own + SIMPLE)) == artist.svg(artist.draw(SIMPLE))


@pytest.mark.usefixtures("qapp")
def test_labels_stand_in_their_boxes() -> None:
    for label in ("Wide WWWWWWWWW letters", "很宽的中文标签在这里", "mixed 混排 text"):
        drawing = _artist(dark=False).draw(f"flowchart TD\n  A[{label}]")
        (box,) = (shape for shape in drawing.shapes if shape.kind == "rect" and float(shape.look["width"]) > 1)
        x, y = float(box.look["x"]), float(box.look["y"])
        left, top = box.matrix.apply((x, y))
        right, bottom = box.matrix.apply((x + float(box.look["width"]), y + float(box.look["height"])))
        for text in drawing.texts:
            assert all(left < at < right and top < down < bottom for at, down in text.corners)


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("dark", [False, True])
def test_words_at_lines_stand_on_the_paper_and_nodes_stand_out_from_it(dark: bool) -> None:
    tokens = DARK if dark else LIGHT
    drawing = _artist(dark=dark).draw("classDiagram\n class A\n A <|-- B : extends")
    fills = {shape.look.get("fill") for shape in drawing.shapes if shape.kind == "rect"} - {"none"}
    assert fills == {tokens.code}
    (node,) = {shape.look.get("fill") for shape in drawing.shapes if shape.kind == "path"} - {"none", *fills, None}
    assert contrast(str(node), tokens.code) > 1.1


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize(
    "source",
    [
        "sequenceDiagram\n A->>B: {}\n Note right of B: {}",
        "gantt\n dateFormat YYYY-MM-DD\n section {}\n {} :a1, 2026-01-01, 30d",
        'pie\n "{}" : 1',
    ],
)
def test_texts_are_as_large_in_all_kinds(source: str) -> None:
    drawing = _artist(dark=False).draw(source.replace("{}", "tea"))
    assert {text.size for text in drawing.texts if text.words == "tea"} <= {13.0, 14.0}


def urlopen_error(address: str) -> None:
    """Ask for what is not there."""
    with pytest.raises(HTTPError) as failed:
        urlopen(address)  # noqa: S310  ours
    failed.value.close()


def _is_zombie(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"


def test_images_in_markdown_are_their_addresses(
    show: Callable[..., Transcript], server: tuple[str, list[str]], tmp_path: Path
) -> None:
    red = QImage(400, 400, QImage.Format.Format_RGB32)
    red.fill(0xFF0000)
    red.save(str(tmp_path / "red.png"))
    local = (tmp_path / "red.png").as_uri()
    address = f"{server[0]}/a.png"
    inline = f"![far]({address}) ![near]({local}) <img src='{address}'>"
    text = f"{inline}\n\n| ![far]({address}) |\n|---|\n| [![near]({local})]({address}) |"
    transcript = show([answer(1, text)])
    shown = transcript.viewport().grab().toImage()
    assert f"{server[0]}/a.png" in transcript.column.view(0).flow(1).view(0).text()
    pixels = {shown.pixel(x, y) for x in range(0, shown.width(), 3) for y in range(0, shown.height(), 3)}
    assert 0xFFFF0000 not in pixels
    # A request of ours comes through, and none before it.
    urlopen_error(address + "?ours")
    assert server[1] == ["/a.png?ours"]
