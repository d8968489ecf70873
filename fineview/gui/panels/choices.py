"""Combo boxes whose entries carry values, and the words for encoders and methods in them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox

from fineview.core.evidence import Method
from fineview.gui.wording import tr
from fineview.services.snapshot import EncoderChoice
from fineview.services.wishes import WORD

Entries = Sequence[tuple[object, str]]

METHODS: dict[Method, str] = {
    Method.RAW: "Attention", Method.DAR: "DAR", Method.DAR_INLINE: "DAR inside the model",
    Method.REL_ATT: "Relative attention", Method.GRAD_ATT: "Attention x gradient", Method.PURE_GRAD: "Pixel gradient",
    Method.RANDOM: "Random map, the control"}
# Kinds that nobody chooses from a list, but that the list must name while they are shown.
_BY_HAND = {WORD: "A word of an answer"}
# What every encoder can do, offered until the chosen one was loaded and says more.
_SURELY = (Method.RAW, Method.DAR)


class Steady(QComboBox):
    """The wheel scrolls the panel that it lies in; it never changes what was chosen on the way."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        event.ignore()


def combo(name: str, entries: Entries = ()) -> QComboBox:
    """A combo box whose entries carry values; hand-made choices leave through ``activated``."""
    made = Steady()
    made.setAccessibleName(name)
    made.setMinimumContentsLength(8)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    for value, words in entries:
        made.addItem(tr(words), value)
    return made


def choose(box: QComboBox, value: object) -> None:
    box.setCurrentIndex(max(box.findData(value), 0))


def refill(box: QComboBox, entries: Entries) -> None:
    """Other entries, where they are others: an open list is not closed for nothing."""
    if [(box.itemData(i), box.itemText(i)) for i in range(box.count())] != [(v, tr(words)) for v, words in entries]:
        box.clear()
        for value, words in entries:
            box.addItem(tr(words), value)


def overlays(encoders: EncoderChoice, wished: str) -> Entries:
    """What can lie over the picture: what the encoder in force offers, and the control; ``wished`` is always there."""
    methods = encoders.methods or _SURELY
    entries = [("none", "No overlay"), *((method.value, METHODS.get(method, method.value)) for method in methods),
               ("mfp", "Feature pyramid")]
    if encoders.heads:
        entries.append(("lesion", "Suspected lesions"))
    entries.append((Method.RANDOM.value, METHODS[Method.RANDOM]))
    absent = [] if any(value == wished for value, _ in entries) else [(wished, _BY_HAND.get(wished, wished))]
    return (*entries, *absent)
