"""Templates of questions: read from two text files, drawn at random, and asked whether they could give a sentence.

A line is words, ``(one|of|these)`` and ``{slots}``.  ``{l}`` and ``{L}`` stand for one and for several of a label,
which then is the question's label; alternatives may hold slots.  What chooses between readers is no part of the
templates but the rehearsal: templates share their words, and those kept from training flatter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from fineview import paths
from fineview.core.intent import ANY_LESION, KINDS, Asked, Intent

_PIECE = re.compile(r"\(([^()]*)\)|\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """One line under ``[kind slot]``."""

    asked: Asked
    slot: str | None
    text: str


@dataclass(frozen=True)
class Grammar:
    """``slots`` name -> forms; ``labels`` label -> (forms of one, forms of several)."""

    templates: tuple[Template, ...]
    slots: dict[str, tuple[str, ...]]
    labels: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]

    def draw(self, template: Template, rng: np.random.Generator, label: str | None = None) -> tuple[str, Intent]:
        """One sentence of the template and what it means; ``label`` where the picture decides what is asked for."""
        spoken = label or str(rng.choice(list(self.labels)))

        def fill(found: re.Match[str]) -> str:
            forms = found[1].split("|") if found[1] is not None else self._forms(found[2], spoken)
            return str(rng.choice(forms))

        text = " ".join(_PIECE.sub(fill, _PIECE.sub(fill, template.text)).split())
        return text, self.intent(template, spoken if names_label(template) else None)

    def intent(self, template: Template, spoken: str | None) -> Intent:
        asked, slot = template.asked, template.slot
        if asked == "outside":
            return Intent(asked, topic=slot)
        if asked == "count":
            return Intent(asked, spoken or slot or ANY_LESION)
        if asked == "presence":
            return Intent(asked, spoken or ANY_LESION)
        if asked in ("size", "length", "where") and spoken is not None:
            return Intent(asked, spoken, slot)
        return Intent(asked, target=slot)

    def _forms(self, name: str, label: str) -> tuple[str, ...]:
        if name in ("l", "L"):
            return self.labels[label][name == "L"]
        return self.slots[name]

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(self._pattern(template.text)) for template in self.templates)

    def can_say(self, sentence: str) -> bool:
        """Whether some template, filled somehow, gives these words; case, spaces and marks do not count."""
        bare = plain(sentence)
        return any(pattern.fullmatch(bare) for pattern in self._patterns)

    def _pattern(self, text: str) -> str:
        made, at = "", 0
        for found in _PIECE.finditer(text):
            made += re.escape(plain(text[at:found.start()]))
            if found[1] is not None:
                every = {self._pattern(form) for form in found[1].split("|")}  # which may hold slots in turn
            else:
                forms = [form for label in self.labels for form in self._forms(found[2], label)] \
                    if found[2] in ("l", "L") else self.slots[found[2]]
                every = {re.escape(plain(form)) for form in forms}
            made += "(?:" + "|".join(sorted(every, key=lambda one: (-len(one), one))) + ")"
            at = found.end()
        return made + re.escape(plain(text[at:]))


def names_label(template: Template) -> bool:
    return "{l}" in template.text or "{L}" in template.text


def plain(text: str) -> str:
    """Letters and digits alone, in lower case: what two spellings of one sentence share."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())


def read_grammar(folder: Path | None = None) -> Grammar:
    """The grammar of ``templates.txt`` and ``slots.txt``.  Raises ``ValueError`` for an unknown kind."""
    folder = folder or paths.resources_dir() / "chat"
    slots: dict[str, tuple[str, ...]] = {}
    labels: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for head, lines in _blocks(folder / "slots.txt"):
        if head.startswith("lesion "):
            one, several = ([form for line in lines if line.startswith(mark) for form in _forms(line[2:])]
                            for mark in ("l:", "L:"))
            labels[head.removeprefix("lesion ")] = tuple(one), tuple(several)
        else:
            slots[head] = tuple(form for line in lines for form in _forms(line))
    templates = []
    for head, lines in _blocks(folder / "templates.txt"):
        kind, _, slot = head.partition(" ")
        asked = next((one for one in KINDS if one == kind), None)
        if asked is None:
            raise ValueError(f"{kind} is no kind of question")
        templates += [Template(asked, slot or None, line) for line in lines]
    return Grammar(tuple(templates), slots, labels)


def _forms(line: str) -> list[str]:
    return [form.strip() for form in line.split("|")]


def _blocks(path: Path) -> Iterator[tuple[str, list[str]]]:
    head, held = "", list[str]()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("["):
            if head:
                yield head, held
            head, held = line.strip("[] "), []
        else:
            held.append(line.strip())
    yield head, held


@dataclass(frozen=True, slots=True)
class Paraphrase:
    """One question written by hand and what it means."""

    text: str
    intent: Intent


def read_paraphrases(folder: Path | None = None) -> tuple[Paraphrase, ...]:
    """The questions that are kept apart: never trained on, never chosen by."""
    return _questions((folder or paths.resources_dir() / "chat") / "paraphrases.tsv")


def read_written(folder: Path | None = None) -> tuple[Paraphrase, ...]:
    """The questions that are trained on beside the templates."""
    return _questions((folder or paths.resources_dir() / "chat") / "written.tsv")


def read_rehearsal(folder: Path | None = None) -> tuple[Paraphrase, ...]:
    """The questions that choices are made by: never trained on, and none that a template can give."""
    return _questions((folder or paths.resources_dir() / "chat") / "rehearsal.tsv")


def _questions(path: Path) -> tuple[Paraphrase, ...]:
    made = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#") and line.strip():
            head, text = line.split("\t")
            kind, slot = head.split(" ")
            made.append(Paraphrase(text, _meant(kind, None if slot == "-" else slot)))
    return tuple(made)


def _meant(kind: str, slot: str | None) -> Intent:
    asked = next(one for one in KINDS if one == kind)
    if asked in ("presence", "count"):
        return Intent(asked, slot)
    return Intent(asked, topic=slot) if asked == "outside" else Intent(asked, target=slot)
