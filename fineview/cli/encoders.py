"""Commands about the encoders at hand: list, show, verify, import."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import Any

from fineview.app import App
from fineview.cli.show import progress_token
from fineview.core.errors import WrongWords
from fineview.core.evidence import EncoderEntry


def list_all(wish: argparse.Namespace) -> Any:
    """Every encoder with a name; a folder that cannot be read is told beside those that can."""
    app = App()
    found = [_card(one) for one in app.encoders()]
    problems = [{"path": str(path), **error.as_dict()} for path, error in app.encoder_problems()]
    if wish.json:
        return {"models": found, "problems": problems}
    for one in found:
        print(f"{one['name']}  {one['version']}  sha256 {one['sha256']}  {one['licence']}  {one['words']}")
    for problem in problems:
        print(f"problem: {problem['path']}: {problem['what']} {problem['remedy']}")
    return 0


def show(wish: argparse.Namespace) -> Any:
    """One encoder's card; for people its own README where it has one."""
    from fineview.models.shelf import entry

    folder = App(encoder=wish.name).encoder_folder()
    card = _card(entry(folder))
    if wish.json:
        return card
    readme = folder / "README.md"
    print(readme.read_text("utf-8", errors="replace") if card["kind"] == "retina" and readme.is_file()
          else "\n".join(f"{name}: {value}" for name, value in card.items()))
    return 0


def verify(wish: argparse.Namespace) -> Any:
    """Check every file of an encoder against its manifest, record, or, for a folder not imported, the format.

    Of an encoder with lesion heads a small part of the card is measured again and compared as well, unless ``--files``.
    """
    from fineview.models import shelf

    with closing(App(encoder=wish.name)) as app:
        found = shelf.verify(app.encoder_folder())
        made: dict[str, Any] = {"name": found.name, "sha256": found.sha256, "verdict": "ok"}
        if not wish.json:
            print(f"{found.name}: sha256 {found.sha256} is right", flush=True)
        if found.kind == "retina" and found.trained and not wish.files:
            from fineview.lab.verify_card import verify_card

            made |= verify_card(app, found, progress_token().report)
    return made if wish.json else _say_card(made)


def _say_card(made: dict[str, Any]) -> int:
    for row in made.get("card") or ():
        print(f"{row['name']:20} {row['value']:g} {row['unit']}, stored {row['stored']:g}, within {row['tolerance']:g}")
    if "card" in made:
        print(made.get("note") or f"The card's figures hold, measured again in {made['seconds']:g} s.")
    return 0


def take(wish: argparse.Namespace) -> Any:
    """Import a folder of weights under a name, or with ``--int8`` an encoder at hand in half its size."""
    if not wish.name:
        raise WrongWords("A folder is needed.", "Example: fineview models import DIR --as NAME")
    found = (App(encoder=wish.name).import_int8(wish.known_as) if wish.int8
             else App().import_encoder(Path(wish.name), wish.known_as, wish.licence))
    if wish.json:
        return _card(found)
    print(f"Imported {found.name} ({found.words}), licence {found.licence}, sha256 {found.sha256}")
    print(f"Use it with --encoder {found.name}")
    return 0


def _card(one: EncoderEntry) -> dict[str, Any]:
    card = {"name": one.name, "version": one.version, "sha256": one.sha256, "licence": one.licence, "kind": one.kind,
            "trained": one.trained, "fusion_trained": one.fusion_trained, "fusion": one.fusion, "words": one.words,
            "path": one.path}
    if one.kind == "retina":
        from fineview.models.weights import read_manifest

        card["trained_steps"] = read_manifest(Path(one.path)).trained_steps
    return card
