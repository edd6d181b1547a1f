import pytest
from support.sandboxes import plain_sandbox


@pytest.fixture(scope="module")
def sandbox():
    """One sandbox without the language layer for the tests of a module."""
    with plain_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def session(sandbox):
    with sandbox.session() as session:
        yield session
