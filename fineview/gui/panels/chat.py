"""The chat: which region, likely questions, who answers, the question field, and answers that stream in with Stop."""

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
from fineview.gui.panels.answered_by import AnsweredBy
from fineview.gui.panels.turn import Turn
from fineview.gui.theme import as_panel
from fineview.gui.wording import tr
from fineview.services.session import Streaming
from fineview.services.snapshot import ViewState
from fineview.services.wishes import WORD, OverlayWishes
from fineview.services.word_maps import WordSpan
from fineview.services.workbench import Workbench


class Chat(QWidget):
    WATCHES = frozenset({"answers", "streaming", "selected", "findings", "frame_key", "study", "analysis", "encoders",
                         "overlay_wishes", "answerers"})

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
        self._wishes = OverlayWishes()
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
        self.answered_by = AnsweredBy(bench)
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
        self._scroll.setAccessibleName(tr("Questions and answers"))
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
        column.addWidget(self.answered_by)
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
        if "answerers" in changed:
            self.answered_by.show_choice(state.answerers)
        again = bool(changed & {"encoders", "answers"}) or _word(self._wishes) != _word(state.overlay_wishes)
        self._wishes = state.overlay_wishes
        for turn in (*self._turns, *((self._running,) if self._running else ())):
            if again:
                self._dress(turn)
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
        bench, asked = self._bench, of.question

        def follow(span: WordSpan, again: bool) -> None:
            bench.open.show(asked.frame)
            bench.explain.follow(None if again else span.word)

        def follow_said(span: WordSpan, _: bool) -> None:
            bench.open.show(asked.frame)
            bench.explain.follow_said(asked.id, bench.ask.map_of(asked.id, span))

        turn = Turn(asked, self._names.get(region_id or "", ""), bench.ask.cite, bench.ask.keep,
                    (bench.explain.words, follow), (lambda text: bench.ask.words(asked.id, text), follow_said))
        self._column.insertWidget(self._column.count() - 1, turn)
        return turn

    def _dress(self, turn: Turn) -> None:
        """Light the word whose map lies over the picture: of the encoder's words by itself, of said ones by place."""
        wishes, asked = self._wishes, turn.question_id
        text = (wishes.text or "").lower() if wishes.kind != WORD else ""
        said = wishes.word if wishes.kind == WORD else None
        turn.dress(lambda span: bool(text) and span.word.lower() == text,
                   lambda span: said is not None and said == (asked, self._bench.ask.map_of(asked, span)))

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
            self._running.stream(streaming.text, streaming.doing, streaming.model)
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


def _word(wishes: OverlayWishes) -> tuple[object, ...]:
    """What decides which words are lit."""
    return (wishes.kind == WORD, wishes.text, wishes.word)
