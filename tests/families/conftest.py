"""What the tests of the families share."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import pytest

from suite import architectures


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record", action="store_true", help="rewrite suite/architectures/recorded.json from the builders"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for `family` every family, and one that asks for `network` every named network.

    So does `counted`, but those that are neither small nor the first of their family's table are slow.
    """
    if "family" in metafunc.fixturenames:
        metafunc.parametrize("family", architectures.FAMILIES)
    if "network" in metafunc.fixturenames:
        networks = [f"{name}/{variant}" for name in architectures.FAMILIES for variant in _variants(name)]
        metafunc.parametrize("network", networks)
    if "counted" in metafunc.fixturenames:
        later = [] if metafunc.config.getoption("--record", default=False) else [pytest.mark.slow]
        metafunc.parametrize("counted", [
            pytest.param(f"{name}/{variant}", marks=later if number and variant != "tiny" else [])
            for name in architectures.FAMILIES for number, variant in enumerate(_variants(name))
        ])  # fmt: skip


def _variants(name: str) -> list[str]:
    return list(architectures.family(name).VARIANTS)


@pytest.fixture(autouse=True)
def float32() -> Iterator[None]:
    """Leave the dtype policy as it was found."""
    policy = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(policy)
