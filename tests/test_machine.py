"""What a process may use: of the machine, and of the container that it is in."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from suite.machine import capacity
from suite.timing import rest, slopes
from suite.timing.following import USUAL

GB = 10**9


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Control groups of a container's own, on a machine of four processors."""
    monkeypatch.setattr(capacity, "GROUPS", tmp_path)
    monkeypatch.setattr(capacity, "usable", lambda: {0, 1, 2, 3})
    return tmp_path


@pytest.mark.parametrize(("limit", "count"), [("max 100000", 4), ("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1)])  # fmt: skip  # noqa: E501
def test_a_containers_share_of_the_processors_counts(groups: Path, limit: str, count: int) -> None:
    (groups / "cpu.max").write_text(limit)
    assert capacity.processors() == count


@pytest.mark.parametrize(("quota", "count"), [("-1", 4), ("300000", 3)])
def test_so_it_does_in_groups_of_version_1(groups: Path, quota: str, count: int) -> None:
    (groups / "cpu").mkdir()
    (groups / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (groups / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert capacity.processors() == count


def test_a_containers_memory_counts_and_what_it_has_taken(groups: Path) -> None:
    alone = capacity.free_memory()
    (groups / "memory.max").write_text(str(GB // 10))
    (groups / "memory.current").write_text(str(GB // 25))
    assert capacity.free_memory() == GB // 10 - GB // 25 < alone
    assert capacity.whole_memory() == GB // 10
    (groups / "memory.max").write_text("max")
    assert capacity.whole_memory() > GB // 10


def test_without_a_container_all_there_is_counts(groups: Path) -> None:
    assert capacity.processors() == 4
    assert capacity.used(2) == {0, 1}
    assert capacity._quota() == math.inf


@pytest.mark.parametrize(("size", "bytes"), [("1024K", 2**20), ("2M", 2**21), ("524288", 2**19), ("", 0), (None, 0)])
@pytest.mark.parametrize("level", [2, 3])
def test_a_cache_is_told_where_the_system_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str | None, bytes: int, level: int
) -> None:
    monkeypatch.setattr(capacity, "CACHES", tmp_path)
    (tmp_path / f"index{level}").mkdir()
    if size is not None:
        (tmp_path / f"index{level}" / "size").write_text(f"{size}\n")
    assert capacity.cached(level) == bytes
    assert capacity.cached(5 - level) == 0


def test_what_references_took_is_kept_over_runs_and_its_lower_quartile_is_rest(tmp_path: Path) -> None:
    file = tmp_path / "rest.json"
    assert rest.known(file, "here") == {}
    rest.refined(file, "here", {"small": [2.0, 3.0], "large": [5.0]})
    assert rest.refined(file, "here", {"small": [1.0, 9.0, 9.0]}) == {
        "small": [2.0, 3.0, 1.0, 9.0, 9.0],
        "large": [5.0],
    }
    rest.refined(file, "elsewhere", {"small": [0.1]})
    assert rest.rests(rest.known(file, "here")) == {"small": 2.0, "large": 5.0}
    rest.refined(file, "here", {"small": [7.0] * rest.KEPT})
    assert rest.rests(rest.known(file, "here")) == {"small": 7.0, "large": 5.0}, "a device may become another"
    for damaged in ("not JSON", '{"here": {"small": 2.0}}', "[]"):
        file.write_text(damaged)
        assert rest.refined(file, "here", {"small": [9.0]}) == {"small": [9.0]}
    assert rest.refined(file / "no folder", "here", {"small": [1.0]}) == {"small": [1.0]}, (
        "what cannot be kept is known"
    )


def test_how_a_network_follows_references_is_known_better_after_each_timing(tmp_path: Path) -> None:
    """Twenty timings that each show a slope of 0.95: what a new one supposes comes near that, and is surer."""
    file, supposed = tmp_path / "follows.json", [USUAL]
    for _ in range(20):
        slopes.learned(file, "here", "mobilenet", {"1": (0.95 * 40.0, 40.0), "8": (0.0, 0.0)})
        supposed.append(USUAL.seen(*slopes.known(file, "here", "mobilenet")["1"]))
    assert [one.deviation for one in supposed] == sorted((one.deviation for one in supposed), reverse=True)
    assert abs(supposed[-1].mean - 0.95) < 0.02 < abs(supposed[1].mean - 0.95)
    assert USUAL.seen(*slopes.known(file, "here", "mobilenet")["8"]).mean == pytest.approx(USUAL.mean)
    assert slopes.known(file, "here", "resnet") == slopes.known(file, "elsewhere", "mobilenet") == {}


def test_a_device_that_changed_is_believed_after_some_timings(tmp_path: Path) -> None:
    file = tmp_path / "follows.json"
    for follows in [1.0] * 200 + [0.2] * 100:
        slopes.learned(file, "here", "mobilenet", {"1": (follows * 40.0, 40.0)})
    assert USUAL.seen(*slopes.known(file, "here", "mobilenet")["1"]).mean == pytest.approx(0.2, abs=0.1)


@pytest.mark.parametrize("damaged", ["not JSON", "[]", '{"here": 3}', '{"here": {"mobilenet": {"1": [2]}}}'])
def test_a_damaged_file_of_slopes_is_begun_anew(tmp_path: Path, damaged: str) -> None:
    file = tmp_path / "follows.json"
    file.write_text(damaged)
    assert slopes.known(file, "here", "mobilenet") == {}
    slopes.learned(file, "here", "mobilenet", {"1": (1.0, 2.0)})
    assert slopes.known(file, "here", "mobilenet") == {"1": (1.0, 2.0)}
