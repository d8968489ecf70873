"""Parts of the model card that are tables or pictures.  Words come from files and never become markup."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from fineview.core.card import Picture
from fineview.core.measured import Figure, StoredResult
from fineview.gui.wording import plain, tr

PICTURE_PX = 512  # a stored picture of a failure is smaller; a larger one is not shown
_HEAD = ("figure", "value", "95 % interval", "n", "goal", "beside")


def said(text: str, name: str = "") -> QLabel:
    """Plain words that wrap and can be copied."""
    made = QLabel(text.replace("`", ""))
    made.setObjectName(name)
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> QLabel:
    """A table of words."""
    def line(cells: tuple[str, ...], tag: str) -> str:
        shown = "".join(f"<{tag} align='left' style='padding: 2px 16px 2px 0'>{plain(cell.replace('`', ''))}</{tag}>"
                        for cell in cells)
        return f"<tr>{shown}</tr>"

    made = said("")
    made.setTextFormat(Qt.TextFormat.RichText)
    top = line(tuple(tr(name) for name in head), "th") if head else ""
    made.setText(f"<table>{top}{''.join(line(row, 'td') for row in rows)}</table>")
    return made


def figures(one: StoredResult) -> QLabel:
    """Every figure of a result."""
    return grid(_HEAD, [cells(figure) for figure in one.figures])


def cells(one: Figure) -> tuple[str, ...]:
    """One figure as the columns of a table."""
    unit = "" if one.unit in ("", "fraction", "ratio") else f" {one.unit}"
    span = f"{one.interval[0]:.3g} to {one.interval[1]:.3g}" if one.interval else ""
    judged = "" if one.met is None else tr("met") if one.met else tr("missed")
    goal = "" if one.goal is None else f"{one.goal:.3g} {judged}".strip()
    beside = ", ".join(f"{name} {value:.3g}" for name, value in one.baselines.items() if value is not None)
    value = tr("not measured") if one.value is None else f"{one.value:.3g}{unit}"
    return one.name.replace("_", " "), value, span, str(one.n), goal, beside


def image_of(one: Picture) -> QImage | None:
    """The picture of a failure; None where its bytes are no small PNG."""
    image = QImage.fromData(one.png, "PNG")  # type: ignore[call-overload]
    return image if not image.isNull() and max(image.width(), image.height()) <= PICTURE_PX else None


def framed(one: Picture, image: QImage, with_source: bool) -> QWidget:
    """The picture over what it shows and, where several people's are shown, whose it is."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 8, 8)
    column.setSpacing(2)
    picture = QLabel()
    picture.setPixmap(QPixmap.fromImage(image))
    picture.setAccessibleName(one.example.words)
    picture.setToolTip(one.example.source)
    column.addWidget(picture)
    for text, name in ((one.example.words, ""), *(((one.example.source, "quiet"),) if with_source else ())):
        words = said(text, name)
        words.setFixedWidth(max(image.width(), 180))
        column.addWidget(words)
    column.addStretch(1)
    return holder
