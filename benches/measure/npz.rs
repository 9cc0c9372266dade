//! Reads arrays from an uncompressed `.npz` file, as `numpy.savez` writes it: a zip of stored `.npy` members.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Result, Seek, SeekFrom};
use std::path::Path;

use crate::npy::{Element, malformed, number, values};

/// Where the members of a file lie.
pub(crate) struct Npz {
    file: BufReader<File>,
    members: BTreeMap<String, (u64, u64)>,
}

impl Npz {
    /// Walks the local headers; data descriptors and compression are not what `savez` writes.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut file = BufReader::new(File::open(path)?);
        let mut members = BTreeMap::new();
        loop {
            let mut header = [0; 30];
            if file.read_exact(&mut header).is_err() || &header[..4] != b"PK\x03\x04" {
                break;
            }
            let (method, name_len, extra_len) =
                (number(&header[8..10]), number(&header[26..28]), number(&header[28..30]));
            let mut name = vec![0; name_len as usize];
            let mut extra = vec![0; extra_len as usize];
            file.read_exact(&mut name)?;
            file.read_exact(&mut extra)?;
            let mut size = number(&header[18..22]);
            if size == u64::from(u32::MAX) {
                size = extra.get(12..20).map(number).ok_or_else(|| malformed("no 64-bit size"))?;
            }
            if method != 0 {
                return Err(malformed("a compressed member; use numpy.savez"));
            }
            let start = file.stream_position()?;
            let name = String::from_utf8_lossy(&name).trim_end_matches(".npy").to_owned();
            members.insert(name, (start, size));
            file.seek(SeekFrom::Start(start + size))?;
        }
        Ok(Self { file, members })
    }

    /// A one-dimensional array.
    pub(crate) fn array<T: Element>(&mut self, name: &str) -> Result<Vec<T>> {
        let (start, size) = *self.members.get(name).ok_or_else(|| malformed(format!("no array `{name}`")))?;
        self.file.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; size as usize];
        self.file.read_exact(&mut bytes)?;
        Ok(values(&bytes).map_err(|problem| malformed(format!("array `{name}`: {problem}")))?.1)
    }
}
