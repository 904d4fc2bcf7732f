"""What people do at a shell beyond typing lines: each function does one thing in a session, in the keys of the shell it is in.

A scene that does not fit the shell it meets returns False.
"""

import lines
from keys import BACKSPACE, DOWN, HOME, LEFT, RIGHT, UP


def pick(s, source):
    return lines.fill(s.rng.choice(source), s)


def act(s):
    if s.current() == "fish":
        return s.line(pick(s, lines.ACTS_FISH))
    return s.line(pick(s, lines.ACTS + (lines.ACTS_BASH * 2 if s.current() in ("bash", "zsh") else [])))


def trap(s):
    return s.line(pick(s, lines.TRAPS_FISH if s.current() == "fish" else lines.TRAPS))


def plain(s):
    return s.line(pick(s, lines.PLAIN_FISH if s.current() == "fish" else lines.PLAIN))


def pair(s):
    first, then = s.rng.choice(lines.PAIRS_FISH if s.current() == "fish" else lines.PAIRS)
    s.line(lines.fill(first, s), "plain")
    s.line(lines.fill(then, s))


def long_line(s):
    s.line(pick(s, lines.LONG[:1] + lines.LONG[2:] if s.current() == "fish" else lines.LONG), s.rng.choice(["plain", "slip", "hole"]))


def given_up(s):
    s.give_up(s.rng.choice(["sudo reboot", "sudo rm -rf /srv/data", "su -", "ls -l | sudo tee x"]))
    s.line("pwd")


def thought_better(s):
    """Typed whole, then taken back before Enter."""
    s.write("sudo reboot now", "plain")
    s.press("\x15")
    s.line(pick(s, ["ls", "echo {w}", "hostname"]), "plain")


def made_a_comment(s):
    if s.current() in ("dash", "fish"):
        return False
    s.edited("#sudo reboot", list("sudo reboot") + [HOME, "#"], unchecked=True)


def recalled(s):
    """Arrow up to an earlier line."""
    if s.current() == "dash":
        return False
    first = lines.fill("sudo echo {w}", s)
    s.line(first, "plain")
    s.line(pick(s, ["pwd", "echo {w}", "true"]), "plain")
    s.edited(first, [UP, UP], entry="recalled")
    s.line(pick(s, ["hostname", "echo {w}"]), "plain")
    s.edited(first + "x", [UP, UP, "x"], entry="recalled")


def recalled_past(s):
    """Up past a line with sudo and down again."""
    if s.current() == "dash":
        return False
    first, second = lines.fill("echo {w}", s), lines.fill("sudo id -u", s)
    s.line(first, "plain")
    s.line(second, "plain")
    s.edited(first, [UP, UP], entry="recalled")
    s.line("true", "plain")
    s.edited("true", [UP, UP, UP, DOWN, DOWN], entry="recalled")


def searched(s):
    if s.current() not in ("bash", "zsh"):
        return False
    word = lines.fill("{w}", s)
    first = f"sudo echo {word}"
    s.line(first, "plain")
    s.line(pick(s, ["pwd", "ls", "echo {w}"]), "plain")
    s.edited(first, ["\x12"] + list(word), entry="recalled")


def search_given_up(s):
    if s.current() not in ("bash", "zsh"):
        return False
    s.line(lines.fill("sudo echo {w}", s), "plain")
    s.press("\x12", *"sudo", "\x07")
    s.terminal.prompt()
    s.line("hostname", "plain")


def bang(s):
    if s.current() not in ("bash", "zsh"):
        return False
    word = lines.fill("{w}", s)
    first = f"cat /srv/{word}"
    s.line(first, "plain")
    s.line("sudo !!", "plain", entry="recalled", expanded=f"sudo {first}")
    s.line("!cat", "plain", entry="recalled", expanded=first)
    s.line("echo !$", "plain", entry="recalled", expanded=f"echo /srv/{word}")


def bang_sudo(s):
    if s.current() not in ("bash", "zsh"):
        return False
    first = lines.fill("sudo echo {w}", s)
    s.line(first, "plain")
    s.line("ls", "plain")
    s.line("!su", "plain", entry="recalled", expanded=first)
    s.line("^echo^printf", "plain", entry="recalled", expanded=first.replace("echo", "printf", 1))


def fixed(s):
    """An earlier line is run again by `fc`."""
    if s.current() not in ("bash", "zsh"):
        return False
    first = lines.fill("sudo echo {w}", s)
    s.line(first, "plain")
    s.line("ls", "plain")
    s.line("fc -s sudo", "plain", entry="recalled", expanded=first, unchecked=True)
    s.line("fc -s echo=printf sudo" if s.current() == "bash" else "fc -e - echo=printf sudo", "plain", entry="recalled", expanded=first.replace("echo", "printf", 1), unchecked=True)
    s.line("true", "plain")
    s.line("fc -l -2", "plain")


