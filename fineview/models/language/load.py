"""A checked folder becomes a reader: transformers' own class, every tensor accounted for, nothing of the folder run.

:mod:`fineview.models.folder` opens the files; only listed keys of the configuration are used
(:mod:`language.families`); the class is first built without memory and its size compared with the tensors that are
there, so that a small file cannot ask for a giant; transformers renames older checkpoints' tensors and reports what is
missing or left over, which refuses the folder.  Large models stay in bf16 (fp32 would double 14 GB), small ones in
fp32.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    Blip2ForConditionalGeneration,
    CLIPModel,
    InstructBlipForConditionalGeneration,
    LlavaForConditionalGeneration,
)
from transformers.utils import logging

from fineview.core.errors import WeightsProblem
from fineview.core.evidence import ModelIdentity
from fineview.models import folder
from fineview.models.device import Wanted, choose
from fineview.models.folder import Bundle
from fineview.models.language.blip import BlipReader
from fineview.models.language.clip_reader import ClipReader
from fineview.models.language.families import sizes
from fineview.models.language.llava import LlavaReader
from fineview.models.language.memory_told import memory_told
from fineview.models.language.reader import Reader
from fineview.models.language.sight import Sight
from fineview.models.language.tokens import Tokens

CLASSES: Mapping[str, Any] = {"llava": LlavaForConditionalGeneration, "clip": CLIPModel,
                              "instructblip": InstructBlipForConditionalGeneration,
                              "blip-2": Blip2ForConditionalGeneration}
LARGE = 2_000_000_000
QFORMER = "qformer_tokenizer"
OnRead = Callable[[float, float], None]
_AGAIN = "Download the folder again from where it was published."


@dataclass(frozen=True, slots=True)
class Loaded:
    reader: Reader
    identity: ModelIdentity
    device: str
    dtype: str


def _nothing(done: float, total: float) -> None:
    pass


def load_reader(path: Path, device: Wanted = "auto", on_read: OnRead = _nothing) -> Loaded:
    """The reader of a folder, and who it is; the hash covers every file read.

    ``on_read`` hears how many numbers of how many were read, and may raise to stop.
    Raises ``WeightsProblem`` (``weights-...``, ``reader-family``) and ``DeviceProblem``.
    """
    bundle = folder.open_folder(path, check=lambda: on_read(0, 0))
    config = sizes(bundle.config)
    kind = str(bundle.config["model_type"])
    where = choose(device)
    tokens = Tokens.read(path)
    said = folder.read_json(path, folder.PICTURES) if folder.PICTURES in bundle.digests else {}
    with memory_told():
        model = _model(bundle, kind, config, on_read).to(where.name)
    sight = Sight.read(said, model.config.vision_config.image_size)
    digests = dict(bundle.digests)
    if kind == "llava":
        reader: Reader = LlavaReader(model, tokens, sight)
    elif kind == "clip":
        reader = ClipReader(model, tokens, sight)
    else:
        qformer = None
        if kind == "instructblip":
            inner = f"{QFORMER}/{folder.TOKENIZER}"
            folder.refuse_code(folder.read_json(path, inner, folder.TOKENIZER_CAP_BYTES), inner)
            digests[inner] = hashlib.sha256(folder.plain_file(path, inner).read_bytes()).hexdigest()
            qformer = Tokens.read(path / QFORMER)
        reader = BlipReader(model, tokens, sight, qformer)
    name = folder.clean(path.resolve().name)
    dtype = "bf16" if model.dtype == torch.bfloat16 else "fp32"
    who = ModelIdentity(name, kind, folder.list_digest(digests), fusion_trained=False, has_fusion=False)
    return Loaded(reader, who, where.name, dtype)


def _model(bundle: Bundle, kind: str, config: Mapping[str, Any], on_read: OnRead) -> Any:
    try:
        made = AutoConfig.for_model(kind, **config)
        with torch.device("meta"):
            wanted = sum(one.numel() for one in CLASSES[kind](made).parameters())
    except Exception as problem:  # strict dataclasses of another library: they name their own errors
        raise WeightsProblem("config.json does not describe a network of its type.", _AGAIN,
                             "weights-config") from problem
    there = sum(_product(shape) for _, shape in bundle.shapes.values())
    if not 0.9 * wanted <= there <= 1.1 * wanted:  # tied weights may be stored twice or once
        raise WeightsProblem(f"config.json asks for {wanted:,} numbers, the files hold {there:,}.", _AGAIN,
                             "weights-format")
    dtype = torch.bfloat16 if wanted > LARGE else torch.float32
    tensors = {}
    read = 0
    for name, value in bundle.tensors():
        on_read(read, there)
        read += value.numel()
        tensors[name] = value.to(dtype) if value.is_floating_point() else value
        if value.is_floating_point() and not bool(torch.isfinite(tensors[name]).all()):
            raise WeightsProblem(f"The tensor {name[:80]} holds values that are no numbers.", _AGAIN, "weights-format")
    on_read(read, there)
    return _filled(CLASSES[kind], made, tensors, dtype)


def _filled(model: Any, config: Any, tensors: dict[str, torch.Tensor], dtype: torch.dtype) -> Any:
    before, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        made, found = model.from_pretrained(None, config=config, state_dict=tensors, dtype=dtype,
                                            output_loading_info=True)
    except RuntimeError as problem:
        raise WeightsProblem("The tensors are of another shape than config.json says.", _AGAIN,
                             "weights-format") from problem
    finally:
        logging.set_verbosity(before)
        if bar:
            logging.enable_progress_bar()
    missing, surplus = sorted(found["missing_keys"]), sorted(found["unexpected_keys"])
    surplus = [name for name in surplus if not name.endswith(("position_ids", "inv_freq"))]
    if missing or surplus or found["mismatched_keys"]:
        first = (missing + surplus + ["of another shape"])[0]
        raise WeightsProblem(f"The tensors do not fit config.json: {len(missing)} missing, {len(surplus)} left over "
                             f"(first: {first[:80]}).", _AGAIN, "weights-format")
    return made


def _product(shape: tuple[int, ...]) -> int:
    found = 1
    for one in shape:
        found *= one
    return found
