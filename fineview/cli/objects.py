"""Objects beside images as ``fineview info`` prints them: for scripts and for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from fineview.core.study import Catalogue
from fineview.formats.printable import printable
from fineview.services.companion_view import KIND_WORDS
from fineview.services.known_objects import KnownObject


def objects_list(known: Sequence[KnownObject], found: Catalogue) -> list[dict[str, Any]]:
    """The ``objects`` of the ``info`` object; frames count from 0, [] standing for the whole instance."""
    paths = {one.sop_uid: one.path for one in found.files if one.sop_uid and one.verdict != "duplicate"}
    return [{"path": one.companion.path, "kind": one.companion.kind, "title": one.companion.title,
             "sop_uid": one.companion.sop_uid or None,
             "refers_to": [{"sop_uid": ref.sop_uid, "frames": list(ref.frames), "path": paths.get(ref.sop_uid)}
                           for ref in one.companion.refers_to],
             "shown": one.shown_as is not None, "shown_as": one.shown_as, "why": one.why,
             "parts": [{"number": part.number, "name": part.name, "words": part.words}
                       for part in one.companion.parts],
             "text": one.companion.text} for one in known]


def objects_lines(known: Sequence[KnownObject]) -> list[str]:
    return [f"{KIND_WORDS[one.companion.kind]}: {one.companion.title} "
            f"({printable(PurePath(one.companion.path).name)}), "
            f"{f'shown as {one.shown_as}' if one.shown_as else 'known, not shown'}{f': {one.why}' if one.why else ''}"
            for one in known]
