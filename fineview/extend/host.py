"""Who of the plugins may run, and who is asked for a file.  Nothing of a plugin ever runs in this process.

The host knows manifests and choices.  The archive door asks it which guest reads a file, runs that guest in a child
process, and tells the host when it broke; a guest that broke is out until the person enables it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from fineview.core.errors import InputProblem, PluginProblem, StorageProblem
from fineview.core.plugin import PluginEntry, PluginState, Signature
from fineview.core.recording import GuestReader
from fineview.extend.choices import Choice, Choices, Kept
from fineview.extend.manifest import HEAD_BYTES
from fineview.extend.places import Found, find, look
from fineview.extend.requirements import missing

Tell = Callable[[PluginProblem], None]
Verdict = tuple[PluginState, str, str]
_WHY = {"reader-died": "crashed", "time": "took too long", "guest-memory": "needed too much memory",
        "guest-load": "could not be loaded", "guest-fault": "failed on a file"}


class PluginHost:
    """Usable from any thread.  ``tell`` hears of a plugin that was taken out, on the thread that found out.

    ``kept``: gives the settings that hold the choices; called when the first one matters.  ``safe_mode``: nothing runs
    whatever was chosen; choices may still be made for the next start.
    """

    def __init__(self, bundled: Path, own: Path, kept: Callable[[], Kept], safe_mode: bool = False,
                 tell: Tell = lambda problem: None) -> None:
        self._places = (bundled, own)
        self._choices = Choices(kept)
        self.safe_mode = safe_mode
        self._lock = threading.Lock()
        self._seen: tuple[Found, ...] | None = None
        self.tell = tell

    def entries(self) -> tuple[PluginEntry, ...]:
        """All there are, bundled ones first.  Looks at the folders again."""
        with self._lock:
            self._seen = find(*self._places)
            return tuple(self._entry(one) for one in self._seen)

    def enable(self, name: str) -> PluginEntry:
        """From now on, for the files that are there now.  Raises ``PluginProblem``, ``StorageProblem``."""
        return self._choose(name, "on")

    def disable(self, name: str) -> PluginEntry:
        """Raises ``PluginProblem`` ``plugin-unknown``, ``StorageProblem``."""
        return self._choose(name, "off")

    def guests(self, path: str) -> tuple[GuestReader, ...]:
        """Who may be asked about a file, by its first 512 bytes and its name; () where no plugin knows it.

        Raises ``InputProblem`` ``no-reader`` where one knows it and does not run, with why and what to do.
        """
        try:
            with open(path, "rb") as file:
                head = file.read(HEAD_BYTES)
        except OSError:
            return ()  # whoever reads it says why it cannot be read
        with self._lock:
            if self._seen is None:
                self._seen = find(*self._places)
            refusals: list[InputProblem] = []
            found = tuple(reader for one in self._seen for reader in self._asked(one, head, path, refusals))
        if refusals and not found:
            raise refusals[0]
        return found

    def _asked(self, one: Found, head: bytes, path: str, refusals: list[InputProblem]) -> Iterator[GuestReader]:
        made = one.manifest
        if made is None:
            return
        known = next((signature for signature in made.reads if signature.fits(head, path)), None)
        if known is not None:
            if not one.bundled:
                one = look(one.folder, False)  # its files may have changed since they were enabled
            state, reason, remedy = self._state(one)
            if state == "on":
                yield GuestReader(one.name, str(one.folder), f"{made.module}:{made.attribute}")
            else:
                why = f"the plugin {one.name}, which reads such files, does not run. {reason.rstrip('.')}"
                refusals.append(_no_reader(known, why, remedy))
        for named, remedy in made.names:
            if named.fits(head, path):
                refusals.append(_no_reader(named, "no plugin at hand reads it", remedy))

    def failed(self, name: str, code: str) -> PluginProblem:
        """Take a guest out; ``code``: of the error it ended in.  What the person is told is returned, and told once."""
        why = _WHY.get(code, "failed")
        problem = PluginProblem(f"The plugin {name} was taken out: it {why}.", _again(name), "plugin-failed")
        with self._lock:
            found = next((one for one in self._seen or () if one.name == name), None)
            known = self._choices.of(name)
            if found is None or (known is not None and known.state == "failed" and known.sha256 == found.sha256):
                return problem
            with suppress(StorageProblem):  # it holds until the end, and the store has its own notice
                self._choices.make(name, Choice("failed", found.sha256, problem.what))
        self.tell(problem)
        return problem

    def _choose(self, name: str, state: PluginState) -> PluginEntry:
        with self._lock:
            self._seen = find(*self._places)
            found = next((one for one in self._seen if one.name == name), None)
            if found is None:
                raise PluginProblem(f"There is no plugin {name}.", "\"fineview plugins list\" shows those that are.",
                                    "plugin-unknown")
            if state == "on" and found.problem is not None:
                raise found.problem
            self._choices.make(name, Choice(state, found.sha256))
            return self._entry(found)

    def _entry(self, one: Found) -> PluginEntry:
        state, reason, remedy = self._state(one)
        made = one.manifest
        if made is None:
            return PluginEntry(one.name, state, one.bundled, str(one.folder), reason=reason, remedy=remedy)
        return PluginEntry(one.name, state, one.bundled, str(one.folder), self._unwanted(one) is None, made.version,
                           made.licence, made.summary, made.hooks, tuple(known.words for known in made.reads), reason,
                           remedy)

    def _state(self, one: Found) -> Verdict:
        """Whether it may run, and if not, why and what to do."""
        if one.manifest is None:
            problem = one.problem or PluginProblem("It cannot be used.", "Copy it again from its author.")
            return "unusable", problem.what, problem.remedy
        unwanted = self._unwanted(one)
        if unwanted is not None:
            return unwanted
        absent = missing(one.manifest.requires)
        if absent:
            packages = " ".join(f'"{name}"' for name in absent)
            return "unusable", f"It needs {', '.join(absent)}.", f"Install it: pip install {packages}"
        if self.safe_mode:
            return "off", "FineView runs in safe mode, without plugins.", "Start it without --safe-mode."
        return "on", "", ""

    def _unwanted(self, one: Found) -> Verdict | None:
        """What was chosen against it; None where it is wanted as it lies there."""
        choice = self._choices.of(one.name)
        same = choice is not None and choice.sha256 == one.sha256
        if choice is not None and choice.state == "off":
            return "off", "It was switched off.", _again(one.name)
        if choice is not None and same and choice.state == "failed":
            return "failed", choice.reason, _again(one.name)
        if not one.bundled and choice is None:
            return "off", "It lies in your own folder and was not enabled yet.", \
                f"Enable it if you trust who wrote it: fineview plugins enable {one.name}"
        if not one.bundled and not same:
            return "off", "Its files are not those that were enabled.", \
                f"Look at what changed, then: fineview plugins enable {one.name}"
        return None


def _no_reader(known: Signature, why: str, remedy: str) -> InputProblem:
    return InputProblem(f"{known.words}: {why}.", remedy, "no-reader")


def _again(name: str) -> str:
    return f"To enable it: fineview plugins enable {name}"
