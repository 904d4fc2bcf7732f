"""Drives a program in a pseudo-terminal as a person would, and keeps every byte that it shows.

Whether a shell is ready for the next line is asked of the kernel, not guessed from the screen: the terminal's foreground process group is a
shell's, that shell sleeps, and its line editor has switched canonical mode off (dash has no line editor: there it stays on).
"""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

class Terminal:
    def __init__(self, argv, env, cwd, rows, columns, legacy=False):
        self.shell = os.path.basename(argv[0])  # the one whose prompt is waited for
        self.chunks = []  # (seconds since the start, bytes)
        self.started = time.monotonic()
        self.rows, self.columns = rows, columns
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(cwd)
            os.execve(argv[0], argv, env)
        self.pid, self.fd = pid, fd
        self.resize(rows, columns)
        mode = termios.tcgetattr(fd)
        mode[3] |= termios.ECHOE | termios.ECHOK | termios.ECHOKE | termios.ECHOCTL
        if not legacy and hasattr(termios, "IUTF8"):
            mode[0] |= termios.IUTF8
        elif not legacy:
            mode[0] |= 0o040000  # IUTF8, which the module does not name
        termios.tcsetattr(fd, termios.TCSANOW, mode)

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def shown(self):
        return b"".join(data for _, data in self.chunks)

    def drain(self, seconds):
        """Reads for as long as output keeps coming within `seconds`; False when the program is gone."""
        while True:
            ready, _, _ = select.select([self.fd], [], [], seconds)
            if not ready:
                return True
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.chunks.append((time.monotonic() - self.started, data))

    def send(self, keys, pause=0.012):
        os.write(self.fd, keys if isinstance(keys, bytes) else keys.encode())
        return self.drain(pause)

    def foreground(self):
        try:
            group = os.tcgetpgrp(self.fd)
            with open(f"/proc/{group}/comm") as name, open(f"/proc/{group}/stat") as stat:
                return name.read().strip(), stat.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            return "", ""

    def is_at_prompt(self):
        name, state = self.foreground()
        if name != self.shell or state != "S":
            return False
        try:
            canonical = bool(termios.tcgetattr(self.fd)[3] & termios.ICANON)
        except termios.error:
            return False
        return canonical == (name == "dash")

    def marks(self):
        """How often a line editor has announced itself."""
        return sum(data.count(b"2004h") for _, data in self.chunks)

    def prompt(self, limit=12.0, quiet=0.05, marks=None):
        """Waits for the next prompt, announced since there were so many `marks`; False when the program is gone, an error when none comes."""
        end = time.monotonic() + limit
        # dash is in front of what it waits for, and has no editor's mode to tell by.
        quiet = 3 * quiet if self.shell == "dash" else quiet
        while time.monotonic() < end:
            if not self.drain(quiet):
                return False
            if marks is not None and self.marks() <= marks and time.monotonic() < end - limit / 2:
                continue
            if self.is_at_prompt() and self.drain(quiet) and self.is_at_prompt():
                return True
        raise TimeoutError(f"no prompt: {self.foreground()} {self.shown()[-300:]!r}")

    def close(self):
        try:
            os.kill(self.pid, signal.SIGHUP)
        except ProcessLookupError:
            pass
        self.drain(0.1)
        os.close(self.fd)
        try:
            os.waitpid(self.pid, 0)
        except ChildProcessError:
            pass
