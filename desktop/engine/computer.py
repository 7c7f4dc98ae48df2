"""What this computer is and has, found out without any heavy library. Everything may be unknown; nothing raises."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

_TIMEOUT_S = 5.0
_CGROUP = Path("/sys/fs/cgroup")  # in a container its own group; the root group has no limits

# What ggml's kernels are named for in its description of the build, and what /proc/cpuinfo calls it.
# https://github.com/ggml-org/ggml/blob/master/src/ggml-cpu/ggml-cpu.cpp
_X86_FEATURES = {
    "AVX": "avx",
    "AVX2": "avx2",
    "F16C": "f16c",
    "FMA": "fma",
    "BMI2": "bmi2",
    "AVX_VNNI": "avx_vnni",
    "AVX512": "avx512f",
    "AVX512_VBMI": "avx512vbmi",
    "AVX512_VNNI": "avx512_vnni",
    "AVX512_BF16": "avx512_bf16",
    "AMX_INT8": "amx_int8",
}
_ARM_FEATURES = {"NEON": "asimd", "DOTPROD": "asimddp", "MATMUL_INT8": "i8mm", "FP16_VA": "asimdhp", "SVE": "sve"}

CALM_CORES = 0.5
"""What other programs may use of the processor while something is measured."""

# Files that a new driver replaces: Vulkan's lists of drivers, and CUDA's, Vulkan's and HIP's libraries.
_DRIVERS = (
    Path("/usr/share/vulkan/icd.d/*.json"),
    Path("/etc/vulkan/icd.d/*.json"),
    Path("/usr/lib/x86_64-linux-gnu/libcuda.so.*"),
    Path("/usr/lib64/libcuda.so.*"),
    Path("C:/Windows/System32/nvcuda.dll"),
    Path("C:/Windows/System32/vulkan-1.dll"),
    Path("C:/Windows/System32/amdhip64*.dll"),
)

# What Qt's window needs of the system, and the Debian package that has it.
_QT_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libOpenGL.so.0": "libopengl0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libX11-xcb.so.1": "libx11-xcb1",
}


def total_memory_bytes() -> int:
    """The memory that this process could have: the computer's, or less in a container."""
    import psutil

    total = int(psutil.virtual_memory().total)
    limit, _ = _cgroup_memory()
    return total if limit is None else min(total, limit)


def free_memory_bytes() -> int:
    """Memory that can be had without swapping: the system's, and no more than a container has left."""
    import psutil

    available = int(psutil.virtual_memory().available)
    limit, used = _cgroup_memory()
    return available if limit is None else max(0, min(available, limit - used))


def usable_processors() -> int:
    """The processors that this process may use, those that share a core included."""
    return min(affinity(), _quota())


def affinity() -> int:
    """The processors that the system may run this process on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class OtherPrograms:
    """What other programs use of the processor, from now on. This one and its children are no others."""

    def __init__(self) -> None:
        self._began, self._used_s = time.monotonic(), _used_by_others_s()

    def cores(self) -> float:
        """How many cores they have kept busy so far, on average."""
        return (_used_by_others_s() - self._used_s) / max(time.monotonic() - self._began, 1e-3)


def busy_cores() -> float:
    """How many cores were busy since this was asked last, on average, whoever used them."""
    import psutil

    return float(psutil.cpu_percent()) / 100 * (psutil.cpu_count() or 1)


def on_battery() -> bool:
    """Whether the computer runs on a battery now, as far as is known."""
    import psutil

    # There is no such function on some systems, and no battery in most desktops.
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return battery is not None and battery.power_plugged is False


def build_stamp() -> str:
    """Changes when llama.cpp is installed anew, also as the same version with other backends."""
    from importlib.metadata import PackageNotFoundError, distribution  # not at the window's start: 30 ms

    try:
        package = distribution("llama-cpp-python")
    except PackageNotFoundError:
        return ""
    # The file that lists what was installed is written by every installation.
    record = next((file for file in package.files or () if file.name == "RECORD"), None)
    return f"{package.version} {_changed_at(Path(str(package.locate_file(record))))}" if record else package.version


def driver_stamp() -> str:
    """Changes when the system or a driver of a GPU does."""
    changed = [_changed_at(path) for pattern in _DRIVERS for path in sorted(pattern.parent.glob(pattern.name))]
    return f"{platform.system()} {platform.release()} {platform.version()} {changed}"


def is_x86() -> bool:
    """Whether the processor is an x86-64."""
    return platform.machine().lower() in ("x86_64", "amd64")


def processor() -> str:
    """The processor's name."""
    for line in lines(Path("/proc/cpuinfo")):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def build_features(build: str) -> set[str]:
    """The processor features that the llama.cpp uses which describes its build so: "CPU : AVX2 = 1 | FMA = 1 | …"."""
    pairs = (part.split("=") for part in build.replace("CPU :", "|").split("|") if part.count("=") == 1)
    return {name.strip() for name, value in pairs if value.strip() == "1"}


def cpu_features() -> set[str] | None:
    """The features of this processor, by ggml's names. None where the system does not say (only Linux does)."""
    names = _X86_FEATURES if is_x86() else _ARM_FEATURES
    for line in lines(Path("/proc/cpuinfo")):
        key, _, flags = line.partition(":")
        if key.strip() in ("flags", "Features"):
            has = set(flags.split())
            return {name for name, flag in names.items() if flag in has}
    return None


def known_features() -> set[str]:
    """The names that `cpu_features` can give."""
    return set(_X86_FEATURES if is_x86() else _ARM_FEATURES)


def missing_qt_packages() -> list[str]:
    """The Debian names of the system libraries that Qt's window needs and the loader does not know. Linux only."""
    if sys.platform != "linux":
        return []
    known = output("/sbin/ldconfig", "-p") or output("ldconfig", "-p")
    return [package for library, package in _QT_LIBRARIES.items() if f"{library} " not in known] if known else []


def lacks_chinese_font() -> bool:
    """Whether fontconfig is there and knows no font with Chinese characters."""
    return shutil.which("fc-list") is not None and not output("fc-list", ":lang=zh-cn").strip()


def _used_by_others_s() -> float:
    import psutil

    # What a virtual machine was not given ("steal") was used by somebody, too.
    kinds = ("user", "nice", "system", "irq", "softirq", "steal")
    used = sum(getattr(psutil.cpu_times(), kind, 0.0) for kind in kinds)
    me = psutil.Process()
    for process in (me, *me.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            used -= times.user + times.system
    return float(used)


def _cgroup_memory() -> tuple[int | None, int]:
    """The limit of this process's container, and what is used of it. None where there is none (or no cgroup v2)."""
    try:
        limit = int((_CGROUP / "memory.max").read_text(encoding="ascii"))
        statistics = dict(line.split() for line in (_CGROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        # Not memory.current: that counts cached files, such as the model itself, which give way.
        return limit, int(statistics["anon"])
    except (OSError, ValueError, KeyError):  # no cgroup v2, or "max"
        return None, 0


def _quota() -> int:
    """The processors that a container's quota makes up, at least 1; many where there is none."""
    try:
        quota, period = (_CGROUP / "cpu.max").read_text(encoding="ascii").split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        return 1 << 16


def _changed_at(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns
    return 0


def output(*command: str) -> str:
    """What a program prints; empty if it is not there, fails, or takes longer than a few seconds."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=True)
        return done.stdout.decode("utf-8", errors="replace")
    return ""


def lines(path: Path) -> list[str]:
    """The lines of a file; none if it cannot be read."""
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    return []
