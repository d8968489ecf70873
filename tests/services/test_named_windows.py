"""Lists of windows: a person's own in place of the built-in one, and no line that is no window."""

from __future__ import annotations

import pytest

from fineview.core.errors import RequestProblem
from fineview.core.image import Window
from fineview.imaging.window import NAMED
from fineview.services.named_windows import SETTING, NamedWindows, from_lines, to_lines


class Shelf:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def setting(self, name: str) -> str | None:
        return self.kept.get(name)

    def set_setting(self, name: str, value: str) -> None:
        self.kept[name] = value


def test_a_list_of_one_s_own_is_kept_and_taken_back() -> None:
    shelf = Shelf()
    named = NamedWindows(shelf)
    assert named.of("CT") == NAMED["CT"] and named.of("MR") == ()
    named.change("CT", "Liver W 160 L 60\n\n  stroke  w 40 l -35.5 ")
    assert NamedWindows(shelf).of("CT") == (Window(60, 160, name="Liver"), Window(-35.5, 40, name="stroke"))
    named.change("MR", "Soft  W 900  L 400")
    named.change("CT", to_lines(NAMED["CT"]))
    assert NamedWindows(shelf).of("CT") == NAMED["CT"] and named.lines("MR") == "Soft  W 900  L 400"
    named.change("MR", "")
    assert named.of("MR") == () and shelf.kept[SETTING] == ""


def test_an_empty_list_is_a_choice_too() -> None:
    shelf = Shelf()
    NamedWindows(shelf).change("CT", "")
    assert NamedWindows(shelf).of("CT") == ()


@pytest.mark.parametrize("line", ["Lung", "W 1500 L -600", "Lung W 0 L 3", "Lung W 1.2.3 L 4", "Lung W -5 L 4",
                                  "Lung W 1500", "Lung W 1e5 L 3", "x" * 200])
def test_a_line_that_is_no_window_is_named_and_nothing_changes(line: str) -> None:
    shelf = Shelf()
    with pytest.raises(RequestProblem) as told:
        NamedWindows(shelf).change("CT", f"Brain W 80 L 40\n{line}")
    assert line[:60] in told.value.what and told.value.remedy and not shelf.kept


def test_no_more_than_keys_and_eyes_can_take() -> None:
    with pytest.raises(RequestProblem):
        from_lines("\n".join(f"Window {n} W 80 L 40" for n in range(13)))


@pytest.mark.parametrize("stored", ["{", "[]", "3", '{"CT": 4}', '{"CT": "nonsense"}'])
def test_a_damaged_store_costs_the_list_alone(stored: str) -> None:
    shelf = Shelf()
    shelf.kept[SETTING] = stored
    assert NamedWindows(shelf).of("CT") == NAMED["CT"]
