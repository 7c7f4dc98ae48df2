"""Words for how a model fits this computer. Knows no Qt."""

from __future__ import annotations

from desktop.hub.fit import Fit, Share, Verdict
from desktop.ui.i18n import tr
from desktop.ui.quantities import size

_SLOW = 10
"""Tokens a second below which a digit after the point says something."""


def fit_line(fit: Fit) -> str:
    """Whether and where the model fits: "Fits fully on the GPU", "Too big by 3.0 GB"."""
    match fit.verdict:
        case Verdict.GPU:
            return tr("Fits fully on the GPU")
        case Verdict.SPLIT:
            return tr(
                "{count} of {total} layers on the GPU, the rest in memory",
                count=fit.n_gpu_layers,
                total=fit.n_layers,
            )
        case Verdict.CPU:
            return tr("Fits in memory")
        case Verdict.TIGHT:
            return tr("Fits, but little is left for other programs")
        case Verdict.TOO_BIG:
            return tr("Too big by {size}", size=size(max(1, fit.short_bytes)))


def fit_details(fit: Fit) -> str:
    """The context that is chosen, and the speed to expect if it is known."""
    if fit.tokens_per_s is None:
        return tr("{n_ctx} tokens of context", n_ctx=f"{fit.n_ctx:,}")
    return tr(
        "{n_ctx} tokens of context, about {speed} tokens a second",
        n_ctx=f"{fit.n_ctx:,}",
        speed=speed(fit.tokens_per_s),
    )


def beyond_training(n_ctx: int, n_ctx_train: int | None) -> str:
    """What `n_ctx` tokens cost a model that was trained on `n_ctx_train`; empty where those are enough or unknown."""
    if not n_ctx_train or n_ctx <= n_ctx_train:
        return ""
    return tr("The model was trained on {n_ctx} tokens: beyond them its answers get worse.", n_ctx=f"{n_ctx_train:,}")


def speed(tokens_per_s: float) -> str:
    """An estimate, with no more digits than it deserves: "4.2", "12", "130"."""
    if tokens_per_s < _SLOW:
        return f"{tokens_per_s:.1f}"
    return f"{float(f'{tokens_per_s:.2g}'):,.0f}"


def fit_arithmetic(fit: Fit) -> list[tuple[str, str]]:
    """What stands behind the line: label and number, what each device has to hold and what it has free.

    Devices are named where there are several.
    """
    rows = []
    several = len(fit.shares) > 1
    for share in fit.shares:
        parts = [*_parts(fit, share), (tr("Needed in all"), share.total), (tr("Free memory now"), share.free_bytes)]
        rows += [(_on(share, label) if several else label, _signed(size_bytes)) for label, size_bytes in parts]
    if several:
        rows.append((tr("Layers on the GPU"), tr("{count} of {total}", count=fit.n_gpu_layers, total=fit.n_layers)))
    return rows


def _parts(fit: Fit, share: Share) -> list[tuple[str, int]]:
    """What a device holds, without what is nothing."""
    cache = tr("KV cache for {n_ctx} tokens ({kind})", n_ctx=f"{fit.n_ctx:,}", kind=fit.kv_type)
    parts = [
        (tr("Weights"), share.weights),
        (cache, share.kv),
        (tr("Room to compute in"), share.compute),
        (tr("Vision part"), share.vision),
        (tr("Draft model"), share.draft),
        (tr("The engine itself"), share.base),
        (tr("Learned from earlier loads"), share.correction),
    ]
    return [(label, size_bytes) for label, size_bytes in parts if size_bytes]


def _signed(size_bytes: int) -> str:
    """What was learned may be less than nothing."""
    return size(size_bytes) if size_bytes >= 0 else f"\N{MINUS SIGN}{size(-size_bytes)}"


def _on(share: Share, label: str) -> str:
    """`label` with the device it is about."""
    return tr("{device}: {part}", device=share.device or tr("Memory of the computer"), part=label)
