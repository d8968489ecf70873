"""The text side of a CLIP folder: tokenizer, text tower and both projections into the shared space.

transformers' ``CLIPTextModel`` (arXiv 2103.00020), unchanged, and the folder's ``tokenizer.json`` read by the
tokenizers library, which holds data only.  A patch is compared with a text as CLIP compares a picture with it: both
projected, normalised, times the learned scale.  CLIP was trained on whole pictures; that its last-layer patches can be
compared so at all is an observation (MaskCLIP, arXiv 2112.01071), and a coarse one.
"""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel

from fineview.core.errors import WeightsProblem
from fineview.models import checkpoint, folder
from fineview.models.attention.rows import IMPLEMENTATION
from fineview.models.families import CLIP_TEXT, CLIP_VISION, Family, picked, re_of
from fineview.models.folder import Bundle

_FAMILY = Family("clip-text", "clip", CLIP_TEXT, "",
                 re_of(r"vision_model\.", r"text_model\.embeddings\.position_ids"))


class ClipText(nn.Module):
    """Text to the shared space, and image features to it."""

    def __init__(self, config: CLIPTextConfig, vision_width: int, shared: int) -> None:
        super().__init__()
        self.text_model = CLIPTextModel(config)
        self.text_projection = nn.Linear(config.hidden_size, shared, bias=False)
        self.visual_projection = nn.Linear(vision_width, shared, bias=False)
        self.logit_scale = nn.Parameter(torch.zeros(()))
        self.tokenizer: Tokenizer | None = None

    def embed(self, text: str) -> Tensor:
        """(1, shared), of length 1."""
        assert self.tokenizer is not None
        ids = self.tokenizer.encode(text[:2000]).ids
        limit, size = self.text_model.config.max_position_embeddings, self.text_model.config.vocab_size
        ids = ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]  # the end token is what is pooled
        if not ids or max(ids) >= size:
            raise WeightsProblem("The tokenizer of this folder does not belong to its text tower.",
                                 "Choose a folder whose files were published together.", "weights-format")
        pooled = self.text_model(input_ids=torch.tensor([ids], device=self.logit_scale.device)).pooler_output
        return functional.normalize(self.text_projection(pooled).float(), dim=-1)

    def see(self, features: Tensor) -> Tensor:
        """Image features after the tower's last norm (..., width) -> (..., shared), of length 1."""
        return functional.normalize(self.visual_projection(features).float(), dim=-1)

    @property
    def scale(self) -> float:
        """How steep a difference of cosines is for this checkpoint: 100 for the published ones."""
        return float(self.logit_scale.detach().exp().clamp(max=100.0))


def load_text(bundle: Bundle) -> ClipText:
    """The text side of a checked CLIP folder that has a tokenizer.  Raises ``WeightsProblem``."""
    text, vision = (_part(bundle, name) for name in ("text_config", "vision_config"))
    sizes, width = picked(text, CLIP_TEXT), picked(vision, CLIP_VISION).get("hidden_size", 768)
    shared = bundle.config.get("projection_dim", 512)
    if type(shared) is not int or not 1 <= shared <= 8192:
        raise WeightsProblem("config.json gives \"projection_dim\" a value that is not allowed.",
                             "Correct its config.json.", "weights-config")
    try:
        with torch.device("meta"):
            made = ClipText(CLIPTextConfig(**sizes, attn_implementation=IMPLEMENTATION), width, shared)
    except Exception as problem:  # a strict dataclass of another library: it names its own errors
        raise WeightsProblem("config.json does not describe a text tower.", "Choose another folder.",
                             "weights-config") from problem
    names = checkpoint.account(bundle, _FAMILY, made)
    checkpoint.filled(made, checkpoint.read(bundle, names))
    made.tokenizer = _tokenizer(bundle)
    return made


def _part(bundle: Bundle, name: str) -> dict[str, Any]:
    held = bundle.config.get(name) or {}
    if not isinstance(held, dict):
        raise WeightsProblem(f"config.json has no {name}.", "Choose another folder.", "weights-config")
    return held


def _tokenizer(bundle: Bundle) -> Tokenizer:
    path = folder.plain_file(bundle.folder, folder.TOKENIZER, folder.TOKENIZER_CAP_BYTES)
    try:
        found = Tokenizer.from_str(path.read_text("utf-8"))
    except Exception as problem:  # the library raises bare Exception for whatever it cannot read
        raise WeightsProblem("tokenizer.json cannot be read.", "Download the folder again.",
                             "weights-format") from problem
    found.no_padding()
    return found
