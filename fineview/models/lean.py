"""A large network's matrices held in the format they are multiplied in.

Autocast turns every fp32 weight into bf16 at every pass; holding those of linear layers and convolutions in bf16 gives
the same numbers bit for bit, half the memory, and saves that reading and writing.  Norms, embeddings and gates stay in
fp32.  For passes under autocast only.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def lean(network: Network, dtype: torch.dtype) -> Network:
    """The same network, its linear and convolution weights in ``dtype``; nothing is done for fp32."""
    if dtype != torch.float32:
        for module in network.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                module.to(dtype)
    return network
