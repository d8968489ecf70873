"""One process or many, by accelerate: the same batches, one loss, the same step everywhere.

Process ``r`` of ``P`` looks at the ``r``-th slice of every batch.  What the model says of it is gathered, and every
process computes the loss of the whole batch, since the losses weigh classes and pairs over a batch and a mean of
parts would be another loss.  Only the own slice carries gradients, and the loss is multiplied by ``P``: the mean
that DistributedDataParallel takes over the processes then is the gradient of the whole batch.

accelerate chooses the device and the backend (CPU: gloo; GPUs: NCCL) from the environment that :mod:`train_launch`,
torchrun or "accelerate launch" set.  It is imported here, when a training begins, and nowhere else.  Batch norm
keeps the statistics of each process's slice; no encoder trained over many processes has one.
"""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from fineview.core.errors import FineViewError

T = TypeVar("T")


class Processes:
    """This process and its peers.  Raises ``FineViewError`` ``not-installed`` without accelerate."""

    def __init__(self, threads: int = 1) -> None:
        try:
            from accelerate import Accelerator, DistributedDataParallelKwargs
        except ImportError as missing:
            raise FineViewError("Training needs the package accelerate, which is not installed.",
                                "Install it with: pip install \"fineview[train]\".", "not-installed") from missing
        # What closes the ViT (its last norm) is never read: DistributedDataParallel must not wait for its gradient.
        # Without the word "cpu", processes on a machine without GPUs would not find each other.
        self._accelerator: Any = Accelerator(
            cpu=not torch.cuda.is_available(),
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)])
        torch.set_num_threads(threads)  # accelerate sets it too where it starts many processes on a CPU

    @property
    def device(self) -> torch.device:
        found: torch.device = self._accelerator.device
        return found

    @property
    def count(self) -> int:
        return int(self._accelerator.num_processes)

    @property
    def number(self) -> int:
        return int(self._accelerator.process_index)

    @property
    def first(self) -> bool:
        """Whether this process writes and speaks."""
        return self.number == 0

    def spread(self, module: nn.Module) -> nn.Module:
        """The module as it is, or with its gradients shared; its parameters must be on :attr:`device`."""
        if self.count == 1 or not any(value.requires_grad for value in module.parameters()):
            return module
        # A 1x1 convolution's gradient may be laid out otherwise: torch says so, copies, and is right.
        warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
        made: nn.Module = self._accelerator.prepare_model(module)
        return made

    def whole(self, mine: Tensor) -> Tensor:
        """The batch of all processes, in order, from this one's slice; gradients flow into the own slice."""
        if self.count == 1:
            return mine
        every: Tensor = self._accelerator.gather(mine.detach().contiguous())
        if not mine.requires_grad:
            return every
        first, size = self.number * len(mine), len(mine)
        return torch.cat([every[:first], mine, every[first + size:]])

    def batch_size(self, wanted: int) -> int:
        """``wanted``, or the next number that the processes can share evenly."""
        return -(-wanted // self.count) * self.count

    def meet(self) -> None:
        """Wait until all processes are here."""
        self._accelerator.wait_for_everyone()

    def close(self) -> None:
        """Leave the group after the last step; nobody waits for anybody."""
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
