"""Operations of a forward pass, counted from the shapes that really went through: one multiply and add are two.

Counted: linear layers, convolutions, and the two products of each attention (queries by keys, weights by values).
Norms, activations and resizing are not; they are below one per cent.  Works on the "meta" device too, where a model of
any size runs without memory or time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn


def operations(model: nn.Module, run: Callable[[], object]) -> int:
    """Floating point operations of ``run()`` inside ``model``."""
    total = 0

    def count(module: nn.Module, inputs: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        nonlocal total
        if isinstance(module, nn.Linear):
            total += 2 * output.numel() * module.in_features
        elif isinstance(module, nn.Conv2d):
            total += 2 * output.numel() * module.in_channels // module.groups * _area(module.kernel_size)
        else:
            seen: Tensor = inputs[0] if inputs else kwargs["hidden_states"]
            batch, length, width = seen.shape
            total += 2 * 2 * batch * length * length * width

    hooks = [module.register_forward_hook(count, with_kwargs=True) for module in model.modules()
             if isinstance(module, nn.Linear | nn.Conv2d) or _attends(module)]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return total


def _attends(module: nn.Module) -> bool:
    return all(hasattr(module, name) for name in ("q_proj", "k_proj", "v_proj"))


def _area(kernel: tuple[int, ...]) -> int:
    return kernel[0] * kernel[1]
