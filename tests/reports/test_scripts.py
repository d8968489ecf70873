"""Right-to-left names in a left-to-right format."""

from __future__ import annotations

from fineview.reports import scripts

EMBEDDED = "DroidSansFallback"  # where the system has it


def test_left_to_right_text_is_untouched() -> None:
    assert scripts.visual("Müller, 12 – 山田") == "Müller, 12 – 山田"


def test_hebrew_is_turned_round_and_latin_is_not() -> None:
    assert scripts.visual("Dr דוד כהן, 12") == "Dr ןהכ דוד, 12"


def test_arabic_letters_join() -> None:
    # Meem initial, hah medial, meem medial, dal final (Unicode FE70-FEFF), drawn from the right.
    assert scripts.visual("محمد") == "\ufeaa\ufee4\ufea4\ufee3"
    # Dal does not join forward, so the reh after it stands alone.
    assert scripts.visual("در") == "\ufead\ufea9"


def test_markup_escapes_and_picks_fonts() -> None:
    assert scripts.markup("<b>&") == "&lt;b&gt;&amp;"
    assert scripts.markup("A 김") in (f'A <font name="{font}">김</font>' for font in ("HYGothic-Medium", EMBEDDED))
    marked = scripts.markup("山田 たろう")
    assert 2 in (marked.count("HeiseiKakuGo-W5"), marked.count(EMBEDDED))
    assert scripts.markup("a\u202eb\x00c\nd") == "abc d"


def test_letters_of_a_font_that_is_not_carried_are_noticed() -> None:
    assert scripts.borrowed("김철수") and not scripts.borrowed("Dr Müller דוד")


def test_letters_without_a_font_are_noticed() -> None:
    assert scripts.undrawable("ครู") and not scripts.undrawable("Dr Müller 山田 דוד محمد Ω Я")
