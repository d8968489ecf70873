"""The PACS page over the real services, with a peer on loopback; nothing of it waits on the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QTreeWidget, QTreeWidgetItem
from pytestqt.qtbot import QtBot

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")

from pydicom.dataset import Dataset  # noqa: E402

from fineview.core.peer import Node, Secrets  # noqa: E402
from fineview.core.study import Catalogue, FileVerdict, FrameInfo, Patient, Series, Study  # noqa: E402
from fineview.gui.dialogs.pacs import PacsPage  # noqa: E402
from fineview.gui.dialogs.pacs_node import EnterNode  # noqa: E402
from fineview.gui.dialogs.pacs_received import ConfirmDelete  # noqa: E402
from fineview.gui.dialogs.pacs_send import SendStudy  # noqa: E402
from fineview.gui.dialogs.pacs_table import value_of  # noqa: E402
from fineview.services.pacs_work import GET, SEND  # noqa: E402
from fineview.services.shipment import shipment  # noqa: E402
from fineview.services.workbench import Workbench  # noqa: E402
from tests.formats import made  # noqa: E402
from tests.formats.pacs_stand_in import StandIn, running  # noqa: E402

Settle = Callable[[Callable[[], bool]], None]


def entered(bench: Workbench, qtbot: QtBot, settle: Settle, peer: StandIn) -> PacsPage:
    page = PacsPage(bench, None)
    page.show()
    assert not page.search.search.isEnabled() and not page.outbox.send.isEnabled()
    assert "Enter a node" in page.said.text()
    bench.pacs.add(peer.node(), None)
    settle(lambda: page.node.count() == 1)
    return page


def cells(item: QTreeWidgetItem | None) -> list[str]:
    assert item is not None
    return [item.text(column) for column in range(item.columnCount())]


def rows(tree: QTreeWidget) -> list[list[str]]:
    return [cells(tree.topLevelItem(number)) for number in range(tree.topLevelItemCount())]


class Opened:
    """What was opened, in place of reading it, and how often it was looked at again."""

    def __init__(self, bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folders: list[Path] = []
        self.again: list[Path] = []
        monkeypatch.setattr(bench.open, "paths", lambda paths: self.folders.extend(paths))
        monkeypatch.setattr(bench.open, "again", self.again.append)


def test_a_study_its_series_and_one_of_them_retrieved(bench: Workbench, qtbot: QtBot, settle: Settle,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Opened(bench, monkeypatch)
    other = made.image(sop="1.2.3.4.2", SeriesInstanceUID="1.2.3.77")
    with running(StandIn([made.image(sop="1.2.3.4.1"), other])) as peer:
        page = entered(bench, qtbot, settle, peer)
        found = page.search.found
        page.search.search.click()
        assert bench.pacs.view.found is None and page.cancel.isVisible()  # under way, and this thread is free
        settle(lambda: bench.pacs.view.found is not None)
        assert [row[2:4] for row in rows(found)] == [["TEST, ONE", "1"]] and page.said.text() == "1 found."
        assert not page.search.retrieve.isEnabled()
        study = found.topLevelItem(0)
        assert study is not None and study.childCount() == 0
        study.setExpanded(True)
        settle(lambda: study.childCount() == 2)
        child = next(one for one in map(study.child, range(2)) if value_of(one).series_uid == "1.2.3.77")
        child.setSelected(True)
        assert page.search.retrieve.text() == "Retrieve the series and open"
        page.search.retrieve.click()
        assert not page.search.retrieve.isEnabled()  # one at a time
        settle(lambda: not bench.pacs.busy(GET) and bool(bench.pacs.view.said))
        assert page.said.text() == "1 of 1 objects retrieved, and opened." and not page.cancel.isVisible()
        found.clearSelection()
        study.setSelected(True)
        assert page.search.retrieve.text() == "Retrieve and open"
    assert len(opened.folders) == 1 and len(list(opened.folders[0].glob("*.dcm"))) == 1
    page.reject()


def test_the_first_image_opens_while_the_rest_is_still_coming(bench: Workbench, qtbot: QtBot, settle: Settle,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    opened, hold = Opened(bench, monkeypatch), threading.Event()

    def slowly(one: Dataset) -> str:
        if one.SOPInstanceUID == "1.2.3.4.2":
            hold.wait(20)
        return str(one.SOPInstanceUID)

    with running(StandIn([made.image(sop="1.2.3.4.1"), made.image(sop="1.2.3.4.2")], announce=slowly)) as peer:
        page = entered(bench, qtbot, settle, peer)
        page.search.search.click()
        settle(lambda: bench.pacs.view.found is not None)
        page.search.found.topLevelItem(0).setSelected(True)  # type: ignore[union-attr]
        page.search.retrieve.click()
        settle(lambda: bool(opened.folders))
        assert bench.pacs.busy(GET) and len(list(opened.folders[0].glob("*.dcm"))) == 1
        hold.set()
        settle(lambda: not bench.pacs.busy(GET) and bool(bench.pacs.view.said))
    assert opened.folders * len(opened.again) == opened.again and opened.again  # once at least, when all is there
    page.reject()


def test_objects_of_another_patient_are_told_of(bench: Workbench, qtbot: QtBot, settle: Settle,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    Opened(bench, monkeypatch)
    with running(StandIn([made.image(sop="1.2.3.4.1"), made.image(sop="1.2.3.4.2", PatientID="2")])) as peer:
        page = entered(bench, qtbot, settle, peer)
        page.search.search.click()
        settle(lambda: bench.pacs.view.found is not None)
        page.search.found.topLevelItem(0).setSelected(True)  # type: ignore[union-attr]
        page.search.retrieve.click()
        settle(lambda: not bench.pacs.busy(GET) and bool(bench.pacs.view.said))
    assert page.said.text().endswith("1 of them name another patient.")
    assert [one.code for one in bench.session.notices] == ["other-patient"]
    page.reject()


def test_cancel_gives_the_page_back(bench: Workbench, qtbot: QtBot, settle: Settle) -> None:
    hold, reached = threading.Event(), threading.Event()

    def never(one: object) -> str:
        reached.set()
        hold.wait(20)
        return "1.2.3.4.1"

    with running(StandIn([made.image(sop="1.2.3.4.1")], announce=never)) as peer:
        page = entered(bench, qtbot, settle, peer)
        page.search.search.click()
        settle(lambda: bench.pacs.view.found is not None)
        page.search.found.topLevelItem(0).setSelected(True)  # type: ignore[union-attr]
        page.search.retrieve.click()
        settle(reached.is_set)
        page.cancel.click()
        settle(lambda: not page.cancel.isVisible() and page.search.retrieve.isEnabled())
        hold.set()
    assert page.said.text() == ""
    page.reject()


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study of two objects and one picture that is none."""
    frames = [FrameInfo(str(tmp_path / "photo.png"))]
    for number in (1, 2):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(made.as_bytes(made.image(sop=f"1.2.3.4.{number}")))
        frames.append(FrameInfo(str(path), sop_uid=f"1.2.3.4.{number}"))
    return Study("1.2.3", Patient(), series=(Series("s", "1.2.3", "MR", "brain", frames=tuple(frames[1:])),
                                             Series("p", "1.2.3", "", "photo", frames=(frames[0],))))


