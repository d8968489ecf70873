"""Tool tips of words that files and peers chose: Qt takes what looks like HTML for HTML, and would lay it out."""

from __future__ import annotations

import html


def plain_tip(text: str) -> str:
    """``text`` as a tool tip that shows its very characters, lines kept."""
    return f"<span style='white-space:pre-wrap'>{html.escape(text)}</span>" if "<" in text else text
