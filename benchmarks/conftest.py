import pytest

from benchmarks.peers import PEERS


@pytest.fixture(scope="session")
def peers():
    yield PEERS
    PEERS.close()
