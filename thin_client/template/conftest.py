import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("image under test")
    group.addoption("--image_stage", choices=("local", "dev", "prod"), help="stage of the image that the qa tests drive")
    group.addoption("--image_version", help="version it must have, like 1.2.0")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without an image there is nothing for a qa test to drive; asking for qa tests alone is then a mistake."""
    if config.getoption("--image_stage"):
        return
    qa = [item for item in items if item.get_closest_marker("qa")]
    if qa and len(qa) == len(items):
        raise pytest.UsageError("qa tests need --image_stage local, dev or prod")
    config.hook.pytest_deselected(items=qa)
    items[:] = [item for item in items if item not in qa]


@pytest.fixture
def image_stage(request: pytest.FixtureRequest) -> str:
    return request.config.getoption("--image_stage")


@pytest.fixture
def image_version(request: pytest.FixtureRequest) -> str | None:
    return request.config.getoption("--image_version")
