"""The PACS page over the real services, with a peer on loopback; nothing of it waits on the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")

from fineview.core.peer import Node, Secrets  # noqa: E402
from fineview.core.study import FrameInfo, Patient, Series, Study  # noqa: E402
from fineview.gui.dialogs.pacs import PacsPage  # noqa: E402
from fineview.gui.dialogs.pacs_node import EnterNode  # noqa: E402
from fineview.services.pacs_desk import GET, SEND  # noqa: E402
from fineview.services.workbench import Workbench  # noqa: E402
from tests.formats import made  # noqa: E402
from tests.formats.pacs_stand_in import StandIn, running  # noqa: E402

Settle = Callable[[Callable[[], bool]], None]


def entered(bench: Workbench, qtbot: QtBot, settle: Settle, peer: StandIn) -> PacsPage:
    page = PacsPage(bench, None)
    page.show()
    assert not page.search.isEnabled() and not page.send.isEnabled() and "Enter a node" in page.said.text()
    bench.pacs.add(peer.node(), None)
    settle(lambda: page.node.count() == 1)
    return page


def rows(page: PacsPage) -> list[list[str]]:
    return [[item.text(column) for column in range(7)] for number in range(page.found.topLevelItemCount())
            if (item := page.found.topLevelItem(number)) is not None]


def test_search_and_retrieve(bench: Workbench, qtbot: QtBot, settle: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[list[Path]] = []
    monkeypatch.setattr(bench.pacs, "_open", opened.append)
    with running(StandIn([made.image(sop="1.2.3.4.1")])) as peer:
        page = entered(bench, qtbot, settle, peer)
        page.search.click()
        assert bench.pacs.view.found is None and page.cancel.isVisible()  # under way, and this thread is free
        settle(lambda: bench.pacs.view.found is not None)
        assert [row[2:4] for row in rows(page)] == [["TEST ONE", "1"]] and page.said.text() == "1 found."
        assert not page.retrieve.isEnabled()
        page.found.topLevelItem(0).setSelected(True)  # type: ignore[union-attr]
        page.retrieve.click()
        assert not page.retrieve.isEnabled()  # one at a time
        settle(lambda: not bench.pacs.busy(GET) and bool(bench.pacs.view.said))
    assert page.said.text() == "1 of 1 objects retrieved, and opened." and not page.cancel.isVisible()
    assert [len(list(folder.glob("*.dcm"))) for [folder] in opened] == [1]
    page.reject()


def test_cancel_gives_the_page_back(bench: Workbench, qtbot: QtBot, settle: Settle) -> None:
    hold, reached = threading.Event(), threading.Event()

    def never(one: object) -> str:
        reached.set()
        hold.wait(20)
        return "1.2.3.4.1"

    with running(StandIn([made.image(sop="1.2.3.4.1")], announce=never)) as peer:
        page = entered(bench, qtbot, settle, peer)
        page.search.click()
        settle(lambda: bench.pacs.view.found is not None)
        page.found.topLevelItem(0).setSelected(True)  # type: ignore[union-attr]
        page.retrieve.click()
        settle(reached.is_set)
        page.cancel.click()
        settle(lambda: not page.cancel.isVisible() and page.retrieve.isEnabled())
        hold.set()
    assert page.said.text() == ""
    page.reject()


def test_the_open_study_is_sent_and_each_object_has_its_state(bench: Workbench, qtbot: QtBot, settle: Settle,
                                                              tmp_path: Path) -> None:
    frames = []
    for number in (1, 2):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(made.as_bytes(made.image(sop=f"1.2.3.4.{number}")))
        frames.append(FrameInfo(str(path), sop_uid=f"1.2.3.4.{number}"))
    answers = {"1.2.3.4.2": 0xA700}
    with running(StandIn(store=lambda event: answers.get(event.request.AffectedSOPInstanceUID, 0))) as peer:
        page = entered(bench, qtbot, settle, peer)
        bench.session.study = Study("1.2.3", Patient(), series=(Series("s", "1.2.3", "MR", frames=tuple(frames)),))
        bench.session.advance("open", "looking for images")
        assert not page.send.isEnabled()  # half a study is none
        bench.pacs.send("stand-in", bench.session.study)
        assert "still being read" in page.said.text() and page.outbox.topLevelItemCount() == 0
        del bench.session.progress["open"]
        bench.session.pulse()
        page.send.click()
        settle(lambda: not bench.pacs.busy(SEND) and bool(bench.pacs.view.said))
        assert page.said.text() == "1 of 2 objects sent and confirmed."
        assert states(page) == ["Sent, confirmed", "Failed"]
        answers.clear()
        page.retry.click()
        settle(lambda: not bench.pacs.busy(SEND) and states(page) == ["Sent, confirmed"] * 2)
    page.forget.click()
    settle(lambda: page.outbox.topLevelItemCount() == 0)
    page.reject()


def states(page: PacsPage) -> list[str]:
    return [item.text(0) for number in range(page.outbox.topLevelItemCount())
            if (item := page.outbox.topLevelItem(number)) is not None]


def test_a_peer_that_is_away_is_told_in_the_page(bench: Workbench, qtbot: QtBot, settle: Settle) -> None:
    peer = StandIn()
    with running(peer):
        pass
    page = entered(bench, qtbot, settle, peer)
    page.echo.click()
    settle(lambda: bench.pacs.view.problem is not None)
    assert page.said.text().startswith("stand-in cannot be reached.") and page.said.objectName() == "error"
    page.remove.click()
    settle(lambda: page.node.count() == 0)
    page.reject()


def test_a_node_is_entered_whole_or_not_at_all(qtbot: QtBot) -> None:
    got: list[tuple[Node, Secrets | None]] = []
    page = EnterNode(lambda node, secrets: got.append((node, secrets)), None)
    page.show()
    page._enter()
    assert got == [] and page.trouble.isVisible() and "a host" in page.trouble.text()
    for name, words in (("name", "clinic"), ("host", "pacs.example"), ("port", "104"), ("called", "PACS")):
        page.fields[name].setText(words)
    page.tls.setChecked(True)
    page._enter()
    assert got == [(Node("clinic", host="pacs.example", port=104, called="PACS", tls=True), None)]
    web = EnterNode(lambda node, secrets: got.append((node, secrets)), None)
    web.kind.setCurrentIndex(1)
    web._show_kind()
    for name, words in (("name", "web"), ("url", "https://pacs.example/x"), ("token", "t0ken")):
        web.fields[name].setText(words)
    assert web.fields["token"].displayText() != "t0ken"
    web._enter()
    assert got[1] == (Node("web", "web", url="https://pacs.example/x"), Secrets("t0ken"))
