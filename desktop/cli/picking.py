"""Which of a repository's choices is meant, or suits this computer."""

from __future__ import annotations

from desktop.errors import BadInput, ModelDoesNotFit, NotOnHub
from desktop.hub.advice import advised, resized
from desktop.hub.fit import Fit, Machine, Verdict, fit
from desktop.hub.names import quantisation_of, refuse_pieces
from desktop.hub.remote import Choice, Repository
from desktop.hub.search import Hub


def named(repository: Repository, wanted: str) -> Choice:
    """The choice that a file's name, its path, or a quantisation says.

    Raises:
        NotOnHub: there is none.
        BadInput: there are several.
        AppError: it is there, but cannot be downloaded.
    """
    refuse_pieces(wanted)
    found = [choice for choice in repository.choices if any(_is_meant(file.path, wanted) for file in choice.files)]
    if not found:
        found = [choice for choice in repository.choices if choice.quantisation == wanted.upper()]
    if len(found) > 1:
        raise BadInput(wanted, "choice", ", ".join(choice.files[0].path for choice in found))
    if found:
        return found[0]
    for refusal in repository.refused:
        if _is_meant(refusal.path, wanted) or quantisation_of(refusal.path) == wanted.upper():
            raise refusal.error
    raise NotOnHub(repository.found.repo, wanted)


def fits(hub: Hub, repository: Repository, machine: Machine) -> dict[Choice, Fit]:
    """How each choice fits `machine`, computed from the header of one of them, which is asked for.

    Raises:
        HubError, BadModelFile
    """
    if not repository.choices:
        return {}
    # From the middle: what is said of the others is scaled from it.
    header = hub.header(repository.choices[len(repository.choices) // 2])

    def fit_of(choice: Choice) -> Fit:
        return fit(resized(header, sum(file.size_bytes for file in choice.files)), machine)

    return {choice: fit_of(choice) for choice in repository.choices}


def suited(hub: Hub, repository: Repository, machine: Machine) -> Choice:
    """The choice that suits `machine` best.

    Raises:
        NotOnHub: there is nothing to download.
        ModelDoesNotFit: even the smallest is too big.
        HubError, BadModelFile
        AppError: what there is cannot be downloaded.
    """
    if not repository.choices:
        if repository.refused:
            raise repository.refused[0].error
        raise NotOnHub(repository.found.repo, "*.gguf")
    how = fits(hub, repository, machine)
    found = advised(repository.choices, how.get)
    if found is None:
        smallest = repository.choices[0]
        if how[smallest].verdict is not Verdict.TOO_BIG:
            return smallest
        free_bytes = sum(share.free_bytes for share in how[smallest].shares)
        raise ModelDoesNotFit(smallest.files[0].path, how[smallest].needed_bytes, free_bytes)
    return found


def _is_meant(path: str, wanted: str) -> bool:
    return wanted in (path, path.rpartition("/")[2])
