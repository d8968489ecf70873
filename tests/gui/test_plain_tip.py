"""Words of files and peers are shown as they are, never laid out."""

from __future__ import annotations

from PySide6.QtGui import QTextDocumentFragment

from fineview.core.peer import Match
from fineview.gui.dialogs.pacs_search import match_cells
from fineview.gui.dialogs.pacs_table import fill, table
from fineview.gui.plain_tip import plain_tip

SLY = "<img src='file:///etc/hostname'><b>DOE^JANE</b> & <br>sons"


def test_markup_comes_out_as_its_own_characters() -> None:
    assert QTextDocumentFragment.fromHtml(plain_tip(SLY)).toPlainText() == SLY
    assert plain_tip("DOE & SONS\n2 series") == "DOE & SONS\n2 series"


def test_a_peer_lays_out_no_tool_tip(qapp: object) -> None:
    one = Match("1.2.3", description=SLY)
    shown = table(("",) * 7, 5, "Studies found")
    fill(shown, [(one, match_cells(one))])
    item = shown.topLevelItem(0)
    assert item is not None and item.text(5) == SLY
    assert QTextDocumentFragment.fromHtml(item.toolTip(5)).toPlainText() == SLY
    shown.deleteLater()
