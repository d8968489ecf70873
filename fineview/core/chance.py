"""How a probability is told: two digits, and never as a certainty."""

from __future__ import annotations


def chance_words(share: float) -> str:
    """``share`` (0 to 1) as "0.86"; what would be rounded to 1.00 or 0.00 as "> 0.99" or "< 0.01".

    No model of ours is ever certain, and "1.00" reads as if it were.
    """
    told = f"{share:.2f}"
    return {"1.00": "> 0.99", "0.00": "< 0.01"}.get(told, told)
