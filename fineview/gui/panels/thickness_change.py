"""A comparison of two volumes in words and as a table: then, now, change, and what vouches for it."""

from __future__ import annotations

from fineview.core.change import OFF_MM, GridChange, Visit
from fineview.core.thickness import CENTRE
from fineview.gui.panels.grid_table import GridTable
from fineview.gui.wording import date_words, tr


class ChangeTable(GridTable):
    """Nine fields and the volume of the 6 mm circle."""

    def __init__(self) -> None:
        super().__init__(10, 5, tr("Change of the ETDRS fields"), spare=4, narrow_px=330)

    def show_change(self, told: GridChange) -> None:
        before, after = headings(told)
        change = tr("difference") if told.of_eyes else tr("change")
        self.setHorizontalHeaderLabels([tr("Field, \u00b5m"), before, after, change, "%"])
        for row, one in enumerate(told.fields):
            self._fill(row, (tr(one.name), um(one.before_um), um(one.after_um), signed(one.change_um),
                             signed(one.percent)))
        volumes = (mm3(told.before_mm3), mm3(told.after_mm3))
        whole = told.change_mm3
        share = whole / told.before_mm3 * 100 if whole is not None and told.before_mm3 else None
        self._fill(9, (tr("volume, mm\u00b3"), *volumes, signed(whole, 2), signed(share)))

    def _fill(self, row: int, words: tuple[str, ...]) -> None:
        for column, text in enumerate(words):
            # The share has a column of its own, which goes where there is little room.
            share = f"{words[4]} %" if column == 3 and words[4] != "\u2013" else ""
            self.put(row, column, text, share)


def headings(told: GridChange) -> tuple[str, str]:
    """"then" and "now", or the two eyes; where a date is missing, which of the two is shown."""
    if told.of_eyes:
        first, second = ({"R": "OD", "L": "OS"}.get(one.eye.value or "", "?") for one in (told.before, told.after))
        return first, second
    days = (told.before.date, told.after.date)
    return (tr("then"), tr("now")) if all(days) and days[0] != days[1] else (tr("other"), tr("shown"))


def dates(told: GridChange) -> str:
    """"then 2024-01-10, now 2025-01-10; aligned by the two marked foveas, … (as good as the marks)"."""
    visits = zip(headings(told), (told.before, told.after), strict=True)
    days = ", ".join(f"{name} {date_words(one.date) or tr('undated')}" for name, one in visits)
    hint = f". {tr('Mark the fovea (V) in both volumes, then compare again.')}" if told.alignment.by == "centre" else ""
    return f"{days}; {tr('aligned')} {tr(told.alignment.words)}{hint}"


def um(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:.0f}"


def mm3(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:.2f}"


def signed(value: float | None, digits: int = 0) -> str:
    """With its sign; what rounds to nothing has none."""
    if value is None:
        return "\u2013"
    return "0" if abs(value) < 0.5 / 10**digits else f"{value:+.{digits}f}".replace("-", "\u2212")


def headline(told: GridChange) -> str:
    """"Central subfield 300 → 340 µm: +40 µm (+13 %)", or the sentence why there is no change."""
    if told.why_not:
        return tr(told.why_not)
    one = told.field(CENTRE)
    if one.change_um is None:
        return f"{tr('Central subfield')} {tr('not covered by both')}"
    share = "" if one.percent is None else f" ({signed(one.percent)}\u00a0%)"
    return (f"{tr('Central subfield')} {um(one.before_um)} \u2192 {um(one.after_um)}\u00a0\u00b5m: "
            f"{signed(one.change_um)}\u00a0\u00b5m{share}")


def told_words(told: GridChange) -> str:
    """Whose volumes they are, how they were aligned, and every reservation, a line each."""
    visits = zip(headings(told), (told.before, told.after), strict=True)
    lines = [f"{name}: {visit_words(one)}." for name, one in visits]
    if told.of_eyes:
        lines.append(tr("A difference between the two eyes, one of them mirrored, and no change in time."))
    lines += [f"{note[0].upper()}{note[1:]}." for note in told.notes]
    if told.at_stake_um is not None:
        lines.append(tr("Were the alignment off by {0} mm, a field could be off by up to {1} \u00b5m.").format(
            f"{OFF_MM:g}", f"{told.at_stake_um:.0f}"))
    return "\n".join(lines)


def visit_words(one: Visit) -> str:
    """"2024-01-10, right eye (OD), Maker Model, software 6.0; ILM to BM, lines by … (from the file), …"."""
    return f"{date_words(one.date) or tr('undated')}, {one.eye.words}, {one.device.words}; {one.told.words}"
