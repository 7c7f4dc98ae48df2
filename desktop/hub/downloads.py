"""The queue of downloads: what is fetched, at what speed, what waits, and what went wrong.

A download is a `Choice`: all its shards and its companions, published together when each has its sha256.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from desktop.errors import AppError, NoSpace, OfflineMode
from desktop.hub.download import Wanted, fetch
from desktop.hub.job import GOING, Download, Job, Phase
from desktop.hub.names import safe_path
from desktop.hub.network import Network
from desktop.hub.part import is_whole
from desktop.hub.remote import Choice
from desktop.hub.space import refuse_without_space, writing
from desktop.hub.stop import Stopped
from desktop.hub.unfinished import Unfinished, unfinished_in

_log = logging.getLogger(__name__)


class Downloads:
    """Fetches what was added, some at once, in threads of its own.

    All methods may be called from any thread and return at once. `on_change` is called, from any thread, whenever
    something of `list` has changed: thousands of times a second. `on_done` is called once a download, with it as DONE.
    """

    def __init__(
        self,
        folder: Path,
        network: Network,
        *,
        at_once: int = 2,
        on_change: Callable[[], None] = lambda: None,
        on_done: Callable[[Download], None] = lambda _: None,
        remember: Callable[[Choice], object] = lambda _: None,
    ) -> None:
        """`folder` is where models are kept. Unfinished downloads of earlier runs are found in it, as PAUSED.

        Those of which only the end is missing are brought to it. `remember` is told, in a thread of the queue, what
        was published. Until it returns the download is not forgotten, so that it is told again after a crash; what
        it raises as an AppError is the download's error.
        """
        self._folder = folder
        self._network = network
        self._at_once = at_once
        self._on_change = on_change
        self._on_done = on_done
        self._remember = remember
        self._lock = threading.Lock()
        left = unfinished_in(folder)
        self._jobs = {job.id: Job(job, Phase.WAITING if job.is_here else Phase.PAUSED) for job in left}
        self._threads: dict[str, threading.Thread] = {}
        """The last thread that worked on each download; it may be over."""
        self._start_waiting()

    def list(self) -> list[Download]:
        """All downloads of this run, and the unfinished ones of earlier ones, the oldest first."""
        with self._lock:
            return [job.download() for job in self._jobs.values()]

    def add(self, choice: Choice) -> str:
        """Fetch `choice` and return the download's id. One that is listed already goes on instead.

        Raises:
            NoSpace: the disk has no room for it.
            UnsafeName: a file's name would lead elsewhere.
            CannotWrite: the folder cannot be written.
        """
        for file in (*choice.files, *choice.companions):
            safe_path(choice.repo, file.path)
        job = Job(Unfinished(self._folder, choice), Phase.WAITING)
        with self._lock:
            listed = self._jobs.get(job.files.id)
            if listed is None or listed.phase is Phase.DONE:
                others = sum(each.rest_bytes for each in self._jobs.values() if each.phase in GOING)
                refuse_without_space(self._folder, job.rest_bytes + others)
                with writing(self._folder, job.rest_bytes):
                    job.files.record()
                self._jobs[job.files.id] = job
        self.resume(job.files.id)
        return job.files.id

    def pause(self, download_id: str) -> None:
        """Stop fetching it; what is here stays."""
        with self._lock:
            job = self._jobs.get(download_id)
            if job is None or job.phase not in GOING:
                return
            job.stop.set()
            job.phase = Phase.PAUSED
        self._changed()

    def resume(self, download_id: str) -> None:
        """Go on with what is PAUSED, or try again what FAILED."""
        with self._lock:
            job = self._jobs.get(download_id)
            if job is not None and job.phase in (Phase.PAUSED, Phase.FAILED):
                # Another one: whatever the old one's thread still says is not heard.
                self._jobs[download_id] = Job(job.files, Phase.WAITING)
        self._changed()

    def resume_from_offline(self) -> None:
        """Go on with what was PAUSED because offline mode was on."""
        for download in self.list():
            if download.phase is Phase.PAUSED and isinstance(download.error, OfflineMode):
                self.resume(download.id)

    def cancel(self, download_id: str) -> None:
        """Forget it and delete what is here of it. What is DONE stays."""
        with self._lock:
            job = self._jobs.pop(download_id, None)
            if job is not None and job.phase is not Phase.DONE:
                job.stop.set()
                self._start(job, self._delete)
        self._changed()

    def set_at_once(self, n: int) -> None:
        """How many are fetched at the same time. Those that run go on."""
        self._at_once = n
        self._changed()

    def close(self) -> None:
        """Stop all within milliseconds. What is here stays, and is found again by the next `Downloads`.

        Not to be called from a callback: it waits for the threads.
        """
        with self._lock:
            self._at_once = 0
            for job in self._jobs.values():
                if job.phase in GOING:
                    job.stop.set()
                    job.phase = Phase.PAUSED
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def _changed(self) -> None:
        self._start_waiting()
        self._on_change()

    def _start_waiting(self) -> None:
        """Start what waits, if there is room for it."""
        with self._lock:
            going = sum(job.phase in (Phase.RUNNING, Phase.VERIFYING) for job in self._jobs.values())
            waiting = [job for job in self._jobs.values() if job.phase is Phase.WAITING]
            for job in waiting[: max(0, self._at_once - going)]:
                job.phase = Phase.RUNNING
                self._start(job, self._run)

    def _start(self, job: Job, work: Callable[[Job], None]) -> None:
        """Have `work` done in a thread, after what is still going on there for the same download."""
        before = self._threads.get(job.files.id)

        def run() -> None:
            if before is not None:
                before.join()
            work(job)

        thread = self._threads[job.files.id] = threading.Thread(target=run, name=f"download {job.files.choice.repo}")
        thread.start()

    def _run(self, job: Job) -> None:
        phase, error = Phase.FAILED, None
        try:
            self._fetch(job)
            phase = Phase.DONE
        except Stopped:
            phase = Phase.PAUSED
        except AppError as failure:
            error = failure
            phase = Phase.PAUSED if isinstance(error, OfflineMode | NoSpace) else Phase.FAILED
        finally:
            with self._lock:
                if phase is Phase.DONE or not job.stop.is_set():
                    job.phase, job.error = phase, error
            if phase is Phase.DONE:
                self._on_done(job.download())
            self._changed()

    def _fetch(self, job: Job) -> None:
        """Fetch all files of `job` and publish them.

        Raises:
            Stopped, HubError, NoSpace, DownloadInUse, CannotWrite
        """
        files = job.files
        with writing(self._folder, job.rest_bytes), files.locked():
            files.record()
            refuse_without_space(self._folder, job.rest_bytes)
            for number, file in enumerate(files.files):
                if not files.done(file).exists():
                    self._fetch_file(job, number)
            with self._lock:
                # A cancel comes before this, or too late.
                job.stop.check()
                files.publish()
            self._remember(files.choice)
            files.remove()

    def _fetch_file(self, job: Job, number: int) -> None:
        def on_progress(n_bytes: int) -> None:
            job.note(number, n_bytes)
            self._on_change()

        def on_verifying(verifying: bool) -> None:
            with self._lock:
                if job.phase in (Phase.RUNNING, Phase.VERIFYING):
                    job.phase = Phase.VERIFYING if verifying else Phase.RUNNING
            self._on_change()

        files = job.files
        file = files.files[number]
        on_verifying(True)
        if not is_whole(files.target(file), file.size_bytes, file.sha256, job.stop):
            on_verifying(False)
            wanted = Wanted(files.choice.repo, files.choice.commit, file)
            part = files.part(file)
            fetch(self._network, wanted, part, stop=job.stop, on_progress=on_progress, on_verifying=on_verifying)
            part.replace(files.done(file))
        on_progress(file.size_bytes)

    def _delete(self, job: Job) -> None:
        try:
            with writing(self._folder, 0), job.files.locked():
                job.files.remove()
        except AppError:
            # Another process fetches it, or the disk is gone: there it stays.
            _log.warning("a cancelled download cannot be deleted", exc_info=True)
