"""The closed list of things the embedded model may name, with the codes and words that belong to them.

Codes: SNOMED CT concepts (SCT) where the standard has one that fits; ``None`` where we know of none
and the report writes a local code (99FINEVIEW) instead.  The words are what a person may type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Domain = Literal["fundus", "oct"]


@dataclass(frozen=True, slots=True)
class Label:
    """One nameable structure.  ``word`` is the exact key used in JSON, file names and weights."""

    word: str
    domain: Domain
    title: str
    synonyms: tuple[str, ...]
    sct: str | None = None
    lesion: bool = True


LABELS: tuple[Label, ...] = (
    Label("microaneurysm", "fundus", "Microaneurysm", ("microaneurysm", "microaneurysms", "ma", "red dot"), "59276001"),
    Label("haemorrhage", "fundus", "Haemorrhage",
          ("haemorrhage", "hemorrhage", "haemorrhages", "hemorrhages", "bleeding", "bleed", "blood", "blot", "flame"),
          "28998008"),
    Label("hard_exudate", "fundus", "Hard exudate",
          ("hard exudate", "hard exudates", "exudate", "exudates", "lipid", "yellow deposit"), "61761007"),
    Label("soft_exudate", "fundus", "Soft exudate (cotton-wool spot)",
          ("soft exudate", "soft exudates", "cotton wool", "cotton wool spot", "cotton wool spots"), "247146001"),
    Label("optic_disc", "fundus", "Optic disc",
          ("optic disc", "optic disk", "disc", "disk", "optic nerve head", "papilla"), "24422004", lesion=False),
    Label("drusen", "oct", "Drusen", ("drusen", "druse", "sub rpe deposit"), "112628001"),
    Label("fluid", "oct", "Fluid",
          ("fluid", "subretinal fluid", "intraretinal fluid", "cyst", "cysts", "oedema", "edema", "detachment"), None),
    Label("hyperreflective_focus", "oct", "Hyperreflective focus",
          ("hyperreflective focus", "hyperreflective foci", "hyperreflective dot", "bright dot"), None),
)
WORDS: tuple[str, ...] = tuple(label.word for label in LABELS)
LAYERS: tuple[str, ...] = ("ILM", "RPE", "BM")
DOMAINS: tuple[str, ...] = ("fundus", "oct", "other")


def label_for(word: str) -> Label:
    """Return the label with this exact ``word``.  Raises ``KeyError`` for an unknown one."""
    for label in LABELS:
        if label.word == word:
            return label
    raise KeyError(word)


def on_phantoms_alone(word: str | None) -> bool:
    """Whether scores of this label were calibrated on phantoms and on no patient's picture.

    B-scans of patients with drawn lesions exist, but none that may be trained on.
    """
    return any(label.word == word and label.domain == "oct" for label in LABELS)
