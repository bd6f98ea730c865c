"""Names that are cut still differ."""

from hypothesis import given
from hypothesis import strategies as st

from suite.report.shortened import shortened


def test_what_all_names_share_is_left_out() -> None:
    names = ["efficientnet/lite0", "efficientnet/lite1", "efficientnet/lite2"]
    assert shortened(names, 14) == ["…lite0", "…lite1", "…lite2"]
    assert shortened(["mobilenet_v2/1.0", "resnet/18"], 14) == ["mobilenet_v2/…", "resnet/18"]
    assert shortened(["photographs1", "photographs2"], 8) == ["…graphs1", "…graphs2"]


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=6, unique=True), st.integers(2, 20))
def test_short_names_stay_as_they_are_and_none_is_too_long(names: list[str], most: int) -> None:
    told = shortened(names, most)
    assert all(len(name) <= most for name in told)
    assert told == names or any(len(name) > most for name in names)


@given(st.lists(st.text("ab", min_size=1, max_size=6), min_size=2, max_size=6, unique=True), st.integers(8, 20))
def test_names_with_a_long_head_in_common_still_differ(ends: list[str], most: int) -> None:
    told = shortened([f"{'x' * 40}/{end}" for end in ends], most)
    assert len(set(told)) == len(ends)
