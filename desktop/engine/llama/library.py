"""llama.cpp as this package calls it: the binding's low-level module, and what the binding leaves out.

Importing it loads the native libraries. All else in this package that is native goes through here.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import importlib.util
import os
import sys
import types
from typing import Any


def _bare_package() -> None:
    """Make `llama_cpp.llama_cpp` importable without the high-level API that its package imports first.

    That API is not used here, and takes 0.25 s and 11 MB of a process that is started for every model.
    """
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("llama_cpp is not installed")
    package = types.ModuleType("llama_cpp")
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules["llama_cpp"] = package


if "llama_cpp" not in sys.modules:
    _bare_package()

from llama_cpp import llama_cpp as llama  # noqa: E402  only after the package was prepared

llama_cpp: Any = llama
"""The binding's low-level module. It ships no types, so mypy takes it as Any."""

said: collections.deque[str] = collections.deque(maxlen=20)
"""llama.cpp's latest warnings and errors: facts for an error's detail."""

# enum ggml_log_level; the comment in the binding still has the numbers of an older one.
_LEVEL_DEBUG, _LEVEL_WARN, _LEVEL_ERROR = 1, 3, 4


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _log(level: int, text: bytes, _data: object) -> None:
    line = text.decode("utf-8", "replace")
    if level in (_LEVEL_WARN, _LEVEL_ERROR) and line.strip():
        said.append(line.strip())
    if level != _LEVEL_DEBUG:
        sys.stderr.write(line)
        sys.stderr.flush()


def start() -> None:
    """Begin logging to stderr and start llama.cpp's backends. Once, before anything else."""
    llama_cpp.llama_log_set(_log, None)
    llama_cpp.llama_backend_init()


def ggml(name: str, restype: type | None, *argtypes: type) -> Any:
    """A function of ggml, which the binding does not declare.

    It comes out of the library that the binding has loaded: opening libggml by its path would start a second registry
    of devices, because a wheel's versioned names are copies, not links.

    Raises:
        AttributeError: there is no such function.
    """
    function = _find(name)
    function.restype = restype
    function.argtypes = argtypes
    return function


def _find(name: str) -> Any:
    if os.name == "posix":
        # The lookup goes on through the libraries that this one depends on.
        return llama_cpp._lib[name]  # noqa: SLF001
    # Windows looks into the named library alone, but gives the loaded one for its name.
    for base in ("ggml.dll", "ggml-base.dll"):
        with contextlib.suppress(OSError, AttributeError):
            return ctypes.CDLL(base)[name]
    raise AttributeError(name)


def as_path(path: str | os.PathLike[str]) -> bytes:
    """As llama.cpp opens a file: it takes UTF-8 on Windows."""
    encoding = "utf-8" if sys.platform == "win32" else sys.getfilesystemencoding()
    return os.fspath(path).encode(encoding, "surrogateescape")


def amx_is_miscompiled() -> bool:
    """Whether this build has AMX kernels, which gcc 12 compiles to code that crashes.

    WORKAROUND ggml 0.25: `_tile_loadconfig` in gcc 12's headers declares 8 of the 64 bytes that it reads, so the stores
    of the tile configuration are dropped. Which compiler built it cannot be asked, so every such build is suspected;
    without repacked weights AMX is not used. The usual build (-DGGML_NATIVE=OFF) has no AMX.
    """
    return b"AMX_INT8 = 1" in llama_cpp.llama_print_system_info()
