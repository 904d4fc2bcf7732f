//! Texts put down in a file that has no name and ends with the process: what a listing found, until it is fetched.
//!
//! Entries of a log group are fetched while it is listed, a page of all its streams at a time; memory would not hold them.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

/// Where a text lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    at: u64,
    pub(crate) bytes: u32,
}

/// The file; made when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Spill {
    file: Option<File>,
    pub(crate) bytes: u64,
}

impl Spill {
    pub(crate) fn put(&mut self, text: &str) -> std::io::Result<Place> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        let place = Place { at: self.bytes, bytes: u32::try_from(text.len()).map_err(std::io::Error::other)? };
        file.seek(SeekFrom::Start(place.at))?;
        file.write_all(text.as_bytes())?;
        self.bytes += u64::from(place.bytes);
        Ok(place)
    }

    pub(crate) fn get(&mut self, place: Place) -> std::io::Result<String> {
        let mut bytes = vec![0; place.bytes as usize];
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(place.at))?;
            file.read_exact(&mut bytes)?;
        }
        String::from_utf8(bytes).map_err(std::io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_down_comes_back() {
        let mut spill = Spill::default();
        let places: Vec<Place> = ["監査", "", "b"].iter().map(|text| spill.put(text).unwrap()).collect();
        assert_eq!(spill.get(places[2]).unwrap(), "b");
        assert_eq!(spill.get(places[0]).unwrap(), "監査");
        assert_eq!(spill.get(places[1]).unwrap(), "");
        assert_eq!(spill.bytes, 7);
    }
}
