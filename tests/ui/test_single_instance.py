from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desktop.ui.single_instance import SingleInstance
from tests.conftest import PATIENCE_S

HOLDER = """
import sys, pathlib
from PySide6.QtCore import QCoreApplication
from desktop.ui.single_instance import SingleInstance
app = QCoreApplication(sys.argv)
one = SingleInstance(pathlib.Path(sys.argv[1]))
print(one.acquire(), flush=True)
one.called.connect(lambda: (print("called", flush=True), app.quit()))
app.exec()
"""


def hold(data: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(data)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


@pytest.mark.usefixtures("qapp")
def test_the_second_calls_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy computer the first is long in listening.
    monkeypatch.setattr("desktop.ui.single_instance._TIMEOUT_MS", PATIENCE_S * 1000)
    with hold(tmp_path) as first:
        assert not SingleInstance(tmp_path).acquire()
        assert first.stdout is not None
        assert first.stdout.readline() == "called\n"
        assert first.wait(PATIENCE_S) == 0


@pytest.mark.usefixtures("qapp")
def test_a_killed_window_leaves_the_data_free(tmp_path: Path) -> None:
    with hold(tmp_path) as first:
        first.kill()
    again = SingleInstance(tmp_path)
    assert again.acquire()
    assert (tmp_path / "window.lock").stat().st_mode & 0o077 == 0
    again.release()


@pytest.mark.usefixtures("qapp")
def test_other_data_is_another_matter(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = SingleInstance(tmp_path / "a"), SingleInstance(tmp_path / "b")
    assert one.acquire()
    assert two.acquire()
    one.release()
    two.release()
