"""A model card as a value: what is known of one encoder, and what is not."""

from __future__ import annotations

from dataclasses import dataclass, field

from fineview.core.evidence import EncoderEntry
from fineview.core.measured import StoredResult
from fineview.core.promises import Example, Reliability


@dataclass(frozen=True, slots=True)
class Source:
    """One thing an encoder was trained on."""

    data: str
    licence: str
    use: str


@dataclass(frozen=True, slots=True)
class CardWords:
    """What people wrote about an encoder.  Texts are paragraphs of plain words with links and code in Markdown.

    ``notes``: sentences that hold for one file of weights alone and therefore name its hash; the others hold for every
    file trained by the same recipe.
    """

    what: str = ""
    recipe: str = ""
    trained_on: tuple[Source, ...] = ()
    data_notes: str = ""
    limits: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A failure with its PNG bytes, and the result it belongs to."""

    example: Example
    png: bytes = field(repr=False)
    data: str = ""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """``facts``: (name, value) rows of the manifest.  ``results``: newest first of each thing, of these very weights
    as they are calibrated.

    ``unknown``: sentences on what nobody measured or stated; ``others``: stored results that name other weights, or
    these under another calibration.
    """

    entry: EncoderEntry
    facts: tuple[tuple[str, str], ...]
    words: CardWords
    results: tuple[StoredResult, ...]
    reliability: tuple[tuple[Reliability, StoredResult], ...]
    pictures: tuple[Picture, ...]
    unknown: tuple[str, ...]
    others: int = 0

    @property
    def own_notes(self) -> tuple[str, ...]:
        """Sentences that hold for this file of weights alone."""
        return tuple(text for sha256, text in self.words.notes if sha256 == self.entry.sha256)
