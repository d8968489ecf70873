"""A tiny tokenizer over a fixed, shipped vocabulary.

The list is frozen because word numbers are part of the weights: new words are appended, never inserted.  A test
keeps that every synonym of every label is covered.
"""

from __future__ import annotations

import re
from functools import lru_cache

PAD, UNKNOWN, START = 0, 1, 2
_LABEL_WORDS = (
    "microaneurysm microaneurysms ma red dot haemorrhage hemorrhage haemorrhages hemorrhages bleeding bleed blood blot "
    "flame hard exudate exudates lipid yellow deposit soft cotton wool spot spots optic disc disk nerve head papilla "
    "drusen druse sub rpe fluid subretinal intraretinal cyst cysts oedema edema detachment hyperreflective focus foci "
    "bright lesion lesions abnormality abnormal finding findings pathology disease suspicious anything wrong"
)
_FUNCTION_WORDS = (
    "a an and any anywhere are area at can do does find for have here how i in inside is it large look looks many me "
    "of on or please region retina image picture scan see show signs some something than that the there these this "
    "those to visible was what where which with you your no not normal healthy left right above below near side big "
    "small dark light brighter fundus oct eye patient present contain contains like"
)
VOCABULARY: tuple[str, ...] = ("<pad>", "<unk>", "<start>", *_LABEL_WORDS.split(), *_FUNCTION_WORDS.split())
_NUMBER = {word: number for number, word in enumerate(VOCABULARY)}
_WORD = re.compile(r"[a-z]+")


@lru_cache(maxsize=512)
def encode(text: str, length: int = 16) -> tuple[int, ...]:
    """Word numbers of a text, the pooling word first, cut or padded to ``length``.  Unknown words become <unk>."""
    words = _WORD.findall(text.lower().replace("_", " "))
    ids = [START, *(_NUMBER.get(word, UNKNOWN) for word in words)][:length]
    return (*ids, *([PAD] * (length - len(ids))))


def known(text: str) -> bool:
    """Whether at least one word of the text is in the vocabulary's label part."""
    return any(word in _LABEL_SET for word in _WORD.findall(text.lower().replace("_", " ")))


_LABEL_SET = frozenset(_LABEL_WORDS.split())
