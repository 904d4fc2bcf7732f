"""Prompts of many shapes. Marks are written out: the recorder need not be another user to show root's."""

GREEN, BLUE, RESET = r"\[\e[01;32m\]", r"\[\e[01;34m\]", r"\[\e[00m\]"

# name: (bash's prompt for a user, for root)
BASH = {
    "version": (r"\s-\v$ ", r"\s-\v# "),
    "amazon": (r"[sato@ip-10-0-1-23 \W]$ ", r"[root@ip-10-0-1-23 \W]# "),
    "debian": (rf"\[\e]0;sato@web-3: \w\a\]{GREEN}sato@web-3{RESET}:{BLUE}\w{RESET}$ ", r"\[\e]0;root@web-3: \w\a\]root@web-3:\w# "),
    "git": (r"sato@web-3:\w (main *)$ ", r"root@web-3:\w# "),
    "kali": ("\\n┌──(sato㉿web-3)-[\\w]\\n└─$ ", "\\n┌──(root㉿web-3)-[\\w]\\n└─# "),
    "starship": ("\\nweb-3 in \\w on main\\n❯ ", "\\nroot in web-3 in \\w\\n❯ "),
    "bare": ("$ ", "# "),
    "time": (r"[\t] sato@web-3:\w$ ", r"[\t] root@web-3:\w# "),
    "status": (r"[$?] sato@web-3 \w $ ", r"[$?] root@web-3 \w # "),
    "venv": (r"(venv) [sato@web-3 \W]$ ", r"[root@web-3 \W]# "),
    "kube": (r"(⎈|prod:default) sato@web-3:\w$ ", r"root@web-3:\w# "),
    "powerline": ("\\[\\e[48;5;31m\\] sato \\[\\e[48;5;237m\\] \\W \\[\\e[0m\\]\ue0b0 ", "\\[\\e[48;5;196m\\] root \\[\\e[48;5;237m\\] \\W \\[\\e[0m\\]\ue0b0 "),
    "angle": ("web-3> ", "web-3# "),
    "japanese": (r"[佐藤@本番 \W]$ ", r"[root@本番 \W]# "),
    "lambda": (r"λ \W $ ", r"λ \W # "),
    "raquo": (r"\W » ", r"\W » "),
    "history": (r"[sato@web-3 \!]$ ", r"[root@web-3 \!]# "),
    "gentoo": (rf"{GREEN}sato@web-3{BLUE} \W ${RESET} ", rf"\[\e[01;31m\]web-3{BLUE} \W #{RESET} "),
}

GHOST = r"""
autoload -Uz add-zle-hook-widget
__ghost() { if [[ -z $__done && -n $BUFFER && $BUFFER != *' '* ]]; then POSTDISPLAY=' reboot'; region_highlight=("${#BUFFER} $(( ${#BUFFER} + 7 )) fg=8"); else POSTDISPLAY=; region_highlight=(); fi }
add-zle-hook-widget line-pre-redraw __ghost
__begin() { __done= }
add-zle-hook-widget line-init __begin
__accept() { __done=1; POSTDISPLAY=; region_highlight=(); zle -R; zle .accept-line }
zle -N accept-line __accept
"""
ZSH = {
    "percent": ("web-3%% ", "web-3# ", ""),
    "mac": ("sato@web-3 %1~ %% ", "root@web-3 %1~ # ", ""),
    "robbyrussell": ("%B%F{green}➜ %f%b %F{cyan}%c%f %F{blue}git:(%F{red}main%F{blue})%f ", "%B%F{red}➜ %f%b %F{cyan}%c%f ", ""),
    "right": ("%F{green}sato@web-3%f:%~$ ", "root@web-3:%~# ", "RPROMPT='[%D{%H:%M:%S}]'"),
    "two_lines": ("╭─sato@web-3 %~\n╰─$ ", "╭─root@web-3 %~\n╰─# ", ""),
    "pure": ("\n%F{blue}%~%f\n%F{magenta}❯%f ", "\n%F{blue}%~%f\n%F{red}❯%f ", "RPROMPT='%F{242}main%f'"),
    # A suggestion stands in grey behind the cursor until the line is accepted, as a well-known plugin shows it.
    "ghost": ("sato@web-3 %~ $ ", "root@web-3 %~ # ", GHOST),
    "coloured": ("sato@web-3 %~ $ ", "root@web-3 %~ # ", "autoload -Uz add-zle-hook-widget\n__paint() { region_highlight=(\"0 ${#${BUFFER%% *}} fg=green,bold\") }\nadd-zle-hook-widget line-pre-redraw __paint"),
}

FISH = {
    "default": ("string join '' -- 'sato@web-3 ' (prompt_pwd) '> '", "string join '' -- 'root@web-3 ' (prompt_pwd) '# '", ""),
    "arrow": ("printf '%s%s❯%s ' (set_color cyan) (prompt_pwd) (set_color normal)", "printf '%s%s#%s ' (set_color red) (prompt_pwd) (set_color normal)", ""),
    "right": ("printf 'sato@web-3 %s $ ' (prompt_pwd)", "printf 'root@web-3 %s # ' (prompt_pwd)", "function fish_right_prompt\n    date +%H:%M:%S\nend"),
}

DASH = {
    "bare": ("$ ", "# "),
    "host": ("sato@web-3$ ", "root@web-3# "),
    "sh": ("sh-4.2$ ", "sh-4.2# "),
}


def choose(bash="amazon", zsh="percent", fish="default", dash="bare", zsh_extra="", bash_extra=""):
    """What `host.build` takes."""
    user = {
        "bash": BASH[bash][0].replace(r"\n", "\n"), "zsh": ZSH[zsh][0], "fish": FISH[fish][0], "dash": DASH[dash][0],
        "zsh_extra": ZSH[zsh][2] + "\n" + zsh_extra, "fish_extra": FISH[fish][2], "bash_extra": bash_extra,
    }
    root = {"bash": BASH[bash][1].replace(r"\n", "\n"), "zsh": ZSH[zsh][1], "fish": FISH[fish][1], "dash": DASH[dash][1]}
    other = {
        "bash": r"[deploy@web-3 \W]$ ", "zsh": "deploy@web-3 %1~ %% ", "fish": "printf 'deploy@web-3 %s> ' (prompt_pwd)", "dash": "deploy@web-3$ ",
    }
    return {"sato": user, "root": root, "other": other}
