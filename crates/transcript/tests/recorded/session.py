"""One session: a shell started on its host, what a person does in it, and what was true of each line."""

import os
import random
import shutil
import time

import host
import keys
from drive import Terminal


class Session:
    def __init__(self, name, seed, root, shell, prompts, rows=24, columns=80, term="xterm-256color", lang="C.UTF-8", inputrc=None, environment=None, login_shell="bash"):
        self.name, self.seed, self.root, self.shell = name, seed, root, shell
        self.rows, self.columns = rows, columns
        self.rng = random.Random(seed)
        self.truth = []
        shutil.rmtree(root, ignore_errors=True)
        host.build(root, prompts)
        env = {
            "HOST": root, "HOME": f"{root}/sato", "USER": "sato", "LOGNAME": "sato", "FAKE_USER": "sato", "TERM": term, "LANG": lang, "LC_ALL": lang,
            "PATH": f"{root}/bin:/usr/local/bin:/usr/bin:/bin", "PS1": prompts["sato"]["dash"], "ZDOTDIR": f"{root}/sato", "XDG_CONFIG_HOME": f"{root}/sato",
            "XDG_DATA_HOME": f"{root}/share", "LOGIN_SHELL": login_shell, "VIMINIT": f"source {root}/vimrc", "SHELL": "/bin/bash", "EDITOR": "vim", "MANPAGER": "less", "TZ": "UTC",
        }
        if inputrc:
            env["INPUTRC"] = f"{root}/inputrc.{inputrc}"
        env.update(environment or {})
        argv = {
            "bash": ["/bin/bash", "--rcfile", f"{root}/sato/bashrc", "-i"],
            "zsh": ["/usr/bin/zsh", "-i"],
            "fish": ["/usr/bin/fish", "-i"],
            "dash": ["/bin/dash", "-i"],
        }[shell]
        self.terminal = Terminal(argv, env, f"{root}/sato", rows, columns, legacy=inputrc == "legacy" or lang != "C.UTF-8")
        self.stack = [shell]
        self.has_marks = False
        self.terminal.prompt()

    # What a person does.

    def current(self):
        return self.stack[-1]

    def mode(self, how):
        """What the stub does from now on: ok, password, wrong, refused, not_allowed."""
        with open(f"{self.root}/mode", "w") as out:
            out.write(how)

    def press(self, *pressed, pause=0.012):
        for key in pressed:
            self.terminal.send(key, pause)

    def write(self, text, style=None):
        """Writes one physical line, without Enter."""
        pool = keys.KERNEL if self.current() == "dash" else keys.FISH_STYLES if self.current() == "fish" else keys.STYLES
        style = style or self.rng.choice(pool)
        if self.current() == "dash" and (style not in keys.KERNEL or not text.isascii()):
            style = "plain"
        if not text.isascii() and style in ("swap", "hole", "transpose"):
            style = "slip"
        self.press(*keys.keys(text, style, self.rng))
        return style

    def line(self, text, style=None, wait=True, **truth):
        """Types a line, or several that are one command, and enters it."""
        before = self.begin()
        parts = text.split("\n")
        styles = []
        for number, part in enumerate(parts):
            styles.append(self.write(part, style if number == 0 else "plain"))
            self.press("\r")
            if number + 1 < len(parts):
                self.terminal.prompt()
        return self.end(text, before, wait, style=styles[0], **truth)

    def paste(self, text, bracketed=True, **truth):
        """Pastes into the line and enters it. Lines of a plain paste are entered as they come."""
        before = self.begin()
        if bracketed:
            self.press("\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~", pause=0.1)
        else:
            self.press(text, pause=0.1)
        self.press("\r")
        return self.end(text, before, **{"entry": "pasted" if bracketed else "typed", "style": "paste", **truth})

    def edited(self, text, pressed, **truth):
        """Presses these keys, which come to `text`, and enters it."""
        before = self.begin()
        self.press(*pressed)
        self.press("\r")
        return self.end(text, before, style="keys", **truth)

    def give_up(self, text, how="\x03"):
        """Types a line and does not enter it."""
        self.write(text, "plain")
        self.press(how)
        self.terminal.prompt()

    def inside(self, text, doing, **truth):
        """Enters a line whose program takes the terminal, does something in it, and comes back."""
        before = self.begin()
        style = self.write(text, truth.pop("typed", None))
        self.press("\r")
        self.terminal.drain(0.4)
        for step in doing:
            if isinstance(step, (int, float)):
                self.terminal.drain(step)
            else:
                self.press(step, pause=0.15)
        return self.end(text, before, style=style, **truth)

    def opens(self, text, shell, password=None, **truth):
        """Enters a line that opens another shell."""
        before = self.begin()
        style = self.write(text, truth.pop("typed", None))
        self.press("\r")
        if password is not None:
            self.terminal.drain(0.3)
            self.press(password, "\r")
        self.stack.append(shell)
        return self.end(text, before, style=style, unchecked=True, **truth)

    def leaves(self, text="exit", **truth):
        """Leaves the inner shell, by a line or by Ctrl-D."""
        if text is None:
            before = self.begin()
            self.press("\x04")
            self.stack.pop()
            self.terminal.shell = self.current()
            self.terminal.prompt()
            # bash without marks writes `exit` for the person, which nothing tells from a typed one.
            self.truth.append({"line": "exit", "user": before["user"], "entry": "typed", "style": "end of input", "acts": [], "optional": True})
            return None
        before = self.begin()
        self.write(text, "plain")
        self.press("\r")
        self.stack.pop()
        # The inner shell is gone before it could say what it ran.
        return self.end(text, before, style="leaves", unchecked=True, **truth)

    # What was true.

    def begin(self):
        entries = host.log(self.root)
        open_shells = []
        for entry in entries:
            if entry["event"] == "open":
                open_shells.append(entry["user"])
            elif entry["event"] == "close":
                open_shells.pop()
        return {"done": host.done(self.root), "marks": self.terminal.marks(), "entries": len(entries), "ran": len(host.ran(self.root)), "user": open_shells[-1] if open_shells else "sato"}

    def end(self, text, before, wait=True, entry="typed", style="", **truth):
        self.terminal.shell = self.current()
        if wait:
            self.await_fish(before)
            self.terminal.prompt(marks=before["marks"] if self.has_marks and not truth.get("unmarked") else None)
        if text.endswith("&"):
            self.terminal.drain(1.0)
        entries = host.log(self.root)[before["entries"]:]
        acts = [entry for entry in entries if entry["event"] == "act" and not entry["asks"]]
        ran = host.ran(self.root)[before["ran"]:]
        known = {
            "line": text, "user": before["user"], "entry": entry, "style": style,
            "acts": [{"program": act["program"], "argv": act["argv"], "user": act["user"]} for act in acts],
            **truth,
        }
        self.check(text, ran, known)
        if known.pop("unchecked", None) and self.current() in ("zsh", "fish") and len(ran) == 1 and style in ("keys", "paste"):
            known["line"] = ran[0]
        self.truth.append(known)
        return known

    def await_fish(self, before):
        """fish keeps its editor's mode and the terminal while it expands a line: it says itself when the line is done."""
        end = time.monotonic() + 8
        while self.current() == "fish" and host.done(self.root) <= before["done"] and time.monotonic() < end:
            if not self.terminal.drain(0.05):
                return

    def check(self, text, ran, known):
        """The shell must have run what was meant, or the recording is worth nothing."""
        if self.current() in ("dash",) or not ran or known.get("unchecked"):
            return
        squeeze = lambda line: "".join(line.split()).replace(";", "").replace("\\", "")
        meant = known.get("expanded") or text
        if squeeze(meant) not in map(squeeze, ran):
            raise AssertionError(f"{self.name}: meant {meant!r}, the shell ran {ran!r}")

    def finish(self, how="exit"):
        """Leaves the session's own shell, or just loses the connection."""
        if how == "exit":
            before = self.begin()
            self.write("exit", "plain")
            self.press("\r")
            self.truth.append({"line": "exit", "user": before["user"], "entry": "typed", "style": "plain", "acts": []})
        elif how == "end":
            before = self.begin()
            self.press("\x04")
            self.truth.append({"line": "exit", "user": before["user"], "entry": "typed", "style": "end of input", "acts": [], "optional": True})
        self.terminal.drain(0.3)
        self.terminal.close()

    def recording(self):
        chunks = [[round(at, 3), len(data)] for at, data in self.terminal.chunks]
        return {
            "name": self.name, "shell": self.shell, "rows": self.rows, "columns": self.columns, "bytes": self.terminal.shown(), "chunks": chunks, "truth": self.truth,
        }
