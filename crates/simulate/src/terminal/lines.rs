//! What simulated people enter, and what programs answer.

/// A line that asks for another user's rights, and what it prints (`\n` parts lines).
pub(super) const ELEVATING: &[(&str, &str)] = &[
    ("sudo systemctl restart nginx", ""),
    ("sudo id", "uid=0(root) gid=0(root) groups=0(root)"),
    ("sudo -n true", ""),
    ("sudo -u postgres psql -c 'select 1'", " ?column?\n----------\n        1\n(1 row)"),
    ("/usr/bin/sudo id", "uid=0(root) gid=0(root) groups=0(root)"),
    ("\\sudo id", "uid=0(root) gid=0(root) groups=0(root)"),
    ("s\"\"udo id", "uid=0(root) gid=0(root) groups=0(root)"),
    ("'su'do cat /etc/shadow", "root:*:19000:0:99999:7:::"),
    ("echo maintenance | sudo tee /etc/motd", "maintenance"),
    ("(cd / && sudo ls)", "bin  boot  etc"),
    ("sh -c 'sudo id'", "uid=0(root) gid=0(root) groups=0(root)"),
    ("env A=1 sudo id", "uid=0(root) gid=0(root) groups=0(root)"),
    ("sudo -E bash -c 'id; uname'", "uid=0(root) gid=0(root) groups=0(root)\nLinux"),
    ("doas id", "uid=0(root) gid=0(root) groups=0(root)"),
    ("pkexec id", "uid=0(root) gid=0(root) groups=0(root)"),
    ("su -c id", "uid=0(root) gid=0(root) groups=0(root)"),
    ("x=$(sudo cat /etc/shadow | wc -l); echo $x", "31"),
    ("sudo journalctl -n 2 # maintenance", "Nov 20 01:02:03 web-3 sudo[99]: sato : COMMAND=/bin/ls\nNov 20 01:02:04 web-3 sshd[7]: x"),
    ("test -w /etc || sudo touch /etc/x", ""),
    ("nohup sudo sleep 1 &", "[1] 4242"),
    ("time sudo id", "uid=0(root) gid=0(root) groups=0(root)\n\nreal\t0m0.010s"),
    ("find /var/tmp -name x -exec sudo rm {} \\;", ""),
    ("ls /tmp | xargs sudo rm -f", ""),
    ("sudo echo 設定を変更しました", "設定を変更しました"),
    (
        "sudo vi /etc/hosts",
        "\u{1b}[?1049h\u{1b}[22;0;0t\u{1b}[?2004h\u{1b}[1;24r\u{1b}[H\u{1b}[2J127.0.0.1 localhost\n\u{1b}[24;1H:q!\u{1b}[?2004l\u{1b}[?1049l",
    ),
    ("sudo dnf -y install htop", "Installing:\n\u{1b}[32mhtop\u{1b}[0m  10%\r\u{1b}[Khtop  55%\r\u{1b}[Khtop 100%\nComplete!"),
    ("sudo cp -a /srv/app/releases/2026-11-20/config/production.yml /srv/app/shared/config/production.yml.bak", ""),
    ("run0 id", "uid=0(root) gid=0(root) groups=0(root)"),
];

/// Those that fail, with what says so, and the outcome.
pub(super) const FAILING: &[(&str, &str, &str)] = &[
    ("sudo reboot", "[sudo] password for sato: \nsato is not in the sudoers file.  This incident will be reported.", "refused"),
    (
        "sudo cat /etc/shadow",
        "[sudo] password for sato: \nSorry, try again.\n[sudo] password for sato: \nsudo: 2 incorrect password attempts",
        "password_failed",
    ),
    ("su -c id", "Password: \nsu: Authentication failure", "password_failed"),
    ("sudo -n id", "sudo: a password is required", "password_failed"),
    ("sudo id", "bash: sudo: command not found", "not_found"),
];

/// Lines that mention sudo, or look as if they did, and elevate nothing.
pub(super) const HARMLESS: &[(&str, &str)] = &[
    ("ls -la", "total 8\ndrwxr-xr-x 2 sato sato 4096 Nov 20 01:02 \u{1b}[01;34m.\u{1b}[0m"),
    (
        "cat install.md",
        "# Install\n\n    $ sudo apt install nginx\n    # sudo reboot\nsudo systemctl enable nginx\nThen run sudo -i and su -.",
    ),
    ("cat other-host.txt", "ops@db-1:~$sudo halt\nroot@db-1:~#sudo halt\n> sudo halt"),
    ("grep -n sudo /etc/group", "27:sudo:x:27:sato\nsudo su doas pkexec"),
    ("echo 'sudo reboot'", "sudo reboot"),
    ("echo sudo su -", "sudo su -"),
    ("which sudo", "/usr/bin/sudo"),
    ("man sudo | head -3", "SUDO(8)\n\nNAME  sudo, sudoedit -- execute a command as another user"),
    ("# sudo reboot", ""),
    ("git commit -m 'use sudo in the script'", "[main 0a1b2c3] use sudo in the script\n 1 file changed"),
    ("history | tail -2", "  101  sudo reboot\n  102  history | tail -2"),
    ("sudo -l", "User sato may run the following commands on web-3:\n    (ALL) NOPASSWD: ALL"),
    (
        "less install.md",
        "\u{1b}[?1049h\u{1b}[?1h\u{1b}=\r# Install\n$ sudo apt install nginx\n\u{1b}[7m(END)\u{1b}[27m\u{1b}[K\r\u{1b}[K\u{1b}[?1l\u{1b}>\u{1b}[?1049l",
    ),
    (
        "vim notes.txt",
        "\u{1b}[?1049h\u{1b}[?2004h\u{1b}[1;24r\u{1b}[H\u{1b}[2Jsudo reboot\n$ sudo halt\n\u{1b}[24;1H-- INSERT --\u{1b}[?2004l\u{1b}[?1049l",
    ),
    ("top -b -n 1 | head -2", "top - 01:02:03 up 1 day\nTasks: 100 total"),
    ("cat 手順書.txt", "手順\n1. sudo を使わずに再起動する\n2. 確認"),
    ("curl -s https://example.com/x | head -1", "  0%\r 50%\r100%\nok"),
    ("ls /usr/bin/sudo /bin/su", "/bin/su  /usr/bin/sudo"),
    ("printf '%s\\n' \"a  b\"", "a  b"),
    ("ps aux | grep [s]udo", "root 99 0.0 sudo -i"),
    ("awk '{print $1}' /etc/sudoers.d/x | sort", "sato\nALL"),
    ("for i in 1 2 3; do echo pseudo $i; done", "pseudo 1\npseudo 2\npseudo 3"),
    ("clear", "\u{1b}[H\u{1b}[2J\u{1b}[3J"),
];

/// Typed, completed or begun, and never entered.
pub(super) const ABANDONED: &[&str] = &["sudo reboot", "sudo rm -rf /srv", "su -", "doas halt"];

/// A line that opens a root shell, and the one that leaves it.
pub(super) const ROOT_SHELLS: &[&str] = &["sudo -i", "sudo -s", "sudo su -", "sudo bash", "su -"];

/// Entered in a root shell.
pub(super) const AS_ROOT: &[(&str, &str)] = &[
    ("id -u", "0"),
    ("systemctl stop nginx", ""),
    ("cat /home/notes", "sudo is not needed here\n$ sudo id"),
    ("rm -rf /srv/old", ""),
    ("tail -1 /var/log/messages", "Nov 20 01:02:03 web-3 systemd: ok"),
];
