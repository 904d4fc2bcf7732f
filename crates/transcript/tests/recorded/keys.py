"""A line in, the keys out with which a person may have written it: with slips that are put right by every means the line editor has.

Each style ends with exactly the line that was meant, in the emacs keys that bash, zsh and fish have by default. `KERNEL` styles are for dash,
where the terminal's own line discipline edits.
"""

LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"
HOME, END, DELETE = "\x01", "\x05", "\x04"
BACKSPACE = "\x7f"
KERNEL = ["plain", "slip", "word", "kill"]
STYLES = ["plain", "plain", "slip", "slip", "swap", "head_last", "hole", "word", "kill", "yank", "tail", "forward", "transpose", "undo_none", "insert_front"]
# A right arrow or Ctrl-E at a line's end takes fish's suggestion.
FISH_STYLES = ["plain", "plain", "slip", "swap", "word", "kill", "hole", "tail"]


def slip(text, rng):
    keys = []
    for letter in text:
        if letter.isascii() and letter.isalpha() and rng.random() < 0.12:
            wrong = rng.choice("qwertyuiopasdfghjklzxcvbnm")
            keys += [wrong, BACKSPACE]
        keys.append(letter)
    return keys


def keys(text, style, rng):
    """The keys, one element for each that is pressed."""
    middle = max(1, len(text) // 2)
    words = text.split(" ")
    if style == "slip":
        return slip(text, rng)
    if style == "swap" and len(text) > 3:
        # Two letters in the wrong order, seen too late.
        at = rng.randrange(1, len(text) - 1)
        wrong = text[:at] + text[at + 1] + text[at] + text[at + 2:]
        back = len(text) - at
        return list(wrong) + [BACKSPACE] * back + list(text[at:])
    if style == "head_last" and len(words) > 1:
        first = words[0]
        return list(text[len(first):]) + [HOME] + list(first) + [END]
    if style == "hole" and len(text) > 4:
        at = rng.randrange(1, len(text) - 1)
        return list(text[:at] + text[at + 1:]) + [LEFT] * (len(text) - at - 1) + [text[at]]
    if style == "word" and len(words) > 1:
        return list(" ".join(words[:-1] + ["wrong"])) + ["\x17"] + list(words[-1])
    if style == "kill":
        return list("ls /no/such") + ["\x15"] + list(text)
    if style == "yank" and len(words) > 1:
        # Killed to the line's start, another word written, the rest put back.
        return list(text[len(words[0]):]) + [HOME, "\x0b"] + list(words[0]) + ["\x19"]
    if style == "tail":
        return list(text + "xx") + [LEFT, LEFT, "\x0b"]
    if style == "forward" and len(words) > 2 and words[1][:1].isalnum():
        rest = " ".join(words[1:])
        return list(rest) + [HOME, "\x1bf", "\x1bb"] + list(words[0] + " ") + [END]
    if style == "transpose" and len(text) > 3 and text[-1] != text[-2]:
        return list(text[:-2] + text[-1] + text[-2]) + ["\x14"]
    if style == "insert_front":
        return list("x" + text) + [HOME, DELETE, END]
    return list(text)