def test_what_goes_and_what_stays_is_said_and_each_object_has_its_state(bench: Workbench, qtbot: QtBot, settle: Settle,
                                                                        study: Study) -> None:
    answers = {"1.2.3.4.2": 0xC000}
    with running(StandIn(store=lambda event: answers.get(event.request.AffectedSOPInstanceUID, 0))) as peer:
        page = entered(bench, qtbot, settle, peer)
        bench.session.study = study
        bench.session.advance("open", "looking for images")
        assert not page.outbox.send.isEnabled()  # half a study is none
        del bench.session.progress["open"]
        bench.session.pulse()
        page.outbox.send.click()
        sending = page.findChild(SendStudy)
        assert sending is not None
        settle(lambda: sending.loads.topLevelItemCount() == 2)
        assert rows(sending.loads) == [["MR objects", "brain", "2", ""],
                                       ["image objects", "photo", "", "Stays here: It is no DICOM object."]]
        assert sending.goes.text() == f"2 objects go to stand-in (STANDIN@localhost:{peer.port}): 2 × MR objects."
        sending.loads.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)  # type: ignore[union-attr]
        assert not sending.go.isEnabled() and "not chosen stay here: 2." in sending.stays.text()
        sending.loads.topLevelItem(0).setCheckState(0, Qt.CheckState.Checked)  # type: ignore[union-attr]
        sending.go.click()
        settle(lambda: page.said.text() == "1 of 2 objects sent and confirmed." and not bench.pacs.busy(SEND))
        assert states(page) == ["Sent, confirmed", "Failed"]
        assert [row[2] for row in rows(page.outbox.outbox)] == ["MR objects: brain"] * 2
        answers.clear()
        page.outbox.outbox.topLevelItem(1).setSelected(True)  # type: ignore[union-attr]
        page.outbox.retry.click()
        settle(lambda: not bench.pacs.busy(SEND) and states(page) == ["Sent, confirmed"] * 2)
    page.outbox.forget.click()
    settle(lambda: page.outbox.outbox.topLevelItemCount() == 0)
    page.reject()


