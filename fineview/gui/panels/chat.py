"""The chat: which region, likely questions, the question field, and answers that stream in with Stop."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fineview.core.dialogue import Answer
from fineview.gui import icons
from fineview.gui.flow import FlowLayout
from fineview.gui.panels.turn import Turn
from fineview.gui.theme import as_panel
from fineview.gui.wording import tr
from fineview.services.session import Streaming
from fineview.services.snapshot import ViewState
from fineview.services.workbench import Workbench


class Chat(QWidget):
    WATCHES = frozenset({"answers", "streaming", "selected", "findings", "frame_key", "study", "analysis", "encoders",
                         "overlay_wishes"})

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        as_panel(self)
        self._bench = bench
        self._answers: tuple[Answer, ...] = ()
        self._turns: list[Turn] = []
        self._running: Turn | None = None
        self._streaming: Streaming | None = None
        self._names: dict[str, str] = {}
        self._offered: tuple[str, ...] = ()
        self._word: str | None = None
        self._region = QLabel()
        self._region.setObjectName("title")
        self._region.setTextFormat(Qt.TextFormat.PlainText)
        self._empty = QLabel(tr("Draw a region on the picture and ask about it, or ask about the whole frame."))
        self._empty.setObjectName("quiet")
        self._empty.setWordWrap(True)
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips)
        self.question = QLineEdit()
        self.question.setPlaceholderText(tr("Ask about this region"))
        self.question.setAccessibleName(tr("Question"))
        self.question.returnPressed.connect(self._ask)
        self._send = QToolButton()
        self._send.clicked.connect(self._ask_or_stop)
        self._arrange()
        self._show_send()

    def _arrange(self) -> None:
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self._empty)
        self._column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setObjectName("panel")
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inner)
        # New words are always in view; rangeChanged comes after the layout knows the new height.
        self._scroll.verticalScrollBar().rangeChanged.connect(lambda _, high: self._to_end(high))
        row = QHBoxLayout()
        row.addWidget(self.question, 1)
        row.addWidget(self._send)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 8, 8)
        column.addWidget(self._region)
        column.addWidget(self._scroll, 1)
        column.addWidget(self._chips)
        column.addLayout(row)

    def _to_end(self, high: int) -> None:
        self._scroll.verticalScrollBar().setValue(high)

    def focus_question(self) -> None:
        self.question.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        self._names = {f.id: f"{tr('region')} {i} ({tr(f.region.kind.value)})"
                       for i, f in enumerate(state.findings, start=1)}
        if changed & {"answers", "study"}:
            self._show_answers(state.answers)
        if "streaming" in changed:
            self._show_streaming(state.streaming)
        if changed & {"selected", "findings", "frame_key", "study", "analysis"}:
            self._show_region(state)
        again = bool(changed & {"encoders", "answers"}) or self._word != state.overlay_wishes.text
        self._word = state.overlay_wishes.text
        for turn in (*self._turns, *((self._running,) if self._running else ())):
            if again:
                turn.dress(self._word)
            turn.light(turn.region_id is not None and turn.region_id == state.selected)
        self._empty.setVisible(not self._turns and self._running is None)

    def _show_region(self, state: ViewState) -> None:
        whole = f"{tr('whole frame')} {state.index + 1}" if state.frame_key else ""
        self._region.setText(self._names.get(state.selected or "", whole))
        ready = state.frame_key is not None
        self.question.setEnabled(ready)
        self._show_chips(self._bench.ask.suggestions() if ready else ())
        self._show_send()

    def _show_chips(self, questions: tuple[str, ...]) -> None:
        # Scrolling through frames must not make new buttons for the same words.
        if questions == self._offered:
            return
        self._offered = questions
        self._flow.clear()
        for text in questions:
            chip = QPushButton(text)
            chip.setObjectName("chip")
            chip.clicked.connect(lambda _=False, t=text: self._bench.ask.ask(t))
            self._flow.addWidget(chip)
        self._chips.setVisible(bool(questions))
        self._chips.updateGeometry()

    def _show_answers(self, answers: tuple[Answer, ...]) -> None:
        kept = len(self._answers)
        if [one.question.id for one in answers[:kept]] == [one.question.id for one in self._answers]:
            for turn, old, new in zip(self._turns, self._answers, answers, strict=False):
                if old != new:
                    turn.fill(new)
        else:
            for turn in self._turns:
                self._drop(turn)
            self._turns, kept = [], 0
        for answer in answers[kept:]:
            turn = self._turn(answer.question.region_id, answer)
            turn.fill(answer)
            self._turns.append(turn)
        self._answers = answers

    def _turn(self, region_id: str | None, of: Answer | Streaming) -> Turn:
        def follow(word: str | None) -> None:
            self._bench.open.show(of.question.frame)
            self._bench.explain.follow(word)

        turn = Turn(of.question, self._names.get(region_id or "", ""), self._bench.ask.cite,
                    self._bench.ask.keep, self._bench.explain.words, follow)
        self._column.insertWidget(self._column.count() - 1, turn)
        return turn

    def _drop(self, turn: Turn) -> None:
        turn.hide()
        self._column.removeWidget(turn)
        turn.deleteLater()

    def _show_streaming(self, streaming: Streaming | None) -> None:
        new = streaming is not None and (self._streaming is None or self._streaming.question != streaming.question)
        if self._running is not None and (streaming is None or new):
            self._drop(self._running)
            self._running = None
        if streaming is not None:
            if self._running is None:
                self._running = self._turn(streaming.question.region_id, streaming)
            self._running.stream(streaming.text)
        self._streaming = streaming
        self._show_send()

    def _show_send(self) -> None:
        stop = self._streaming is not None
        icons.dress(self._send, "stop" if stop else "send")
        self._send.setToolTip(tr("Stop the answer (Esc)") if stop else tr("Ask (Enter)"))
        self._send.setAccessibleName(tr("Stop the answer") if stop else tr("Ask"))
        self._send.setEnabled(stop or self.question.isEnabled())

    def _ask_or_stop(self) -> None:
        if self._streaming is not None:
            self._bench.ask.stop()
        else:
            self._ask()

    def _ask(self) -> None:
        text = self.question.text().strip()
        if text and self.question.isEnabled():
            self.question.clear()
            self._bench.ask.ask(text)
