"""The machine that the sessions play on: a folder with a home, a PATH of stubs, and what shells read at their start.

`sudo`, `su`, `doas` and `pkexec` are one stub. It writes what it was asked to do into `log`, and that log is the truth: a line is an act if and
only if the stub ran while it did. Then it asks for a password, refuses, or runs the rest as another user, as it is told by `mode`.
"""

import json
import os
import stat

STUB = r'''#!/usr/bin/python3 -ISE
import getpass, json, os, subprocess, sys
host = os.environ["HOST"]
program, rest = os.path.basename(sys.argv[0]), sys.argv[1:]
def log(**entry):
    with open(host + "/log", "a") as out:
        out.write(json.dumps(entry) + "\n")
def mode():
    try:
        return open(host + "/mode").read().strip()
    except FileNotFoundError:
        return "ok"
me = os.environ.get("FAKE_USER", "sato")
user, shell, login, edit, asks, command, script = "root", False, False, False, False, [], None
if program in ("sudo", "sudoedit", "doas"):
    edit = program == "sudoedit"
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            break
        letters = word[1:]
        for at, letter in enumerate(letters):
            if letter in "ugpCD":
                value = letters[at + 1:] or rest.pop(0)
                user = value if letter == "u" else user
                break
            shell |= letter in "is"
            login |= letter == "i"
            edit |= letter == "e"
            asks |= letter in "lvVK"
    while rest and "=" in rest[0] and not edit:
        rest.pop(0)
    command = rest
elif program == "su":
    names = []
    while rest:
        word = rest.pop(0)
        if word in ("-c", "--command"):
            script = rest.pop(0)
        elif word in ("-", "-l", "--login"):
            login = True
        elif word.startswith("-") and word.endswith("c") and not word.startswith("--"):
            login |= "l" in word
            script = rest.pop(0)
        else:
            names.append(word)
    user = names[0] if names else "root"
    shell = script is None
else:
    if rest and rest[0] == "--user":
        user = rest[1]
        rest = rest[2:]
    command, shell = rest, not rest
asks |= program in ("sudo", "doas") and not (command or shell or edit)
log(event="act", program=program, argv=sys.argv[1:], user=user, asks=asks, by=me)
how = mode()
if me != "root" and how != "ok":
    ask = f"[sudo] password for {me}: " if program == "sudo" else f"doas ({me}@web-3) password: " if program == "doas" else "Password: "
    if how == "refused":
        texts = {"sudo": f"{me} is not in the sudoers file.\nThis incident has been reported to the administrator.", "su": "su: Permission denied", "doas": "doas: Operation not permitted"}
        sys.exit(texts.get(program, "Error executing command as another user: Not authorized\n\nThis incident has been reported."))
    if how == "not_allowed":
        sys.exit(f"Sorry, user {me} is not allowed to execute '/usr/bin/{' '.join(command) or 'bash'}' as root on web-3.")
    tries = 3 if how == "wrong" and program == "sudo" else 1
    for number in range(tries):
        try:
            getpass.getpass(ask)
        except (EOFError, KeyboardInterrupt):
            print()
            if program == "sudo" and number == 0:
                sys.exit("sudo: a password is required")
            sys.exit(1)
        if how == "wrong" and number + 1 < tries:
            print("Sorry, try again.", file=sys.stderr)
    if how == "wrong":
        texts = {"sudo": f"sudo: {tries} incorrect password attempts", "su": "su: Authentication failure", "doas": "doas: Authentication failed"}
        sys.exit(texts.get(program, "Error executing command as another user: Request dismissed"))
if asks:
    print("User sato may run the following commands on web-3:\n    (ALL : ALL) NOPASSWD: ALL")
    sys.exit(0)
env = dict(os.environ, FAKE_USER=user, USER=user, LOGNAME=user)
name = os.path.basename(command[0]) if command else ""
if edit:
    sys.exit(subprocess.call(["vim", "-u", "NONE"] + command, env=env))
if script is not None:
    sys.exit(subprocess.call(["/bin/sh", "-c", script], env=env))
interactive = os.isatty(0) and ((shell and not command) or name in ("bash", "zsh", "sh", "fish", "dash") and all(word in ("-l", "-i", "--login") for word in command[1:]))
if not interactive:
    if not command:
        sys.exit("usage: sudo -h | -K | -k | -V")
    if shell:
        sys.exit(subprocess.call(["/bin/sh", "-c", " ".join(command)], env=env))
    try:
        sys.exit(subprocess.call(command, env=env))
    except FileNotFoundError:
        sys.exit(f"{program}: {command[0]}: command not found")
    except KeyboardInterrupt:
        sys.exit(130)
kind = name or os.environ.get("LOGIN_SHELL", "bash")
folder = host + "/" + ("root" if user == "root" else "other")
if login or program == "su":
    env["HOME"] = folder
    os.chdir(folder)
argv = {"zsh": ["zsh", "-i"], "fish": ["fish", "-i"], "sh": ["dash", "-i"], "dash": ["dash", "-i"]}.get(kind, ["bash", "--rcfile", folder + "/bashrc", "-i"])
env.update(ZDOTDIR=folder, XDG_CONFIG_HOME=folder, PS1=open(folder + "/dash_prompt").read())
import signal
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
    signal.signal(number, signal.SIG_IGN)
log(event="open", user=user)
def again():
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(number, signal.SIG_DFL)
code = subprocess.call(argv, env=env, preexec_fn=again)
# The terminal goes back to this process's group, as a real sudo leaves it.
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
try:
    os.tcsetpgrp(0, os.getpgrp())
except OSError:
    pass
log(event="close", user=user)
sys.exit(code)
'''

