//! A terminal's screen: what a program prints in, rows of text out.
//!
//! A log does not say how wide the terminal was. Until something in it does ([`Screen::set_width`]), rows are as wide as [`COLUMNS_MAX`], so that
//! a wrapped line simply goes on. Never holds more than [`ROWS_MAX`] rows of [`COLUMNS_MAX`] cells; what scrolls away is handed out by
//! [`Screen::take_gone`].

#[cfg(test)]
mod beside;
mod dispatch;
mod edit;
mod row;
#[cfg(test)]
mod tests;

pub(crate) use row::Row;

use std::collections::VecDeque;

use row::Cell;
use unicode_width::UnicodeWidthChar;

/// The widest row: a longer one goes on in the next.
pub(crate) const COLUMNS_MAX: usize = 4096;
/// The highest screen believed; a program that moves further down to find the bottom is stopped at the bottom known so far.
pub(crate) const ROWS_MAX: usize = 300;
/// Repeated characters allowed beyond [`REPEATS_EACH`] of those that are printed: a sequence of few bytes could otherwise fill row after row.
const REPEATS_MAX: usize = 1_000_000;
const REPEATS_EACH: usize = 4;
/// Cells that insertions move, beyond [`SHIFTS_EACH`] for each character printed: who inserts into a line types it too. Where they are spent,
/// characters are written over others instead of before them.
const SHIFTS_MAX: usize = 20_000_000;
const SHIFTS_EACH: usize = 64;
/// The lowest screen believed.
const ROWS_MIN: usize = 10;
/// The height where nothing says another: xterm's.
const ROWS_DEFAULT: usize = 24;
/// The narrowest width believed.
const COLUMNS_MIN: usize = 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) row: usize,
    pub(crate) column: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Saved {
    at: Place,
    origin: bool,
    standout: bool,
    pending: bool,
}

/// One of the two screens, normal and alternate.
#[derive(Clone, Debug)]
struct Page {
    rows: VecDeque<Row>,
    cursor: Place,
    /// The last column is written: the next character goes to the next row.
    pending: bool,
    saved: Saved,
    /// The first row's number, counted from the start of the session.
    base: u64,
    /// Rows that scroll, both included.
    margins: (usize, usize),
}

