"""Which models there are, which one is chosen, and how far its loading is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from desktop.engine.api import Engine, Loaded, LoadEvent, LoadProgress, ModelSpec
from desktop.errors import AppError, EngineCrashed, LoadCancelled, NoSuchModel
from desktop.hub.drafts import draft_of
from desktop.hub.fit import Fit, Wishes
from desktop.hub.model import Model
from desktop.loading import Loading
from desktop.settings import Settings
from desktop.ui.engine_thread import EngineThread, Job, Produced
from desktop.ui.i18n import tr
from desktop.ui.model_words import fallback_words, no_draft
from desktop.ui.models.shelf import Shelf


class ModelState(StrEnum):
    """What the model button shows."""

    NONE = "none"
    """No model is chosen."""
    IDLE = "idle"
    """Chosen, and loaded when it is first needed."""
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class Models(QObject):
    """The one model that is chosen, among those on the shelf.

    Signals:
        changed(): the list, the choice or the state differs
        progress(fraction: float): the chosen model is being loaded
        settings_changed(settings: Settings): the choice is to be remembered
        noticed(text: str): something about the loaded model that the user should know, worded
    """

    changed = Signal()
    progress = Signal(float)
    settings_changed = Signal(object)
    noticed = Signal(str)

    def __init__(
        self, shelf: Shelf, engine: EngineThread, loading: Loading, settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.shelf = shelf
        self._engine = engine
        self.loading = loading
        self._settings = settings
        self._job: Job | None = None
        self._loaded_spec: ModelSpec | None = None
        self._wanted: str | None = None
        """The model that was asked for last, whether it is here or not."""
        self.current: Model | None = None
        self.state = ModelState.NONE
        self.fraction = 0.0
        self.error: AppError | None = None
        self.loaded: Loaded | None = None
        """What the engine said of the chosen model when it was loaded last."""
        self.show(settings.model)
        shelf.changed.connect(self._on_shelf_changed)

    @property
    def is_base(self) -> bool:
        """Whether the chosen model only continues text."""
        return self.current is not None and self.current.is_base

    def available(self) -> list[Model]:
        """All models of the library, missing ones included."""
        return self.shelf.models

    def titles(self) -> dict[str, str]:
        """The title of each model by its name, in the user's language."""
        return {model.name: tr("Starter model") if model.is_starter else model.title for model in self.available()}

    def set_settings(self, settings: Settings) -> None:
        """The settings are now these; a loaded model that they concern is loaded anew when it is next needed."""
        self._settings = settings
        self._notice_other_spec()

    def show(self, name: str | None) -> None:
        """The open chat uses the model called `name`, as soon as that is here. It is not loaded before it is needed."""
        self._wanted = name
        self._become_current(self.shelf.find(name))

    def choose(self, name: str) -> None:
        """Use the model called `name` from now on, and load it.

        Raises:
            NoSuchModel: the library has no such model, or its file is gone.
        """
        self.show(name)
        if self.current is None or self.current.name != name:
            raise NoSuchModel(name)
        self._settings = replace(self._settings, model=name)
        self.settings_changed.emit(self._settings)
        self.load()

    def wishes(self, model: Model) -> Wishes:
        """How the user wants `model` loaded: its own wishes, and the settings' where it has none."""
        return self.loading.wishes(self._settings, model.loading)

    def fit_of(self, model: Model) -> Fit | None:
        """How `model` fits this computer now, loaded as the user wants it; None where its header cannot be read."""
        if model.header is None:
            return None
        draft = self.draft_of(model)
        return self.loading.fit(model.header, self.wishes(model), draft.header if draft is not None else None)

    def draft_of(self, model: Model) -> Model | None:
        """The model that guesses ahead for `model`, by the user's wish; None also where that one is gone."""
        return draft_of(model, self.shelf.models) if model.loading.draft else None

    def spec(self) -> ModelSpec:
        """How the chosen model is to be loaded.

        Raises:
            NoSuchModel: none is chosen.
        """
        if self.current is None:
            raise NoSuchModel(self._settings.model or "")
        draft = self.draft_of(self.current)
        return self.loading.spec(
            self.current.path, self._settings, self.current.loading, draft.path if draft is not None else None
        )

    def load(self) -> None:
        """Load the chosen model now, unless it is loaded or on its way."""
        if self.current is None or self.state is ModelState.READY:
            return
        spec = self.spec()
        self.cancel()
        self._begin_loading()

        def work(engine: Engine) -> Iterator[Produced]:
            return iter(engine.load(spec))

        job = Job(work, lambda events: self._on_events(spec, events), lambda error: self._on_done(job, error))
        self._job = job
        self._engine.submit(job)

    def cancel(self) -> None:
        """Stop loading."""
        if self._job is not None:
            self._engine.cancel(self._job)

    def unload(self, then: Callable[[], None] = lambda: None) -> None:
        """Give the model's memory back, then do `then`. It is loaded again when it is next needed."""
        self.cancel()

        def work(engine: Engine) -> Iterator[Produced]:
            engine.unload()
            return iter(())

        self._engine.submit(Job(work, lambda _: None, lambda _: then()))
        if self.current is not None:
            self._become(ModelState.IDLE)

    def on_load_event(self, spec: ModelSpec, event: LoadEvent) -> None:
        """An answer had to load its model first: take note of what the engine said."""
        if self.current is None or spec != self.spec():
            return
        if isinstance(event, Loaded):
            self.shelf.note_used(self.current.name)
        if isinstance(event, LoadProgress):
            if self.state is not ModelState.LOADING:
                self._begin_loading()
            self.fraction = event.fraction
            self.progress.emit(event.fraction)
        elif self.loaded != event or self.state is not ModelState.READY:
            # An answer hears of it too when the model was there already.
            self.loaded = event
            self._loaded_spec = spec
            if event.fallback is not None:
                self.noticed.emit(fallback_words(event.fallback))
            wanted = self.current.loading.draft
            if wanted and (spec.draft_path is None or event.lost_draft):
                self.noticed.emit(no_draft(self.titles().get(wanted, wanted)))
            self._become(ModelState.READY)

    def on_load_error(self, error: AppError) -> None:
        """Loading ended in `error`, or the engine process is gone and the model with it."""
        if self.current is None:
            return
        loading = self.state is ModelState.LOADING
        self.error = error if loading and not isinstance(error, LoadCancelled) else None
        if self.error is not None:
            self._become(ModelState.FAILED)
        elif loading or isinstance(error, EngineCrashed):
            self._become(ModelState.IDLE)

    def _on_shelf_changed(self) -> None:
        now = self.shelf.find(self._wanted)
        if self.current is None:
            # The list may have come late, or a disk; or what was taken off the list is back.
            self._become_current(now)
        elif now is None or not now.is_usable:
            self.unload()
            self._become_current(None)
        else:
            self.current = now
            self._notice_other_spec()
        self.changed.emit()

    def _notice_other_spec(self) -> None:
        """What is loaded is not what the settings and the model's own wishes ask for any more: next time it is."""
        if self.state is ModelState.READY and self.spec() != self._loaded_spec:
            self._become(ModelState.IDLE)

    def _on_events(self, spec: ModelSpec, events: list[Produced]) -> None:
        for event in events:
            if isinstance(event, LoadEvent):
                self.on_load_event(spec, event)

    def _on_done(self, job: Job, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, AppError):
            raise error
        if self._job is not job:
            # Another model was chosen meanwhile; how this one ended concerns nobody any more.
            return
        self._job = None
        if error is not None:
            self.on_load_error(error)
        elif self.state is ModelState.LOADING:
            # Cancelled before it began.
            self._become(ModelState.IDLE)

    def _become_current(self, model: Model | None) -> None:
        if model is not None and not model.is_usable:
            model = None
        if model is self.current or (model and self.current and model.name == self.current.name):
            return
        self.current = model
        self.loaded = None
        self.error = None
        self._become(ModelState.NONE if model is None else ModelState.IDLE)

    def _begin_loading(self) -> None:
        self.fraction = 0.0
        self.error = None
        self._become(ModelState.LOADING)

    def _become(self, state: ModelState) -> None:
        self.state = state
        self.changed.emit()
