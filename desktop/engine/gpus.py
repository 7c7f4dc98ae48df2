"""The GPUs of this computer, those that this build of llama.cpp can use, and how to get one that can use the others."""

from __future__ import annotations

import contextlib
import platform
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop.engine import rebuild
from desktop.engine.api import Device, SystemInfo
from desktop.engine.computer import lines, output

# https://pci-ids.ucw.cz
_VENDORS = {"10de": "NVIDIA", "1002": "AMD", "8086": "Intel"}
_VENDOR_WORDS = {"NVIDIA": "NVIDIA", "AMD": "AMD|Radeon|ATI", "Intel": "Intel"}
_DISPLAY_CLASS = "0x03"
_PCI = Path("/sys/bus/pci/devices")
_NVIDIA = Path("/proc/driver/nvidia/gpus")
# The registry's class of display adapters:
# https://learn.microsoft.com/windows-hardware/drivers/install/system-defined-device-setup-classes-available-to-vendors
_ADAPTERS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"

# backend: what ggml calls it, and the compiler that a build with it needs
_BACKENDS = {"cuda": ("CUDA", "nvcc"), "rocm": ("ROCm", "hipcc"), "vulkan": ("Vulkan", "glslc"), "metal": ("MTL", "")}


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics processor of this computer. `vendor` is "NVIDIA", "AMD", "Intel" or "Apple"."""

    name: str
    vendor: str
    bus_id: str = ""
    """As `Device.bus_id`; empty if unknown."""


@dataclass(frozen=True, slots=True)
class UnusedGpu:
    """A GPU that this build of llama.cpp does not compute on.

    `command` builds one that does; empty where the build could, but the GPU's driver does not let it. `missing` is the
    compiler that has to be installed for it first, such as "nvcc"; empty if it is there.
    """

    gpu: Gpu
    command: str
    missing: str = ""


@dataclass(frozen=True, slots=True)
class GpuHelp:
    """What computes models here, and what could."""

    backends: tuple[str, ...]
    """That this build of llama.cpp has, such as "CUDA"; "CPU" among them."""
    devices: tuple[Device, ...]
    """The GPUs that it can use."""
    unused: tuple[UnusedGpu, ...]


def used_together(devices: Sequence[Device]) -> list[Device]:
    """Those that llama.cpp offloads to unless it is told which: each GPU once, though two backends know it.

    Integrated ones only if there is no other.
    """
    found: list[Device] = []
    for device in devices:
        known = device.bus_id and any(device.bus_id == other.bus_id for other in found)
        if device.kind == "gpu" and not known:
            found.append(device)
    if found:
        return found
    integrated = [device for device in devices if device.kind == "igpu"]
    return [device for device in integrated if device.backend == integrated[0].backend]


def gpu_help(info: SystemInfo, there: list[Gpu] | None = None) -> GpuHelp:
    """What to tell of GPUs, by what the engine says of itself. `there` are the computer's; by default `installed()`.

    Where one GPU is used, only an NVIDIA is missed: the others are mostly the small ones inside a processor.
    """
    usable = tuple(device for device in info.devices if device.kind in ("gpu", "igpu"))
    idle = [gpu for gpu in (installed() if there is None else there) if not _is_among(gpu, usable)]
    missed = [gpu for gpu in idle if not usable or gpu.vendor == "NVIDIA"]
    return GpuHelp(info.backends, usable, tuple(_unused(gpu, info) for gpu in missed))


def installed() -> list[Gpu]:
    """The graphics processors that llama.cpp could use, whether this build can or not. Tenths of a second."""
    if sys.platform == "darwin":
        return [Gpu("Apple GPU", "Apple")] if platform.machine() == "arm64" else []
    found = _windows_adapters() if sys.platform == "win32" else list(_pci_adapters())
    # In a container or under WSL there may be no bus to look at.
    if not any(gpu.vendor == "NVIDIA" for gpu in found):
        names = output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader").splitlines()
        found += [Gpu(name.strip(), "NVIDIA") for name in names if name.strip()]
    return found


def _unused(gpu: Gpu, info: SystemInfo) -> UnusedGpu:
    backends = {
        "NVIDIA": ("cuda", "vulkan"),
        "AMD": ("rocm", "vulkan"),
        "Intel": ("vulkan",),
        "Apple": ("metal",),
    }[gpu.vendor]
    if any(_BACKENDS[backend][0] in info.backends for backend in backends):
        return UnusedGpu(gpu, "")
    # AMD's compiler is large and knows few GPUs: only where it is there already.
    fallback = "vulkan" if gpu.vendor == "AMD" else backends[0]
    backend = next((each for each in backends if _compiler_is_there(each)), fallback)
    return UnusedGpu(gpu, rebuild.command(backend), "" if _compiler_is_there(backend) else _BACKENDS[backend][1])


def _compiler_is_there(backend: str) -> bool:
    compiler = _BACKENDS[backend][1]
    return not compiler or shutil.which(compiler) is not None


def _is_among(gpu: Gpu, devices: tuple[Device, ...]) -> bool:
    for device in devices:
        if gpu.bus_id and device.bus_id:
            if gpu.bus_id == device.bus_id.lower():
                return True
        elif device.backend == "CUDA" or gpu.vendor == "Apple":
            if gpu.vendor in ("NVIDIA", "Apple"):
                return True
        elif re.search(_VENDOR_WORDS[gpu.vendor], device.description):
            return True
    return False


def _pci_adapters() -> Iterator[Gpu]:
    """Linux: the display adapters of the PCI bus, with or without a driver."""
    names = _pci_names()
    for folder in sorted(_PCI.glob("*")):
        vendor = _VENDORS.get("".join(lines(folder / "vendor")).removeprefix("0x"))
        if vendor and "".join(lines(folder / "class")).startswith(_DISPLAY_CLASS):
            model = _nvidia_model(folder.name) or names.get(folder.name)
            yield Gpu(model or vendor, vendor, folder.name.lower())


def _pci_names() -> dict[str, str]:
    """The names of the devices on the PCI bus by their addresses, where `lspci` is installed."""
    names = {}
    for line in output("lspci", "-Dmm").splitlines():
        with contextlib.suppress(ValueError):
            address, _, vendor, device, *_ = shlex.split(line)
            names[address] = f"{vendor} {device}"
    return names


def _nvidia_model(address: str) -> str:
    for line in lines(_NVIDIA / address / "information"):
        if line.startswith("Model:"):
            return line.partition(":")[2].strip()
    return ""


def _windows_adapters() -> list[Gpu]:
    """Windows: the display adapters that have a driver, from the registry."""
    found: list[Gpu] = []
    if sys.platform == "win32":
        import winreg

        with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _ADAPTERS) as adapters:
            for index in range(winreg.QueryInfoKey(adapters)[0]):
                with contextlib.suppress(OSError), winreg.OpenKey(adapters, winreg.EnumKey(adapters, index)) as adapter:
                    name = str(winreg.QueryValueEx(adapter, "DriverDesc")[0])
                    known_as = str(winreg.QueryValueEx(adapter, "MatchingDeviceId")[0]).lower()
                    vendor = _VENDORS.get(known_as.partition("ven_")[2][:4])
                    if vendor:
                        found.append(Gpu(name, vendor))
    return found
