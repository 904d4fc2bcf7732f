"""Lines that people enter: such that act as another user, such that only speak of it, and such that have nothing to do with it.

What a line really does, the stub says when it runs; the lists only see to it that every shape comes up. `{w}` is a word of the session's own.
"""

SERVICES = ["nginx", "httpd", "redis", "postgresql", "sshd", "crond", "docker", "chronyd", "rsyslog", "haproxy"]
WORDS = ["alpha", "bravo", "delta", "echo7", "golf", "hotel", "kilo", "lima", "oscar", "papa", "sierra", "tango", "zulu"]

# Any POSIX shell.
ACTS = [
    "sudo systemctl restart {svc}", "sudo -n true", "sudo tail -n 2 notes.txt", "sudo cat data.csv | grep -c {n}", "echo {w} | sudo tee out.txt",
    'sudo sh -c "id; echo {w}"', "sudo bash -c 'echo {w} > out.txt'", "{bin}/sudo id", "env LANG=C sudo id", "command sudo echo {w}", "\\sudo id -u",
    's""udo echo {w}', "'sudo' id", "su\\do echo {w}", "x=sudo; $x echo {w}", "x=su; ${x}do echo {w}", "nohup sudo echo {w}", "echo {w} | xargs sudo echo",
    "find . -maxdepth 0 -exec sudo ls -d {} \\;", "for i in 1 2; do sudo echo $i; done", "if sudo -n true; then echo {w}; fi", "(sudo echo {w})", "{ sudo id; }",
    "echo $(sudo id -u)", "echo `sudo id -un`", "true && sudo echo {w}", "false || sudo echo {w}", "! sudo false", "sudo -u deploy id", "sudo -k; sudo id",
    "sudo -E env | head -n 1", "sudo MODE={w} id", "sudo -- id", "sudo -H -u deploy whoami", "sudo su -c id", "su -c id", "su deploy -c whoami", "su - -c 'tail -n 1 notes.txt'",
    "doas id", "doas -u deploy id -un", "pkexec id", 'sh -c "sudo echo {w}"', "bash -c 'cd src && sudo ls'", "eval sudo id", 'eval "su""do id"', "echo sudo id | sh",
    "cd src && sudo ls; cd ..", "test -f notes.txt && sudo echo {w}", "timeout 5 sudo id", "nice sudo echo {w}", "nice -n 5 sudo id", "sudo -s id", "sudo -i whoami", "stdbuf -o0 sudo id", "ls;sudo id",
    "ls|sudo cat", "sudo id>out.txt", "sudo id 2>&1 | tee out2.txt", "A=1 sudo id", "A=1 B={w} sudo -E id", "sudo id # {w}", "sudo rm -f out.txt", "sudo chown sato notes.txt",
    "sudo -u deploy sh -c 'cd /tmp && pwd'", "while read l; do sudo echo $l; done < data.csv", "case {w} in *) sudo id;; esac", "sudo echo こんにちは", "sudo cat 日本語.txt", "sudo grep -n sudo runbook.md",
    "sudo env LANG=C id", "sudo nohup echo {w}", "sudo -u root whoami", "sudo --user=deploy id", "sudo -nu deploy id", "sudo ls -la /", "sudo apt update", "sudo docker ps", "  sudo echo {w}",
    "ls -l && sudo systemctl reload {svc} && echo done", "sudo systemctl status {svc} | cat", "sudo sh -c 'for i in 1 2; do echo $i; done'", "printf 'id\\n' | sudo sh", "sudo sh < deploy.sh",
    "[ 1 = 1 ] && sudo id", "until sudo -n true; do :; done", "sudo echo \"{w} # {n}\"", "setsid -w sudo id", "env -i PATH=$PATH HOST=$HOST sudo id", "sudo printf '%s\\n' {w} {n}", "exec 3>&1; sudo echo {w} >&3",
    "sudo true;", "sudo true &&\nsudo echo {w}", "sudo echo {w} \\\n  {n}", "for f in a b; do\nsudo echo $f\ndone", "sudo cat <<END\n{w}\nEND", "sh <<END\nsudo echo {w}\nEND", "if true\nthen\nsudo id\nfi",
    "sudo echo '{w}\n{n}'", "sudo tee out.txt <<'END'\nsudo is a word here\nEND",
]

# Not dash.
ACTS_BASH = [
    "diff <(sudo cat notes.txt) runbook.md | head -n 1", "sh <<< 'sudo id'", "time sudo id", "sudo id |& cat", "sudo echo {a,b}{w}", "$'sudo' id", "function g { sudo id; }; g", "sudo id &>/dev/null",
    "for ((i=0;i<2;i++)); do sudo echo $i; done", "[[ -f notes.txt ]] && sudo echo {w}", "sudo cat <<< {w}", "builtin command sudo id",
]

# The functions and aliases come with the line that uses them.
PAIRS = [
    ("alias s=sudo", "s id"), ("alias up='sudo systemctl restart'", "up {svc}"), ("f() { sudo \"$@\"; }", "f echo {w}"), ("run() { echo run; sudo id; }", "run"), ("S=sudo", "$S echo {w}"),
    ("alias please='sudo '", "please echo {w}"), ("root() {\nsudo echo \"$1\"\n}", "root {w}"), ("cmd='sudo id'", "$cmd"), ("alias ll='ls -l' r='sudo id'", "ll; r"), ("p=/bin; q=su; r=do", "$q$r id"),
]
PAIRS_FISH = [("alias s=sudo", "s id"), ("function f; sudo $argv; end", "f echo {w}"), ("set S sudo", "$S echo {w}"), ("function g\nsudo echo {w}\nend", "g")]