SMALL = {
    "whoami": 'echo "${FAKE_USER:-sato}"',
    "id": 'u=${FAKE_USER:-sato}; n=1001; [ "$u" = root ] && n=0; case "$1" in -u) echo $n;; -un) echo $u;; *) echo "uid=$n($u) gid=$n($u) groups=$n($u),27(sudo)";; esac',
    "systemctl": 'case "$1" in status) printf "● %s.service - The %s server\\n   Loaded: loaded (/lib/systemd/system/%s.service; enabled)\\n   Active: active (running)\\n" $2 $2 $2;; esac',
    "git": 'printf "commit 3f2a1\\nAuthor: Sato\\n\\n    Use sudo in the deploy script\\n\\n    $ sudo systemctl restart web\\n"',
    "download": 'for p in 10 35 70 100; do printf "\\r[%-20s] %3d%%" "####" $p; sleep 0.03; done; echo',
    "token": 'printf "0123456789abcdef"',
    "hostname": "echo web-3",
    "reboot": "echo rebooting",
    "apt": 'echo "Reading package lists... Done"; echo "You might want to run: sudo apt autoremove"',
    "docker": 'echo "permission denied while trying to connect to the Docker daemon socket. Try sudo docker ps"; exit 1',
}

FILES = {
    "notes.txt": "remember: never run sudo rm -rf\nsecond line\nthird line\n",
    "runbook.md": "# Restart\n\n```\n$ sudo systemctl restart web\n# systemctl status web\nsudo tail -f /var/log/messages\n```\n\nThen `sudo -i` and look.\n",
    "sudoers.txt": "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\nsato ALL=(ALL) NOPASSWD: ALL\n",
    "日本語.txt": "設定ファイルを確認しました。\nsudo を使わないこと。\n終わり\n",
    "deploy.sh": "#!/bin/sh\necho deploying\nsudo systemctl restart web\n",
    "data.csv": "a,b,c\n1,2,3\n4,5,6\n",
}

# What each shell says of the lines that it ran: what the person meant is compared with it.
BASH_HOOK = r'''
HISTFILE=; HISTCONTROL=; HISTSIZE=1000; HISTTIMEFORMAT=
__at=
__ran() { local h; h=$(history 1); if [ "$h" != "$__at" ]; then __at=$h; printf '%s\0' "$(printf %s "$h" | sed '1s/^ *[0-9]*[ *] //')" >> "$HOST/ran"; fi; }
PROMPT_COMMAND=__ran
'''
ZSH_HOOK = r'''
HISTSIZE=1000
preexec() { printf '%s\0' "$1" >> $HOST/ran }
unsetopt BEEP
bindkey -e
zstyle ':completion:*' menu no
'''
FISH_HOOK = r'''
function __ran --on-event fish_preexec
    printf '%s\0' "$argv" >> $HOST/ran
end
function __done --on-event fish_postexec
    echo >> $HOST/done
end
set -g fish_greeting
'''


def write(path, text, executable=False, encoding="utf-8"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding=encoding) as out:
        out.write(text)
    if executable:
        os.chmod(path, stat.S_IRWXU)


def build(root, prompts, extra=""):
    """Makes the folder. `prompts`: for `sato`, `root`, `other` a dictionary of what bash, zsh, fish and dash are told."""
    binaries = f"{root}/bin"
    for name in ("sudo", "su", "doas", "pkexec", "sudoedit"):
        write(f"{binaries}/{name}", STUB, True)
    for name, script in SMALL.items():
        write(f"{binaries}/{name}", f"#!/bin/sh\n{script}\n", True)
    for who, said in prompts.items():
        folder = f"{root}/{who}"
        write(f"{folder}/bashrc", f"PS1={quoted(said['bash'])}\n{said.get('bash_extra', '')}\n{BASH_HOOK}{extra}")
        write(f"{folder}/.zshrc", f"PROMPT={quoted(said['zsh'])}\n{said.get('zsh_extra', '')}\n{ZSH_HOOK}")
        fish = said.get("fish")
        body = f"function fish_prompt\n    {fish}\nend\n" if fish else ""
        write(f"{folder}/fish/config.fish", f"{body}{said.get('fish_extra', '')}\n{FISH_HOOK}")
        write(f"{folder}/dash_prompt", said["dash"])
        for name, text in FILES.items():
            write(f"{folder}/{name}", text, name.endswith(".sh"))
        write(f"{folder}/eucjp.txt", FILES["日本語.txt"], encoding="euc_jp")
        write(f"{folder}/sjis.txt", FILES["日本語.txt"], encoding="cp932")
        write(f"{folder}/sudo.1", ".TH SUDO 8\n.SH NAME\nsudo \\- execute a command as another user\n.SH EXAMPLES\n.nf\n$ sudo ls /usr/local/protected\n# sudo -u www vi x\n.fi\n")
        os.makedirs(f"{folder}/src/sudo-tools", exist_ok=True)
    write(f"{root}/inputrc.plain", "set enable-bracketed-paste off\nset bell-style audible\n")
    write(f"{root}/inputrc.legacy", "set enable-bracketed-paste off\nset convert-meta off\nset input-meta on\nset output-meta on\n")
    write(f"{root}/vimrc", "set nocompatible ruler showcmd\n")


def quoted(text):
    return "$'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def log(root):
    try:
        with open(f"{root}/log") as text:
            return [json.loads(line) for line in text]
    except FileNotFoundError:
        return []


def done(root):
    """How many lines fish has finished."""
    try:
        return os.path.getsize(f"{root}/done")
    except FileNotFoundError:
        return 0


def ran(root):
    try:
        with open(f"{root}/ran", encoding="utf-8", errors="surrogateescape") as text:
            return text.read().split("\0")[:-1]
    except FileNotFoundError:
        return []
