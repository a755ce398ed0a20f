"""The contents of a disk after a power cut, from a recording of a program's writes.

The model keeps to what a disk and a journalling file system promise, and to nothing else. A file's bytes
are safe once the file was synced (`fsync`, `fdatasync`, `syncfs`); of what was written since, any part may be
there, in any order, down to single sectors of 512 bytes. Names change in the order they were changed in, and
are safe once a folder was synced; of the changes since, a beginning is there. A new name may stand for a file
whose bytes never came.
"""

import copy
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

SECTOR = 512

Tree = dict[str, "int | Tree"]


@dataclass(slots=True)
class File:
    """Bytes that are safe, and the changes since: where and what was written, or how long it was cut."""

    safe: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.since:
            _apply(self.safe, *change)
        self.since.clear()

    def after_cut(self, chance: random.Random) -> bytearray:
        """The bytes, with any part of the unsynced changes."""
        found = bytearray(self.safe)
        eagerness = chance.choice((0.0, 0.3, 0.7, 1.0))
        for place, written in self.since:
            if written is None:
                if chance.random() < eagerness:
                    _apply(found, place, None)
                continue
            torn = chance.random() < 0.3
            whole = chance.random() < eagerness
            for at in range(0, len(written), SECTOR):
                if chance.random() < eagerness if torn else whole:
                    _apply(found, place + at, written[at : at + SECTOR])
        return found


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the recording: what was done at which offset of which path, and the bytes."""

    op: str
    offset: int
    path: str
    other: str
    written: bytes


class Disk:
    """Files by number, the tree of names as the program sees it, and the changes of names not yet safe."""

    def __init__(self, folder: Path) -> None:
        """Begin with what lies in a folder, all of it safe."""
        self._root = PurePosixPath(folder)
        self._files: list[File] = []
        self._names: Tree = {}
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if path.is_dir():
                _folder(self._names, parts[:-1])[parts[-1]] = {}
            else:
                self._files.append(File(safe=bytearray(path.read_bytes())))
                _folder(self._names, parts[:-1])[parts[-1]] = len(self._files) - 1
        self._safe_names = copy.deepcopy(self._names)
        self._since: list[tuple[str, tuple[str, ...], tuple[str, ...], int]] = []

    def happen(self, done: Happening) -> None:
        """Let one recorded change happen."""
        parts, other = self._parts(done.path), self._parts(done.other or done.path)
        if done.op == "syncfs":
            for file in self._files:
                file.sync()
            self._sync_names()
        elif done.op in {"write", "truncate", "fsync"}:
            self._happen_in(parts, done)
        elif done.op != "mark":
            if done.op == "create":
                self._files.append(File())
            change = (done.op, parts, other, len(self._files) - 1)
            _rename(self._names, *change)
            self._since.append(change)

    def cut(self, folder: Path, chance: random.Random) -> None:
        """Lay out what may be there if the power goes now."""
        names = copy.deepcopy(self._safe_names)
        for change in self._since[: chance.randint(0, len(self._since))]:
            _rename(names, *change)
        shutil.rmtree(folder, ignore_errors=True)
        self._lay_out(names, folder, chance)

    def _happen_in(self, parts: tuple[str, ...], done: Happening) -> None:
        found = _find(self._names, parts)
        if isinstance(found, dict):
            assert done.op == "fsync"
            self._sync_names()
        elif found is not None:  # else a file without a name, which nobody can find again
            file = self._files[found]
            if done.op == "fsync":
                file.sync()
            else:
                file.since.append((done.offset, done.written if done.op == "write" else None))

    def _sync_names(self) -> None:
        for change in self._since:
            _rename(self._safe_names, *change)
        self._since.clear()

    def _parts(self, path: str) -> tuple[str, ...]:
        pure = PurePosixPath(path)
        return pure.relative_to(self._root).parts if pure.is_relative_to(self._root) else ()

    def _lay_out(self, names: Tree, folder: Path, chance: random.Random) -> None:
        folder.mkdir()
        for name, node in names.items():
            if isinstance(node, dict):
                self._lay_out(node, folder / name, chance)
            elif not name.endswith("-shm"):  # SQLite's map of its log, made anew by the first process
                (folder / name).write_bytes(self._files[node].after_cut(chance))


def read_recording(path: Path) -> Iterator[Happening]:
    """The happenings, in order."""
    with path.open("rb") as file:
        while head := file.readline():
            op, offset, n, paths = head.decode().rstrip("\n").split(" ", 3)
            one, _, other = paths.partition("\t")
            yield Happening(op, int(offset), one, other, file.read(int(n)) if op == "write" else b"")


def _apply(found: bytearray, place: int, written: bytes | None) -> None:
    if written is None:
        del found[place:]
        found.extend(bytes(place - len(found)))
        return
    found.extend(bytes(max(0, place - len(found))))
    found[place : place + len(written)] = written


def _find(names: Tree, parts: tuple[str, ...]) -> "int | Tree | None":
    node: int | Tree | None = names
    for part in parts:
        node = node.get(part) if isinstance(node, dict) else None
    return node


def _folder(names: Tree, parts: tuple[str, ...]) -> Tree:
    node = _find(names, parts)
    assert isinstance(node, dict), f"{'/'.join(parts)}: no folder of the recording"
    return node


def _rename(names: Tree, op: str, parts: tuple[str, ...], other: tuple[str, ...], file: int) -> None:
    """One change of names, as the file system makes it: all of it or nothing."""
    here, name = _folder(names, parts[:-1]), parts[-1]
    there, other_name = _folder(names, other[:-1]), other[-1]
    if op == "create":
        here[name] = file
    elif op == "mkdir":
        here[name] = {}
    elif op == "unlink":
        del here[name]
    elif op == "rename":
        there[other_name] = here.pop(name)
    elif op == "link":
        there[other_name] = here[name]
    else:
        here[name], there[other_name] = there[other_name], here[name]
