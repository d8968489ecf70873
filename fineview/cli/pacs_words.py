"""The words of ``fineview pacs``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

Action = Callable[[str, str], argparse.ArgumentParser]

# The shape that --json prints for each action, for its help.
_SHAPES = {
    "nodes": '{"nodes": [NODE, ...]}', "add": '{"node": NODE, "secrets_kept": true|false|null}',
    "remove": '{"removed": NAME}', "echo": '{"node": NODE, "answers": true}',
    "find": '{"matches": [{"study_uid", "series_uid", "patient_id", "patient_name", "birth_date", "date", '
            '"description", "modality": [..], "accession", "number", "objects"}], "more", "left_out"}',
    "get": '{"folder", "promised", "complete", "arrived": [{"sop_uid", "path", "bytes", "known", "image", '
           '"other_patient"}], "refused": [{"sop_uid", "code", "why"}]}',
    "frames": '{"files": [PATH, ...]}', "send": "", "outbox": "", "retry": "", "check": "",
    "give-up": '{"given_up": N}', "forget": '{"forgotten": N}',
    "received": '{"folder", "studies": [{"study_uid", "folder", "patient_id", "patient_name", "date", "description", '
                '"objects", "bytes", "received_at"}]}',
    "delete": '{"study_uid", "deleted": N}'}
_PARCELS = ('{"objects": [{"sop_uid", "study_uid", "node", "batch", "state": "waiting"|"sending"|"sent"|"failed", '
            '"attempts", "why", "at"}]}')
_CODES = ("Exit code 0: done.  1: could not be done, or a part is missing: an object that was refused, not sent, not "
          "listed or of another patient.  2: the words were wrong.  Nothing is connected but the node that is named.")


def add_words(commands: Any, common: argparse.ArgumentParser) -> None:
    words = "search, retrieve and send: DIMSE and DICOMweb"
    pacs = commands.add_parser("pacs", parents=[common], help=words, description=f"PACS: {words}.", epilog=_CODES)
    actions = pacs.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, words: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(
            name, parents=[common], help=words, description=f"{words[0].upper()}{words[1:]}.",
            epilog=f"With --json: {_SHAPES[name] or _PARCELS}.  {_CODES}")
        return made

    _node_words(action)
    _get_words(action)
    _send_words(action)


def _node_words(action: Action) -> None:
    action("nodes", "the peers that are entered here")
    _add(action("add", "enter a peer, or put it in the place of one of the same name"))
    for name, words in (("remove", "forget a peer and its secrets"), ("echo", "ask whether a peer answers")):
        action(name, words).add_argument("node")


def _get_words(action: Action) -> None:
    _find(action("find", "what a peer has"))
    get = action("get", "bring a study or series here; prints the folder, which can be opened")
    get.add_argument("node")
    _uids(get)
    get.add_argument("--patient-id", default="", metavar="ID",
                     help="whose it is: objects that name another patient are pointed out")
    frames = action("frames", "single frames of an object, as a DICOMweb service holds them")
    frames.add_argument("node")
    _uids(frames)
    frames.add_argument("--object", required=True, metavar="UID")
    frames.add_argument("--frames", required=True, type=_numbers, metavar="N,...", help="from 1")
    action("received", "the studies that were retrieved, and how much room they take")
    delete = action("delete", "delete a retrieved study from this computer; there is no way back")
    delete.add_argument("--study", required=True, metavar="UID")
    delete.add_argument("--for-good", action="store_true", required=True, help="you know that there is no way back")


def _send_words(action: Action) -> None:
    send = action("send", "put every DICOM object under PATH into the outbox and send it")
    send.add_argument("node")
    send.add_argument("path", type=Path, nargs="+")
    action("outbox", "what was sent, waits or failed, object by object")
    action("retry", "send again what failed or waits")
    action("check", "ask the peers whether they list what they confirmed")
    action("give-up", "never send these objects").add_argument("object", metavar="SOP-UID", nargs="+")
    action("forget", "take what was sent out of the list").add_argument(
        "--unsent", action="store_true", help="what was not sent too: it will not be sent any more")


def _add(add: argparse.ArgumentParser) -> None:
    add.add_argument("name")
    where = add.add_mutually_exclusive_group(required=True)
    where.add_argument("--dimse", metavar="HOST:PORT")
    where.add_argument("--web", metavar="URL", help="of the DICOMweb service, as https://HOST/dicom-web")
    add.add_argument("--title", metavar="AET", default="", help="the peer's application entity title")
    add.add_argument("--own-title", metavar="AET", default="FINEVIEW")
    add.add_argument("--tls", action="store_true")
    add.add_argument("--ca", type=Path, metavar="FILE", help="certificates to trust instead of the system's")
    add.add_argument("--cert", type=Path, metavar="FILE", help="our own certificate, where the peer wants one")
    add.add_argument("--key", type=Path, metavar="FILE", help="its key, where it is not in the same file")
    add.add_argument("--move-port", type=int, default=0, metavar="PORT",
                     help="retrieve with C-MOVE and listen here; without it C-GET is used")
    add.add_argument("--patience", type=float, default=30.0, metavar="SECONDS")
    add.add_argument("--ask-token", action="store_true", help="read a bearer token from terminal or standard input")
    add.add_argument("--ask-passphrase", action="store_true", help="the same for the key's passphrase")


def _find(find: argparse.ArgumentParser) -> None:
    find.add_argument("node")
    find.add_argument("--level", choices=("patient", "study", "series"), default="study")
    find.add_argument("--patient-id", default="")
    find.add_argument("--patient-name", default="", help="* and ? are wildcards")
    find.add_argument("--study", default="", metavar="UID")
    find.add_argument("--accession", default="")
    find.add_argument("--date", default="", metavar="YYYYMMDD[-YYYYMMDD]")
    find.add_argument("--modality", default="")
    find.add_argument("--limit", type=int, default=200)


def _uids(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--study", required=True, metavar="UID")
    parser.add_argument("--series", default="", metavar="UID")


def _numbers(text: str) -> tuple[int, ...]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"\"{text}\" is not a list of frame numbers from 1")
    return tuple(int(part) for part in parts)