def resized_in_line(s):
    """The window is made narrower than the line, and wider again, while it is typed."""
    s.line("true", "plain")
    before = s.begin()
    text = lines.fill("echo {w} one two three four five && sudo echo {w} six seven eight", s)
    s.press(*text[:40])
    s.terminal.resize(s.terminal.rows, 44)
    s.terminal.drain(0.3)
    s.press(*text[40:60])
    s.terminal.resize(s.terminal.rows, 120)
    s.terminal.drain(0.3)
    s.press(*text[60:], "\r")
    s.end(text, before, style="plain")
    s.line(lines.fill("sudo echo {w}", s), "plain")


def completed(s):
    """A tab that finds one file."""
    if s.current() == "dash":
        return False
    s.edited("sudo cat notes.txt", list("sudo cat not") + ["\t"])


def completed_command(s):
    if s.current() == "dash":
        return False
    text = "cat data.csv"
    s.edited(text, list("cat dat") + ["\t"])
    s.edited("cd src/sudo-tools/", list("cd sr") + ["\t"] + list("su") + ["\t"], unchecked=True)
    s.line("cd ../..", "plain")


def completion_list(s):
    """Two tabs list what there is; the line goes on after it."""
    if s.current() not in ("bash", "zsh"):
        return False
    s.line("touch sudo-one sudo-two", "plain")
    # zsh lists at the first, and takes one of the list at the second.
    tabs = ["\t"] if s.current() == "zsh" else ["\t", "\t"]
    s.edited("sudo cat sudo-two", list("sudo cat sudo-") + tabs + list("two"))
    s.edited("ls sudo-one", list("ls sudo-") + tabs + list("one"))
    if s.current() == "zsh":
        s.edited("sudo cat sudo-one", list("sudo cat sudo-") + ["\t", "\t"])


def completion_given_up(s):
    if s.current() not in ("bash", "zsh"):
        return False
    s.line("touch sudo-one sudo-two", "plain")
    s.press(*"sudo rm sudo-", "\t", "\t")
    s.press("\x03")
    s.terminal.prompt()
    s.line("pwd", "plain")


def pasted(s):
    if s.current() == "dash":
        return s.paste(pick(s, ["sudo echo {w}", "echo sudo {w}"]), bracketed=False)
    # fish shows what was pasted as if it was typed.
    told = {"entry": "typed"} if s.current() == "fish" else {}
    s.paste(pick(s, ["sudo echo {w}", "sudo systemctl restart {svc}", "echo sudo {w}"]), bracketed=s.has_marks, **told)
    s.paste(lines.fill("sudo echo {w} && ls", s), bracketed=False)


def pasted_lines(s):
    """Several lines in one bracketed paste."""
    if s.current() not in ("bash", "zsh") or not s.has_marks:
        return False
    text = lines.fill("echo {w}\nsudo id\nls", s)
    s.paste(text, unchecked=True)


def plainly_pasted_lines(s):
    """Lines that come at once without marks: each is entered."""
    if s.current() not in ("bash", "dash") or s.has_marks:
        return False
    word = lines.fill("{w}", s)
    for text in (f"echo {word}", "sudo id", "true"):
        before = s.begin()
        s.press(text + "\r", pause=0.1)
        s.end(text, before, style="paste")


def typed_ahead(s):
    """The next line is typed while a program still runs."""
    if s.current() == "dash":
        return False
    s.line("sleep 0.6", "plain", wait=False)
    s.line(lines.fill("sudo echo {w}", s), "plain")


def into_a_program(s):
    """What is typed into cat, read or a REPL is no line of the shell."""
    if s.current() == "fish":
        return False
    s.inside("cat > typed.txt", ["sudo reboot", "\r", "# sudo id", "\r", "\x04"])
    s.inside("read answer", ["sudo id", "\r"])


def python(s):
    s.inside("python3 -q", [0.4, "sudo = 1", "\r", "print('$ sudo id')", "\r", "exit()", "\r"])
    s.line("ls", "plain")


def vim(s):
    s.inside("vim -u NONE runbook.md", [0.5, "j", "j", "osudo rm -rf /", "\x1b", ":wq", "\r"])
    s.line(pick(s, ["sudo id", "ls", "echo sudo"]), "plain")


def vim_as_root(s):
    s.inside("sudo vim -u NONE notes.txt", [0.5, "j", ":q!", "\r"])


def less(s):
    s.inside("less runbook.md", [0.3, " ", "/sudo", "\r", "q"])
    s.inside("sudo less notes.txt", [0.3, "q"])


def man(s):
    s.inside("man -l sudo.1", [0.8, " ", "q"])
    s.line(pick(s, ["sudo id", "pwd"]), "plain")


