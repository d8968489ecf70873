"""Who gives the chat's verdicts on presence: the evidence, the decoder, or both.  Chosen on pictures that the decoder
never trained on.

For photographs and for B-scans three rules are compared by the log loss of their chances: the evidence as it is
calibrated; the decoder's log odds by a temperature; the mean of both by one factor more.  Factors are those of least
loss; a rule is scored on each picture by factors fitted on the others.  The evidence decides unless another rule's loss
is lower in nine of ten draws of whole pictures.

The encoder did train on these photographs, and its evidence was calibrated on them, so it is surer of them than of new
eyes; regions with and without a lesion come from the same sick eyes, as in that calibration.  This favours the evidence
in the comparison.  The fold that the encoder never saw chooses nothing: it measures what was chosen.

Naming stays with the evidence: the decoder weighs labels against each other and has no way to say "none of them".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fineview.core.labels import LABELS, WORDS
from fineview.lab.chat_sightings import NO, UNSEEN, YES, Sightings
from fineview.models.calibration import logit
from fineview.models.language.own_verdict import EVIDENCE_ALONE, Weighing, own_log_odds, prompt
from fineview.models.language.small_decoder import ChatTokens, SmallDecoder

Array = npt.NDArray[Any]
DRAWS, SURELY, LEAST_PICTURES = 1000, 0.9, 6
FACTORS = np.exp(np.linspace(np.log(0.1), np.log(4.0), 120))
MEASURED = ("masks", "boxes")  # names of photographs begin so; where there are none, phantoms stand for them


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Rows are (region, label) pairs: log odds of the evidence and of the decoder (n,), whether it is so, what the row
    counts, and the number of its picture."""

    evidence: Array
    decoder: Array
    truth: Array
    weight: Array
    picture: Array

    def of(self, rows: Array) -> Cases:
        return Cases(self.evidence[rows], self.decoder[rows], self.truth[rows], self.weight[rows], self.picture[rows])


def rules(model: SmallDecoder, tokens: ChatTokens, apart: Mapping[str, Sightings], seed: int = 1) -> dict[str, Any]:
    """What goes into model.json: how verdicts are made, and the figures that chose it."""
    found: dict[str, dict[str, Any]] = {}
    why: dict[str, dict[str, Any]] = {}
    for domain in dict.fromkeys(label.domain for label in LABELS):
        cases = _cases(model, tokens, _pictures(apart, domain), domain)
        if cases is not None and len(np.unique(cases.picture)) >= LEAST_PICTURES:
            made, told = chosen(cases, seed)
            found[domain], why[domain] = {"presence": asdict(made)}, {"presence": told}
    return {"verdicts": found, "verdicts_chosen": why}


def _pictures(apart: Mapping[str, Sightings], domain: str) -> list[Sightings]:
    columns = [WORDS.index(label.word) for label in LABELS if label.domain == domain]
    held = {name: one for name, one in apart.items() if (one.truth[:, columns] != UNSEEN).any()}
    return list({name: one for name, one in held.items() if name.startswith(MEASURED)}.values() or held.values())


def chosen(cases: Cases, seed: int) -> tuple[Weighing, dict[str, Any]]:
    """The rule for such cases, and the figures behind it."""
    _, picture = np.unique(cases.picture, return_inverse=True)
    losses = {name: np.zeros(len(picture)) for name in _RULES}
    log_odds = {name: np.zeros(len(picture)) for name in _RULES}
    for number in range(int(picture.max()) + 1):
        rest, left_out = cases.of(np.flatnonzero(picture != number)), np.flatnonzero(picture == number)
        for name, fit in _RULES.items():
            log_odds[name][left_out] = weigh(fit(rest), cases.of(left_out))
    for name in _RULES:
        losses[name] = cases.weight * log_loss(log_odds[name], cases.truth)
    total = {name: float(one.sum() / cases.weight.sum()) for name, one in losses.items()}
    best = min(total, key=lambda name: total[name])
    surely = _share_lower(losses[best], losses["evidence"], picture, seed)
    if surely < SURELY:
        best = "evidence"
    right = {name: float(np.average((one > 0) == (cases.truth > 0), weights=cases.weight))
             for name, one in log_odds.items()}
    made = replace(_RULES[best](cases), temperature=1 / _decoder(cases).decoder)
    return made, {"rule": best, "pictures": int(picture.max()) + 1, "n": len(picture), "log_loss": total,
                  "right": right, "lower_in_draws": surely}