def states(page: PacsPage) -> list[str]:
    return [row[0] for row in rows(page.outbox.outbox)]


def test_giving_up_takes_an_object_out(bench: Workbench, qtbot: QtBot, settle: Settle, study: Study) -> None:
    with running(StandIn(store=lambda event: 0xC000)) as peer:
        page = entered(bench, qtbot, settle, peer)
        bench.pacs.sending.send("stand-in", shipment(study, Catalogue()).objects({"s"}))
        settle(lambda: states(page) == ["Failed", "Failed"] and not bench.pacs.busy(SEND))
    assert not page.outbox.give_up.isEnabled()  # nothing is chosen
    page.outbox.outbox.topLevelItem(0).setSelected(True)  # type: ignore[union-attr]
    page.outbox.give_up.click()
    settle(lambda: [row[3] for row in rows(page.outbox.outbox)] == ["1.2.3.4.2"])
    page.reject()


def test_a_received_study_is_deleted_for_good(bench: Workbench, qtbot: QtBot, settle: Settle,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Opened(bench, monkeypatch)
    with running(StandIn([made.image(sop="1.2.3.4.1")])) as peer:
        page = entered(bench, qtbot, settle, peer)
        page.search.search.click()
        settle(lambda: bench.pacs.view.found is not None)
        page.search.found.topLevelItem(0).setSelected(True)  # type: ignore[union-attr]
        page.search.retrieve.click()
        settle(lambda: not bench.pacs.busy(GET) and bool(bench.pacs.view.said))
    page.tabs.setCurrentIndex(2)
    studies = page.received.studies
    settle(lambda: studies.topLevelItemCount() == 1)
    assert page.received.note.text().startswith("1 studies, ")
    studies.topLevelItem(0).setSelected(True)  # type: ignore[union-attr]
    shown = FileVerdict(str(opened.folders[0] / "x.dcm"), "image")
    bench.session.catalogue = Catalogue(files=(shown,))
    page.received.delete.click()
    assert page.said.text().startswith("This study is open.") and page.findChild(ConfirmDelete) is None
    bench.session.catalogue = Catalogue()
    page.received.delete.click()
    sure = page.findChild(ConfirmDelete)
    assert sure is not None and opened.folders[0].exists()
    assert [one.text() for one in sure.findChildren(QPushButton) if one.isDefault()] == ["Keep it"]
    sure.accept()
    settle(lambda: studies.topLevelItemCount() == 0)
    assert not opened.folders[0].exists() and page.said.text() == "1 files of the study are deleted."
    page.reject()


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


def test_a_node_can_be_changed_with_all_that_it_holds(qtbot: QtBot) -> None:
    got: list[tuple[Node, Secrets | None]] = []
    known = Node("clinic", host="pacs.example", port=104, called="PACS", calling="US", tls=True, ca_file="/c/ca.pem",
                 cert_file="/c/ours.pem", key_file="/c/ours.key", move_port=11112, patience_s=45.0)
    page = EnterNode(lambda node, secrets: got.append((node, secrets)), None, known)
    page.show()
    assert not page.fields["name"].isEnabled() and not page.fields["url"].isVisible()
    page.fields["passphrase"].setText("open sesame")
    page.fields["port"].setText("11114")
    page._enter()
    assert got == [(replace(known, port=11114), Secrets("", "open sesame"))]
    web = EnterNode(lambda node, secrets: got.append((node, secrets)), None, Node("w", "web", url="https://h/x"))
    web._enter()
    assert got[1] == (Node("w", "web", url="https://h/x"), None)
