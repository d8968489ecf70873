"""The words of the command line: one parser, no work."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fineview.cli import enface_words, pacs_words, thickness_words
from fineview.core.evidence import Method, Task
from fineview.core.geometry import Box
from fineview.core.region import Region

# The first four are the contract's; "fineview.lab.evaluate" says which module scores each.
EVALUATIONS = ("lesions", "layers", "maps", "chat", "encoders", "fusion", "seams", "scales", "words", "retrieval",
               "deployment", "card", "ablations")
BENCHES = ("vision", "open", "view", "codecs", "demo", "start")


def parse_region(text: str) -> Region:
    """X,Y,W,H in source pixels.  Raises ``argparse.ArgumentTypeError`` for anything else."""
    try:
        x, y, w, h = (float(part) for part in text.split(","))
        if w <= 0 or h <= 0:
            raise ValueError
        return Region.from_box(Box(x, y, w, h))
    except ValueError:
        raise argparse.ArgumentTypeError(f"\"{text}\" is not X,Y,W,H in pixels with W and H above 0") from None


def _number(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"\"{text}\" is not a whole number from 0")
    return int(text)


def build() -> argparse.ArgumentParser:
    """The whole grammar.  Every command sets ``command``; ``--json`` and ``--debug`` work before it and behind it."""
    # No defaults behind the command: they would undo what stood before it.
    common = _common(argparse.SUPPRESS)
    engine = argparse.ArgumentParser(add_help=False)
    engine.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    engine.add_argument("--encoder", metavar="NAME|DIR")
    parser = argparse.ArgumentParser(prog="fineview", parents=[_common(False)],
                                     description="Open studies, see where the encoder looks, ask, mark, report. "
                                                 "Research use only.")
    parser.add_argument("--version", action="store_true")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    both = [common, engine]
    _study_commands(commands, common, both)
    _workshop_commands(commands, common, both)
    thickness_words.add_words(commands, both)
    enface_words.add_words(commands, both)
    return parser


def _common(default: Any) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(add_help=False)
    made.add_argument("--json", action="store_true", default=default, help="print one JSON object and nothing else")
    made.add_argument("--debug", action="store_true", default=default, help="show tracebacks")
    made.add_argument("--safe-mode", action="store_true", default=default, help="start without plugins")
    return made


Commands = argparse._SubParsersAction  # the only name argparse has for it


def _study_commands(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser,
                    both: Sequence[argparse.ArgumentParser]) -> None:
    window = commands.add_parser("open", parents=both, help="the window (also: fineview PATH ...)")
    window.add_argument("paths", nargs="*", type=Path)
    demo = commands.add_parser("demo", parents=both, help="the bundled sample study from opening to report")
    demo.add_argument("--headless", action="store_true")
    demo.add_argument("--out", type=Path, default=Path("fineview-demo"))
    info = commands.add_parser("info", parents=[common], help="what is there, with a verdict on every file")
    info.add_argument("path", type=Path)
    analyze = commands.add_parser("analyze", parents=both, help="maps, layers and suggested lesions of a frame")
    analyze.add_argument("path", type=Path)
    analyze.add_argument("--out", type=Path, required=True)
    analyze.add_argument("--series")
    analyze.add_argument("--frame", type=_number)
    analyze.add_argument("--question")
    analyze.add_argument("--region", type=parse_region)
    analyze.add_argument("--task", choices=[str(task) for task in Task], default="lesion")
    analyze.add_argument("--method", choices=[str(method) for method in Method], default="dar")
    analyze.add_argument("--edges", choices=["auto", "laplacian", "denoised", "tophat", "dark", "bright"],
                         default="auto", help="the edge measure of dar; laplacian is the plain one")
    analyze.add_argument("--adaptive", action="store_true", help="gain and percentile of dar by an entropy bound")
    analyze.add_argument("--all-frames", action="store_true")
    ask = commands.add_parser("ask", parents=both, help="a question about a frame or a region")
    ask.add_argument("path", type=Path, nargs="?")
    ask.add_argument("question", nargs="?")
    ask.add_argument("--questions", type=Path)
    ask.add_argument("--frame", type=_number)
    ask.add_argument("--region", type=parse_region)
    ask.add_argument("--answerer", metavar="NAME|DIR|URL")
    report = commands.add_parser("report", parents=[common], help="the report of a study's stored findings")
    report.add_argument("path", type=Path)
    report.add_argument("--out", type=Path, required=True)
    report.add_argument("--format", default="pdf,html,json,sr", help="of pdf, html, json, sr, epdf (PDF in DICOM)")
    for name in ("deidentify", "batch"):
        later = commands.add_parser(name, parents=[common])
        later.add_argument("path", type=Path, nargs="+" if name == "batch" else None)
        later.add_argument("--out", type=Path, required=True)
    commands.choices["batch"].add_argument("--scheduler", metavar="ADDRESS")
    commands.choices["batch"].add_argument("--resume", action="store_true")
    pacs_words.add_words(commands, common)


def _workshop_commands(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser,
                       both: Sequence[argparse.ArgumentParser]) -> None:
    models = commands.add_parser("models", parents=[common], help="the encoders at hand")
    models.add_argument("action", choices=("list", "show", "verify", "import", "advise", "explain-gap"))
    models.add_argument("name", nargs="?", metavar="NAME|DIR", help="for explain-gap: the first modality")
    models.add_argument("other", nargs="?", help="for explain-gap: the second modality")
    models.add_argument("--task", choices=[str(task) for task in Task])
    models.add_argument("--files", action="store_true", help="for verify: check the files, measure nothing again")
    models.add_argument("--licence", help="for import: the licence of these weights, where the folder does not say it")
    models.add_argument("--as", dest="known_as", metavar="NAME", help="for import: the name to list it under")
    models.add_argument("--int8", action="store_true",
                        help="for import: keep the large matrices of an encoder of our own in 8 bits, half the size")
    plugins = commands.add_parser("plugins", parents=[common], help="readers for more files, each on or off")
    plugins.add_argument("action", choices=("list", "enable", "disable"))
    plugins.add_argument("name", nargs="?")
    _train_command(commands, common)
    evaluate = commands.add_parser("evaluate", parents=both, help="score the encoder against baselines")
    evaluate.add_argument("what", choices=EVALUATIONS)
    evaluate.add_argument("--images", type=Path)
    evaluate.add_argument("--labels", type=Path)
    evaluate.add_argument("--data", type=Path, help="folder of the model card's photographs: those kept from training")
    evaluate.add_argument("--labelled", choices=("boxes", "masks"), default="boxes", help="which labels of --data")
    evaluate.add_argument("--seed", type=_number, default=0)
    evaluate.add_argument("--steps", type=_number, help="training steps, for evaluations that train")
    bench = commands.add_parser("bench", parents=both, help="speed and memory on this machine")
    bench.add_argument("what", choices=BENCHES)
    bench.add_argument("path", type=Path, nargs="?")
    bench.add_argument("--study-gb", type=float, default=5.0, metavar="N",
                       help="for open: size of the generated study that is opened under a memory budget of 2 GB")
    for measured in (evaluate, bench):
        measured.add_argument("--only", type=lambda text: tuple(text.split(",")), default=(), metavar="NAME,...",
                              help="only these rows of a table, or parts of a bench")
        measured.add_argument("--keep", type=Path, nargs="?", const=Path(), metavar="DIR",
                              help="store the result, dated; \"fineview models advise\" reads stored results")
    commands.add_parser("doctor", parents=both, help="codecs, screen, device, weights, store")


def _train_command(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    train = commands.add_parser("train", parents=[common], help="train an encoder that is shipped, or the chat")
    train.add_argument("what", choices=("embedded", "multi-scale", "reader", "chat"),
                       help="reader: of questions in free wording, from templates; --steps are then sentences. "
                       "chat: the decoder that words answers, for the shipped encoder or the one of --from")
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--steps", type=_number, required=True)
    train.add_argument("--resume", action="store_true")
    train.add_argument("--data", type=Path, help="folder of the photographs named in the model card")
    train.add_argument("--from", type=Path, dest="begin", metavar="DIR", help="weights to go on from")
    train.add_argument("--stage", choices=("all", "contrastive", "fusion", "all-parameters", "together"),
                       help="for encoders: one stage alone; together is the recipe without stages")
    train.add_argument("--processes", type=_number, metavar="N", help="for encoders: how many; one for each GPU")