def _evidence(_: Cases) -> Weighing:
    return EVIDENCE_ALONE


def _decoder(cases: Cases) -> Weighing:
    return Weighing(0.0, _least(cases.decoder, cases))


def _both(cases: Cases) -> Weighing:
    """The mean of the two, both calibrated, by the factor that the mean needs: it is less sure than it could be where
    the two err in different places."""
    by = _decoder(cases).decoder
    factor = _least((cases.evidence + by * cases.decoder) / 2, cases)
    return Weighing(factor / 2, factor / 2 * by)


_RULES = {"evidence": _evidence, "decoder": _decoder, "both": _both}


def weigh(made: Weighing, cases: Cases) -> Array:
    return np.asarray(made.encoder * cases.evidence + made.decoder * cases.decoder)


def log_loss(log_odds: Array, truth: Array) -> Array:
    return np.asarray(np.logaddexp(0, log_odds) - truth * log_odds)


def _least(log_odds: Array, cases: Cases) -> float:
    """The factor of least weighted log loss."""
    losses = [float((cases.weight * log_loss(by * log_odds, cases.truth)).sum()) for by in FACTORS]
    return round(float(FACTORS[int(np.argmin(losses))]), 4)


def _share_lower(one: Array, other: Array, picture: Array, seed: int) -> float:
    """Share of draws of whole pictures in which the loss of ``one`` is lower."""
    gain = np.bincount(picture, other - one)
    drawn = np.random.default_rng([seed, 88]).integers(len(gain), size=(DRAWS, len(gain)))
    return float((gain[drawn].sum(1) > 0).mean())


def _cases(model: SmallDecoder, tokens: ChatTokens, pictures: list[Sightings], domain: str) -> Cases | None:
    rows = [row for number, one in enumerate(pictures) for row in _presence(model, tokens, one, number, domain)]
    if not rows:
        return None
    evidence, decoder, truth, word, picture = (np.array(column) for column in zip(*rows, strict=True))
    return Cases(logit(evidence), decoder, truth.astype(float), _balanced(truth, word), picture.astype(int))


def _balanced(truth: Array, word: Array) -> Array:
    """Each label's absences count as much together as its lesions do."""
    weight = np.ones(len(truth))
    for one in np.unique(word):
        mine = word == one
        absent = mine & (truth == 0)
        weight[absent] = (mine & (truth == 1)).sum() / max(absent.sum(), 1)
    return weight


Row = tuple[float, float, int, int, int]


def _presence(model: SmallDecoder, tokens: ChatTokens, one: Sightings, number: int, domain: str) -> Iterator[Row]:
    for column, label in enumerate(LABELS):
        regions = np.flatnonzero(np.isin(one.truth[:, column], (YES, NO)))
        if label.domain != domain or not len(regions):
            continue
        own = _own(model, tokens, one, regions, label.word)
        for region, odds in zip(regions, own, strict=True):
            yield (float(one.evidence[region, column]), float(odds), int(one.truth[region, column] == YES), column,
                   number)


@torch.inference_mode()
def _own(model: SmallDecoder, tokens: ChatTokens, one: Sightings, regions: Array, word: str) -> Array:
    """The decoder's log odds (n,) that these regions hold ``word``."""
    model.eval()
    frame = np.broadcast_to(one.frame, (len(regions), *one.frame.shape))
    seen = torch.from_numpy(np.concatenate([frame, one.regions[regions]], 1).astype(np.float32))
    place = torch.from_numpy(one.places[regions].astype(np.float32))
    ids = torch.tensor([prompt(tokens, "presence", word)] * len(regions))
    logits = model(seen, place, ids)[:, -1]
    return np.asarray(own_log_odds(logits, tokens, "presence")[:, 0].numpy())
