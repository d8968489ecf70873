"""Every hook there is, on one page.  A hook is here because a plugin uses it; there are no others.

A plugin is a folder with a ``plugin.toml`` and code that imports only ``fineview.api``.  For each hook that it names it
gives one class, made without arguments, in a child process of its own under limits of memory and time.

``instrument_reader``
    Reads the files of one instrument: ``core.recording.InstrumentReader``.  The child is asked only for files that fit
    the signatures of the manifest (``[[reads]]``); what it answers is checked against the types of our own values.
    Used by ``plugins/eyepy_reader``.
"""

from __future__ import annotations

API_VERSION = 1
"""Of ``fineview.api``.  It grows by one when a plugin written for the old one would no longer run."""

HOOKS: dict[str, tuple[str, ...]] = {"instrument_reader": ("claims", "recordings", "pixels", "layers")}
"""Name of the hook -> methods that its class must have."""
