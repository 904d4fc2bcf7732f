"""Writes what the fuzzer of cuts starts from: pieces of recorded sessions, each after the byte that says how it is cut."""

import json
import pathlib
import sys
import zlib

PIECE = 1500
PIECES = 4

recorded, folder = map(pathlib.Path, sys.argv[1:])
folder.mkdir(parents=True, exist_ok=True)
sessions = zlib.decompress(recorded.read_bytes()).decode().split("\n")
for number, session in enumerate(filter(None, sessions)):
    text = json.loads(session)["bytes"].encode("latin-1")
    for piece in range(PIECES):
        part = text[piece * PIECE : (piece + 1) * PIECE]
        if part:
            (folder / f"{number}-{piece}").write_bytes(bytes([number % 64]) + part)
