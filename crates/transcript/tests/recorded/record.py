#!/usr/bin/env python3
"""Records the corpus: real shells, driven by a program, each session with the truth of what ran.

    record.py OUT [--jobs N] [--unseen [FIRST]] records all sessions (bash, zsh, fish, dash, vim, less, man, top, tmux and screen must be there);
                                                `--unseen`: half as many others, numbered from FIRST (200), whose losses are not to be looked
                                                at, for figures
    record.py OUT --only NAME … [--jobs N]      records those whose name begins so again; the others of OUT stay
    record.py --show FILE [NAME]                prints what a recording holds

A session follows from its seed, but for what clocks and processes add; so recordings are kept, and a test's outcome does not hang on the machine
that it runs on. OUT is a zlib stream of JSON lines: `name`, `shell`, `rows`, `columns` (at the start), `bytes` (one character a byte), `chunks` (seconds and length of each piece
as it came), `truth` (each entered line in order, with the acts that the stub logged while it ran).
"""

import argparse
import concurrent.futures
import json
import random
import re
import shutil
import sys
import traceback
import zlib

import prompts
import scenes
from session import Session

# How many sessions of each shell; `old` is bash without bracketed paste, as on hosts of some years ago.
SHELLS = [("bash", 64), ("old", 34), ("zsh", 44), ("fish", 17), ("dash", 24)]
SIZES = [(24, 80), (24, 80), (50, 200), (40, 132), (20, 60), (30, 100)]


def plan(unseen=None):
    out = []
    for kind, count in SHELLS:
        numbers = range(count) if unseen is None else range(unseen, unseen + count // 2)
        out += [(f"{kind}-{number:03}", kind, number) for number in numbers]
    return out


def shown_prompt(text):
    """A prompt as it will stand on the screen at home, near enough for a file that quotes it."""
    text = re.sub(r"\\\[.*?\\\]", "", text).replace(r"\W", "~").replace(r"\w", "~").replace(r"\s-\v", "bash-5.2")
    text = re.sub(r"%[FB]\{?[a-z0-9]*\}?|%[fb]", "", text).replace("%~", "~").replace("%1~", "~").replace("%c", "~").replace("%%", "%")
    return text.split("\n")[-1]


def start(name, kind, number):
    seed = sum(ord(letter) * 7919 ** (at % 5) for at, letter in enumerate(name)) % 2**31
    rng = random.Random(seed)
    shell = "bash" if kind == "old" else kind
    chosen = {
        "bash": list(prompts.BASH)[number % len(prompts.BASH)], "zsh": list(prompts.ZSH)[number % len(prompts.ZSH)],
        "fish": list(prompts.FISH)[number % len(prompts.FISH)], "dash": list(prompts.DASH)[number % len(prompts.DASH)],
    }
    if kind == "old":
        chosen["bash"] = ["amazon", "version", "debian", "bare", "status", "git", "angle", "gentoo"][number % 8]
    inputrc = "plain" if kind == "old" else None
    said = prompts.choose(**chosen)
    rows, columns = SIZES[(number + len(kind)) % len(SIZES)]
    login = "zsh" if kind == "zsh" and number % 3 == 0 else "fish" if kind == "fish" and number % 2 == 0 else "bash"
    session = Session(name, seed, f"/tmp/{name}", shell, said, rows, columns, inputrc=inputrc, term=rng.choice(["xterm-256color"] * 4 + ["xterm", "vt220"]), login_shell=login)
    session.login_shell = login
    session.bash_marks = kind != "old"
    session.has_marks = kind in ("bash", "zsh", "fish")
    quoted = shown_prompt(said["sato"][shell if shell != "fish" else "bash"])
    with open(f"/tmp/{name}/sato/session.log", "w") as out:
        out.write(f"{quoted}sudo reboot\nrebooting\n[root@web-3 ~]# rm -rf /srv\n$ sudo id\nuid=0(root)\n{quoted}exit\n")
    return session


def record(name, kind, number):
    for attempt in range(3):
        session = None
        try:
            session = start(name, kind, number)
            play(session, kind, number)
            recording = session.recording()
            recording["bytes"] = recording["bytes"].decode("latin-1")
            return recording
        except Exception:
            problem = traceback.format_exc()
            if session:
                session.terminal.close()
        finally:
            shutil.rmtree(f"/tmp/{name}", ignore_errors=True)
    raise RuntimeError(f"{name}: {problem}")


def play(session, kind, number):
    rng = session.rng
    # Every scene comes up in every shell that it fits; what stands between is drawn.
    turns = [scenes.SCENES[(number * 3 + offset + len(kind)) % len(scenes.SCENES)] for offset in range(3)]
    if number % 12 == 5 and kind in ("bash", "old"):
        turns.append(scenes.RARE[number // 12 % 3])
    turns += scenes.BESIDES.get(session.name, [])
    for turn in turns:
        for _ in range(rng.randrange(1, 4)):
            rng.choice([scenes.act, scenes.trap, scenes.plain, scenes.act, scenes.trap])(session)
        turn(session)
    scenes.trap(session)
    scenes.act(session)
    session.finish(rng.choice(["exit", "exit", "end", "lost"]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", nargs="?")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--unseen", type=int, nargs="?", const=200)
    parser.add_argument("--show")
    options = parser.parse_args()
    if options.show:
        return show(options.show, options.out)
    wanted = [entry for entry in plan(options.unseen) if not options.only or any(entry[0].startswith(name) for name in options.only)]
    recordings, failed = [], 0
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        for entry, future in [(entry, pool.submit(record, *entry)) for entry in wanted]:
            try:
                recordings.append(future.result())
            except Exception as problem:
                failed += 1
                print(problem, file=sys.stderr)
    if options.only:
        again = {recording["name"] for recording in recordings}
        recordings = sorted(recordings + [old for old in read(options.out) if old["name"] not in again], key=lambda one: names(options.unseen).index(one["name"]))
    scripts = {tuple(line["line"] for line in recording["truth"]) for recording in recordings}
    if len(scripts) != len(recordings):
        sys.exit("two sessions have the same script")
    text = "".join(json.dumps(recording, ensure_ascii=False) + "\n" for recording in recordings)
    with open(options.out, "wb") as out:
        out.write(zlib.compress(text.encode(errors="surrogateescape"), 9))
    lines = [line for recording in recordings for line in recording["truth"]]
    acts = sum(bool(line["acts"]) for line in lines)
    print(f"{len(recordings)} sessions, {failed} failed, {len(lines)} lines, {acts} of them acts")


def names(unseen):
    return [name for name, _, _ in plan(unseen)]


def read(path):
    with open(path, "rb") as stream:
        return [json.loads(text) for text in zlib.decompress(stream.read()).decode().split("\n")[:-1]]


def show(path, name):
    for recording in read(path):
        if name in (None, recording["name"]):
            print(recording["name"], recording["shell"], recording["columns"])
            if name:
                print(recording["bytes"].encode("latin-1"))
                for line in recording["truth"]:
                    print(line)


if __name__ == "__main__":
    main()
