"""The encoder a person chose is theirs again at the next start.

Kept as a name among the settings, never as a path.  It is loaded with its first map and not before.  Where it is gone
or cannot be loaded the window says so once, forgets it, and shows the maps of the encoder it was started with.
"""

from __future__ import annotations

from dataclasses import replace

from fineview.services.explain import Explain
from fineview.services.session import Session
from fineview.services.settings import Settings

SETTING = "encoder"


class RememberedEncoder:
    """``explain`` tells what was chosen (``keep``) and what never came (``forget``).

    ``named``: an encoder was named on the command line, which counts more than an earlier day.
    """

    def __init__(self, session: Session, settings: Settings, explain: Explain, named: bool) -> None:
        self._session, self._settings = session, settings
        explain.tell_encoders(self.keep, self.forget)
        kept = "" if named else settings.setting(SETTING) or ""
        self._restored = kept if kept != session.default_encoder else ""
        if self._restored:
            session.overlay = replace(session.overlay, encoder=self._restored)

    def check(self) -> None:
        """Once the encoders at hand are listed: is it still there?"""
        session, name = self._session, self._restored
        there = any(one.name == name for one in session.encoders)
        if not name or there or name in session.engines or session.overlay.encoder != name:
            return
        session.overlay = replace(session.overlay, encoder="")
        self.forget(name)
        session.tell("warning", f"The encoder \"{name}\" that was chosen last time is not there any more.",
                     f"{session.default_encoder} shows the maps. Import it again, or choose another under Evidence.",
                     "encoder-gone")
        session.pulse()

    def keep(self, name: str) -> None:
        """``name`` was chosen and is there; "" is the one the window was started with."""
        called = name or self._session.default_encoder
        known = any(one.name == called for one in self._session.encoders)
        self._settings.set_setting(SETTING, called if known else "")

    def forget(self, name: str) -> None:
        if self._settings.setting(SETTING) == name:
            self._settings.set_setting(SETTING, "")
