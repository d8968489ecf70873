"""One question and its answer, with the evidence as buttons and who said it.

What a language model said stands apart from who it was and that nobody reviewed it; its words are links to their maps,
so the same maps are not offered as buttons again.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from fineview.core.chance import chance_words
from fineview.core.dialogue import CLOSER_LOOK, NOT_EVALUATED, Answer, Citation, Question
from fineview.core.evidence import ModelIdentity
from fineview.core.units import with_unit
from fineview.gui.flow import FlowLayout
from fineview.gui.panels.spoken import Shown, Spans, Spoken
from fineview.gui.wording import tr
from fineview.services.word_maps import WordSpan

_DOMAINS = {"out": "Picture outside the model's domain", "unknown": "The model is not sure that this is an eye"}
Source = tuple[Spans, Callable[[WordSpan, bool], None]]


def citation_words(citation: Citation) -> str:
    """The button's word: what it shows, and the number it carries: "Area 0.213 mm2", "map of fluid 0.90"."""
    named = citation.text.replace("_", " ")
    if citation.text == CLOSER_LOOK:
        return tr("looked closer here")
    if citation.kind == "region":
        return tr("region")
    if citation.unit == "probability" or citation.kind in ("proposal", "map"):
        share = chance_words(citation.value) if citation.value is not None else ""
        what = tr("map of {0}").format(named) if citation.kind == "map" and named else named or tr(citation.kind)
        return f"{what} {share}".rstrip()
    value, unit = citation.value, citation.unit or ""
    if value is not None and unit == "mm" and abs(value) < 1:  # as the text beside it says it
        value, unit = value * 1000, "um"
    number = with_unit(_plain(value), unit) if value is not None else ""
    return f"{named or tr('measured')} {number}".rstrip()


def _plain(value: float) -> str:
    """Three digits, and never an exponent."""
    return f"{value:,.0f}".replace(",", "\u202f") if abs(value) >= 1000 else f"{value:.3g}"


def verdict_words(answer: Answer) -> str:
    """Verdict and confidence in words: "Yes, 0.86"; "Suggests fluid, 0.86" where a name was asked for."""
    word = tr("Cannot tell") if answer.abstained else tr((answer.verdict or "").capitalize())
    sure = chance_words(answer.confidence) if answer.confidence is not None else ""
    if sure and not word and answer.label and answer.value is None:  # a chance alone would not say of what
        word = tr("Suggests {0}").format(answer.label.replace("_", " "))
    return ", ".join(part for part in (word, sure) if part)


def source_words(answer: Answer) -> str:
    """Never "AI detected": who suggested it, and that nobody has reviewed it; "" where the text says so itself."""
    if answer.model is not None and answer.model.short in answer.text:
        return ""
    if answer.model is None:  # without a number or a verdict nothing was computed, and the text names its source
        computed = not answer.abstained and (answer.value is not None or answer.verdict is not None)
        drawn = answer.question.region is not None
        words = "computed from the drawn region and the spacing" if drawn else "computed from pixels and spacing"
        return tr(words) if computed else ""
    words = f"{tr('suggested by')} {answer.model.short}, {tr('not reviewed')}"
    return "" if answer.abstained or answer.model.short in answer.text else words


def model_words(model: ModelIdentity) -> str:
    """Beside every sentence of a language model, from its first word."""
    return f"{tr('Suggested by')} {model.short}, {tr('not reviewed')}. {tr(NOT_EVALUATED)}"


def parted(answer: Answer) -> tuple[str, str]:
    """What was said, and what stands beneath it: who said it."""
    if answer.in_free_words and answer.model is not None:
        said, by, rest = answer.text.partition(f"Suggested by {answer.model.short}")
        return said.strip(), by + rest
    return answer.text, source_words(answer)


class Turn(QFrame):
    """``fill`` may be called again and again while words stream in.

    ``encoder``, ``model``: where our words and a language model's get their maps, and what a click does.
    """

    def __init__(self, question: Question, region: str, cite: Callable[[Answer, Citation], None],
                 keep: Callable[[str, bool], None], encoder: Source, model: Source) -> None:
        super().__init__()
        self.setObjectName("turn")
        self.region_id, self.question_id, self._cite = question.region_id, question.id, cite
        self._model = model
        self.asked, self.words = Spoken("quiet", *encoder), Spoken("", *encoder)
        self.asked.say(question.text, f"{region}: " if region else "")
        self.verdict, self.source = _label("", "title"), _label("", "quiet")
        self.domain = _label("", "warning")
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips)
        self.in_report = QCheckBox(tr("in the report"))
        self.in_report.setAccessibleName(tr("Take this answer into the report"))
        # ``clicked`` is a hand's only: showing a state never answers back.
        self.in_report.clicked.connect(lambda wanted: keep(question.id, wanted))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 8, 8)
        column.setSpacing(4)
        for one in (self.asked, self.verdict, self.words, self.domain, self.source, self._chips, self.in_report):
            column.addWidget(one)
        self.verdict.hide()
        self.source.hide()
        self.domain.hide()
        self._chips.hide()
        self.in_report.hide()

    def stream(self, text: str, doing: str = "", model: ModelIdentity | None = None) -> None:
        if model is not None:
            self.words.use(*self._model)
            self._say_source(model_words(model), model)
        waiting = doing or tr("Looking")
        self.words.say(text, "" if text else f"{waiting[:1].upper()}{waiting[1:]} …")

    def fill(self, answer: Answer) -> None:
        if answer.in_free_words:
            self.words.use(*self._model)
        said, source = parted(answer)
        self.words.say(said)
        self.verdict.setText(verdict_words(answer))
        self.verdict.setVisible(bool(self.verdict.text()))
        self._say_source(source, answer.model)
        self.domain.setText(tr(_DOMAINS.get(answer.domain or "", "")))
        self.domain.setVisible(bool(self.domain.text()))
        self.in_report.setChecked(answer.in_report)
        self.in_report.show()
        self._flow.clear()
        shown = [one for one in answer.citations if not (answer.in_free_words and one.kind == "map")]
        for citation in shown:
            chip = QPushButton(citation_words(citation))
            chip.setObjectName("chip")
            chip.setToolTip(citation.text or tr("Show it on the picture"))
            chip.setAccessibleName(f"{tr('Show evidence')}: {citation_words(citation)}")
            chip.clicked.connect(lambda _=False, c=citation: self._cite(answer, c))
            self._flow.addWidget(chip)
        self._chips.setVisible(bool(shown))

    def _say_source(self, words: str, model: ModelIdentity | None) -> None:
        self.source.setText(words)
        self.source.setToolTip(f"sha256 {model.sha256}" if model else "")
        self.source.setVisible(bool(words))

    def dress(self, encoder: Shown, model: Shown) -> None:
        """Words that have maps now can be clicked; each is asked whether its map lies over the picture."""
        self.asked.dress(encoder)
        self.words.dress(lambda span: encoder(span) or model(span))

    def light(self, on: bool) -> None:
        """A region's marks and sentences light up together."""
        if self.property("lit") != on:
            self.setProperty("lit", on)
            self.style().polish(self)


def _label(text: str, name: str) -> QLabel:
    made = QLabel(text)
    made.setObjectName(name)
    made.setWordWrap(True)
    # Words come from models and files: they are text, never markup.
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
