"""Copies of the project as a stranger would get it: what git would hold, and nothing that was built."""
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def project_files():
    """The project's files, relative to its root: tracked ones and new ones that are not ignored."""
    try:
        listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others",
                                 "--exclude-standard"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                check=True).stdout.decode("utf-8")
        names = [name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):  # not a checkout, or one of somebody else's
        names = [file.relative_to(ROOT).as_posix() for file in ROOT.rglob("*")
                 if file.is_file() and not {"build", ".git", "__pycache__"} & set(file.relative_to(ROOT).parts)]
    return sorted(name for name in set(names) if (ROOT / name).is_file())


def fresh_copy(folder):
    """Copies the project into `folder`, which must not exist yet."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    for name in project_files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return folder
