"""``fineview pacs``: peers, what they have, and objects coming and going.

Secrets never stand on the command line, where every user of the machine can read them: they come from the keyring,
from a prompt, or from FINEVIEW_PACS_TOKEN and FINEVIEW_PACS_PASSPHRASE for one run.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from fineview.app import App
from fineview.cli.pacs_shapes import match_object, node_object, parcel_object, received_object, retrieved_object
from fineview.cli.show import progress_token
from fineview.cli.study import opened
from fineview.core.errors import FineViewError, InputProblem, WrongWords
from fineview.core.peer import Match, Node, Parcel, Query, Secrets, Wish, hashed_name

Acting = Callable[[App, argparse.Namespace], Any]


def pacs(wish: argparse.Namespace) -> Any:
    actions: dict[str, Acting] = {
        "nodes": _nodes, "add": _add, "remove": _remove, "echo": _echo, "find": _find, "get": _get, "frames": _frames,
        "send": _send, "outbox": _outbox, "retry": _retry, "check": _check, "give-up": _give_up, "forget": _forget,
        "received": _received, "delete": _delete}
    with opened(wish) as app:
        return actions[wish.action](app, wish)


def _parts(app: App) -> Any:
    environment = Secrets(os.environ.get("FINEVIEW_PACS_TOKEN", ""), os.environ.get("FINEVIEW_PACS_PASSPHRASE", ""))
    return app.pacs(environment)


def _nodes(app: App, wish: argparse.Namespace) -> Any:
    nodes = _parts(app)[0].nodes()
    return _said(wish, {"nodes": [node_object(one) for one in nodes]},
                 [f"{one.name:16} {one.address}" for one in nodes] or ["No PACS node yet: see \"fineview pacs add\"."])


def _add(app: App, wish: argparse.Namespace) -> Any:
    files = {"ca_file": wish.ca, "cert_file": wish.cert, "key_file": wish.key}
    for one in files.values():
        if one is not None and not one.is_file():
            raise InputProblem(f"{one} is not a file.", "Give the path of a PEM file.", "not-found")
    kept = {name: str(one.resolve()) if one is not None else "" for name, one in files.items()}
    if wish.web:
        node = Node(wish.name, "web", url=wish.web, patience_s=wish.patience, **kept)
    else:
        host, port = _host_port(wish.dimse)
        node = Node(wish.name, "dimse", host, port, wish.title, wish.own_title, wish.tls, move_port=wish.move_port,
                    patience_s=wish.patience, **kept)
    secrets = Secrets(_secret("Token") if wish.ask_token else "",
                      _secret("Passphrase of the key") if wish.ask_passphrase else "")
    lasting = _parts(app)[0].add(node, secrets if secrets != Secrets() else None)
    lines = [f"{node.name}: {node.address}"]
    if not lasting:
        lines.append("There is no keyring on this machine that keeps secrets, so nothing was kept. Set "
                     "FINEVIEW_PACS_TOKEN or FINEVIEW_PACS_PASSPHRASE for each run.")
    return _said(wish, {"node": node_object(node), "secrets_kept": lasting if secrets != Secrets() else None}, lines)


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()):
        raise WrongWords(f"\"{text}\" is not HOST:PORT.", "Example: --dimse pacs.example:104")
    return host.strip("[]"), int(port)


def _secret(what: str) -> str:
    said = getpass.getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not said:
        raise InputProblem(f"{what}: nothing was given.", "Type it at the prompt, or give it on standard input.",
                           "no-secret")
    return said


def _remove(app: App, wish: argparse.Namespace) -> Any:
    _parts(app)[0].remove(wish.node)
    return _said(wish, {"removed": wish.node}, [f"{wish.node} is forgotten."])


def _echo(app: App, wish: argparse.Namespace) -> Any:
    node = _parts(app)[0].echo(wish.node, progress_token())
    return _said(wish, {"node": node_object(node), "answers": True}, [f"{node.name} answers."])


def _find(app: App, wish: argparse.Namespace) -> Any:
    query = Query(wish.level, wish.patient_id, wish.patient_name, wish.study, wish.accession, wish.date, wish.modality,
                  wish.limit)
    found = _parts(app)[0].find(wish.node, query, progress_token())
    lines = [_match_line(one) for one in found.rows] or ["Nothing was found."]
    if found.cut:
        lines.append(f"There is more; the first {len(found.rows)} are shown.")
    if found.refused:
        lines.append(f"{found.refused} rows are left out: their UID is none.")
    return _said(wish, {"matches": [match_object(one) for one in found.rows], "more": found.cut,
                        "left_out": found.refused}, lines)


def _match_line(one: Match) -> str:
    uid = one.series_uid or one.study_uid
    words = (one.date, one.modality.replace("\\", "/"), one.patient_id, one.patient_name, one.description,
             f"{one.objects} objects" if one.objects else "", uid)
    return "  ".join(word for word in words if word)


def _get(app: App, wish: argparse.Namespace) -> Any:
    done = _parts(app)[0].retrieve(wish.node, Wish(wish.study, wish.series, wish.patient_id), progress_token())
    lines = [f"{len(done.arrived)} of {done.promised} objects retrieved, in {done.folder}"]
    if done.strangers:
        lines.append(f"{done.strangers} of them name another patient: check whose they are before you use them.")
    lines += [f"refused: {one.sop_uid or 'without UID'}: {one.why}" for one in done.refused]
    return _ended(wish, retrieved_object(done), lines, done.complete and not done.strangers)


def _frames(app: App, wish: argparse.Namespace) -> Any:
    files = _parts(app)[0].frames(wish.node, Wish(wish.study, wish.series), wish.object, wish.frames, progress_token())
    return _said(wish, {"files": [str(one) for one in files]}, [str(one) for one in files])


def _send(app: App, wish: argparse.Namespace) -> Any:
    from fineview.services.open_study import scan_all
    from fineview.services.outbox import objects_in

    _, outbox = _parts(app)
    batch = outbox.post(wish.node, objects_in(scan_all(app.archive, wish.path, progress_token())))
    try:
        outbox.deliver(progress_token(), batch)
    except FineViewError as error:
        raise type(error)(error.what, f"{error.remedy} \"fineview pacs retry\" sends what is left.",
                          error.code) from error
    return _parcels(wish, [one for one in outbox.parcels() if one.batch == batch])


def _outbox(app: App, wish: argparse.Namespace) -> Any:
    _parcels(wish, _parts(app)[1].parcels())
    return 0


def _retry(app: App, wish: argparse.Namespace) -> Any:
    _, outbox = _parts(app)
    outbox.retry()
    return _parcels(wish, outbox.deliver(progress_token()))


def _check(app: App, wish: argparse.Namespace) -> Any:
    tried = _parts(app)[1].check(progress_token())
    listed = sum("does not list" not in one.why for one in tried)
    lines = [f"{one.node}  {one.sop_uid}  {one.why}" for one in tried]
    lines.append(f"{listed} of {len(tried)} sent objects are listed by their peers." if tried else "Nothing was sent.")
    return _ended(wish, {"objects": [parcel_object(one) for one in tried]}, lines, listed == len(tried))


def _give_up(app: App, wish: argparse.Namespace) -> Any:
    outbox = _parts(app)[1]
    gone = outbox.give_up({one.id for one in outbox.parcels() if one.sop_uid in wish.object})
    return _said(wish, {"given_up": gone}, [f"{gone} objects were given up: they will not be sent."])


def _forget(app: App, wish: argparse.Namespace) -> Any:
    gone = _parts(app)[1].forget(unsent=wish.unsent)
    return _said(wish, {"forgotten": gone}, [f"{gone} objects are out of the list."])


def _received(app: App, wish: argparse.Namespace) -> Any:
    received = app.received()
    found = received.studies(progress_token())
    lines = [f"{one.at}  {one.patient_id}  {one.patient_name}  {one.date}  {one.objects} objects  "
             f"{one.size / 1e6:.1f} MB  {one.study_uid or received.root / one.folder}" for one in found]
    lines.append(f"{len(found)} studies, {sum(one.size for one in found) / 1e6:.1f} MB, in {received.root}" if found
                 else "No study was retrieved yet, or all are deleted.")
    made = {"folder": str(received.root), "studies": [received_object(one, received.root) for one in found]}
    return _said(wish, made, lines)


def _delete(app: App, wish: argparse.Namespace) -> Any:
    gone = app.received().remove(hashed_name(wish.study))
    return _said(wish, {"study_uid": wish.study, "deleted": gone}, [f"{gone} files of the study are deleted."])


def _parcels(wish: argparse.Namespace, parcels: Sequence[Parcel]) -> Any:
    sent = sum(one.state == "sent" for one in parcels)
    lines = [f"{one.state:8} {one.node}  {one.sop_uid}  {one.why}".rstrip() for one in parcels]
    lines.append(f"{sent} of {len(parcels)} objects sent." if parcels else "The outbox is empty.")
    return _ended(wish, {"objects": [parcel_object(one) for one in parcels]}, lines, sent == len(parcels))


def _said(wish: argparse.Namespace, made: dict[str, Any], lines: Sequence[str]) -> Any:
    if wish.json:
        return made
    print("\n".join(lines))
    return 0


def _ended(wish: argparse.Namespace, made: dict[str, Any], lines: Sequence[str], whole: bool) -> Any:
    """Exit 1 where a part is missing: the object or the lines say which."""
    if wish.json:
        from fineview.cli.json_line import as_json

        print(as_json(made))
    else:
        print("\n".join(lines))
    return 0 if whole else 1
