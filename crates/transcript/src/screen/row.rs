//! One row of a screen: cells in, text out.

/// Combining characters kept a row; more are dropped (a row of nothing but accents would otherwise grow without end).
const MARKS_MAX: usize = 256;

/// So many blanks between an input and what stands to its right, where nothing tells of the edge.
const APART_MIN: usize = 8;

const WIDE: u8 = 1;
const TAIL: u8 = 2;
const STANDOUT: u8 = 4;

/// A character and how it is shown. The second half of a wide one is a cell of its own, without text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    character: char,
    flags: u8,
}

impl Cell {
    pub(crate) const BLANK: Self = Self { character: ' ', flags: 0 };

    pub(crate) fn narrow(character: char, standout: bool) -> Self {
        Self { character, flags: if standout { STANDOUT } else { 0 } }
    }

    pub(crate) fn wide(character: char, standout: bool) -> [Self; 2] {
        let flags = if standout { STANDOUT } else { 0 };
        [Self { character, flags: flags | WIDE }, Self { character: ' ', flags: flags | TAIL }]
    }

    pub(crate) fn is_wide(self) -> bool {
        self.flags & WIDE != 0
    }

    pub(crate) fn is_tail(self) -> bool {
        self.flags & TAIL != 0
    }

    /// Shown reversed, as line editors show what was pasted.
    pub(crate) fn is_standout(self) -> bool {
        self.flags & STANDOUT != 0
    }

    pub(crate) fn character(self) -> char {
        self.character
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// Cells up to the last that was written; those to the right are blank.
    cells: Vec<Cell>,
    /// Combining characters, in the order of their columns.
    marks: Vec<(usize, char)>,
    /// Where text begins that was put apart from what stands before it, as a prompt to the right of the input is.
    apart: Option<usize>,
    /// The line goes on in the next row.
    pub(crate) wrapped: bool,
    /// Written since it was last handed out.
    pub(crate) dirty: bool,
}

impl Row {
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    pub(crate) fn cell(&self, column: usize) -> Cell {
        self.cells.get(column).copied().unwrap_or(Cell::BLANK)
    }

    pub(crate) fn put(&mut self, column: usize, cell: Cell) {
        self.dirty = true;
        if column == self.cells.len() {
            self.cells.push(cell);
            return;
        }
        if column > self.cells.len() {
            if !self.cells.is_empty() {
                self.apart.get_or_insert(column);
            }
            self.cells.resize(column, Cell::BLANK);
            self.cells.push(cell);
            return;
        }
        self.split_wide(column);
        self.unmark(column, column + 1);
        if let Some(old) = self.cells.get_mut(column) {
            *old = cell;
        }
    }

    /// The second half of a wide character, whose first was just put.
    pub(crate) fn put_tail(&mut self, column: usize, tail: Cell) {
        if self.cells.get(column).is_some_and(|old| old.is_wide()) {
            self.split_wide(column);
        }
        self.unmark(column, column + 1);
        match self.cells.get_mut(column) {
            Some(old) => *old = tail,
            None => self.cells.push(tail),
        }
    }

    /// Adds a combining character to what stands at `column`.
    pub(crate) fn mark(&mut self, column: usize, mark: char) {
        if self.marks.len() < MARKS_MAX && column < self.cells.len() {
            self.dirty = true;
            let place = self.marks.partition_point(|(at, _)| *at <= column);
            self.marks.insert(place, (column, mark));
        }
    }

    /// Takes the combining characters of columns `from..to` away.
    fn unmark(&mut self, from: usize, to: usize) {
        if !self.marks.is_empty() {
            let first = self.marks.partition_point(|(at, _)| *at < from);
            let last = self.marks.partition_point(|(at, _)| *at < to);
            self.marks.drain(first..last);
        }
    }

    /// Blanks `from..to`.
    pub(crate) fn erase(&mut self, from: usize, to: usize) {
        if from >= self.cells.len() {
            return;
        }
        self.dirty = true;
        self.unmark(from, to.max(from));
        self.split_wide(from);
        if to >= self.cells.len() {
            self.cells.truncate(from);
            self.apart = self.apart.filter(|apart| *apart < from);
            return;
        }
        self.split_wide(to);
        if let Some(cells) = self.cells.get_mut(from..to) {
            cells.fill(Cell::BLANK);
        }
    }

