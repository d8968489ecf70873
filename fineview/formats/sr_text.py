"""A structured report as plain text: one line an item, indented as it is nested, in the order of the file."""

from __future__ import annotations

from pydicom.dataset import Dataset

from fineview.core.companion import Reference
from fineview.formats.references import distinct, instances
from fineview.formats.sr_tree import Item
from fineview.formats.values import items, text

MOST_TEXT = 20_000


def words(root: Item, cut: bool) -> str:
    """The whole text, or its beginning and a line that says so."""
    lines: list[str] = []
    size = 0
    for item in root.below():
        if size > MOST_TEXT:
            cut = True
            break
        line = _line(item)
        if line:
            # A report is a few levels deep; a hostile one must not be all blanks.
            indent = "  " * min(len(item.path) - 1, 12)
            lines += [indent + part for part in line.split("\n")]
            size += len(line) + len(indent)
    return "\n".join(lines + (["… the report is longer than what is shown"] if cut else []))


def _line(item: Item) -> str:
    if not item.kind:
        return ""  # by reference: what it points at stands elsewhere
    value = item.value
    if item.concept and value:
        return f"{item.concept}: {value}"
    return item.concept or value or item.kind.lower()


def references(dataset: Dataset, root: Item) -> tuple[Reference, ...]:
    """Images named in the tree first, for these it is about; then those it lists as evidence."""
    named = [one for item in root.below() if item.kind in ("IMAGE", "COMPOSITE")
             for one in instances(items(item.dataset, "ReferencedSOPSequence"))]
    listed = [one for study in items(dataset, "CurrentRequestedProcedureEvidenceSequence")
              for series in items(study, "ReferencedSeriesSequence")
              for one in instances(items(series, "ReferencedSOPSequence"))]
    known = {one.sop_uid for one in named}
    return distinct([*named, *(one for one in listed if one.sop_uid not in known)])


def state(dataset: Dataset) -> str:
    """Complete and verified, or not, in words."""
    done = text(dataset, "CompletionFlag").lower()
    checked = text(dataset, "VerificationFlag").lower()
    return ", ".join(word for word in (done, checked) if word)
