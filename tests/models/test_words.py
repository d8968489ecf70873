"""The shipped vocabulary covers every label, and unknown words stay unknown."""

from __future__ import annotations

from fineview.core.labels import LABELS
from fineview.models.language.words import PAD, START, UNKNOWN, VOCABULARY, encode, known


def test_every_synonym_is_in_the_vocabulary() -> None:
    for label in LABELS:
        for text in (label.word, *label.synonyms):
            assert UNKNOWN not in encode(text), text
            assert known(text)


def test_numbers_are_fixed_and_unique() -> None:
    assert VOCABULARY[:3] == ("<pad>", "<unk>", "<start>") and len(set(VOCABULARY)) == len(VOCABULARY) == 140
    assert VOCABULARY.index("microaneurysm") == 3 and VOCABULARY.index("a") == 61 and VOCABULARY[-1] == "like"


def test_case_marks_and_length_do_not_matter() -> None:
    assert encode("Hard_Exudate?") == encode("hard exudate")
    assert encode("")[:2] == (START, PAD) and len(encode("is " * 50)) == 16
    assert encode("giraffe")[1] == UNKNOWN and not known("giraffe")
