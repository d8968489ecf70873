"""What changed between two visits, or differs between two eyes, in the words that every format prints."""

from __future__ import annotations

from dataclasses import dataclass

from fineview.core.change import OFF_MM, GridChange, Visit

NONE = "\u2013"
_EYES = {"R": "OD", "L": "OS"}


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """``head``: captions of the five columns; ``rows``: a field each, then the volume; ``why_not``: first of all."""

    title: str
    why_not: str
    head: tuple[str, str, str, str, str]
    rows: tuple[tuple[str, str, str, str, str], ...]
    told: tuple[str, ...]


def change_words(told: GridChange) -> ChangeWords:
    days = tuple(day(one.date) for one in (told.before, told.after))
    if told.of_eyes:
        title, what = "Difference between the eyes, one of them mirrored", "Difference"
        head = tuple(f"{_EYES.get(one.eye.value or '', '?')}, {when}"
                     for one, when in zip((told.before, told.after), days, strict=True))
    else:
        title, what, head = f"Change from {days[0]} to {days[1]}", "Change", days
    rows = [(one.name.capitalize(), um(one.before_um), um(one.after_um), signed(one.change_um, "\u00b5m"),
             signed(one.percent, "%")) for one in told.fields]
    volume, whole = (mm3(told.before_mm3), mm3(told.after_mm3)), told.change_mm3
    share = whole / told.before_mm3 * 100 if whole is not None and told.before_mm3 else None
    rows.append(("Volume of the 6 mm circle", *volume, signed(whole, "mm\u00b3", 2), signed(share, "%")))
    return ChangeWords(title, told.why_not, ("Field", head[0], head[1], what, "Of the first"), tuple(rows),
                       tuple(_told(told)))


def _told(told: GridChange) -> list[str]:
    said = [f"{_visit(one)}." for one in (told.before, told.after)]
    said.append(f"Aligned {told.alignment.words}.")
    if told.at_stake_um is not None:
        said.append(f"Were the alignment off by {OFF_MM:g} mm, a field could be off by up to "
                    f"{told.at_stake_um:.0f} \u00b5m.")
    return said + [f"Note: {note}." for note in told.notes]


def _visit(one: Visit) -> str:
    return f"{day(one.date)}, {one.eye.words}: {one.device.words}; {one.told.words}"


def day(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date or "an undated visit"


def um(value: float | None) -> str:
    return NONE if value is None else f"{value:.0f} \u00b5m"


def mm3(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f} mm\u00b3"


def signed(value: float | None, unit: str, digits: int = 0) -> str:
    """What rounds to nothing has no sign."""
    if value is None:
        return NONE
    return f"0 {unit}" if abs(value) < 0.5 / 10**digits else f"{value:+.{digits}f} {unit}".replace("-", "\u2212")