ACTS_FISH = [
    "sudo systemctl restart {svc}", "sudo echo {w}", "echo (sudo id -u)", "sudo cat data.csv | grep -c {n}", "true; and sudo id", "false; or sudo echo {w}", "command sudo id", "env A=1 sudo id", "begin; sudo id; end",
    "for i in 1 2; sudo echo $i; end", "if sudo -n true; echo {w}; end", "sh -c 'sudo id'", "sudo -u deploy whoami", "echo {w} | xargs sudo echo", "s''udo id", "su -c id", "doas id", "pkexec id", "not sudo false",
    "for f in a b\nsudo echo $f\nend", "sudo echo こんにちは", "{bin}/sudo id", "sudo tail -n 1 notes.txt", "sudo id; ls", "ls && sudo echo {w}", "false || sudo id", "sudo id > out.txt", "time sudo id", "eval sudo id",
]

# None of these runs the stub.
TRAPS = [
    "cat runbook.md", "grep sudo runbook.md", "grep -n sudo *.md *.txt", "echo sudo id", 'echo "sudo {w}"', "echo 'sudo rm -rf /' > out.txt", "# sudo reboot", "ls # sudo id", "cat session.log", "head -n 5 session.log", "tail -n 4 session.log",
    "which sudo", "type sudo", "command -v sudo", "ls -l {bin}/sudo", "printf '$ sudo id\\n'", "cat notes.txt", "cat sudoers.txt", "grep -c sudo sudoers.txt", "git log", "mkdir -p sudo-{w}", "touch sudo", "cd src/sudo-tools; cd ../..",
    "x='sudo {w}'", "export EDITOR='sudo vim'", "python3 -c \"print('sudo id')\"", "echo $(echo sudo id)", "sed -n /sudo/p runbook.md", "apt list", "docker ps", "test {w} = sudo", "echo a; echo sudo", "find . -name '*sudo*'",
    "sudoku", "echo pseudo sudo-rs", "awk '/sudo/ {print $1}' runbook.md", "cat deploy.sh", "echo sudo | cat", "echo sudo; ls", "ls sudo*", "wc -l sudoers.txt", "cut -d' ' -f1 sudoers.txt", "diff notes.txt sudoers.txt",
    "echo \"$ sudo {w}\"", "echo '# id'", "printf 'sato@web-3:~$ sudo id\\n'", "printf '[root@web-3 ~]# reboot\\n'", "cat <<END\nsudo {w}\nEND", "cat > x.sh <<'END'\nsudo reboot\nEND", "echo 'one\nsudo two'", "echo one \\\n  sudo",
    "id -un", "tail -n 1 日本語.txt", "cat 日本語.txt", "man_sudo=1", "logger() { echo sudo; }", "echo {w} | grep sudo", "mv sudo sudo2 2>/dev/null", "file=sudo.1; ls $file", "tr a-z A-Z < runbook.md", "nl runbook.md",
]
TRAPS_FISH = [
    "cat runbook.md", "grep sudo runbook.md", "echo sudo id", "# sudo reboot", "ls # sudo id", "cat session.log", "which sudo", "printf '$ sudo id\\n'", "git log", "set x 'sudo {w}'", "echo (echo sudo id)", "test {w} = sudo",
    "echo 'one\nsudo two'", "cat 日本語.txt", "sudoku", "echo '# id'", "find . -name '*sudo*'", "head -n 5 session.log", "type -t sudo", "touch sudo",
]

PLAIN = [
    "ls", "ls -la", "pwd", "df -h | head -n 2", "uptime | wc -l", "echo こんにちは世界", "wc -l notes.txt", "export MODE={w}", "seq 1 {n}", "cd /tmp; cd ~", "cd src", "cd ~", "token", "printf {w}", "download", "echo {w}", "echo ~ $HOME | wc -w",
    "ls --color=always", "sleep 0.2", "cat data.csv", "true", "false", "whoami", "id", "hostname", "mkdir -p {w}/{w}", "rm -rf {w}", "cp notes.txt {w}.bak", "echo $((1+{n}))", "unset MODE", "seq 1 60", "echo -n {w}", "nosuchcommand-{w}",
    "cat nosuchfile", "printf 'a\\tb\\tc\\n'", "printf '\\033[31mred\\033[0m\\n'", "echo \"it's {w}\"", "ls | sort | head -n 2", "env | grep -c PATH", "cut -d, -f2 data.csv", "tput cols | wc -l", "echo 長い日本語の文字列を入力して折り返しを確認する{w}",
]
PLAIN_FISH = ["ls", "pwd", "echo こんにちは世界", "set -x MODE {w}", "seq 1 {n}", "cd src", "cd ~", "token", "printf {w}", "download", "whoami", "cat data.csv", "nosuchcommand-{w}", "seq 1 60", "sleep 0.2"]

LONG = [
    "sudo echo {w} one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen {n}",
    "for host in web-1 web-2 web-3 web-4 web-5 web-6; do echo checking $host with sudo at {n}; done; echo this line is longer than the terminal is wide {w}",
    "echo {w} && echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb && sudo systemctl restart {svc} && echo cccccccccccccccccc",
    "sudo sh -c 'echo 日本語の長い行を折り返して表示させるための引数です、もう少し長くします {w} {n} 日本語の長い行を折り返して表示させる'",
]


def fill(text, session):
    rng = session.rng
    out = text.replace("{bin}", f"{session.root}/bin").replace("{svc}", rng.choice(SERVICES)).replace("{n}", str(rng.randrange(2, 40)))
    word = rng.choice(WORDS) + str(rng.randrange(100))
    return out.replace("{w}", word)
