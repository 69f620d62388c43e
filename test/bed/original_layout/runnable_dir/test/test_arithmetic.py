import pytest


def test_adds() -> None:
    assert 1 + 1 == 2


@pytest.mark.slow
def test_multiplies() -> None:
    assert 2**1000 % 10 == 6


@pytest.mark.superslow
def test_counts() -> None:
    assert sum(range(1_000_000)) == 499_999_500_000