def top(s):
    s.inside("top", [0.8, "q"])
    s.line(pick(s, ["sudo id", "pwd"]), "plain")


def watched(s):
    s.inside("watch -n 1 sudo id", [1.0, "\x03"])
    s.line("ls", "plain")


def interrupted(s):
    s.inside("sudo sleep 20", [0.3, "\x03"])
    s.line("pwd", "plain")


def password(s):
    s.mode("password")
    s.inside("sudo id", [0.3, "hunter2!", "\r"], outcome="succeeded")
    s.mode("ok")


def refused(s):
    s.mode("refused")
    s.line(pick(s, ["sudo id", "sudo systemctl restart {svc}", "doas id"]), "plain", outcome="refused")
    s.mode("not_allowed")
    s.line("sudo /bin/bash -c id", "plain", outcome="refused")
    s.mode("ok")
    s.line("sudo id", "plain", outcome="succeeded")


def wrong_password(s):
    s.mode("wrong")
    s.inside("sudo id", [0.3, "one", "\r", 0.2, "two", "\r", 0.2, "three", "\r"], outcome="password_failed")
    s.inside("su", [0.3, "one", "\r"], outcome="password_failed")
    s.mode("ok")
    s.line("whoami", "plain")


def no_such_program(s):
    s.line("run0 id" if s.current() == "fish" else "dzdo id", "plain", outcome="not_found", told_not_run=True)


def root_shell(s):
    s.opens(s.rng.choice(["sudo -i", "sudo -s", "sudo su -", "sudo su", "sudo bash", "su -", "su", "sudo -E bash", "sudo -u root -i", "doas -s", "pkexec bash", "sudo bash -l"]), s.login_shell)
    inner = "bash" if s.login_shell == "bash" else s.login_shell
    s.stack[-1] = inner
    trap(s)
    s.line("whoami", "plain")
    plain(s)
    if s.rng.random() < 0.5:
        s.line("cd /etc", "plain")
    if s.rng.random() < 0.5:
        s.line(lines.fill("sudo echo {w}", s), "plain")
    s.leaves(s.rng.choice(["exit", "exit", None]))
    s.line("whoami", "plain")


def root_with_password(s):
    s.mode("password")
    s.opens("sudo -i", s.login_shell, password="hunter2!")
    s.line("id", "plain")
    s.leaves()
    s.mode("ok")
    s.line("id", "plain")


def root_in_root(s):
    s.opens("sudo -s", s.login_shell)
    s.line("id", "plain")
    s.opens("su - deploy", s.login_shell)
    s.line("whoami", "plain")
    s.opens("sudo -i", s.login_shell)
    s.line("ls", "plain")
    s.leaves()
    s.line("whoami", "plain")
    s.leaves(None)
    s.line("true", "plain")
    s.leaves()
    s.line("pwd", "plain")


def other_user(s):
    s.opens(s.rng.choice(["sudo -iu deploy", "sudo su - deploy", "su - deploy", "sudo -u deploy -s"]), s.login_shell)
    s.line("whoami", "plain")
    trap(s)
    s.leaves()
    s.line("hostname", "plain")


def other_shell(s):
    """The session's own shell is changed, nobody's rights are."""
    kind, argv = s.rng.choice([("bash", f"bash --rcfile {s.root}/sato/bashrc"), ("dash", "dash"), ("zsh", "zsh"), ("fish", "fish")])
    if kind == s.current():
        return False
    marks = s.has_marks
    s.opens(argv, kind)
    s.has_marks = kind in ("zsh", "fish") or kind == "bash" and s.bash_marks
    act(s)
    trap(s)
    s.leaves("exit")
    s.has_marks = marks
    s.line("pwd", "plain")


def multiplexer(s, argv, detach):
    before = s.begin()
    s.write(argv, "plain")
    s.press("\r")
    s.terminal.drain(1.0)
    s.end(argv, before, wait=False, style="opens")
    for text in (lines.fill("echo {w}", s), "sudo id", "grep sudo notes.txt", lines.fill("sudo echo {w}", s)):
        before = s.begin()
        s.press(*text)
        s.press("\r", pause=0.3)
        s.terminal.drain(1.0)
        s.end(text, before, wait=False, multiplexed=True)
    s.press(*"exit", "\r", pause=0.2)
    s.truth.append({"line": "exit", "user": "sato", "entry": "typed", "style": "plain", "acts": [], "multiplexed": True})
    s.terminal.prompt()
    s.line("pwd", "plain")


def tmux(s):
    multiplexer(s, f"tmux -L {s.name} -f /dev/null new -s x bash --rcfile {s.root}/sato/bashrc", None)


