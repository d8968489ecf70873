"""Ready for translation: with every word of the window replaced by a longer one, nothing raw is left, nothing is cut.

Not translated are data, and sentences that services make of numbers and of the question grammar, which is English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QTabBar, QWidget

from fineview.core.region import RegionKind
from fineview.gui.dialogs.key_row import KeyRow
from fineview.gui.main_window import MainWindow
from tests.gui.test_fits import SIZES, cut, settled
from tests.gui.walk import DIALOGS, opened, pages, visible, where, written

MARK = "\u27e6"
# Numbers, names and dates of the study, and what services say in whole sentences.
DATA = re.compile("|".join((
    r"[\d\s.,:/%x()+-]*(fps|MB|MB of [\d.]+ GB)?$", r"(drusen|scan|OCT|Apache-2.0)$", r"Muster|photo|study-\d|broken|/",
    r"retina-s|FineView|localhost|\[some-problems\]", r"(What|Which|Is|How) .*\?$",
    r"Undo: |saved \d|nothing to save|Area |Mean |There are no weights")), re.DOTALL)


class Pseudo(QTranslator):
    """Brackets around every text, and three tenths more letters, as German or Finnish need."""

    def isEmpty(self) -> bool:  # noqa: N802
        return False

    def translate(self, context: str, text: str, disambiguation: str | None = None, n: int = -1) -> str | None:
        return f"{MARK}{text}{'o' * round(0.3 * len(text))}\u27e7" if context == "fineview" and text.strip() else None


@pytest.fixture
def pseudo(qapp: QApplication) -> Iterator[None]:
    made = Pseudo()
    QCoreApplication.installTranslator(made)
    yield
    QCoreApplication.removeTranslator(made)


def raw(root: QWidget) -> list[str]:
    """Texts, names, tips and hints in ``root`` that did not go through the door for words."""
    told = []
    for one in visible(root):
        row = one.parentWidget()
        if one.objectName().startswith("qt_") or one.parentWidget() is None or isinstance(row, QTabBar) or (
                isinstance(row, KeyRow) and one is row.key):
            continue  # Qt's own parts have Qt's own translations; a key has its own name
        hint = one.placeholderText() if isinstance(one, QLineEdit | QPlainTextEdit) else ""
        for text in (written(one), one.accessibleName(), one.toolTip(), hint):
            if text.strip() and MARK not in text and not DATA.match(text):
                told.append(f"\"{text[:60]}\": {where(one)}")
    return told


def short(root: QWidget) -> list[str]:
    """What is cut; tabs that find no room scroll, and the list of a combo box is as wide as its words."""
    return [line for line in cut(root) if not re.search(r"short: (QTabBar|Steady|QComboBox)", line)]


def test_the_window(pseudo: None, window: MainWindow, settle: Callable[[Callable[[], bool]], None]) -> None:
    window._bench.annotate.add(RegionKind.BOX, ((5.0, 5.0), (20.0, 15.0)), "drusen")
    settle(lambda: window._bench.session.selected is not None)
    window.binder.update_now()
    told = []
    for size in (SIZES[0], SIZES[2]):
        window.resize(*size)
        for page in pages(window):
            settled(window)
            told += [f"{page}: {line}" for line in (*raw(window), *short(window))]
    menus = [action for top in window.menuBar().actions() for action in (top, *top.menu().actions())]
    told += [action.text() for action in menus if action.text() and MARK not in action.text()
             and not DATA.match(action.text())]
    assert told == []
    window._bench.open.close_study()
    window.binder.update_now()
    settled(window)
    assert [*raw(window), *short(window)] == []


def test_dialogs(pseudo: None, window: MainWindow) -> None:
    told = []
    for name in DIALOGS:
        with opened(window, name) as page:
            settled(page)
            told += [f"{name}: {line}" for line in (*raw(page), *short(page))]
    assert told == []
