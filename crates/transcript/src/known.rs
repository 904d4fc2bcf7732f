//! Programs and words of shells that are met everywhere: a line that begins with one makes sense.

/// Whether a host, or its shell, usually has it.
pub(crate) fn is_program(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok()
}

#[rustfmt::skip]
/// In the order of their bytes.
const NAMES: &[&str] = &[
    ".", ":", "[", "[[", "abbr", "adduser", "alias", "amazon-linux-extras", "amazon-ssm-agent", "and", "ansible",
    "ansible-playbook", "apk", "apropos", "apt", "apt-cache", "apt-get", "ar", "arch", "argv", "as", "at", "atq",
    "atrm", "autoload", "awk", "aws", "aws-vault", "b2sum", "base32", "base64", "basename", "bash", "bat", "batch",
    "bc", "begin", "bg", "bind", "bindkey", "blkid", "break", "btop", "builtin", "bunzip2", "byobu", "bzcat",
    "bzip2", "c++", "cal", "case", "cat", "cc", "cd", "certbot", "chage", "chattr", "chgrp", "chmod", "chown",
    "chpasswd", "chroot", "chsh", "cksum", "clang", "clear", "cloud-init", "cmake", "cmp", "code", "column", "comm",
    "command", "compgen", "complete", "composer", "conda", "containerd", "contains", "continue", "convert", "count",
    "cp", "cpio", "crictl", "cron", "crontab", "csh", "csplit", "ctr", "curl", "cut", "dash", "date", "dbus-send",
    "dd", "declare", "deluser", "df", "diff", "dig", "dir", "dirname", "dirs", "disown", "dmesg", "dmidecode", "dnf",
    "doas", "docker", "docker-compose", "dpkg", "du", "dzdo", "ec2-metadata", "echo", "ed", "edquota", "egrep",
    "eksctl", "elif", "else", "emacs", "emit", "enable", "end", "env", "esac", "ethtool", "eval", "exec", "exit",
    "expand", "export", "expr", "factor", "fallocate", "false", "fc", "fdisk", "fg", "fgrep", "fi", "file", "find",
    "findmnt", "firewall-cmd", "fish", "fish_config", "flock", "fmt", "fold", "for", "foreach", "free", "fsck",
    "ftp", "funced", "function", "functions", "fuser", "g++", "gawk", "gcc", "gdb", "getconf", "getent", "getfacl",
    "getopt", "getopts", "gh", "git", "go", "gpasswd", "gpg", "gradle", "grep", "groupadd", "groupdel", "groupmod",
    "groups", "growpart", "gsudo", "gunzip", "gzip", "halt", "hash", "hashcat", "head", "helm", "help", "hexdump",
    "history", "host", "hostid", "hostname", "hostnamectl", "htop", "http", "httpd", "iconv", "id", "if", "ifconfig",
    "ifdown", "ifup", "info", "insmod", "install", "ionice", "iostat", "iotop", "ip", "iptables", "iptables-save",
    "java", "javac", "jobs", "join", "journalctl", "jq", "k9s", "kill", "killall", "kinit", "klist", "ksh", "ksu",
    "kubectl", "last", "lastb", "lastlog", "ldconfig", "ldd", "less", "let", "ln", "local", "locale", "localectl",
    "locate", "logger", "login", "loginctl", "logout", "losetup", "ls", "lsattr", "lsb_release", "lsblk", "lscpu",
    "lsmod", "lsof", "lspci", "lvcreate", "lvdisplay", "lvextend", "lvs", "lynx", "m4", "machinectl", "mail",
    "mailq", "make", "man", "mapfile", "math", "md5sum", "mkdir", "mkfifo", "mkfs", "mknod", "mkswap", "mktemp",
    "modprobe", "mongo", "more", "mount", "mtr", "mv", "mvn", "mysql", "mysqladmin", "mysqldump", "nano", "nc",
    "ncat", "ncdu", "neofetch", "netstat", "newgrp", "nft", "nginx", "nice", "nl", "nload", "nmap", "nmcli",
    "nocorrect", "node", "noglob", "nohup", "not", "npm", "nproc", "npx", "nsenter", "nslookup", "ntpq", "nvim",
    "od", "openssl", "or", "pacman", "parted", "passwd", "paste", "patch", "perl", "pfexec", "pgrep", "php", "pidof",
    "pidstat", "ping", "ping6", "pip", "pip3", "pkexec", "pkgutil", "pkill", "pm2", "pmap", "podman", "popd",
    "poweroff", "pr", "print", "printenv", "printf", "ps", "psexec", "psql", "pstree", "pushd", "pushln", "pv",
    "pvs", "pwd", "python", "python2", "python3", "quota", "random", "rbenv", "read", "readarray", "readlink",
    "readonly", "realpath", "reboot", "redis-cli", "rehash", "renice", "repeat", "reset", "resize2fs", "return",
    "rev", "rm", "rmdir", "rmmod", "route", "rpm", "rsync", "ruby", "run0", "runuser", "sar", "scp", "screen",
    "script", "sed", "select", "seq", "service", "sestatus", "set", "setenforce", "setfacl", "setsid", "setterm",
    "sftp", "sh", "sha1sum", "sha256sum", "shift", "shopt", "shred", "shuf", "shutdown", "sleep", "snap", "socat",
    "sort", "source", "split", "ss", "ssh", "ssh-add", "ssh-agent", "ssh-copy-id", "ssh-keygen", "stat", "status",
    "stdbuf", "strace", "string", "strings", "stty", "su", "sudo", "sudo-rs", "sudoedit", "sum", "supervisorctl",
    "suspend", "swapoff", "swapon", "switch", "sync", "sysctl", "systemctl", "systemd-analyze", "systemd-run", "tac",
    "tail", "tar", "taskset", "tcpdump", "tcsh", "tee", "telnet", "terraform", "test", "tig", "time", "timedatectl",
    "timeout", "times", "tmux", "top", "touch", "tput", "tr", "traceroute", "trap", "tree", "true", "truncate",
    "tsort", "tty", "type", "typeset", "ufw", "ulimit", "umask", "umount", "unalias", "uname", "unexpand",
    "unfunction", "uniq", "unlink", "unset", "until", "unxz", "unzip", "update-alternatives", "uptime", "useradd",
    "userdel", "usermod", "uuidgen", "vared", "vdir", "vgs", "vi", "view", "vim", "vimdiff", "visudo", "vmstat", "w",
    "wait", "wall", "watch", "wc", "wget", "whatis", "whence", "where", "whereis", "which", "while", "who", "whoami",
    "xargs", "xxd", "xz", "yes", "yum", "zcat", "zellij", "zgrep", "zip", "zless", "zmodload", "zsh",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_order() {
        assert!(NAMES.is_sorted());
        assert!(is_program("sudo") && is_program("[") && !is_program("xsudo"));
    }
}
