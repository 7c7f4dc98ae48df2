"""A JSON file that several write at once."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from desktop import json_file

WRITER = """
import sys
from pathlib import Path
from desktop import json_file
for number in range(200):
    json_file.write(Path(sys.argv[1]), {"writer": sys.argv[2], "numbers": [number] * 2000})
"""


def test_writers_in_several_processes_leave_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "machine.json"
    told = [[sys.executable, "-c", WRITER, str(file), str(number)] for number in range(3)]
    writers = [subprocess.Popen(each, cwd=Path(__file__).parents[1]) for each in told]
    while any(writer.poll() is None for writer in writers):
        values = json_file.read(file)
        assert not values or len(set(values["numbers"])) == 1
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    # Nothing was set aside as damaged, and nothing is left over.
    assert [each.name for each in tmp_path.iterdir()] == ["machine.json"]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "machine.json").mkdir()
    with pytest.raises(OSError, match=r"machine\.json"):
        json_file.write(tmp_path / "machine.json", {"a": 1})
    assert [each.name for each in tmp_path.iterdir()] == ["machine.json"]


def test_what_a_killed_process_has_begun_goes_in_time(tmp_path: Path) -> None:
    abandoned, busy, another = (tmp_path / f"{name}.part" for name in ("a[1].json.7-7", "a[1].json.8-8", "b.json.7-7"))
    for part in (abandoned, busy, another):
        part.write_text("{")
    for old in (abandoned, another):
        os.utime(old, (1000, 1000))
    json_file.write(tmp_path / "a[1].json", {"a": 1})
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a[1].json", busy.name, another.name]


@pytest.mark.parametrize("damaged", ["", "[1, 2]", '{"a": ', "[" * 100_000])
def test_what_is_damaged_is_kept_aside(tmp_path: Path, damaged: str, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "settings.json"
    file.write_text(damaged)
    with caplog.at_level(logging.CRITICAL):
        assert json_file.read(file) == {}
    assert (tmp_path / "settings.json.damaged").read_text() == damaged
