"""Which marks are listed, and by that which number each has: the same in the list, on the picture and in every pane."""

from __future__ import annotations

from collections.abc import Iterable

from fineview.core.finding import Finding
from fineview.services.promising import reaches
from fineview.services.session import Session
from fineview.services.suggestions import of_encoder


def of_the_encoder(session: Session, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Without undecided suggestions of other encoders than the one in force."""
    facts = session.engines.get(session.overlay.encoder)
    return of_encoder(tuple(findings), facts.identity.sha256 if facts else None, session.selected)


def listed(session: Session, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same, without undecided suggestions below the least score; the selected one is always there."""
    known = of_the_encoder(session, findings)
    return tuple(f for f in known if f.id == session.selected or reaches(f, session.least_score))
