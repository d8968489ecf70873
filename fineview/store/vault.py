"""Tokens and passphrases in the operating system's keyring, and nowhere else that lasts.

Where there is no keyring (a server without a desktop, the package missing), a secret is held in memory until the
program ends, and the caller is told so.
"""

from __future__ import annotations

import contextlib
from typing import Any

from fineview.core.peer import Secrets

_SERVICE = "FineView PACS"
_PARTS = ("token", "passphrase")


class KeyringVault:
    """Fits ``services.ports.Vault``.  May block while the keyring asks to be unlocked: never on the GUI thread."""

    def __init__(self) -> None:
        self._held: dict[str, Secrets] = {}

    def get(self, name: str) -> Secrets:
        """The secrets of a node; empty ones where none are known."""
        if name in self._held:
            return self._held[name]
        return Secrets(*(self._read(name, part) or "" for part in _PARTS))

    def keep(self, name: str, secrets: Secrets) -> bool:
        """True where the keyring holds them now; False: for this run only."""
        self._held.pop(name, None)
        if all(self._write(name, part, getattr(secrets, part)) for part in _PARTS):
            return True
        self._held[name] = secrets
        return False

    def drop(self, name: str) -> bool:
        """False where the keyring refuses to let go of them."""
        self._held.pop(name, None)
        gone = [self._write(name, part, "") for part in _PARTS]  # the second goes whatever the first does
        return all(gone)

    def _read(self, name: str, part: str) -> str | None:
        """What the keyring holds, "" for nothing; None where it does not say: locked or broken."""
        keyring = _keyring()
        if keyring is None:
            return ""
        try:
            return str(keyring.get_password(_SERVICE, f"{name}:{part}") or "")
        except Exception as error:  # each back end raises its own; "none on this machine" is the library's
            return "" if isinstance(error, keyring.errors.NoKeyringError) else None

    def _write(self, name: str, part: str, value: str) -> bool:
        """Whether the keyring holds exactly ``value`` afterwards, read back: some back ends take and keep nothing."""
        known = self._read(name, part)
        if known == value:
            return True
        keyring = _keyring()
        if keyring is None:
            return False
        with contextlib.suppress(Exception):
            if value:
                keyring.set_password(_SERVICE, f"{name}:{part}", value)
            else:
                keyring.delete_password(_SERVICE, f"{name}:{part}")
        return self._read(name, part) == value


def _keyring() -> Any:
    """The library, where it is installed."""
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    return keyring