    /// Cells that [`Row::insert`] would write.
    pub(crate) fn shifted(&self, column: usize, count: usize, width: usize) -> usize {
        (self.cells.len() + count).min(width).saturating_sub(column) * usize::from(column < self.cells.len())
    }

    /// Shifts what stands at and after `column` to the right by `count`; what leaves `width` is gone.
    pub(crate) fn insert(&mut self, column: usize, count: usize, width: usize) {
        if column >= self.cells.len() {
            return;
        }
        self.dirty = true;
        self.split_wide(column);
        let count = count.min(width.saturating_sub(column));
        if column + count >= width {
            // All that stood behind is pushed out.
            return self.cut(column);
        }
        self.cells.splice(column..column, std::iter::repeat_n(Cell::BLANK, count));
        self.apart = self.apart.map(|apart| if apart >= column { apart + count } else { apart }).filter(|apart| *apart < width);
        self.cut(width);
        self.marks.retain_mut(|(at, _)| {
            *at += if *at >= column { count } else { 0 };
            *at < width
        });
    }

    /// Removes `count` cells at `column`; what follows moves left.
    pub(crate) fn delete(&mut self, column: usize, count: usize) {
        if column >= self.cells.len() {
            return;
        }
        self.dirty = true;
        let end = column.saturating_add(count).min(self.cells.len());
        self.split_wide(column);
        self.split_wide(end);
        self.cells.drain(column..end);
        self.apart = self.apart.map(|apart| if apart >= end { apart + column - end } else { apart });
        self.marks.retain_mut(|(at, _)| {
            let gone = *at >= column && *at < end;
            *at -= if *at >= end { end - column } else { 0 };
            !gone
        });
    }

    /// Drops what lies at and after `width`.
    pub(crate) fn cut(&mut self, width: usize) {
        if self.cells.len() > width {
            self.split_wide(width);
            self.cells.truncate(width);
            self.unmark(width, usize::MAX);
            self.apart = self.apart.filter(|apart| *apart < width);
        }
    }

    /// The columns before a text that was put apart and ends at the right edge: a prompt beside the input. Without a known `width`, before one
    /// that was put far apart.
    pub(crate) fn joined(&self, width: Option<usize>) -> usize {
        let gap = |apart: usize, least: usize| {
            self.cells
                .get(apart.saturating_sub(least)..apart)
                .is_some_and(|gap| gap.iter().all(|cell| cell.character == ' ' && !cell.is_tail()))
        };
        let at_edge = |apart: &usize| match width {
            Some(width) => self.cells.len() + 1 >= width && gap(*apart, 2),
            None => gap(*apart, APART_MIN),
        };
        self.apart.filter(at_edge).unwrap_or(usize::MAX)
    }

    /// The text of the columns from `from` on, trailing blanks cut, appended to `text`.
    pub(crate) fn text_into(&self, from: usize, text: &mut String) {
        self.text_between(from, usize::MAX, text);
    }

    /// The same, of the columns before `to`.
    pub(crate) fn text_between(&self, from: usize, to: usize, text: &mut String) {
        let Some(cells) = self.cells.get(from..to.max(from).min(self.cells.len())) else { return };
        let written = cells.iter().rposition(|cell| cell.character != ' ' || cell.is_tail()).map_or(0, |last| last + 1);
        let padded = if self.wrapped { cells.len() } else { written };
        for (place, cell) in cells.iter().take(padded).enumerate() {
            if cell.is_tail() {
                continue;
            }
            text.push(cell.character);
            if !self.marks.is_empty() {
                let first = self.marks.partition_point(|(at, _)| *at < from + place);
                text.extend(self.marks.iter().skip(first).take_while(|(at, _)| *at == from + place).map(|(_, mark)| *mark));
            }
        }
    }

    /// Empties the row, giving what stood in it.
    pub(crate) fn take(&mut self) -> Vec<Cell> {
        self.marks.clear();
        self.apart = None;
        self.wrapped = false;
        std::mem::take(&mut self.cells)
    }

    /// Half of a wide character cannot stay: where `column` parts one, both halves become blank.
    fn split_wide(&mut self, column: usize) {
        if !self.cells.get(column).is_some_and(|cell| cell.is_tail() || cell.is_wide()) {
            return;
        }
        let first = if self.cell(column).is_tail() { column.saturating_sub(1) } else { column };
        for at in [first, first + 1] {
            if let Some(cell) = self.cells.get_mut(at) {
                *cell = Cell::BLANK;
            }
        }
    }
}
