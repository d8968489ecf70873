"""Secrets: in the keyring where there is one that keeps them, else in this process alone.

The keyring library is real; its back end is one in memory, since a test machine has no desktop to unlock.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fineview.core.peer import Secrets

keyring = pytest.importorskip("keyring", reason="the package keyring is not installed")
from keyring.backend import KeyringBackend  # noqa: E402
from keyring.backends import fail, null  # noqa: E402
from keyring.errors import KeyringLocked  # noqa: E402

from fineview.store.cellar import Cellar  # noqa: E402
from fineview.store.vault import KeyringVault  # noqa: E402

SECRETS = Secrets("t0ken-of-the-clinic", "pass phrase")


class InMemory(KeyringBackend):
    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_a_keyring_holds_them_for_the_next_run() -> None:
    ring = InMemory()
    keyring.set_keyring(ring)
    assert KeyringVault().keep("clinic", SECRETS) is True
    assert KeyringVault().get("clinic") == SECRETS  # another run
    assert KeyringVault().get("other") == Secrets()
    KeyringVault().drop("clinic")
    assert ring.held == {} and KeyringVault().get("clinic") == Secrets()


class Locked(InMemory):
    """Says nothing and lets nothing go until it is unlocked."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked

    set_password = delete_password = get_password  # type: ignore[assignment]


def test_a_keyring_that_lets_nothing_go_is_told_of() -> None:
    vault = KeyringVault()
    keyring.set_keyring(InMemory())
    assert vault.keep("clinic", SECRETS) and vault.drop("clinic") and vault.drop("never known")
    keyring.set_keyring(Locked())
    assert vault.drop("clinic") is False and vault.keep("clinic", SECRETS) is False
    keyring.set_keyring(fail.Keyring())
    assert vault.drop("clinic") is True  # nothing holds anything here


@pytest.mark.parametrize("back_end", [fail.Keyring, null.Keyring])
def test_without_a_keyring_they_last_as_long_as_the_program(back_end: type[KeyringBackend]) -> None:
    keyring.set_keyring(back_end())
    vault = KeyringVault()
    assert vault.keep("clinic", SECRETS) is False
    assert vault.get("clinic") == SECRETS
    assert KeyringVault().get("clinic") == Secrets()
    vault.drop("clinic")
    assert vault.get("clinic") == Secrets()


def test_no_secret_reaches_the_disk(tmp_path: Path) -> None:
    from fineview.core.peer import Node

    keyring.set_keyring(InMemory())
    cellar = Cellar(tmp_path)
    cellar.outbox.keep_node(Node("clinic", "web", url="https://pacs.example/dicom-web"))
    KeyringVault().keep("clinic", SECRETS)
    cellar.close()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"pacs.example" in written and b"t0ken" not in written and b"pass phrase" not in written
    assert "t0ken" not in repr(SECRETS)
