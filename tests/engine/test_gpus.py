"""What is told of GPUs that are used, and of those that could be."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.engine import gpus
from desktop.engine.api import Device, SystemInfo
from desktop.engine.gpus import Gpu, gpu_help, installed
from desktop.engine.llama.devices import layers_on
from desktop.ui.model_words import unused_gpu_words

RTX = Gpu("GeForce RTX 3090", "NVIDIA", "0000:01:00.0")
RADEON = Gpu("Radeon RX 7900", "AMD", "0000:03:00.0")
UHD = Gpu("UHD Graphics 770", "Intel", "0000:00:02.0")


def info(*devices: Device, backends: tuple[str, ...] = ("CPU",)) -> SystemInfo:
    return SystemInfo((), "", bool(devices), devices, 1, weights_repacked=True, backends=backends)


def cuda(bus_id: str = "") -> Device:
    return Device("CUDA0", "NVIDIA GeForce RTX 3090", "gpu", 24, 20, "CUDA", bus_id)


@pytest.mark.parametrize(
    ("gpu", "compilers", "backend", "missing"),
    [
        (RTX, ("nvcc",), "CUDA", ""),
        (RTX, ("glslc",), "VULKAN", ""),
        (RTX, (), "CUDA", "nvcc"),
        (RADEON, ("hipcc", "glslc"), "ROCM", ""),
        (RADEON, (), "VULKAN", "glslc"),
        (UHD, (), "VULKAN", "glslc"),
        (Gpu("Apple GPU", "Apple"), (), "METAL", ""),
    ],
)
def test_the_command_suits_the_gpu_and_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: Gpu, compilers: tuple[str, ...], backend: str, missing: str
) -> None:
    for compiler in compilers:
        (tmp_path / compiler).write_text("#!/bin/sh\n")
        (tmp_path / compiler).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (unused,) = gpu_help(info(), [gpu]).unused
    assert backend in unused.command.upper()
    assert unused.missing == missing
    assert gpu.name in unused_gpu_words(unused)
    assert (missing in unused_gpu_words(unused)) or not missing


def test_a_gpu_that_is_used_needs_no_help() -> None:
    told = gpu_help(info(cuda("0000:01:00.0"), backends=("CUDA", "CPU")), [RTX])
    assert [device.name for device in told.devices] == ["CUDA0"]
    assert told.unused == ()
    assert gpu_help(info(cuda(), backends=("CUDA", "CPU")), [RTX]).unused == ()


def test_the_small_one_beside_a_gpu_that_is_used_is_not_missed() -> None:
    assert gpu_help(info(cuda("0000:01:00.0")), [RTX, UHD, RADEON]).unused == ()


def test_a_second_nvidia_that_is_not_seen_is_a_matter_of_its_driver() -> None:
    other = Gpu("GeForce GTX 1080", "NVIDIA", "0000:05:00.0")
    (unused,) = gpu_help(info(cuda("0000:01:00.0"), backends=("CUDA", "CPU")), [RTX, other]).unused
    assert (unused.gpu, unused.command) == (other, "")
    assert "driver" in unused_gpu_words(unused)


def test_adapters_are_found_on_the_bus_without_any_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for address, vendor, kind in (
        ("0000:01:00.0", "0x10de", "0x030200"),
        ("0000:01:00.1", "0x10de", "0x040300"),  # its sound
        ("0000:00:02.0", "0x8086", "0x030000"),
        ("0000:00:05.0", "0x1234", "0x030000"),  # an emulated one
    ):
        folder = tmp_path / "bus" / address
        folder.mkdir(parents=True)
        (folder / "vendor").write_text(vendor + "\n")
        (folder / "class").write_text(kind + "\n")
    model = tmp_path / "nvidia" / "0000:01:00.0"
    model.mkdir(parents=True)
    (model / "information").write_text("Model: \t\t NVIDIA A2\nIRQ: 1\n")
    monkeypatch.setattr(gpus, "_PCI", tmp_path / "bus")
    monkeypatch.setattr(gpus, "_NVIDIA", tmp_path / "nvidia")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("PATH", "")
    assert installed() == [Gpu("Intel", "Intel", "0000:00:02.0"), Gpu("NVIDIA A2", "NVIDIA", "0000:01:00.0")]


@pytest.mark.parametrize(
    ("n_gpu_layers", "split", "counts"),
    [(33, (1,), [33]), (99, (1,), [33]), (10, (3, 1), [8, 2]), (32, (1, 1), [16, 16]), (0, (1, 1), [0, 0])],
)
def test_layers_are_divided_as_llama_cpp_divides_them(
    n_gpu_layers: int, split: tuple[int, ...], counts: list[int]
) -> None:
    assert layers_on(len(split), n_gpu_layers, 32, split) == counts


def test_each_gpu_is_used_once_and_integrated_ones_only_without_others() -> None:
    def device(name: str, kind: str, bus_id: str = "") -> Device:
        return Device(name, "", kind, 1, 1, name[:-1], bus_id)

    card, twin = device("CUDA0", "gpu", "01"), device("Vulkan0", "gpu", "01")
    other, nameless = device("Vulkan1", "gpu", "02"), device("RPC0", "gpu")
    inside, again = device("Vulkan2", "igpu", "03"), device("SYCL0", "igpu", "03")
    assert gpus.used_together([card, twin, inside, other, nameless, nameless]) == [card, other, nameless, nameless]
    assert gpus.used_together([device("CPU0", "cpu"), inside, again]) == [inside]
    assert gpus.used_together([]) == []
