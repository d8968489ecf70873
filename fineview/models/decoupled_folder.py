"""A folder of three parts for decoupled attention, checked but not loaded; torch is not needed for it.

``image/`` holds a ``ResNetModel`` (config.json, safetensors), ``text/`` a ``BertModel`` with its ``vocab.txt``, and
``decoupled/`` what was trained to join them: ``config.json`` with ``{"model_type": "fineview-decoupled", "heads": N}``
and the tensors of :class:`~fineview.models.vision.decoupled.DecoupledAttention` without both backbones.  Published
ResNet-50 and BERT folders go into the first two as they are; nobody has published the third, so it comes from a
training of one's own, and without it the folder is refused: random projections would look like an answer.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from fineview.core.errors import WeightsProblem
from fineview.models import folder
from fineview.models.families import ACTIVATION, Family, re_of, real, whole
from fineview.models.folder import Bundle
from fineview.models.published import Part, inside

IMAGE, TEXT, JOINED = "image", "text", "decoupled"
KIND, VOCABULARY = "decoupled", "vocab.txt"
JOINED_TYPE = "fineview-decoupled"
HEADS = whole(1, 64)
PARTS = "Put a ResNet folder in image/, a BERT folder in text/ and the trained attention in decoupled/."
_SIZES = {
    "vocab_size": whole(5, 1_000_000), "hidden_size": whole(8, 2048), "num_hidden_layers": whole(1, 48),
    "num_attention_heads": whole(1, 64), "intermediate_size": whole(8, 8192),
    "max_position_embeddings": whole(8, 4096), "type_vocab_size": whole(1, 16), "layer_norm_eps": real(0.0, 0.01),
    "pad_token_id": whole(0, 1_000_000), "hidden_act": ACTIVATION}
BERT = Family(
    "bert", "bert", _SIZES, "bert.",
    re_of(r"cls\.", r"pooler\.", r"(bert\.)?pooler\.", r"classifier\.",
          r"(bert\.)?embeddings\.(position_ids|token_type_ids)$"),
    ((r"LayerNorm\.gamma$", "LayerNorm.weight"), (r"LayerNorm\.beta$", "LayerNorm.bias")))


def is_decoupled(path: Path) -> bool:
    return (path / IMAGE).is_dir() and (path / TEXT).is_dir()


def inspect(path: Path, licence: str | None = None) -> Part:
    """Check all three parts and hash every file.  Raises ``WeightsProblem``."""
    bundles: dict[str, Bundle] = {}
    for name, model_type in ((IMAGE, "resnet"), (TEXT, "bert"), (JOINED, JOINED_TYPE)):
        if not (path / name).is_dir():
            raise WeightsProblem(f"There is no {name} folder beside {IMAGE} and {TEXT}.", PARTS, "weights-missing")
        bundles[name] = folder.open_folder(inside(path, name))
        if bundles[name].config.get("model_type") != model_type:
            raise WeightsProblem(f"The folder {name} holds no {model_type} network.", PARTS, "weights-config")
    if not HEADS(bundles[JOINED].config.get("heads")):
        raise WeightsProblem("config.json gives \"heads\" a value that is not allowed.", PARTS, "weights-config")
    with folder.plain_file(bundles[TEXT].folder, VOCABULARY, folder.TOKENIZER_CAP_BYTES).open("rb") as stream:
        words = hashlib.file_digest(stream, "sha256").hexdigest()
    bundles[TEXT] = replace(bundles[TEXT], digests={**bundles[TEXT].digests, VOCABULARY: words})
    digests = {f"{name}/{file}": digest for name, one in bundles.items() for file, digest in one.digests.items()}
    said = folder.licence_of(path)
    stated = said if said != folder.NOT_STATED else " and ".join(dict.fromkeys(
        one.licence for one in bundles.values() if one.licence != folder.NOT_STATED)) or licence or folder.NOT_STATED
    unread = tuple(f"{name}/{file}" for name, one in bundles.items() for file in one.unread)
    return Part(KIND, bundles, folder.list_digest(digests), folder.clean(stated), False, unread)
