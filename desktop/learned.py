"""What was learned about this machine, as it is kept in a file."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self, TypeVar

from desktop.engine import strikes, tunings
from desktop.engine.api import Device
from desktop.engine.gpus import used_together
from desktop.engine.strikes import Strikes
from desktop.engine.tunings import Tunings
from desktop.hub.fit import Accelerator, Correction, Machine

_MOST_CORRECTIONS = 200
_LARGEST_BASE_BYTES = 1 << 30
Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Learned:
    """Of this machine. Its strings and numbers come from a file: `of` takes only what makes sense."""

    build: str = ""
    """The llama.cpp that described the devices, as `computer.build_stamp` names it. Empty: none has yet."""
    devices: tuple[Device, ...] = ()
    repacks: bool = True
    cpu_bytes_per_s: float | None = None
    gpu_bytes_per_s: float | None = None
    base_bytes: int | None = None
    corrections: tuple[Correction, ...] = ()
    strikes: Strikes = field(default_factory=dict)
    tunings: Tunings = field(default_factory=dict)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """What `values` wrote; defaults for whatever is missing or makes no sense."""
        speeds = {
            name: float(values[name])
            for name in ("cpu_bytes_per_s", "gpu_bytes_per_s")
            if isinstance(values.get(name), int | float) and math.isfinite(values[name]) and values[name] > 0
        }
        build, base = values.get("build"), values.get("base_bytes")
        return cls(
            build=build if isinstance(build, str) else "",
            devices=tuple(_each(Device, values.get("devices"))),
            repacks=values.get("repacks") is not False,
            base_bytes=base if isinstance(base, int) and 0 < base < _LARGEST_BASE_BYTES else None,
            corrections=tuple(_each(Correction, values.get("corrections"))),
            strikes=strikes.sane(values.get("strikes")),
            tunings=tunings.sane(values.get("tunings")),
            **speeds,
        )

    def values(self) -> dict[str, Any]:
        """As JSON knows values."""
        return asdict(replace(self, corrections=self.corrections[-_MOST_CORRECTIONS:]))

    def lasting(self) -> Self:
        """Without what is another the next moment."""
        return replace(self, devices=tuple(replace(device, free_bytes=0) for device in self.devices))

    def machine(self, total_bytes: int, free_bytes: int) -> Machine:
        """This machine, when so much of its memory is free."""
        machine = Machine(
            total_bytes=total_bytes,
            free_bytes=free_bytes,
            accelerators=tuple(accelerator(device, free_bytes) for device in used_together(self.devices)),
            cpu_bytes_per_s=self.cpu_bytes_per_s,
            gpu_bytes_per_s=self.gpu_bytes_per_s,
            repacks=self.repacks,
            corrections=self.corrections,
        )
        return machine if self.base_bytes is None else replace(machine, base_bytes=self.base_bytes)


def accelerator(device: Device, free_memory_bytes: int) -> Accelerator:
    """The GPU as the fit knows one. A driver that says nothing about memory uses the computer's."""
    silent = device.total_bytes == 0
    return Accelerator(
        name=device.name,
        description=device.description,
        total_bytes=device.total_bytes or free_memory_bytes,
        free_bytes=free_memory_bytes if silent else device.free_bytes,
        shares_memory=silent or device.kind == "igpu" or (sys.platform == "darwin" and device.backend != "CPU"),
    )


def _each(kind: type[Kind], values: object) -> Iterator[Kind]:
    """The values of a dataclass whose fields are strings and integers, as `asdict` writes them."""
    types = {each.name: {"str": str, "int": int}[str(each.type)] for each in fields(kind)}  # type: ignore[arg-type]
    for each in values if isinstance(values, list) else ():
        if isinstance(each, dict) and {name: type(value) for name, value in each.items()} == types:
            yield kind(**each)
