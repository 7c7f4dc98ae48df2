"""How one model is loaded otherwise than the settings say; what that means for its memory is shown while it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.hub.drafts import drafts_for
from desktop.hub.fit import KV_TYPES, Fit, Share, Wishes
from desktop.hub.model import Model
from desktop.ui.controls import DRESS_CHANGES, Choice, set_look
from desktop.ui.fit_words import beyond_training
from desktop.ui.i18n import tr
from desktop.ui.models.choice import Models
from desktop.ui.models.fit_view import FitView
from desktop.ui.quantities import size
from desktop.ui.sampling_form import OptionalNumber, labels_of_row
from desktop.ui.theme import scaled

_LEAST_CONTEXT = 64
_EXACT, _COARSE = KV_TYPES[0], KV_TYPES[-1]
_FLASH_ATTENTION = (None, True, False)
_NUMBER_PX, _CHOICE_PX = 120, 240
_ANY_WIDTH = 16_777_215  # QWIDGETSIZE_MAX
_LEFT = Qt.AlignmentFlag.AlignLeft
_NARROW_PX = 460
"""Of the form: below that a field stands under its words instead of beside them."""


class LoadingForm(QWidget):
    """Five fields, each empty where the program chooses, and the fit that they make.

    Signals:
        changed(Wishes wishes): the user wants this from now on
    """

    changed = Signal(object)

    def __init__(self, models: Models, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models = models
        self._model: Model | None = None
        self._filling = False
        self._narrow = False
        self._drafts: list[str | None] = [None]
        """The names that the last field chooses from."""
        self._fit = FitView()
        self._n_ctx = OptionalNumber("modelContextLength", 10_000_000)
        self._n_gpu_layers = OptionalNumber("modelGpuLayers", 10_000)
        self._kv_type = _choice("modelKvType", "", *KV_TYPES)
        self._flash_attention = _choice("modelFlashAttention", "", "", "")
        self._draft = _choice("modelDraft", "")
        self._grid = QGridLayout()
        self._grid.setColumnStretch(0, 1)
        self._rows = [(*labels_of_row(self._grid, field), field) for field in self._fields()]
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._fit)
        self._column.addLayout(self._grid)
        for number in (self._n_ctx, self._n_gpu_layers):
            number.textChanged.connect(self._show_fit)
            number.changed.connect(self._on_changed)
        for choice in (self._kv_type, self._flash_attention, self._draft):
            choice.currentIndexChanged.connect(self._on_changed)
        self._dress()
        self._retranslate()

    def set_model(self, model: Model) -> None:
        """Show the wishes for `model`. What is being typed for the same model stays."""
        known = self._model
        self._model = model
        self._filling = True
        self._list_drafts(model)
        if known is None or known.name != model.name or known.loading != model.loading:
            wishes = model.loading
            self._n_ctx.set_number(wishes.n_ctx)
            self._n_gpu_layers.set_number(wishes.n_gpu_layers)
            self._kv_type.setCurrentIndex(KV_TYPES.index(wishes.kv_type) + 1 if wishes.kv_type in KV_TYPES else 0)
            self._flash_attention.setCurrentIndex(_FLASH_ATTENTION.index(wishes.flash_attention))
            self._draft.setCurrentIndex(self._drafts.index(wishes.draft))
        self._filling = False
        self._show_fit()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _fields(self) -> tuple[QWidget, ...]:
        return self._n_ctx, self._n_gpu_layers, self._kv_type, self._flash_attention, self._draft

    def _list_drafts(self, model: Model) -> None:
        """The models that can guess for `model`, and the one that the user wants, which may be gone."""
        chosen = self._drafts[max(0, self._draft.currentIndex())]
        self._drafts = [None, *(each.name for each in drafts_for(model, self._models.available()))]
        if model.loading.draft not in self._drafts:
            self._drafts.append(model.loading.draft)
        self._draft.clear()
        self._draft.addItems([tr("None"), *[""] * (len(self._drafts) - 1)])
        self._draft.setCurrentIndex(self._drafts.index(chosen) if chosen in self._drafts else 0)
        self._draft.setEnabled(len(self._drafts) > 1)

    def _wishes(self) -> Wishes:
        n_ctx, kv_index = self._n_ctx.number(), self._kv_type.currentIndex()
        return Wishes(
            n_ctx=max(n_ctx, _LEAST_CONTEXT) if n_ctx else None,
            n_gpu_layers=self._n_gpu_layers.number(),
            kv_type=KV_TYPES[kv_index - 1] if kv_index > 0 else None,
            flash_attention=_FLASH_ATTENTION[max(0, self._flash_attention.currentIndex())],
            draft=self._drafts[max(0, self._draft.currentIndex())],
        )

    def _fit_with(self, wishes: Wishes) -> Fit | None:
        model = self._model
        return None if model is None else self._models.fit_of(replace(model, loading=wishes))

    def _show_fit(self) -> None:
        if self._filling:
            return
        wishes = self._wishes()
        fit = self._fit_with(wishes)
        self._fit.set_fit(fit)
        self._explain(wishes, fit)
        # With the context that is wanted now: another one would need other memory.
        self._name_choices(replace(wishes, n_ctx=fit.n_ctx if fit is not None else wishes.n_ctx))

    def _name_choices(self, wishes: Wishes) -> None:
        """Say of each choice what it saves or needs."""

        def held(part: Callable[[Share], int], other: Wishes) -> int:
            fit = self._fit_with(other)
            return sum(map(part, fit.shares)) if fit is not None else 0

        self._filling = True
        whole = held(lambda share: share.kv, replace(wishes, kv_type=_EXACT))
        for place, kv_type in enumerate(KV_TYPES, start=1):
            saved = whole - held(lambda share: share.kv, replace(wishes, kv_type=kv_type))
            words = tr("{kv_type}, saves {size}", kv_type=kv_type, size=size(saved)) if saved > 0 else kv_type
            self._kv_type.setItemText(place, words)
        on, off = (held(lambda share: share.compute, replace(wishes, flash_attention=each)) for each in (True, False))
        self._flash_attention.setItemText(1, tr("On, saves {size}", size=size(off - on)) if off > on else tr("On"))
        titles = self._models.titles()
        for place, name in enumerate(self._drafts):
            if name is None:
                continue
            needed = held(lambda share: share.draft, replace(wishes, draft=name))
            title = titles.get(name, name)
            words = (
                tr("{name}, needs {size}", name=title, size=size(needed)) if needed else tr("{name} (gone)", name=title)
            )
            self._draft.setItemText(place, words)
        # Names of models are longer than the field.
        self._draft.view().setMinimumWidth(self._draft.view().sizeHintForColumn(0) + scaled(16))
        self._filling = False

    def _on_changed(self) -> None:
        if self._filling or self._model is None:
            return
        self._show_fit()
        wishes = self._wishes()
        if wishes != self._model.loading:
            self._model = replace(self._model, loading=wishes)
            self.changed.emit(wishes)

    def _explain(self, wishes: Wishes, fit: Fit | None) -> None:
        """What each field is about; in its place what is to be minded of what is chosen."""
        words = (
            tr("In tokens: how much of a chat the model sees. More takes more memory."),
            tr("Fewer need less of its memory; 0 uses the processor alone."),
            tr("How exactly the model remembers the chat. Coarser takes less memory; q8_0 is as good as f16."),
            tr("Saves memory, and answers are as good. Off is for GPUs whose drivers fail with it."),
            tr("A small model of the same family guesses ahead, this one checks: the same text, often sooner.")
            if self._draft.isEnabled()
            else tr("A small model of the same family could guess ahead. None is on this computer."),
        )
        warnings = self._warnings(wishes, fit) if fit is not None else ("",) * len(words)
        for (_, explanation, field), plain, warning in zip(self._rows, words, warnings, strict=True):
            explanation.setText(warning or plain)
            set_look(explanation, "warning" if warning else "small")
            field.setAccessibleDescription(explanation.text())
            field.setToolTip(explanation.text())

    def _warnings(self, wishes: Wishes, fit: Fit) -> tuple[str, ...]:
        """What is to be minded of each field; empty if nothing is."""
        header = self._model.header if self._model is not None else None
        long = beyond_training(fit.n_ctx, header.n_ctx_train) if header is not None else ""
        coarse = needed = draft = ""
        if fit.kv_type == _COARSE:
            coarse = tr("q4_0 remembers coarsely: answers may get worse. q8_0 is as good as f16.")
        if wishes.flash_attention is False and fit.kv_type != _EXACT:
            needed = tr("It stays on: a KV cache of {kv_type} needs it.", kv_type=fit.kv_type)
        if wishes.draft is not None and not any(share.draft for share in fit.shares):
            draft = tr("It is gone or no longer suits: the model answers without it.")
        elif wishes.draft is not None and fit.short_bytes and self._is_enough(replace(wishes, draft=None)):
            draft = tr("Together they are too big; without it, the model fits.")
        return long, "", coarse, needed, draft

    def _is_enough(self, wishes: Wishes) -> bool:
        fit = self._fit_with(wishes)
        return fit is not None and not fit.short_bytes

    def _retranslate(self) -> None:
        names = (
            tr("Context length"),
            tr("Layers on the GPU"),
            tr("KV cache"),
            tr("Flash Attention"),
            tr("Draft model"),
        )
        for (title, _, field), name in zip(self._rows, names, strict=True):
            title.setText(name)
            field.setAccessibleName(name)
        for number in (self._n_ctx, self._n_gpu_layers):
            number.setPlaceholderText(tr("Automatic"))
        for choice in (self._kv_type, self._flash_attention):
            choice.setItemText(0, tr("Automatic"))
        self._flash_attention.setItemText(2, tr("Off"))
        self._draft.setItemText(0, tr("None"))
        self._show_fit()

    def _dress(self) -> None:
        self._column.setSpacing(scaled(14))
        self._set_widths()
        for label, _, _ in self._rows:
            label.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self._arrange()

    def _arrange(self) -> None:
        narrow = self.width() < scaled(_NARROW_PX)
        if narrow == self._narrow:
            return
        self._narrow = narrow
        # A grid's first row is there before anything is in it.
        for row, (_, _, field) in enumerate(self._rows, start=1):
            item = self._grid.itemAtPosition(row, 0)
            words = item.layout() if item is not None else None
            assert isinstance(words, QVBoxLayout)  # noqa: S101  as `labels_of_row` makes it
            words.setSpacing(scaled(4) if narrow else 0)
            if narrow:
                self._grid.removeWidget(field)
                whole = isinstance(field, Choice)
                words.insertWidget(words.count() - 1, field, 0, Qt.AlignmentFlag(0) if whole else _LEFT)
            else:
                words.removeWidget(field)
                self._grid.addWidget(field, row, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        self._set_widths()

    def _set_widths(self) -> None:
        """A list under its words is as wide as the form, however narrow that is."""
        for field in self._fields():
            if self._narrow and isinstance(field, Choice):
                field.setMinimumWidth(0)
                field.setMaximumWidth(_ANY_WIDTH)
            else:
                field.setFixedWidth(scaled(_CHOICE_PX if isinstance(field, Choice) else _NUMBER_PX))


def _choice(name: str, *items: str) -> Choice:
    made = Choice()
    made.setObjectName(name)
    # Else it is never narrower than its longest words.
    made.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(6)
    made.addItems(items)
    return made
