"""The page of the settings that says how models are loaded and run."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QLabel, QWidget
from typing_extensions import override

from desktop.paths import Paths
from desktop.settings import Settings
from desktop.ui.controls import Switch
from desktop.ui.field_rows import FieldRows
from desktop.ui.gpu_help import GpuHelpView
from desktop.ui.i18n import tr
from desktop.ui.models.choice import Models
from desktop.ui.sampling_form import OptionalNumber, worded_row
from desktop.ui.settings_page import SettingsPage


class ModelSettings(SettingsPage):
    """What holds for all models that have no wishes of their own."""

    def __init__(self, models: Models, paths: Paths, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(settings, parent)
        self._grid = FieldRows(self)
        self._n_ctx = OptionalNumber("contextLength", 10_000_000)
        self._n_gpu_layers = OptionalNumber("gpuLayers", 10_000)
        self._n_threads = OptionalNumber("threads", 1024)
        self._eager = Switch()
        self._eager.setObjectName("eagerSwitch")
        self._loads_at_start = Switch()
        self._loads_at_start.setObjectName("loadsAtStartSwitch")
        self._unload_after = OptionalNumber("unloadAfter", 100_000)
        self._states_gb = OptionalNumber("statesGb", 100_000)
        self._add_rows()
        title = QLabel()
        self._says.append(lambda: title.setText(tr("GPUs")))
        gpus = GpuHelpView(models.shelf.background, paths.engine_log)
        for part in (title, gpus):
            self._grid.addWidget(part, self._grid.rowCount(), 0, 1, 2)
        self._connect()
        self._retranslate()
        self.set_settings(settings)

    @override
    def _fill(self, settings: Settings) -> None:
        self._n_ctx.set_number(settings.n_ctx)
        self._n_gpu_layers.set_number(settings.n_gpu_layers)
        self._n_threads.set_number(settings.n_threads)
        self._eager.setChecked(settings.eager)
        self._loads_at_start.setChecked(settings.loads_at_start)
        self._unload_after.set_number(settings.unload_after_min)
        self._states_gb.set_number(settings.states_gb)

    def _add_rows(self) -> None:
        rows: tuple[tuple[QWidget, Callable[[], tuple[str, str]]], ...] = (
            (
                self._n_ctx,
                lambda: (
                    tr("Context length"),
                    tr("In tokens: how much of a chat the model sees. More takes more memory."),
                ),
            ),
            (
                self._n_gpu_layers,
                lambda: (tr("Layers on the GPU"), tr("Fewer need less of its memory; 0 uses the processor alone.")),
            ),
            (
                self._n_threads,
                lambda: (tr("Threads"), tr("Of the processor. Fewer leave more for other programs.")),
            ),
            (
                self._eager,
                lambda: (tr("Use everything"), tr("Answers come faster, and other programs wait meanwhile.")),
            ),
            (
                self._loads_at_start,
                lambda: (
                    tr("Load the model at the start"),
                    tr("The first answer then need not wait. Only where a quarter of the memory stays free."),
                ),
            ),
            (
                self._unload_after,
                lambda: (
                    tr("Give memory back after"),
                    tr("Minutes without an answer. The model is loaded again when it is asked."),
                ),
            ),
            (
                self._states_gb,
                lambda: (
                    tr("Keep what was read"),
                    tr("GB of the disk. Chats then go on without being read again, also after a restart. 0: nothing."),
                ),
            ),
        )
        self._says += [worded_row(self._grid, field, words) for field, words in rows]

    def _connect(self) -> None:
        self._n_ctx.changed.connect(lambda: self._change(n_ctx=self._n_ctx.number() or None))
        self._n_gpu_layers.changed.connect(lambda: self._change(n_gpu_layers=self._n_gpu_layers.number()))
        self._n_threads.changed.connect(lambda: self._change(n_threads=self._n_threads.number() or None))
        self._eager.toggled.connect(lambda eager: self._change(eager=eager))
        self._loads_at_start.toggled.connect(lambda loads: self._change(loads_at_start=loads))
        self._unload_after.changed.connect(lambda: self._change(unload_after_min=self._unload_after.number() or None))
        self._states_gb.changed.connect(self._on_states_changed)

    def _on_states_changed(self) -> None:
        number = self._states_gb.number()
        self._change(states_gb=Settings().states_gb if number is None else number)

    @override
    def _retranslate(self) -> None:
        super()._retranslate()
        for field in (self._n_ctx, self._n_gpu_layers, self._n_threads):
            field.setPlaceholderText(tr("Automatic"))
        self._unload_after.setPlaceholderText(tr("Never"))
