"""The rules of the house that no other tool checks."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "desktop").rglob("*.py"))

# library: where alone it may be imported
DOORS = {
    "PySide6": ("desktop/ui/", "desktop/app.py"),
    "llama_cpp": ("desktop/engine/llama/",),
    "sqlite3": ("desktop/store/",),
    "markdown_it": ("desktop/ui/transcript/text/",),
    "jinja2": ("desktop/engine/llama/",),
    "platformdirs": ("desktop/paths.py",),
    "send2trash": ("desktop/hub/trash.py",),
    "huggingface_hub": ("desktop/hub/",),
    "httpx2": ("desktop/hub/",),
    "httpcore2": ("desktop/hub/transport.py",),
    "keyring": ("desktop/hub/token.py",),
    "pygments": ("desktop/ui/transcript/code/lexing.py",),
    "mathra": ("desktop/ui/transcript/formulas/typeset.py",),
    "merman": ("desktop/ui/transcript/diagrams/draw.py",),
}
DRAWERS = {"core", "utils", "util", "services", "managers", "controllers", "common", "misc", "helpers", "base"}
MAX_LINES = 400


def _imports(path: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_one_door(library: str) -> None:
    importers = [path.relative_to(ROOT).as_posix() for path in SOURCES if library in _imports(path)]
    assert importers, f"nothing imports {library} any more: take it out of this list and out of pyproject.toml"
    assert [name for name in importers if not name.startswith(DOORS[library])] == []


def test_names_say_what_a_thing_is_for() -> None:
    parts = {part for path in SOURCES for part in path.relative_to(ROOT).with_suffix("").parts}
    assert parts & DRAWERS == set()


def test_files_stay_readable_in_one_sitting() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in SOURCES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_packaging_shadows_no_library() -> None:
    assert not (ROOT / "packaging" / "__init__.py").exists()


def test_main_imports_nothing_at_module_level() -> None:
    tree = ast.parse((ROOT / "main.py").read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in top if ast.unparse(node) != "from __future__ import annotations"] == []


def test_resources_say_where_they_came_from() -> None:
    told = (ROOT / "resources" / "README.md").read_text(encoding="utf-8")
    folders = {path.name for path in (ROOT / "resources").iterdir() if path.is_dir()}
    assert folders, "no resources at all?"
    assert {name for name in folders if f"{name}/" not in told} == set()


def test_the_map_names_every_room() -> None:
    told = (ROOT / "desktop" / "README.md").read_text(encoding="utf-8")
    named = {word for code in re.findall(r"`+([^`]+)`+", told) for word in re.findall(r"\w+", code)}
    rooms = [path.relative_to(ROOT).as_posix() for path in SOURCES if path.name != "__init__.py"]
    assert [room for room in rooms if Path(room).stem not in named] == []


def test_nothing_names_a_registry_or_a_machine() -> None:
    forbidden = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|deb\.debian\.org|/root/|/work/main")
    me = Path(__file__)
    named = [
        path.relative_to(ROOT).as_posix()
        for path in _tracked()
        if path != me and path.suffix not in {".db", ".png"} and forbidden.search(path.read_text("utf-8", "replace"))
    ]
    assert named == []
