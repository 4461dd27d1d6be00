"""Keeps what make.py wrote as fixtures, each case in a .zip that is the same for the same bytes: python pack.py FROM TO [SUFFIX]"""

import os
import sys
import zipfile


def pack(folder, file):
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for place, folders, names in sorted(os.walk(folder)):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(place, name)
                entry = zipfile.ZipInfo(os.path.relpath(path, folder), (2026, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                with open(path, "rb") as f:
                    archive.writestr(entry, f.read(), compresslevel=9)


def main(source, target, suffix=""):
    os.makedirs(target, exist_ok=True)
    for name in sorted(os.listdir(source)):
        if not name.startswith("."):
            pack(os.path.join(source, name), os.path.join(target, f"{name}{suffix}.zip"))


if __name__ == "__main__":
    main(*sys.argv[1:])
