//! Control sequences to what they do to the screen. Unknown ones do nothing.

use vte::Params;

use super::Screen;

impl Screen {
    /// A C0 control other than line feed.
    pub(crate) fn control(&mut self, byte: u8) {
        match byte {
            0x08 => self.backspace(),
            0x09 => self.tab(),
            0x0b | 0x0c => self.index(),
            0x0d => self.carriage_return(),
            _ => {}
        }
    }

    pub(crate) fn escape(&mut self, intermediates: &[u8], byte: u8) {
        match (intermediates, byte) {
            ([], b'7') => self.save(),
            ([], b'8') => self.restore(),
            ([], b'D') => self.index(),
            ([], b'E') => {
                self.carriage_return();
                self.index();
            }
            ([], b'M') => self.reverse_index(),
            ([], b'H') => self.set_tab(true),
            ([], b'c') => self.reset(),
            _ => {}
        }
    }

    pub(crate) fn sequence(&mut self, params: &Params, intermediates: &[u8], action: char) {
        let numbers = Numbers::of(params);
        match intermediates {
            [] => self.plain(&numbers, params, action),
            [b'?'] => self.private(&numbers, action),
            [b'!'] if action == 'p' => self.soft_reset(),
            _ => {}
        }
    }

    fn plain(&mut self, numbers: &Numbers, params: &Params, action: char) {
        let count = numbers.count(0);
        match action {
            'A' => self.up(count),
            'B' | 'e' => self.down(count),
            'C' | 'a' => self.right(count),
            'D' => self.left(count),
            'E' => {
                self.down(count);
                self.carriage_return();
            }
            'F' => {
                self.up(count);
                self.carriage_return();
            }
            'G' | '`' => self.set_column(count - 1),
            'H' | 'f' => self.to(count - 1, numbers.count(1) - 1),
            'I' => (0..count.min(super::COLUMNS_MAX)).for_each(|_| self.tab()),
            'J' => self.erase_in_display(numbers.value(0)),
            'K' => self.erase_in_line(numbers.value(0)),
            'L' => self.insert_lines(count, true),
            'M' => self.insert_lines(count, false),
            'P' => self.delete_characters(count),
            'S' => self.scroll(count, true),
            'T' => self.scroll(count, false),
            'X' => self.erase_characters(count),
            'Z' => (0..count.min(super::COLUMNS_MAX)).for_each(|_| self.back_tab()),
            '@' => self.insert_blanks(count),
            'b' => self.repeat(count),
            'd' => self.set_row(count - 1),
            'g' if numbers.value(0) == 3 => self.clear_tabs(),
            'g' => self.set_tab(false),
            'h' | 'l' if numbers.has(4) => self.set_insert(action == 'h'),
            'm' => self.attributes(params),
            'r' => {
                let bottom = if numbers.value(1) == 0 { self.height() } else { numbers.count(1) };
                self.set_margins(count - 1, bottom - 1);
            }
            's' => self.save(),
            't' if numbers.value(0) == 8 => self.resize(numbers.count(1), numbers.count(2)),
            'u' => self.restore(),
            _ => {}
        }
    }

    fn private(&mut self, numbers: &Numbers, action: char) {
        let on = match action {
            'h' => true,
            'l' => false,
            'J' => return self.erase_in_display(numbers.value(0)),
            'K' => return self.erase_in_line(numbers.value(0)),
            _ => return,
        };
        for mode in numbers.all() {
            match mode {
                6 => self.set_origin(on),
                7 => self.set_autowrap(on),
                47 | 1047 => self.alternate(on, false),
                1048 if on => self.save(),
                1048 => self.restore(),
                1049 if on && !self.is_alternate() => {
                    self.save();
                    self.alternate(true, true);
                }
                1049 if !on && self.is_alternate() => {
                    self.alternate(false, true);
                    self.restore();
                }
                _ => {}
            }
        }
    }

    fn attributes(&mut self, params: &Params) {
        let mut standout = self.is_standing_out();
        let mut empty = true;
        let mut skip = 0_u8;
        for param in params {
            empty = false;
            // 38;5;n and 38;2;r;g;b: their numbers are colours, not attributes.
            match (skip, param) {
                (0, [0]) => standout = false,
                (0, [7]) => standout = true,
                (0, [27]) => standout = false,
                (0, [38 | 48 | 58]) => skip = u8::MAX,
                (u8::MAX, [5]) => skip = 1,
                (u8::MAX, [2]) => skip = 3,
                (u8::MAX, _) => skip = 0,
                (left, _) => skip = left.saturating_sub(1),
            }
        }
        self.set_standout(standout && !empty);
    }
}

/// The numbers of a control sequence, absent ones as 0.
struct Numbers {
    values: [u16; 8],
    len: usize,
}

impl Numbers {
    fn of(params: &Params) -> Self {
        let mut numbers = Self { values: [0; 8], len: 0 };
        for (value, param) in numbers.values.iter_mut().zip(params) {
            *value = param.first().copied().unwrap_or(0);
            numbers.len += 1;
        }
        numbers
    }

    fn value(&self, place: usize) -> u16 {
        self.values.get(place).copied().unwrap_or(0)
    }

    /// 0 and absent mean one.
    fn count(&self, place: usize) -> usize {
        usize::from(self.value(place).max(1))
    }

    fn all(&self) -> impl Iterator<Item = u16> {
        self.values.into_iter().take(self.len)
    }

    fn has(&self, value: u16) -> bool {
        self.all().any(|found| found == value)
    }
}
