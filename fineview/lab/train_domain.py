"""The domain head, fitted again on whole pictures after the long training on crops.

On a crop one sees texture, on a whole picture also borders, aspect and scale; the head is a linear reading of pooled
features, so it can be fitted on a few hundred whole pictures in minutes while everything else stays frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from fineview.core.labels import DOMAINS
from fineview.imaging.filters import resize_area, resize_linear
from fineview.lab.augment import recolour, regrey
from fineview.lab.phantom_oct import bscan
from fineview.lab.phantom_other import other
from fineview.lab.phantom_pool import pooled_fundus
from fineview.lab.real_fundus import oct_pictures, open_cached, photographs
from fineview.lab.train_state import say_aside
from fineview.models import weights
from fineview.models.predictor import Predictor

Array = npt.NDArray[Any]
FIRST_PHANTOM = 600_000
EVERY_KEPT_BACK = 6


def fit_domain(folder: Path, shared: Path, fold: int, cache: Path, share: float = 1.0,
               say: Callable[[str], None] = say_aside) -> float:
    """Fit the head of the weights in ``folder``, write them back; returns accuracy on pictures kept back.

    ``share`` scales the number of pictures.  Deterministic.
    """
    predictor = Predictor.load(folder, "cpu")
    features, truth = [], []
    for number, (rgb, word) in enumerate(_pictures(shared, fold, cache, share)):
        features.append(predictor.domain_features(np.ascontiguousarray(rgb)))
        truth.append(DOMAINS.index(word))
        if number % 50 == 0:
            say(f"domain picture {number + 1}")
    table, answers = torch.from_numpy(np.stack(features)), torch.tensor(truth)
    kept = torch.arange(len(answers)) % EVERY_KEPT_BACK == 0
    head = _fit(table[~kept], answers[~kept])
    normed = functional.layer_norm(table[kept], table.shape[1:], head[0], head[1])
    accuracy = float((functional.linear(normed, head[2], head[3]).argmax(1) == answers[kept]).float().mean())
    say(f"domain accuracy on {int(kept.sum())} pictures kept back: {accuracy:.3f}")
    tensors, manifest = weights.load(folder)
    names = ("domain.norm.weight", "domain.norm.bias", "domain.out.weight", "domain.out.bias")
    tensors.update({name: value.to(torch.float16) for name, value in zip(names, head, strict=True)})
    weights.save(tensors, folder, {**manifest.facts, "domain_accuracy": accuracy})
    return accuracy


def _fit(table: Tensor, answers: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """LayerNorm weight and bias, linear weight and bias: the classes weigh alike."""
    torch.manual_seed(0)
    width, count = table.shape[1], len(DOMAINS)
    head = [torch.ones(width), torch.zeros(width), torch.randn(count, width) * 0.01, torch.zeros(count)]
    for value in head:
        value.requires_grad_()
    balance = 1.0 / torch.bincount(answers, minlength=count).clamp_min(1).float()
    optimiser = torch.optim.AdamW(head, lr=2e-3, weight_decay=0.05)
    for _ in range(600):
        normed = functional.layer_norm(table, (width,), head[0], head[1])
        loss = functional.cross_entropy(functional.linear(normed, head[2], head[3]), answers, balance,
                                        label_smoothing=0.02)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return head[0].detach(), head[1].detach(), head[2].detach(), head[3].detach()


def _pictures(shared: Path, fold: int, cache: Path, share: float) -> Iterator[tuple[Array, str]]:
    rng = np.random.default_rng(17)
    photos = [photo for photo in photographs(shared) if photo.fold != fold]
    for _ in range(round(100 * share)):
        rgb = np.asarray(open_cached(photos[int(rng.integers(len(photos)))], cache).rgb)
        yield recolour(_resized(_part(rgb, rng, 0.5), rng, 300, 1300, 1.1), rng), "fundus"
    for seed in range(round(30 * share)):
        rgb = np.asarray(pooled_fundus(seed, cache).rgb)
        yield recolour(_resized(_part(rgb, rng, 0.5), rng, 300, 1300, 1.1), rng), "fundus"
    for seed in range(FIRST_PHANTOM, FIRST_PHANTOM + round(110 * share)):
        yield _scan(bscan(seed).image, rng), "oct"
    for path in oct_pictures(shared):
        for _ in range(max(1, round(3 * share))):
            yield _scan(np.asarray(Image.open(path).convert("L")), rng), "oct"
    for _ in range(round(160 * share)):
        size = (int(rng.integers(200, 700)), int(rng.integers(200, 700)))
        yield other(int(rng.integers(2**31)), size)[0], "other"


def _scan(grey: Array, rng: np.random.Generator) -> Array:
    part = _part(grey, rng, 0.6)
    rgb = np.repeat(_resized(part, rng, 300, 1000, 1.7)[..., None], 3, 2)
    return regrey(rgb, rng)


def _part(picture: Array, rng: np.random.Generator, least: float) -> Array:
    """The whole, or half of the time a part of it."""
    if rng.random() < 0.5:
        return picture
    high, wide = (round(size * float(rng.uniform(least, 1))) for size in picture.shape[:2])
    top, left = int(rng.integers(picture.shape[0] - high + 1)), int(rng.integers(picture.shape[1] - wide + 1))
    return np.ascontiguousarray(picture[top: top + high, left: left + wide])


def _resized(picture: Array, rng: np.random.Generator, low: int, high: int, stretch: float) -> Array:
    """To a random width, its aspect changed by up to ``stretch`` either way."""
    wide = int(rng.integers(low, high))
    ratio = picture.shape[0] / picture.shape[1] * float(np.exp(rng.uniform(-1, 1) * np.log(stretch)))
    tall = max(64, round(wide * ratio))
    smaller = tall < picture.shape[0] and wide < picture.shape[1]
    return (resize_area if smaller else resize_linear)(picture, (tall, wide))