def screen(s):
    multiplexer(s, f"screen -S {s.name} bash --rcfile {s.root}/sato/bashrc", None)


def script(s):
    s.opens(f"script -q out.script -c 'bash --rcfile {s.root}/sato/bashrc'", "bash", wait=False)
    s.terminal.drain(1.0)
    before = s.begin()
    s.press(*"sudo id", "\r", pause=0.05)
    s.terminal.drain(1.0)
    s.end("sudo id", before, wait=False)
    s.press(*"exit", "\r", pause=0.05)
    s.truth.append({"line": "exit", "user": "sato", "entry": "typed", "style": "plain", "acts": []})
    s.stack.pop()
    s.terminal.shell = s.current()
    s.terminal.prompt()
    s.line("cat -v out.script", "plain")


def resized(s):
    s.write("sudo echo before", "plain")
    s.terminal.resize(s.terminal.rows, s.rng.choice([60, 100, 132]))
    s.terminal.drain(0.2)
    before = s.begin()
    s.press(*" after", "\r")
    s.end("sudo echo before after", before)
    long_line(s)


def cleared(s):
    if s.current() == "dash":
        s.line("clear", "plain")
    else:
        s.write("sudo ", "plain")
        s.press("\x0c")
        before = s.begin()
        s.press(*"id", "\r")
        s.end("sudo id", before)
    s.line("clear", "plain")
    s.line("sudo echo cleared", "plain")


def background(s):
    s.line("sudo sleep 0.3 &", "plain")
    s.line("echo waited", "plain")
    s.line("sleep 0.2 & sleep 0.4", "plain")


def no_newline(s):
    """Output without a newline at its end: the prompt stands behind it."""
    s.line("token", "plain")
    s.line("sudo id -u", "plain")
    s.line("printf 'sudo id'", "plain")
    s.line("pwd", "plain")


def new_prompt(s):
    if s.current() not in ("bash", "dash", "zsh"):
        return False
    s.line(s.rng.choice(["PS1='prod> '", "PS1='web$ '", "export PS1='[work] $ '"]), "plain")
    s.line("sudo id", "plain")
    s.line("cat runbook.md", "plain")


def other_encodings(s):
    s.line("cat eucjp.txt", "plain")
    s.line("sudo cat sjis.txt", "plain")
    s.line("cat 日本語.txt", "plain")


def secrets(s):
    s.line("mysql -u root -pHunter2secret app 2>/dev/null", "plain", secret="Hunter2secret")
    s.line("sudo env DB_PASSWORD=Hunter2secret true", "plain", secret="Hunter2secret")
    s.line("curl -s -u admin:Hunter2secret http://127.0.0.1:1/", "plain", secret="Hunter2secret")


def unseen(s):
    """What no terminal shows: a script's inside, a decoded line."""
    s.line("./deploy.sh", "plain", unseen=True)
    s.line("echo c3VkbyBpZAo= | base64 -d | sh", "plain", unseen=True)
    s.line("python3 -c \"import os; os.system('su'+'do id')\"", "plain", unseen=True)


def suggested(s):
    """fish offers an earlier line in grey; the arrow takes it, Enter does not."""
    if s.current() != "fish":
        return False
    first = lines.fill("sudo echo {w} again", s)
    s.line(first, "plain")
    s.edited("sudo", list("sudo"), unchecked=True)
    s.edited(first, list("sudo ec") + [RIGHT], entry="recalled", unchecked=True)


def empty(s):
    s.press("\r")
    s.terminal.prompt()
    s.press("\r")
    s.terminal.prompt()
    s.line("pwd", "plain")


def rubbed_out(s):
    s.press(*"sudo reboot", *[BACKSPACE] * 11)
    s.line(lines.fill("echo {w}", s), "plain")
    if s.current() != "dash":
        s.edited("sudo id", list("sudo xxid") + [LEFT, LEFT, BACKSPACE, BACKSPACE])


SCENES = [
    root_shell, given_up, recalled, searched, bang, completed, completion_list, pasted, into_a_program, vim, less, long_line, no_newline, password, refused, pair, cleared, background, thought_better, recalled_past, root_in_root,
    bang_sudo, wrong_password, other_shell, rubbed_out, search_given_up, man, resized, other_user, pasted_lines, typed_ahead, new_prompt, python, top, watched, interrupted, vim_as_root, made_a_comment, completion_given_up,
    root_with_password, completed_command, empty, secrets, other_encodings, plainly_pasted_lines, no_such_program, suggested, unseen,
]
RARE = [tmux, screen, script]
# What sessions of these names do besides.
BESIDES = {
    "bash-062": [fixed, resized_in_line], "bash-063": [fixed, tmux], "zsh-042": [fixed, resized_in_line], "zsh-043": [fixed],
    "fish-016": [resized_in_line],
}
