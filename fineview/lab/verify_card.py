"""``fineview models verify``: the stored card check, measured again on the spot and compared within its tolerances."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fineview.core.errors import WeightsProblem
from fineview.core.evidence import EncoderEntry
from fineview.core.measured import Figure, StoredResult
from fineview.lab.evaluate_card import measure
from fineview.lab.figures import Figures

if TYPE_CHECKING:
    from fineview.app import App

WHAT = "card"
NOT_STORED = "No card check is stored for these weights; \"fineview evaluate card --keep\" stores one."


def verify_card(app: App, weights: EncoderEntry, progress: Callable[[float, float, str], None]) -> dict[str, Any]:
    """``{"card": [{"name", "value", "stored", "tolerance", "unit"}], "stored", "seconds"}``.

    ``{"card": None, "note"}`` where nothing is stored for these weights.

    Raises ``WeightsProblem`` ``card-differs`` where a figure lies outside its tolerance, or where ``model.json``
    calibrates these tensors otherwise than when they were measured.
    """
    stored = stored_check(app.results().results, weights)
    if stored is None:
        return {"card": None, "note": NOT_STORED}
    begun = time.perf_counter()
    rows = compared(stored, measure(app.engine(), stored.seed, progress))
    wrong = [words for row in rows if (words := difference(row))]
    if wrong:
        raise WeightsProblem(
            f"Measured again, {len(wrong)} of {len(rows)} figures of the card differ: {'; '.join(wrong)}.",
            _remedy(rows), "card-differs")
    return {"card": rows, "stored": stored.made, "seconds": round(time.perf_counter() - begun, 2)}


def stored_check(results: tuple[StoredResult, ...], weights: EncoderEntry) -> StoredResult | None:
    """The newest stored card check of these very weights.  One that the person made stands for their own machine.

    Raises ``WeightsProblem`` where all there are were measured under another calibration.
    """
    checks = [one for one in results if one.what == WHAT and one.is_of(weights.sha256)]
    found = [one for one in checks if one.speaks_of(weights)]
    if checks and not found:
        raise WeightsProblem(f"The scores of {weights.name} are calibrated otherwise than when its card was measured.",
                             "Use the model.json that the weights were published with, or measure the card again with "
                             "\"fineview evaluate card --keep\".", "card-differs")
    return max(found, key=lambda one: (one.made, one.own), default=None)


def compared(stored: StoredResult, now: Figures) -> list[dict[str, Any]]:
    """One row a stored figure that has a tolerance."""
    known = {one.name: one for one in now.figures}
    return [_row(one, known.get(one.name)) for one in stored.figures if "tolerance" in one.about]


def difference(row: dict[str, Any]) -> str:
    """"f1_oct 0.31, stored 0.42, tolerance 0.05" where a row lies outside its tolerance, else ""."""
    value, stored = row["value"], row["stored"]
    unknown = value is None or stored is None
    same = value is stored if unknown else abs(value - stored) <= row["tolerance"]
    return "" if same else f"{row['name']} {_number(value)}, stored {_number(stored)}, tolerance {row['tolerance']:g}"


def _row(stored: Figure, now: Figure | None) -> dict[str, Any]:
    value = now.value if now is not None else None
    return {"name": stored.name, "value": None if value is None else float(f"{value:.6g}"), "stored": stored.value,
            "tolerance": _tolerance(stored.about["tolerance"]), "unit": stored.unit}


def _tolerance(words: str) -> float:
    """A number from a stored file; nothing but a number of ordinary size counts, and without one nothing may differ."""
    try:
        found = float(words)
    except ValueError:
        return 0.0
    return found if 0.0 <= found <= 10.0 else 0.0


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4g}"


def _remedy(rows: list[dict[str, Any]]) -> str:
    if any(difference(row) for row in rows if row["name"].startswith("brightness")):
        return ("The phantoms are others than those it was measured on, so this is no word on the weights: measure "
                "again with \"fineview evaluate card --keep\".")
    return ("The file is the right one by its sha256; this program or machine computes otherwise. Try --device cpu in "
            "other commands, install the versions of packaging/constraints.txt, and report it.")
