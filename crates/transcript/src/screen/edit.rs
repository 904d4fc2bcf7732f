//! Moving the cursor and erasing, by the names of ECMA-48 and xterm's control sequences.

use super::{Place, ROWS_MAX, Row, Saved, Screen};

impl Screen {
    pub(crate) fn carriage_return(&mut self) {
        self.page.cursor.column = 0;
        self.page.pending = false;
    }

    pub(crate) fn backspace(&mut self) {
        self.page.cursor.column = self.page.cursor.column.saturating_sub(1);
        self.page.pending = false;
    }

    /// A full row stays full: what is printed next goes to the next one.
    pub(crate) fn tab(&mut self) {
        if self.page.pending {
            return;
        }
        let next = (self.page.cursor.column + 1..self.width).find(|column| self.tabs.get(*column).copied().unwrap_or(false));
        self.page.cursor.column = next.unwrap_or(self.width - 1);
    }

    pub(super) fn back_tab(&mut self) {
        let before = (0..self.page.cursor.column).rev().find(|column| self.tabs.get(*column).copied().unwrap_or(false));
        self.page.cursor.column = before.unwrap_or(0);
        self.page.pending = false;
    }

    pub(super) fn set_tab(&mut self, set: bool) {
        if let Some(tab) = self.tabs.get_mut(self.page.cursor.column) {
            *tab = set;
        }
    }

    pub(super) fn clear_tabs(&mut self) {
        self.tabs.fill(false);
    }

    pub(crate) fn up(&mut self, count: usize) {
        let top = if self.page.cursor.row >= self.page.margins.0 { self.page.margins.0 } else { 0 };
        self.page.cursor.row = self.page.cursor.row.saturating_sub(count).max(top);
        self.page.pending = false;
    }

    pub(super) fn down(&mut self, count: usize) {
        let bottom = if self.page.cursor.row <= self.page.margins.1 { self.page.margins.1 } else { self.height - 1 };
        self.page.cursor.row = self.page.cursor.row.saturating_add(count).min(bottom);
        self.page.pending = false;
    }

    pub(crate) fn right(&mut self, count: usize) {
        self.page.cursor.column = self.page.cursor.column.saturating_add(count).min(self.width - 1);
        self.page.pending = false;
    }

    pub(super) fn left(&mut self, count: usize) {
        self.page.cursor.column = self.page.cursor.column.saturating_sub(count);
        self.page.pending = false;
    }

    pub(super) fn set_column(&mut self, column: usize) {
        self.page.cursor.column = column.min(self.width - 1);
        self.page.pending = false;
    }

    pub(super) fn set_row(&mut self, row: usize) {
        let (first, last) = if self.origin { self.page.margins } else { (0, ROWS_MAX) };
        let row = first.saturating_add(row).min(last);
        self.grow_height(row + 1);
        self.page.cursor.row = row.min(self.height - 1);
        self.page.pending = false;
    }

    pub(super) fn to(&mut self, row: usize, column: usize) {
        self.set_row(row);
        self.set_column(column);
    }

    pub(super) fn reverse_index(&mut self) {
        self.page.pending = false;
        let (top, bottom) = self.page.margins;
        if self.page.cursor.row == top {
            self.scroll_down(top, bottom, 1);
        } else {
            self.page.cursor.row = self.page.cursor.row.saturating_sub(1);
        }
    }

    pub(super) fn scroll(&mut self, count: usize, up: bool) {
        let (top, bottom) = self.page.margins;
        if up { self.scroll_up(top, bottom, count) } else { self.scroll_down(top, bottom, count) }
    }

    pub(super) fn insert_lines(&mut self, count: usize, insert: bool) {
        let (top, bottom) = self.page.margins;
        let row = self.page.cursor.row;
        if row < top || row > bottom {
            return;
        }
        for _ in 0..count.min(bottom + 1 - row) {
            let (from, to) = if insert { (bottom, row) } else { (row, bottom) };
            self.page.rows.remove(from);
            self.page.rows.insert(to, Row::default());
        }
        self.page.pending = false;
    }

    pub(super) fn insert_blanks(&mut self, count: usize) {
        let (at, width) = (self.page.cursor, self.width);
        self.page.pending = false;
        if let Some(row) = self.page.rows.get_mut(at.row) {
            let cells = row.shifted(at.column, count, width);
            if cells > self.shifts_left {
                self.spent = true;
                return;
            }
            self.shifts_left -= cells;
            row.insert(at.column, count, width);
        }
    }

