"""The results page is what the shipped results say: made again and compared; its words checked on a made-up one."""

from __future__ import annotations

from fineview import paths
from fineview.core.evidence import ModelIdentity
from fineview.core.measured import Figure, StoredResult
from fineview.lab.results_page import TITLES, current, missed_by, page, read_comments
from fineview.store.results import read_results

BOOK = paths.resources_dir() / "handbook"


def test_the_page_of_the_handbook_is_what_the_results_say() -> None:
    assert (BOOK / "results.md").read_text("utf-8") == current(paths.resources_dir()), (
        "make it again: python -m fineview.lab.results_page")


def test_shipped_results_are_known_and_say_what_they_were_made_of() -> None:
    shelf = read_results(paths.resources_dir() / "results", BOOK / "none")
    assert not shelf.problems
    for one in shelf.results:
        assert one.what in TITLES, one.file
        assert one.figures and one.data and one.machine and one.software, one.file


def test_every_comment_has_its_section() -> None:
    assert set(read_comments(BOOK / "results")) <= set(TITLES)


RESULT = StoredResult(
    "lesions", "2026-11-21T13:00:00Z", "FineView 0.1.0", ModelIdentity("retina-s", "0.1.0", "d" * 64), "six phantoms",
    4, "a machine", (
        Figure("f1_drusen", 0.3, "fraction", 12, (0.25, 0.35), 0.4, False, {"random": 0.1, "classical": None}),
        Figure("first map", 1234.4, "ms", 5, None, 3000.0, True, {"random": 0.00012}),
        Figure("empty", None, "fraction", 0)))


def test_rows_goals_and_what_was_missed() -> None:
    made = page([RESULT], {"lesions": "Too few phantoms.\n"})
    assert "- [Lesions on photographs](#lesions-on-photographs)" in made
    assert ("`fineview evaluate lesions`, 2026-11-21, FineView 0.1.0. Data: six phantoms. Weights: retina-s dddddddd. "
            "Seed 4. Machine: a machine.") in made
    assert "| figure | value | interval | n | goal | random | classical |" in made
    assert "| f1_drusen | 0.300 | 0.250 to 0.350 | 12 | 0.400 missed | 0.100 | - |" in made
    assert "| first map | 1,234 ms | - | 5 | 3,000 met | 0.00012 | - |" in made
    assert "| empty | - | - | 0 | - | - | - |" in made
    assert "Missed: f1_drusen 0.300 against 0.400 (by 0.100).\n\nToo few phantoms." in made


def test_only_the_newest_of_the_same_thing_is_shown() -> None:
    from dataclasses import replace

    older = replace(RESULT, made="2026-11-20T13:00:00Z", figures=(Figure("old", 1.0, "", 1),))
    assert "old" not in page([older, RESULT], {}) and "| old |" in page([older], {})


def test_many_baselines_share_a_cell() -> None:
    many = StoredResult("maps", "2026-11-21T13:00:00Z", "", None, "", 0, "",
                        (Figure("hit", 0.5, "", 9, baselines={f"b{i}": i / 10 for i in range(7)}),))
    cell = "b0 0.000, b1 0.100, b2 0.200, b3 0.300, b4 0.400, b5 0.500, b6 0.600"
    assert f"| hit | 0.500 | - | 9 | {cell} |" in page([many], {})


def test_a_goal_that_is_reached_and_not_beaten() -> None:
    level = Figure("hit", 0.0588, "fraction", 17, None, 0.0588, False)
    assert missed_by(level) == "hit 0.059, level with its goal and not beyond it"


def test_without_results_the_page_says_so() -> None:
    assert "No result is shipped yet." in page([], {})
