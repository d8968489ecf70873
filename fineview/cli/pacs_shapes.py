"""What ``fineview pacs --json`` prints of nodes, matches and objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fineview.core.peer import Match, Node, Parcel, Retrieved
from fineview.core.received import ReceivedStudy


def node_object(node: Node) -> dict[str, Any]:
    if node.kind == "web":
        where: dict[str, Any] = {"url": node.url}
    else:
        where = {"host": node.host, "port": node.port, "title": node.called, "own_title": node.calling,
                 "tls": node.tls, "move_port": node.move_port or None}
    return {"name": node.name, "kind": node.kind, **where, "patience_s": node.patience_s,
            "ca": node.ca_file or None, "cert": node.cert_file or None, "key": node.key_file or None}


def match_object(one: Match) -> dict[str, Any]:
    return {"study_uid": one.study_uid or None, "series_uid": one.series_uid or None, "patient_id": one.patient_id,
            "patient_name": one.patient_name, "birth_date": one.birth_date, "date": one.date,
            "description": one.description, "modality": one.modality.split("\\") if one.modality else [],
            "accession": one.accession, "number": one.number or None, "objects": one.objects or None}


def parcel_object(one: Parcel) -> dict[str, Any]:
    return {"sop_uid": one.sop_uid, "study_uid": one.study_uid or None, "node": one.node, "batch": one.batch,
            "state": one.state, "attempts": one.attempts, "why": one.why or None, "at": one.at}


def retrieved_object(done: Retrieved) -> dict[str, Any]:
    return {"folder": done.folder, "promised": done.promised, "complete": done.complete,
            "arrived": [{"sop_uid": one.sop_uid, "path": one.path, "bytes": one.size, "known": one.known,
                         "image": one.image, "other_patient": one.stranger} for one in done.arrived],
            "refused": [{"sop_uid": one.sop_uid, "code": one.code, "why": one.why} for one in done.refused]}


def received_object(one: ReceivedStudy, root: Path) -> dict[str, Any]:
    return {"study_uid": one.study_uid or None, "folder": str(root / one.folder), "patient_id": one.patient_id,
            "patient_name": one.patient_name, "date": one.date, "description": one.description,
            "objects": one.objects, "bytes": one.size, "received_at": one.at or None}