    pub(super) fn delete_characters(&mut self, count: usize) {
        let at = self.page.cursor;
        self.page.pending = false;
        if let Some(row) = self.page.rows.get_mut(at.row) {
            row.delete(at.column, count);
        }
    }

    pub(super) fn erase_characters(&mut self, count: usize) {
        let at = self.page.cursor;
        self.page.pending = false;
        self.erase(at.row, at.column, at.column.saturating_add(count.max(1)));
    }

    /// 0: from the cursor to the end, 1: up to and with the cursor, 2: all.
    pub(super) fn erase_in_line(&mut self, part: u16) {
        let at = self.page.cursor;
        match part {
            0 => self.erase(at.row, at.column, usize::MAX),
            1 => self.erase(at.row, 0, at.column + 1),
            2 => self.erase(at.row, 0, usize::MAX),
            _ => {}
        }
    }

    pub(super) fn erase_in_display(&mut self, part: u16) {
        let at = self.page.cursor;
        let rows = match part {
            0 => at.row + 1..self.height,
            1 => 0..at.row,
            2 => 0..self.height,
            _ => return,
        };
        if part < 2 {
            self.erase_in_line(part);
        }
        for row in rows {
            self.erase(row, 0, usize::MAX);
        }
    }

    fn erase(&mut self, row: usize, from: usize, to: usize) {
        if let Some(row) = self.page.rows.get_mut(row) {
            row.erase(from, to);
            if to == usize::MAX {
                row.wrapped = false;
            }
        }
    }

    /// Rows `top..=bottom` scroll, the cursor goes home.
    ///
    /// Programs name the whole screen so when they start, which tells its height.
    pub(super) fn set_margins(&mut self, top: usize, bottom: usize) {
        self.grow_height(bottom.saturating_add(1));
        if top == 0 {
            self.shrink_height(bottom.saturating_add(1));
        }
        let bottom = bottom.min(self.height - 1);
        if top < bottom {
            self.page.margins = (top, bottom);
            self.to(0, 0);
        }
    }

    pub(super) fn save(&mut self) {
        self.page.saved = Saved { at: self.page.cursor, origin: self.origin, standout: self.standout, pending: self.page.pending };
    }

    pub(super) fn restore(&mut self) {
        let saved = self.page.saved;
        self.page.cursor = Place { row: saved.at.row.min(self.height - 1), column: saved.at.column.min(self.width - 1) };
        self.page.pending = saved.pending;
        self.origin = saved.origin;
        self.standout = saved.standout;
    }

    /// Shows the alternate screen, or the normal one again.
    pub(super) fn alternate(&mut self, on: bool, clear: bool) {
        if on == self.is_alternate() || on && self.refuses_alternate {
            return;
        }
        if on {
            let mut other = super::Page::new(self.height);
            other.cursor = self.page.cursor;
            other.base = self.page.base;
            other.margins = self.page.margins;
            self.behind = Some(std::mem::replace(&mut self.page, other));
        } else if let Some(normal) = self.behind.take() {
            let (cursor, margins) = (self.page.cursor, self.page.margins);
            self.page = normal;
            self.page.margins = margins;
            if !clear {
                self.page.cursor = cursor;
            }
        }
    }

    pub(super) fn set_insert(&mut self, on: bool) {
        self.insert = on;
    }

    pub(super) fn set_autowrap(&mut self, on: bool) {
        self.autowrap = on;
    }

    pub(super) fn set_origin(&mut self, on: bool) {
        self.origin = on;
        self.to(0, 0);
    }

    pub(super) fn set_standout(&mut self, on: bool) {
        self.standout = on;
    }

    pub(crate) fn is_standing_out(&self) -> bool {
        self.standout
    }

    pub(super) fn repeat(&mut self, count: usize) {
        let count = count.min(self.width).min(self.repeats_left);
        self.spent |= count == self.repeats_left;
        let left = self.repeats_left - count;
        for _ in 0..count {
            self.print(self.last);
        }
        self.repeats_left = left;
    }

    pub(super) fn reset(&mut self) {
        self.alternate(false, true);
        self.page.margins = (0, self.height - 1);
        self.origin = false;
        self.insert = false;
        self.autowrap = true;
        self.standout = false;
        self.erase_in_display(2);
        self.to(0, 0);
    }

    /// Soft reset (DECSTR): modes and margins, not the text.
    pub(super) fn soft_reset(&mut self) {
        self.page.margins = (0, self.height - 1);
        self.origin = false;
        self.insert = false;
        self.standout = false;
    }

    /// The width that a program asked the terminal to take.
    pub(super) fn resize(&mut self, height: usize, width: usize) {
        self.grow_height(height);
        self.set_width(width);
    }
}
