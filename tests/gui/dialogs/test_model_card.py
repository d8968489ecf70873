"""The model card as a page: figures of these very weights alone, what is unknown is said, odd pictures are left out."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image
from PySide6.QtWidgets import QLabel

from fineview.core.card import CardWords, ModelCard, Source
from fineview.core.evidence import EncoderEntry, ModelIdentity
from fineview.core.measured import Figure, StoredResult
from fineview.core.promises import Example, Reliability, ReliabilityBin
from fineview.gui.dialogs.model_card import Card
from fineview.gui.folded import Folded
from fineview.gui.main_window import MainWindow
from fineview.gui.reliability_plot import ReliabilityPlot
from fineview.services.model_card import model_card

SHA = "c" * 64
ENTRY = EncoderEntry("retina-s", "0.1.0", SHA, "CC-BY-SA-4.0", "retina", True, True, "/nowhere", "lesion heads", True)
WORDS = CardWords("A small encoder.", "`train`", (Source("phantoms <b>", "Apache-2.0", "all heads"),), "Kept apart.",
                  ("It misses small lesions.",), ((SHA, "Trained at night."), ("d" * 64, "Trained by day.")))
JUDGED = Reliability("", "regions", 10, 0.12, (ReliabilityBin(0.2, 0.3, 0.25, 0.4, 10),))


def result(what: str, sha256: str, **more: object) -> StoredResult:
    figure = Figure(f"f1_{what}", 0.25, "fraction", 12, (0.2, 0.3), 0.3, False, {"classical": 0.28})
    return StoredResult(what, "2026-11-21T10:00:00Z", "FineView", ModelIdentity("retina-s", "0.1.0", sha256),
                        "photographs", 3, "a machine", (figure,), **more)  # type: ignore[arg-type]


def png(side: int) -> bytes:
    held = io.BytesIO()
    Image.fromarray(np.zeros((side, side, 3), np.uint8)).save(held, "PNG")
    return held.getvalue()


RESULTS = (
    result("lesions", SHA, reliability=(JUDGED,), examples=(
        Example("a.png", "missed drusen", "a drawing"), Example("b.png", "too large", "a drawing"),
        Example("c.png", "damaged", "a drawing"), Example("d.png", "gone", "a drawing"))),
    result("maps", SHA), result("chat", "d" * 64))
PICTURES = {"a.png": png(40), "b.png": png(600), "c.png": b"\x89PNG and no more"}


def made(entry: EncoderEntry = ENTRY, words: CardWords = WORDS, results: tuple[StoredResult, ...] = RESULTS
         ) -> ModelCard:
    return model_card(entry, words, {"trained_steps": 7, "fold": 0}, results, lambda _, name: PICTURES.get(name, b""))


def shown(window: MainWindow, card: ModelCard) -> Card:
    page = Card(window._bench, window)
    page._show(card)
    return page


def texts(page: Card) -> str:
    return "\n".join(label.text() for label in page.findChildren(QLabel) if not label.isHidden())


def test_everything_known_is_on_the_page(window: MainWindow) -> None:
    page = shown(window, made())
    said = texts(page)
    for words in (SHA[:8], "CC-BY-SA-4.0", "phantoms &lt;b&gt;", "f1 lesions", "0.2 to 0.3", "0.3 missed",
                  "classical 0.28", "2026-11-21, seed 3", "missed drusen", "a drawing", "It misses small lesions.",
                  "Trained at night.", "1 stored results of other weights or another calibration"):
        assert words in said, words
    for words in ("f1 chat", "Trained by day", "too large", "damaged", "gone"):
        assert words not in said, words
    assert "how often answers are right (fineview evaluate chat --keep)" in said
    (plot,) = page.findChildren(ReliabilityPlot)
    assert "ECE 0.120, n 10" in plot.accessibleName()
    page.close()


def test_long_results_open_by_a_click(window: MainWindow) -> None:
    page = shown(window, made())
    (folded,) = page.findChildren(Folded)
    assert "Heat maps" in folded.button.text() and folded.inside is None
    folded.button.click()
    assert folded.inside is not None and "f1 maps" in texts(page)
    page.close()


def test_figures_under_another_calibration_are_not_this_encoders(window: MainWindow) -> None:
    then = [replace(one, encoder=replace(one.encoder, calibration="c1")) for one in RESULTS[:2] if one.encoder]
    for now, own in (("c1", 2), ("c2", 0)):
        card = made(replace(ENTRY, calibration=now), results=tuple(then))
        assert (len(card.results), card.others, bool(card.reliability)) == (own, 2 - own, own == 2)
    page = shown(window, card)
    assert "2 stored results of other weights or another calibration" in texts(page)
    assert "how well lesions are found" in texts(page)
    page.close()


def test_a_long_card_is_never_squeezed_into_the_page(window: MainWindow) -> None:
    page = Card(window._bench, window)
    page.show()
    page._show(made(words=replace(WORDS, limits=("It misses small lesions.",) * 200)))
    labels = [label for label in page.findChildren(QLabel) if label.text() == "It misses small lesions."]
    inner = page.area.widget()
    assert len(labels) == 200 and inner.isVisible()
    least = labels[0].fontMetrics().height()  # before any event was handled
    assert inner.height() >= 200 * least and page.area.verticalScrollBar().maximum() > 0
    page.close()


def test_an_encoder_that_a_person_brought_says_what_nobody_stated(window: MainWindow) -> None:
    other = EncoderEntry("mine", "clip", "e" * 64, "mit", "clip", True, False, "/x", "maps only", False)
    said = texts(shown(window, made(other, CardWords(), ())))
    assert "not stated here" in said and "Nothing was measured for these weights" in said and "mine clip" in said


def test_a_card_that_cannot_be_read_says_why(window: MainWindow, qtbot) -> None:
    window.desk.model_card()
    page = next(one for one in window.findChildren(Card))
    qtbot.waitUntil(lambda: "There are no weights." in page.waiting.text(), timeout=5000)
    page.close()


def test_the_dots_of_the_diagram_lie_where_the_bins_say(window: MainWindow) -> None:
    plot = ReliabilityPlot(JUDGED, "Regions")
    image = plot.grab().toImage()
    from fineview.gui.reliability_plot import _LEFT, _SIDE, _TOP
    from fineview.gui.theme import current

    ratio = image.devicePixelRatio()
    x, y = (_LEFT + 0.25 * _SIDE) * ratio, (_TOP + (1 - 0.4) * _SIDE) * ratio
    assert image.pixelColor(round(x), round(y)).name() == current().accent
