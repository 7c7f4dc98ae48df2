"""How one model is loaded otherwise than the settings say; what that means for its memory is shown while it changes."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.hub.fit import KV_TYPES, Fit, Wishes
from desktop.hub.model import Model
from desktop.ui.controls import DRESS_CHANGES, Choice
from desktop.ui.fit_words import beyond_training
from desktop.ui.i18n import tr
from desktop.ui.models.choice import Models
from desktop.ui.models.fit_view import FitView
from desktop.ui.quantities import size
from desktop.ui.sampling_form import OptionalNumber, labels_of_row
from desktop.ui.theme import scaled

_LEAST_CONTEXT = 64


class LoadingForm(QWidget):
    """Three fields, each empty where the program chooses, and the fit that they make.

    Signals:
        changed(Wishes wishes): the user wants this from now on
    """

    changed = Signal(object)

    def __init__(self, models: Models, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models = models
        self._model: Model | None = None
        self._filling = False
        self._fit = FitView()
        self._warning = QLabel()
        self._warning.setProperty("look", "warning")
        self._warning.setWordWrap(True)
        self._n_ctx = OptionalNumber("modelContextLength", 10_000_000)
        self._n_gpu_layers = OptionalNumber("modelGpuLayers", 10_000)
        self._kv_type = Choice()
        self._kv_type.setObjectName("modelKvType")
        self._kv_type.addItems([""] * (1 + len(KV_TYPES)))
        self._grid = QGridLayout()
        self._grid.setColumnStretch(0, 1)
        self._rows = [(*labels_of_row(self._grid, field), field) for field in self._fields()]
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._fit)
        self._column.addWidget(self._warning)
        self._column.addLayout(self._grid)
        for field in (self._n_ctx, self._n_gpu_layers):
            field.textChanged.connect(self._show_fit)
            field.changed.connect(self._on_changed)
        self._kv_type.currentIndexChanged.connect(self._on_changed)
        self._dress()
        self._retranslate()

    def set_model(self, model: Model) -> None:
        """Show the wishes for `model`. What is being typed for the same model stays."""
        known = self._model
        self._model = model
        if known is not None and known.name == model.name and known.loading == model.loading:
            self._show_fit()
            return
        self._filling = True
        self._n_ctx.set_number(model.loading.n_ctx)
        self._n_gpu_layers.set_number(model.loading.n_gpu_layers)
        kv_type = model.loading.kv_type
        self._kv_type.setCurrentIndex(KV_TYPES.index(kv_type) + 1 if kv_type in KV_TYPES else 0)
        self._filling = False
        self._show_fit()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._retranslate()
        elif event.type() in DRESS_CHANGES:
            self._dress()

    def _fields(self) -> tuple[QWidget, ...]:
        return self._n_ctx, self._n_gpu_layers, self._kv_type

    def _wishes(self) -> Wishes:
        n_ctx, kv_index = self._n_ctx.number(), self._kv_type.currentIndex()
        return Wishes(
            n_ctx=max(n_ctx, _LEAST_CONTEXT) if n_ctx else None,
            n_gpu_layers=self._n_gpu_layers.number(),
            kv_type=KV_TYPES[kv_index - 1] if kv_index > 0 else None,
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
        header = self._model.header if self._model is not None else None
        warning = beyond_training(fit.n_ctx, header.n_ctx_train) if fit is not None and header is not None else ""
        self._warning.setText(warning)
        self._warning.setVisible(bool(warning))
        self._name_kv_types(wishes)

    def _name_kv_types(self, wishes: Wishes) -> None:
        """Say of each type what it saves against f16, with the context that is wanted now."""
        whole = self._fit_with(replace(wishes, kv_type=KV_TYPES[0]))
        n_ctx = whole.n_ctx if whole is not None else None
        names = [tr("Automatic")]
        for kv_type in KV_TYPES:
            fit = self._fit_with(replace(wishes, n_ctx=n_ctx, kv_type=kv_type))
            saved = _kv_bytes(whole) - _kv_bytes(fit) if whole is not None and fit is not None else 0
            words = tr("{kv_type}, saves {size}", kv_type=kv_type, size=size(saved)) if saved > 0 else kv_type
            names.append(words)
        self._filling = True
        for place, name in enumerate(names):
            self._kv_type.setItemText(place, name)
        self._filling = False

    def _on_changed(self) -> None:
        if self._filling or self._model is None:
            return
        self._show_fit()
        wishes = self._wishes()
        if wishes != self._model.loading:
            self._model = replace(self._model, loading=wishes)
            self.changed.emit(wishes)

    def _retranslate(self) -> None:
        words = (
            (tr("Context length"), tr("In tokens: how much of a chat the model sees. More takes more memory.")),
            (
                tr("Layers on the GPU"),
                tr("Fewer need less of its memory; 0 uses the processor alone."),
            ),
            (
                tr("KV cache"),
                tr("How exactly the model remembers the chat. Coarser takes less memory and may answer worse."),
            ),
        )
        for (title, explanation, field), (name, why) in zip(self._rows, words, strict=True):
            title.setText(name)
            explanation.setText(why)
            field.setAccessibleName(name)
            field.setAccessibleDescription(why)
            field.setToolTip(why)
        for number in (self._n_ctx, self._n_gpu_layers):
            number.setPlaceholderText(tr("Automatic"))
        self._show_fit()

    def _dress(self) -> None:
        self._column.setSpacing(scaled(14))
        for field, width in zip(self._fields(), (120, 120, 190), strict=True):
            field.setFixedWidth(scaled(width))
        for label, _, _ in self._rows:
            label.setAlignment(Qt.AlignmentFlag.AlignLeft)


def _kv_bytes(fit: Fit) -> int:
    return sum(share.kv for share in fit.shares)
