from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import jinja2
import psutil
import pytest

from desktop.engine import computer, rebuild
from desktop.engine.api import Tuning
from desktop.engine.local import LocalEngine
from desktop.hub.header import read_header
from desktop.loading import Loading
from desktop.paths import Paths
from desktop.settings import Settings
from tests.cli.conftest import Shell

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "炉边是什么？🔥"},
    {"role": "assistant", "content": "A fire.\n"},
    {"role": "user", "content": "Why?"},
]


@pytest.mark.model
def test_prompt_is_what_the_template_makes(shell: Shell, tmp_path: Path, starter_model: Path) -> None:
    (tmp_path / "messages.json").write_text(json.dumps(MESSAGES), encoding="utf-8")
    template = read_header(starter_model).chat_template
    assert template is not None
    expected = jinja2.Template(template).render(messages=MESSAGES, add_generation_prompt=True)
    done = shell.run("prompt", str(tmp_path / "messages.json"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == expected

    (tmp_path / "template.jinja").write_text("{% for m in messages %}[{{ m.role }}] {{ m.content }};{% endfor %}")
    done = shell.run("prompt", "--template", str(tmp_path / "template.jinja"), "-", stdin=json.dumps(MESSAGES[1:2]))
    assert (done.returncode, done.stdout) == (0, "[user] 炉边是什么？🔥;")

    (tmp_path / "template.jinja").write_text("{{ raise_exception('no such talk') }}")
    done = shell.run("prompt", "--template", str(tmp_path / "template.jinja"), str(tmp_path / "messages.json"))
    assert (done.returncode, done.stdout) == (4, "")
    assert "no such talk" in done.stderr


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"role": "user"}', '[{"role": "user"}]', '[{"role": "x", "content": ""}]']
)
def test_what_is_no_list_of_messages(shell: Shell, text: str) -> None:
    done = shell.run("prompt", "-", stdin=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be read as messages" in done.stderr


def test_messages_that_are_not_there(shell: Shell) -> None:
    done = shell.run("prompt", "nowhere.json")
    assert done.returncode == 2
    assert "nowhere.json cannot be read as messages. No such file or directory" in done.stderr


@pytest.mark.model
def test_doctor(shell: Shell, starter_model: Path) -> None:
    _measure(shell, starter_model)
    found = shell.json("doctor")
    assert found["ok"]
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["versions"]["facts"]["llama-cpp-python"] == version("llama-cpp-python")
    assert checks["versions"]["facts"]["fireside"] == version("fireside")
    assert "AVX" in checks["build"]["facts"]["flags"] or "NEON" in checks["build"]["facts"]["flags"]
    assert checks["devices"]["facts"]["devices"][0]["kind"] == "cpu"
    assert checks["directory-data"]["facts"]["path"] == str(shell.data)
    assert checks["directory-data"]["facts"]["writable"]
    assert checks["self-test"]["facts"]["model"] == "starter"
    assert checks["self-test"]["facts"]["answer"]
    assert checks["tuning"]["facts"] == {"n_threads": 1, "n_threads_batch": 2, "batch_costs": [1.5]}


def _measure(shell: Shell, model: Path) -> None:
    """As if the window had had it done."""
    paths = Paths.under(shell.data)
    paths.make()
    loading = Loading(paths.machine)
    engine = LocalEngine(paths.engine_log, planner=loading)
    list(engine.load(loading.spec(model, Settings())))
    assert engine._attempt is not None
    loading.tuned(engine._attempt, Tuning(1, 2, (1.5,)))
    engine.close()


def test_doctor_says_what_is_wrong(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF")
    shell.data.mkdir()
    (shell.data / "chats.db").write_bytes(b"no database at all" * 1000)
    done = shell.run("doctor", "--model", str(tmp_path / "bad.gguf"))
    assert done.returncode == 4
    assert "✗ The chats cannot be read." in done.stdout
    assert "✗ bad.gguf cannot be used as a model." in done.stdout
    assert "Traceback" not in done.stderr


def test_features_of_build_and_processor() -> None:
    build = "CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | REPACK = 1"
    assert computer.build_features(build) == {"SSE3", "AVX2", "REPACK"}
    has = computer.cpu_features()
    if sys.platform == "linux":
        assert has is not None
        assert has <= computer.known_features()


def test_rebuilding_is_what_the_makefile_offers() -> None:
    command = rebuild.command("native")
    makefile = Path(command.split()[2]) / "Makefile"
    assert command.endswith("llama BACKEND=native")
    assert "define_native" in makefile.read_text(encoding="utf-8")


def test_the_window_waits_for_no_command(shell: Shell) -> None:
    program = """
import sys
from desktop import cli
opened = cli.main(["--data-dir", sys.argv[1]], lambda folder: 7 if str(folder) == sys.argv[1] else 0)
print(opened, *[name for name in ("importlib.metadata", "desktop.cli.ask", "huggingface_hub") if name in sys.modules])
"""
    told = [sys.executable, "-c", program, str(shell.data)]
    done = subprocess.run(told, env=shell.env, capture_output=True, text=True, check=True)
    assert done.stdout == "7\n"


@pytest.mark.model
@pytest.mark.skipif(os.name != "posix", reason="a process is sent a signal")
def test_a_polite_kill_lets_a_command_tidy_up(shell: Shell) -> None:
    with shell.start("doctor") as doctor:
        assert doctor.stdout is not None
        doctor.stdout.readline()
        [engine] = psutil.Process(doctor.pid).children()
        doctor.terminate()
    assert doctor.returncode == 128 + signal.SIGTERM
    assert not engine.is_running()


@pytest.mark.model
def test_commands_load_no_qt(shell: Shell) -> None:
    program = """
import sys
from desktop import cli
for argv in (["chats", "list"], ["models", "list"], ["ask", "--max-tokens", "1", "hi"], ["chats", "search", "hi"]):
    cli.main([*argv, "--data-dir", sys.argv[1]], lambda _: 1)
print([name for name in sys.modules if name.startswith("PySide6")], file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(shell.data)], env=shell.env, capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_reader_that_is_gone(shell: Shell) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        shell.command("models", "list"), env=shell.env, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_data_dir_before_and_after_the_command(shell: Shell, tmp_path: Path) -> None:
    for arguments in (
        ["--data-dir", "A", "chats", "list"],
        ["chats", "--data-dir", "A", "list"],
        ["chats", "list", "--data-dir", "A"],
    ):
        command = [sys.executable, "-m", "desktop", *arguments]
        done = subprocess.run(command, env=shell.env, cwd=tmp_path, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert (tmp_path / "A" / "chats.db").exists()
        (tmp_path / "A" / "chats.db").unlink()


def test_a_data_directory_in_the_home_of_nobody(shell: Shell) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "desktop", "--data-dir", "~no-such-user/data", "chats", "list"],
        env=shell.env,
        cwd=shell.home,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("~no-such-user/data cannot be written.")


def test_help_and_version(shell: Shell) -> None:
    assert shell.run("--version").stdout == f"Fireside {version('fireside')}\n"
    text = shell.run("--help").stdout
    assert all(word in text for word in ("ask", "chats", "models", "prompt", "doctor", "--data-dir", "exit codes"))
    assert "编号" in shell.run("chats", "show", "--help", LANG="zh_CN.UTF-8").stdout
    # Whatever the locale can write, the output is UTF-8.
    assert "没有编号为 5 的对话" in shell.run("chats", "show", "5", LANG="zh_CN.UTF-8", PYTHONIOENCODING="ascii").stderr


def test_no_display_for_a_window(shell: Shell) -> None:
    done = shell.run()
    assert (done.returncode, done.stdout) == (1, "")
    assert "xvfb-run" in done.stderr
    assert "fireside ask" in done.stderr