impl Page {
    fn new(height: usize) -> Self {
        Self {
            rows: (0..height).map(|_| Row::default()).collect(),
            cursor: Place::default(),
            pending: false,
            saved: Saved::default(),
            base: 0,
            margins: (0, height.saturating_sub(1)),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Screen {
    page: Page,
    /// The normal page while the alternate one is shown.
    behind: Option<Page>,
    /// Who asks for the alternate page does not get it.
    refuses_alternate: bool,
    width: usize,
    width_known: bool,
    /// Nothing in the text changes the size.
    fixed: bool,
    height: usize,
    standout: bool,
    insert: bool,
    autowrap: bool,
    origin: bool,
    tabs: Vec<bool>,
    last: char,
    /// Characters that may still be printed by repeating one.
    repeats_left: usize,
    /// Cells that insertions may still move.
    shifts_left: usize,
    /// A limit on work was met, and something was left out since.
    spent: bool,
    /// Rows that were written and scrolled away, with their numbers.
    gone: Vec<(u64, Row)>,
}

impl Default for Screen {
    fn default() -> Self {
        Self::new(COLUMNS_MAX, ROWS_DEFAULT)
    }
}

impl Screen {
    /// A screen of unknown width that learns its size.
    fn new(width: usize, height: usize) -> Self {
        Self {
            page: Page::new(height),
            behind: None,
            refuses_alternate: false,
            width,
            width_known: false,
            fixed: false,
            height,
            standout: false,
            insert: false,
            autowrap: true,
            origin: false,
            tabs: (0..COLUMNS_MAX).map(|column| column % 8 == 0).collect(),
            last: ' ',
            repeats_left: REPEATS_MAX,
            shifts_left: SHIFTS_MAX,
            spent: false,
            gone: Vec::new(),
        }
    }

    /// A screen of this size, whatever the text says.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn fixed(width: usize, height: usize) -> Self {
        Self { fixed: true, width_known: true, ..Self::new(width, height) }
    }

    pub(crate) fn width(&self) -> Option<usize> {
        self.width_known.then_some(self.width)
    }

    pub(crate) fn is_alternate(&self) -> bool {
        self.behind.is_some()
    }

    pub(crate) fn refuse_alternate(&mut self, refuses: bool) {
        self.refuses_alternate = refuses;
    }

    /// What is shown is the normal page from now on.
    pub(crate) fn keep_alternate(&mut self) {
        let Some(normal) = self.behind.take() else { return };
        self.gone.extend((normal.base..).zip(normal.rows).filter(|(_, row)| row.dirty));
    }

    pub(crate) fn cursor(&self) -> Place {
        self.page.cursor
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.page.pending
    }

    /// The number of the first row, counted from the start of the session.
    pub(crate) fn base(&self) -> u64 {
        self.page.base
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    pub(crate) fn row(&self, row: usize) -> Option<&Row> {
        self.page.rows.get(row)
    }

    /// Something was left out, because it would have cost more work than its bytes are worth: a line may lack characters.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent
    }

    /// Rows that were written and scrolled off the top of the normal screen since the last call, oldest first, each with its number.
    pub(crate) fn take_gone(&mut self) -> Vec<(u64, Row)> {
        std::mem::take(&mut self.gone)
    }

    pub(crate) fn has_gone(&self) -> bool {
        !self.gone.is_empty()
    }

    /// The row in which the line begins that holds `row`.
    pub(crate) fn line_start(&self, row: usize) -> usize {
        let mut start = row;
        while start > 0 && self.row(start - 1).is_some_and(|above| above.wrapped) {
            start -= 1;
        }
        start
    }

    /// The last row of the line that holds `row`.
    pub(crate) fn line_end(&self, row: usize) -> usize {
        let mut end = row;
        while end + 1 < self.height && self.row(end).is_some_and(|row| row.wrapped) {
            end += 1;
        }
        end
    }

    /// The text of rows `start..=end` as one line, from `column` of the first.
    pub(crate) fn text(&self, start: usize, end: usize, column: usize) -> String {
        let mut text = String::new();
        for row in start..=end.min(self.height.saturating_sub(1)) {
            if let Some(found) = self.row(row) {
                found.text_into(if row == start { column } else { 0 }, &mut text);
            }
        }
        while text.ends_with(' ') {
            text.pop();
        }
        text
    }

    /// The same of what a line editor shows, without what it puts to the right of the input.
    pub(crate) fn input_text(&self, start: usize, end: usize, column: usize) -> String {
        let mut text = String::new();
        for row in start..=end.min(self.height.saturating_sub(1)) {
            if let Some(found) = self.row(row) {
                found.text_between(if row == start { column } else { 0 }, found.joined(self.width()), &mut text);
            }
        }
        text.truncate(text.trim_end_matches(' ').len());
        text
    }

    /// What stands before `at` in its line, blanks kept.
    pub(crate) fn text_before(&self, at: Place) -> String {
        let start = self.line_start(at.row);
        let mut text = String::new();
        for row in start..at.row {
            if let Some(found) = self.row(row) {
                found.text_into(0, &mut text);
            }
        }
        if let Some(found) = self.row(at.row) {
            text.extend((0..at.column).map(|column| found.cell(column)).filter(|cell| !cell.is_tail()).map(Cell::character));
        }
        text
    }

    /// What stands between `column` of row `start` and `end`, blanks at its end cut.
    pub(crate) fn text_to(&self, start: usize, column: usize, end: Place) -> String {
        let mut text = String::new();
        for row in start..=end.row.min(self.height.saturating_sub(1)) {
            if let Some(found) = self.row(row) {
                let to = if row == end.row { end.column + usize::from(self.page.pending) } else { usize::MAX };
                found.text_between(if row == start { column } else { 0 }, to, &mut text);
            }
        }
        text.truncate(text.trim_end_matches(' ').len());
        text
    }

    /// A line editor begins here: what stands to the right is of earlier output, and so are attributes.
    pub(crate) fn start_input(&mut self, at: Place) {
        self.standout = false;
        if let Some(row) = self.page.rows.get_mut(at.row) {
            row.erase(at.column, usize::MAX);
        }
    }

    /// The line ends in this row after all.
    pub(crate) fn unwrap(&mut self, row: usize) {
        if let Some(row) = self.page.rows.get_mut(row) {
            row.wrapped = false;
        }
    }

    pub(crate) fn clear_row(&mut self, row: usize) {
        if let Some(row) = self.page.rows.get_mut(row) {
            row.take();
            row.dirty = false;
        }
    }

    /// Marks rows `start..=end` as handed out; true if one of them had been written since.
    pub(crate) fn clean(&mut self, start: usize, end: usize) -> bool {
        let mut dirty = false;
        for row in start..=end {
            if let Some(row) = self.page.rows.get_mut(row) {
                dirty |= std::mem::take(&mut row.dirty);
            }
        }
        dirty
    }

    /// The terminal turned out to be `width` columns wide: wraps the line that the cursor stands in accordingly, as it would have been.
    pub(crate) fn set_width(&mut self, width: usize) {
        let cursor = self.page.cursor;
        let before: usize = (self.line_start(cursor.row)..cursor.row).filter_map(|row| self.row(row)).map(Row::len).sum();
        self.set_width_at(width, before + cursor.column + usize::from(self.page.pending));
    }

    /// The same, leaving the cursor at the `offset`th column of its line.
    pub(crate) fn set_width_at(&mut self, width: usize, offset: usize) {
        if self.fixed || !(COLUMNS_MIN..=COLUMNS_MAX).contains(&width) || (self.width_known && width == self.width) {
            return;
        }
        let cursor = self.page.cursor;
        let (start, end) = (self.line_start(cursor.row), self.line_end(cursor.row));
        let mut cells = Vec::new();
        for row in start..=end {
            if let Some(found) = self.page.rows.get_mut(row) {
                cells.extend(found.take());
            }
        }
        self.width = width;
        self.width_known = true;
        self.page.cursor = Place { row: start, column: 0 };
        self.page.pending = false;
        self.lay(&cells, offset);
    }

    /// Writes cells again from the cursor on, leaving the cursor at the `offset`th.
    fn lay(&mut self, cells: &[Cell], offset: usize) {
        let mut at = None;
        for (place, cell) in cells.iter().enumerate() {
            if place == offset && at.is_none() {
                at = Some((self.page.base + self.page.cursor.row as u64, self.page.cursor.column, self.page.pending));
            }
            if !cell.is_tail() {
                let (standout, insert) = (self.standout, self.insert);
                self.standout = cell.is_standout();
                self.insert = false;
                self.print(cell.character());
                (self.standout, self.insert) = (standout, insert);
            }
        }
        let Some((row, column, pending)) = at else { return };
        self.page.cursor = Place { row: row.saturating_sub(self.page.base) as usize, column };
        self.page.pending = false;
        if pending && self.page.cursor.row + 1 < self.height {
            self.page.cursor = Place { row: self.page.cursor.row + 1, column: 0 };
        }
    }

    /// A program addressed a row below the bottom known so far.
    fn grow_height(&mut self, height: usize) {
        if self.fixed || height <= self.height || height > ROWS_MAX {
            return;
        }
        for page in std::iter::once(&mut self.page).chain(self.behind.as_mut()) {
            let whole = page.margins == (0, self.height - 1);
            page.rows.resize_with(height, Row::default);
            if whole {
                page.margins = (0, height - 1);
            }
        }
        self.height = height;
    }

    /// A program spoke of the whole screen, and it is lower than was thought: the rows above the cursor scroll away, as in a window that is
    /// made smaller.
    fn shrink_height(&mut self, height: usize) {
        if self.fixed || height >= self.height || height < ROWS_MIN {
            return;
        }
        let shown = self.behind.is_none();
        for (page, normal) in std::iter::once((&mut self.page, shown)).chain(self.behind.as_mut().map(|page| (page, true))) {
            let above = (page.cursor.row + 1).saturating_sub(height);
            let gone: Vec<(u64, Row)> = (page.base..).zip(page.rows.drain(..above)).filter(|(_, row)| row.dirty).collect();
            if normal {
                self.gone.extend(gone);
                let left = height.min(page.rows.len());
                let below = page.base + (above + left) as u64;
                self.gone.extend((below..).zip(page.rows.drain(left..)).filter(|(_, row)| row.dirty));
            }
            page.rows.resize_with(height, Row::default);
            page.base += above as u64;
            page.cursor.row -= above;
            page.saved.at.row = page.saved.at.row.saturating_sub(above);
            page.margins = (0, height - 1);
        }
        self.height = height;
    }

    pub(crate) fn print(&mut self, character: char) {
        let columns = if matches!(character, ' '..='~') { 1 } else { character.width().unwrap_or(0) };
        if columns == 0 {
            return self.combine(character);
        }
        if self.page.pending || (columns == 2 && self.page.cursor.column + 1 >= self.width) {
            if self.autowrap {
                let (pending, last) = (self.page.pending, self.page.cursor.column);
                if let Some(row) = self.page.rows.get_mut(self.page.cursor.row) {
                    // The column in which a wide character does not fit stays empty.
                    if !pending {
                        row.erase(last, usize::MAX);
                    }
                    row.wrapped = true;
                }
                self.page.cursor.column = 0;
                self.index();
            } else if columns == 2 {
                self.page.cursor.column = self.width.saturating_sub(2);
            }
            self.page.pending = false;
        }
        let (at, width, insert, standout) = (self.page.cursor, self.width, self.insert, self.standout);
        let Some(row) = self.page.rows.get_mut(at.row) else { return };
        if insert {
            let cells = row.shifted(at.column, columns, width);
            if cells <= self.shifts_left {
                self.shifts_left -= cells;
                row.insert(at.column, columns, width);
            } else {
                self.spent = true;
            }
        }
        if columns == 2 {
            let [head, tail] = Cell::wide(character, standout);
            row.put(at.column, head);
            row.put_tail(at.column + 1, tail);
        } else {
            row.put(at.column, Cell::narrow(character, standout));
        }
        self.last = character;
        self.repeats_left = (self.repeats_left + REPEATS_EACH).min(REPEATS_MAX);
        self.shifts_left = (self.shifts_left + SHIFTS_EACH).min(SHIFTS_MAX);
        let next = at.column + columns;
        if next >= width {
            self.page.cursor.column = width - 1;
            self.page.pending = true;
        } else {
            self.page.cursor.column = next;
        }
    }

    fn combine(&mut self, mark: char) {
        let at = self.page.cursor;
        let mut column = if self.page.pending { at.column } else { at.column.saturating_sub(1) };
        if let Some(row) = self.page.rows.get_mut(at.row) {
            if row.cell(column).is_tail() {
                column = column.saturating_sub(1);
            }
            row.mark(column, mark);
        }
    }

    /// Moves down a row; at the bottom margin the rows above scroll.
    pub(crate) fn index(&mut self) {
        self.page.pending = false;
        let (top, bottom) = self.page.margins;
        if self.page.cursor.row == bottom {
            self.scroll_up(top, bottom, 1);
        } else if self.page.cursor.row + 1 < self.height {
            self.page.cursor.row += 1;
        }
    }

    fn scroll_up(&mut self, top: usize, bottom: usize, count: usize) {
        for _ in 0..count.min(bottom + 1 - top) {
            let Some(gone) = self.page.rows.remove(top) else { return };
            self.page.rows.insert(bottom, Row::default());
            if top == 0 && bottom + 1 == self.height {
                if self.behind.is_none() && gone.dirty {
                    self.gone.push((self.page.base, gone));
                }
                self.page.base += 1;
            }
        }
    }

    fn scroll_down(&mut self, top: usize, bottom: usize, count: usize) {
        for _ in 0..count.min(bottom + 1 - top) {
            self.page.rows.remove(bottom);
            self.page.rows.insert(top, Row::default());
        }
    }

    /// What the screen shows, a line a row.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn contents(&self) -> Vec<String> {
        (0..self.height).map(|row| self.text(row, row, 0)).collect()
    }
}
