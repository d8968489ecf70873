"""The engine behind a decoupled folder: a question's row over the picture's cells as the raw map, and DAR on top.

The picture goes through the ResNet alone, as any plain CNN does (:mod:`general`); its stride-32 cells become keys once.
A question goes through BERT alone and asks them: another question costs one small product and no second look.  The
row is a softmax over the cells of the whole canvas; as with every encoder without lesion heads it is shown in fair
shares against a blank tile's.  Without a question the map is the CNN's activation energy.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from fineview.core.errors import WeightsProblem
from fineview.core.evidence import Method
from fineview.models import against_blank, checkpoint
from fineview.models import device as devices
from fineview.models.decoupled_folder import BERT, IMAGE, JOINED, KIND, TEXT, VOCABULARY
from fineview.models.families import Family, family_of, re_of
from fineview.models.folder import Bundle
from fineview.models.full_size import Loaded, pixels
from fineview.models.general import GeneralEncoding, GeneralEngine, Sight
from fineview.models.language.text_tokens import TextTokens, WordPieces
from fineview.models.published import Part
from fineview.models.vision.decoupled import DecoupledAttention
from fineview.models.vision.image_tokens import ImageTokens
from fineview.models.vision.normalisation import IMAGENET_MEAN, IMAGENET_STD
from fineview.models.vision.plain_cnn import PlainCNN

_ANOTHER = "These weights belong to other networks; put the three parts of one training together."
_JOINED = Family("decoupled", "", {}, "", re_of())


class DecoupledEngine(GeneralEngine):
    """A ``GeneralEngine`` that reads text."""

    def __init__(self, loaded: Loaded, attention: DecoupledAttention, pieces: WordPieces, name: str, sha256: str,
                 device: devices.Device) -> None:
        super().__init__(loaded, name, KIND, sha256, device)
        self._attention, self._pieces = attention.eval().requires_grad_(False), pieces

    @classmethod
    def load(cls, part: Part, name: str, device: devices.Device) -> DecoupledEngine:
        """Build the engine of a checked folder.  Raises ``WeightsProblem``."""
        loaded, attention, pieces = load(part)
        return cls(loaded, attention, pieces, name, part.sha256, device)

    @property
    def normalisation(self) -> str:
        return "attention in fair shares against a blank tile's, eightfold is 1; fixed per encoder"

    def layer(self, method: Method) -> str:
        return "decoupled attention, mean of heads and words; without a question, activation energy of the last stage"

    def knows(self, word: str) -> bool:
        """Any word with a piece the vocabulary has."""
        ids, _ = self._pieces([word])
        return any(piece not in ("[CLS]", "[SEP]", "[UNK]") for piece in
                   (self._pieces.vocabulary[number] for number in ids[0].tolist()))

    def _values(self, encoding: GeneralEncoding, sight: Sight, text: str | None) -> Tensor:
        if text is None:
            return super()._values(encoding, sight, None)
        blank = against_blank.beside_borders(encoding.blank.tokens[0], encoding.where.grid)
        return against_blank.attention(self._shares(sight.tokens, text), self._shares(blank, text))

    def _shares(self, tokens: Tensor, text: str) -> Tensor:
        """The question's row over all tiles' cells (tiles, N, D), in units of an equal share: (tiles, N)."""
        ids, mask = self._pieces([text])
        keys = self._attention.keys_of(self._attention.image.content(tokens.flatten(0, 1)[None]))
        row = self._attention.maps(keys, ids, mask, (tokens.shape[0], tokens.shape[1]))[0, 0]
        return row * row.numel()


def load(part: Part) -> tuple[Loaded, DecoupledAttention, WordPieces]:
    """The picture's encoder, the attention with the text's network, and the vocabulary.  Raises ``WeightsProblem``."""
    image = part.bundles[IMAGE]
    family = family_of(image.config)
    resnet = checkpoint.backbone(image, family)
    bert = _bert(part.bundles[TEXT])
    longest = bert.config.max_position_embeddings  # type: ignore[union-attr]
    pieces = WordPieces.read(part.bundles[TEXT].folder, int(longest))  # type: ignore[arg-type]
    if len(pieces.vocabulary) > int(bert.config.vocab_size):  # type: ignore[union-attr,arg-type]
        raise WeightsProblem(f"{VOCABULARY} has more words than the text network.", _ANOTHER, "weights-format")
    mean, std = pixels(image, family)
    try:
        encoder = PlainCNN(resnet, mean, std).eval()  # type: ignore[arg-type]
    except (ValueError, RuntimeError) as problem:
        raise WeightsProblem("The image network does not give maps at strides 4, 8, 16 and 32.", _ANOTHER,
                             "weights-config") from problem
    return Loaded(encoder, None), _attention(part.bundles[JOINED], resnet, bert), pieces


def _bert(bundle: Bundle) -> nn.Module:
    from transformers import BertConfig, BertModel

    try:
        made = BertModel(BertConfig(**BERT.picked(bundle.config)), add_pooling_layer=False)
    except WeightsProblem:
        raise
    except Exception as problem:  # a strict dataclass of another library: it names its own errors
        raise WeightsProblem("config.json does not describe a BERT.", _ANOTHER, "weights-config") from problem
    return checkpoint.filled(made, checkpoint.read(bundle, checkpoint.account(bundle, BERT, made)))


def _attention(bundle: Bundle, resnet: nn.Module, bert: nn.Module) -> DecoupledAttention:
    """The trained projections around both backbones, their widths read from the tensors' shapes."""
    try:
        image_width, channels = bundle.shapes["image.project.weight"][1]
        text_width, words = bundle.shapes["text.project.weight"][1]
        width = int(bundle.shapes["query.weight"][1][0])
        with torch.device("meta"):
            made = DecoupledAttention(ImageTokens(nn.Identity(), channels, image_width),
                                      TextTokens(nn.Identity(), words, text_width), width, int(bundle.config["heads"]))
    except (KeyError, ValueError, IndexError, RuntimeError) as problem:
        raise WeightsProblem("decoupled/ holds no decoupled attention.", _ANOTHER, "weights-format") from problem
    fits: Any = (resnet.config.hidden_sizes[-1], bert.config.hidden_size)  # type: ignore[union-attr,index]
    if (channels, words) != fits or width % int(bundle.config["heads"]):
        raise WeightsProblem("The attention was trained with networks of other widths.", _ANOTHER, "weights-format")
    tensors = checkpoint.read(bundle, checkpoint.account(bundle, _JOINED, made))
    for name, values in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):  # made, not stored
        made.image.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)
    checkpoint.filled(made, tensors)
    made.text.bert = bert
    return made
