"""The card of one encoder, from its manifest, what people wrote, and stored results that name its very weights.

Pure: a figure of other weights, or of another calibration of these, is never shown as this encoder's, whatever name
the two share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fineview.core.card import CardWords, ModelCard, Picture
from fineview.core.evidence import EncoderEntry
from fineview.core.measured import StoredResult
from fineview.services.advise import newest

MOST_PICTURES = 12
# what a reader looks for first; a card says of each when nobody measured it
ASKED: Mapping[str, str] = {
    "lesions": "how well lesions are found", "layers": "how well layer lines are found",
    "chat": "how often answers are right", "maps": "how well heat maps point"}


def model_card(entry: EncoderEntry, words: CardWords, manifest: Mapping[str, Any], results: Iterable[StoredResult],
               picture: Callable[[StoredResult, str], bytes]) -> ModelCard:
    """``manifest``: facts of ``model.json``, {} without one; ``picture`` reads a stored picture, b"" where none is."""
    known = tuple(results)
    own = tuple(sorted(newest(one for one in known if one.speaks_of(entry)), key=_rank))
    others = len(newest(one for one in known if one.encoder is not None and one.encoder.name == entry.name
                        and not one.speaks_of(entry)))
    reliability = tuple((one, result) for result in own for one in result.reliability)
    pictures = tuple(Picture(example, png, result.data) for result in own for example in result.examples
                     if (png := picture(result, example.file)))
    return ModelCard(entry, facts(entry, manifest), words, own, reliability, pictures[:MOST_PICTURES],
                     tuple(_unknown(entry, words, own)), others)


def facts(entry: EncoderEntry, manifest: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(name, value) rows, without those that nobody stated."""
    steps, fold, domain = (manifest.get(name) for name in ("trained_steps", "fold", "domain_accuracy"))
    rows = (("Name", f"{entry.name} {entry.version}"), ("sha256", entry.sha256), ("Licence", entry.licence),
            ("Kind", entry.words), ("Fusion", {"none": "none: one network"}.get(entry.fusion, entry.fusion)),
            ("Steps of training", str(steps) if isinstance(steps, int) else ""),
            ("Kept from training", f"fold {fold} of 5, by photograph" if isinstance(fold, int) else ""),
            ("Domain head", f"{domain:.3f} right on pictures kept from its fit"
             if isinstance(domain, float) else ""))
    return tuple((name, value) for name, value in rows if value)


def _rank(one: StoredResult) -> tuple[int, str, str]:
    order = list(ASKED)
    return (order.index(one.what) if one.what in order else len(order), one.what, one.data)


def _unknown(entry: EncoderEntry, words: CardWords, own: tuple[StoredResult, ...]) -> Iterable[str]:
    if not words.trained_on:
        yield "What it was trained on is not stated here; the publisher of the weights may say."
    if not words.limits:
        yield "Its limits are not stated here."
    measured = {one.what for one in own}
    if entry.kind == "retina":
        for what, title in ASKED.items():
            if what not in measured:
                yield f"Not measured for these weights: {title} (fineview evaluate {what} --keep)."
    elif not measured:
        yield "Nothing was measured for these weights (fineview evaluate maps --encoder NAME --keep)."
    if entry.kind == "retina" and not any(one.reliability for one in own):
        yield "Not measured for these weights: whether its scores mean what they say."
