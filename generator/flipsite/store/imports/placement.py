"""Places a file's draws in a study: numbers them, leaves out those that are there, refuses those in doubt."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flipsite.domain.display import plural
from flipsite.errors import UsageError
from flipsite.project import SNAPSHOT
from flipsite.store.imports.duplicate_draws import Beginnings, Fingerprints, Overlap
from flipsite.store.imports.rows import Rows, place_of
from flipsite.store.snapshot.extent import model_extents
from flipsite.store.snapshot.tables import snapshot_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatPolicy:
    """What becomes of draws that a study may have already; by default those in doubt are refused.

    Attributes:
        replace: Whether the file's draws take the place of those with the same model and number, where a file
            without numbers counts each model's rows.
        append: Whether the file's draws are numbered after the study's, whatever they look like.
        follows: Whether another file of the same import came before it, so that it is no later state of one.
    """

    replace: bool = False
    append: bool = False
    follows: bool = False


REFUSE = RepeatPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a file's draws go in a study.

    Attributes:
        shift: By model: what is added to the numbers of its draws.
        replaced: The rows of the snapshot in whose place they come.
        n_there: Draws of the file that the study has already; they are left out.
        notes: Sentences on their numbers.
    """

    shift: NDArray[np.int64]
    replaced: NDArray[np.int64]
    n_there: int = 0
    notes: tuple[str, ...] = ()


def place_draws(
    rows: Rows,
    files: Sequence[Path],
    *,
    path: Path,
    folder: Path,
    repeats: RepeatPolicy,
) -> Placement:
    """Find the draws that the study has already, and leave them out.

    Without numbers a file's draws follow those of the study, unless the study's are its beginning: then the
    log has grown.

    Args:
        rows: The file's draws; those that the study has already are taken out of them.
        files: The study's snapshot.
        path: The file's name, for sentences.
        folder: The study's.
        repeats: Of draws that the study may have.

    Raises:
        UsageError: If the study has draws of the same numbers with other content, or may have draws without
            numbers already, and no option says what is to become of them.
    """
    none = np.zeros(0, np.int64)
    last = {model: extent.last for model, extent in model_extents(files).items()}
    unmoved = np.zeros(len(rows.models), np.int64)
    n_common = sum(model in last for model in rows.models)
    if not n_common:
        return Placement(shift=unmoved, replaced=none)
    after = np.array([last.get(model, -1) + 1 for model in rows.models], np.int64)
    moved = f"The draws of {plural(n_common, 'model')} were numbered after those that the study has."
    if repeats.append:
        return Placement(shift=after, replaced=none, notes=(moved,))
    places = place_of(rows.models)
    new = Fingerprints.of(rows.runs.tables(study="", shift=unmoved), places)
    old = Fingerprints.of(snapshot_tables(files), places)
    overlap = Overlap.of(new, old)
    numbered = rows.numbered or repeats.replace
    beginnings = None if numbered else Beginnings.of(new, old, overlap)
    if beginnings is None or (beginnings.alike and not beginnings.may_be_chance()):
        _refuse_changes(new, overlap, rows, files, path=path, folder=folder, overwrite=repeats.replace)
        wanted = np.ones(len(new), np.bool_)
        wanted[overlap.new[overlap.same]] = False
        rows.runs.keep(wanted)
        n_there, notes = int(overlap.same.sum()), () if numbered else (_GROWN,)
        return Placement(shift=unmoved, replaced=overlap.old[~overlap.same], n_there=n_there, notes=notes)
    known = new.known_in(old)
    if not known.any():
        _refuse_repeats(beginnings, path=path, study=folder.name, follows=repeats.follows)
        return Placement(shift=after, replaced=none, notes=(moved,))
    rows.runs.keep(~known)
    first = np.full(len(after), _NEVER)
    np.minimum.at(first, new.model[~known], new.draw[~known])
    after -= np.where(first == _NEVER, 0, first)
    return Placement(shift=after, replaced=none, n_there=int(known.sum()), notes=(moved,))


_NEVER = np.iinfo(np.int64).max
_GROWN = "They begin as the study's do, so that these count once; --append would count them all."


def _refuse_changes(
    new: Fingerprints,
    overlap: Overlap,
    rows: Rows,
    files: Sequence[Path],
    *,
    path: Path,
    folder: Path,
    overwrite: bool,
) -> None:
    """Refuse draws of the study's numbers with other content, where they cannot replace the study's."""
    different = np.flatnonzero(~overlap.same)
    if not len(different) or (overwrite and files == (folder / SNAPSHOT,)):
        return
    row = int(overlap.new[different[0]])
    remedy = (
        "a snapshot in parts is not rewritten by --replace"
        if overwrite
        else "--replace puts the file's draws in their place, --append numbers them after the study's"
    )
    raise UsageError(
        f"{path}: the study {folder.name!r} has draw {new.draw[row]} of {rows.models[new.model[row]]} with "
        f"other content ({plural(len(different), 'such draw')}); {remedy}; or name another study with --study"
    )


def _refuse_repeats(beginnings: Beginnings, *, path: Path, study: str, follows: bool) -> None:
    """Refuse a file without numbers whose first draws the study may have already.

    Raises:
        UsageError: If it may be the study's log, grown, unless a file of the same import came before it;
            or if it begins as the study ends, which other draws hardly ever do.
    """
    if beginnings.alike and beginnings.may_have_grown() and not follows:
        raise UsageError(
            f"{path}: its draws begin as those of study {study!r} do; if it is the same log, "
            "grown, --replace counts each draw once; if they are others, --append counts them all"
        )
    if n_last := beginnings.n_last():
        raise UsageError(
            f"{path}: begins with {plural(n_last, 'draw')} that the study "
            f"{study!r} has already; leave them out of the file, or number its draws in a column "
            "`draw`; if they are others, --append counts them all"
        )
