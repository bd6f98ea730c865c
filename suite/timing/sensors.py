"""What the machine reports about itself during a measurement. A value it does not report is None, never a guess."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from suite.core.paths import OF_TENSORFLOW
from suite.machine.capacity import usable

POWERCAP = Path("/sys/class/powercap")  # Linux' interface to RAPL, the energy counters of a processor
TAKEN = ("user", "nice", "system", "irq", "softirq", "steal")  # kinds of processor time that are not idle
MIRRORED = 2  # joules by which two readings of one counter may differ
LEAST = 2.0  # seconds of calls whose energy is counted


def load() -> float:
    """Return the average number of processes that wanted to run in the last minute, this one included."""
    return os.getloadavg()[0]


def neighbours() -> Callable[[], float]:
    """Watch the processors of this process; return a function for the percent of them that others took since."""
    import psutil

    mine = psutil.Process()
    mine_are = usable()

    def used() -> tuple[float, float]:
        every, own = psutil.cpu_times(percpu=True), mine.cpu_times()
        taken = sum(getattr(every[one], kind, 0.0) for one in mine_are for kind in TAKEN)
        return time.perf_counter() * len(mine_are), taken - own.user - own.system

    began, before = used()

    def taken() -> float:
        now, after = used()
        return min(max(100 * (after - before) / (now - began), 0.0), 100.0)

    return taken


def clock(*, gpu: bool) -> float | None:
    """Return the clock of the GPU or of the processor, in MHz."""
    if gpu:
        return _of_gpu(lambda nvml, one: nvml.nvmlDeviceGetClockInfo(one, nvml.NVML_CLOCK_SM))
    import psutil

    with suppress(AttributeError, NotImplementedError, OSError):
        frequency = psutil.cpu_freq()
        if frequency and frequency.current:
            return float(frequency.current)
    return None


def temperature(*, gpu: bool) -> float | None:
    """Return the temperature of the GPU, or the highest of the processor, in degrees Celsius."""
    if gpu:
        return _of_gpu(lambda nvml, one: nvml.nvmlDeviceGetTemperature(one, nvml.NVML_TEMPERATURE_GPU))
    import psutil

    found: dict[str, Any] = getattr(psutil, "sensors_temperatures", dict)()
    known = [one.current for name in ("coretemp", "k10temp", "cpu_thermal") for one in found.get(name, ())]
    return max(known, default=None)


def resident() -> int:
    """Return the bytes of memory that this process holds now."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def peak() -> int:
    """Return the most bytes of memory that this process ever held."""
    with suppress(OSError):  # getrusage would also count the process that started this one
        held = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
        return int(held[0].split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def forget_peak() -> None:
    """Make `peak` count from now on, if the system can; otherwise earlier networks count too."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def forget_peak_of_gpu(path: str, *, gpu: bool) -> None:
    """Make TensorFlow count its peak of the GPU's memory from now on."""
    if gpu and path in OF_TENSORFLOW:
        import tensorflow as tf

        tf.config.experimental.reset_memory_stats("GPU:0")


def stolen() -> Callable[[], float | None]:
    """Watch the processors; return a function for the percent of time that the hypervisor gave to others since."""
    import psutil

    def taken() -> float | None:
        return getattr(psutil.cpu_times(), "steal", None)

    began, before = time.perf_counter(), taken()

    def share() -> float | None:
        after = taken()
        if before is None or after is None:
            return None
        return 100 * max(after - before, 0.0) / ((time.perf_counter() - began) * (psutil.cpu_count() or 1))

    return share


def counts_energy(*, gpu: bool) -> bool:
    """Whether the GPU, or the processor, has an energy counter that this process may read."""
    with _counter(gpu=gpu) as counted:
        return counted is not None


def joules(call: Callable[[], object], pictures: int, *, gpu: bool) -> float | None:
    """Return the joules for each of a call's `pictures`, by the whole GPU or the whole processor; None if uncounted."""
    with _counter(gpu=gpu) as counted:
        if counted is None:
            return None
        before, calls, began = counted(), 0, time.perf_counter()
        while time.perf_counter() - began < LEAST:
            call()
            calls += 1
        used = counted() - before
    return used / (calls * pictures) if used > 0 else None  # else the counter began again at zero


@contextmanager
def _counter(*, gpu: bool) -> Iterator[Callable[[], float] | None]:
    """Yield a function that reads the joules used so far; None if nothing counts them."""
    if not gpu:
        packages = [_Package(file) for file in _packages()]
        yield (lambda: sum(package.joules() for package in packages)) if packages else None
        return
    with _gpu() as (nvml, one):
        counts = _of_gpu(lambda nvml, one: nvml.nvmlDeviceGetTotalEnergyConsumption(one)) is not None
        yield (lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(one) / 1e3) if counts else None


def _packages() -> list[Path]:
    """Return the counter of each whole processor that this process may read, once.

    Linux names a zone after what it counts. `package-0` is a processor with its parts `intel-rapl:0:0` and so on, which
    are left out. So is `psys`, the whole computer: it counts the processor too. On AMD processors of several dies,
    `package-0-die-0` and `package-0-die-1` show one counter twice
    (https://github.com/mlco2/codecarbon/issues/1274).
    """
    counters: dict[int, Path] = {}
    for zone in sorted(POWERCAP.glob("intel-rapl:*")):
        with suppress(OSError, ValueError):
            if zone.name.count(":") == 1 and (zone / "name").read_text().startswith("package"):
                joules = int((zone / "energy_uj").read_text()) // 1_000_000
                if not any(abs(joules - other) <= MIRRORED for other in counters):
                    counters[joules] = zone / "energy_uj"
    return list(counters.values())


class _Package:
    """The counter of one processor, which begins again at zero when it is full."""

    def __init__(self, file: Path) -> None:
        self._file, self._rounds, self._last = file, 0, 0
        full = file.with_name("max_energy_range_uj")
        self._full = int(full.read_text()) if full.exists() else 0

    def joules(self) -> float:
        """Return the joules counted so far."""
        now = int(self._file.read_text())
        self._rounds += now < self._last
        self._last = now
        return (now + self._rounds * self._full) / 1e6


def _of_gpu(ask: Callable[[Any, Any], float]) -> float | None:
    """Return a value that NVML reports for the GPU; None if this GPU does not report it."""
    with _gpu() as (nvml, one):
        if one is not None:
            with suppress(nvml.NVMLError):
                return float(ask(nvml, one))
    return None


@contextmanager
def _gpu() -> Iterator[tuple[Any, Any]]:
    """Yield NVML and its first GPU that TensorFlow may use; None and None if there is none."""
    try:
        import pynvml
    except ImportError:
        yield None, None
        return
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield None, None
        return
    try:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        usable = visible.isdecimal() and int(visible) < pynvml.nvmlDeviceGetCount()
        yield pynvml, pynvml.nvmlDeviceGetHandleByIndex(int(visible)) if usable else None
    finally:
        pynvml.nvmlShutdown()
