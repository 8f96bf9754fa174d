//! The zip of a bundle: stored, sorted, without times and extra fields, so that the same files give the same bytes.
//!
//! The reader takes exactly what the writer makes: it reads the local headers from the first byte on, writes the
//! archive again and compares. So nothing can hide before, between, behind or beside the files, and no two readers
//! see different contents.

mod crc;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

/// The file that comes first.
pub const MANIFEST: &str = "manifest.json";

/// How many files an archive may have; one more would need zip64.
pub const FILES_MAX: u16 = 65_534;

/// The largest archive, in bytes; one more would need zip64.
pub const ZIP_BYTES_MAX: u64 = 4_294_967_294;

/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 255;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const LOCAL_BYTES: usize = 30;
const END_BYTES: usize = 22;
/// Version 2.0, to be stored in both headers.
const VERSION: [u8; 2] = 20_u16.to_le_bytes();
/// The first of January 1980, the earliest date that a zip can hold.
const DATE: [u8; 2] = 0x0021_u16.to_le_bytes();

/// Why an archive is refused, or not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZipFault {
    /// A name outside [`path_form`].
    #[error("a file name outside the allowed form")]
    Name,
    /// A name twice, or not in order.
    #[error("a file name twice or out of order")]
    Order,
    /// More files or bytes than an archive may have.
    #[error("more than an archive may hold")]
    TooLarge,
    /// Bytes that the writer would not have written.
    #[error("not an archive in its one form")]
    Form,
}

/// Whether a path may stand in a bundle: parts of letters, digits, `.`, `_` and `-` that start with a letter, digit
/// or `_`, between slashes, without `..`; at most [`NAME_BYTES_MAX`] bytes.
pub fn path_form(path: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
            && part.bytes().all(inner)
    };
    path.len() <= NAME_BYTES_MAX && !path.contains("..") && path.split('/').all(part)
}

/// Writes an archive piece by piece, so that its contents need not be in memory at once.
#[derive(Debug, Default)]
pub struct Writer {
    /// Bytes of the files so far, headers included.
    offset: u32,
    central: Vec<u8>,
    files: u16,
    last: Option<String>,
}

impl Writer {
    /// The header of the next file; write it, then the content. [`MANIFEST`] comes first, the others sorted.
    ///
    /// # Errors
    /// [`ZipFault::Name`], [`ZipFault::Order`] or [`ZipFault::TooLarge`]; nothing is to be written then.
    pub fn file(&mut self, name: &str, content: &[u8]) -> Result<Vec<u8>, ZipFault> {
        if !path_form(name) {
            return Err(ZipFault::Name);
        }
        if self.last.as_deref().is_some_and(|last| order(last, name) != Ordering::Less) {
            return Err(ZipFault::Order);
        }
        let name_length = u16::try_from(name.len()).map_err(|_| ZipFault::Name)?.to_le_bytes();
        let size = u32::try_from(content.len()).map_err(|_| ZipFault::TooLarge)?.to_le_bytes();
        // What both headers say: version to extract, no flags, stored, no time, date, sums, no extra field.
        let common = [
            VERSION.as_slice(),
            &[0; 6],
            &DATE,
            &crc::crc32(content).to_le_bytes(),
            &size,
            &size,
            &name_length,
            &[0; 2],
        ]
        .concat();
        let local = [LOCAL.as_slice(), &common, name.as_bytes()].concat();
        // Version that made it; after the common part no comment, first disk, no attributes.
        let central =
            [CENTRAL.as_slice(), &VERSION, &common, &[0; 10], &self.offset.to_le_bytes(), name.as_bytes()]
                .concat();

        let before = u64::from(self.offset) + (local.len() + content.len()) as u64;
        let behind = (self.central.len() + central.len() + END_BYTES) as u64;
        if before + behind > ZIP_BYTES_MAX || self.files == FILES_MAX {
            return Err(ZipFault::TooLarge);
        }
        self.offset = u32::try_from(before).map_err(|_| ZipFault::TooLarge)?;
        self.central.extend(central);
        self.files += 1;
        self.last = Some(name.to_owned());
        Ok(local)
    }

    /// What follows the last file: the directory of the archive.
    pub fn finish(self) -> Vec<u8> {
        // The size stays below ZIP_BYTES_MAX, as checked with each file.
        let size = u32::try_from(self.central.len()).unwrap_or(u32::MAX).to_le_bytes();
        let files = self.files.to_le_bytes();
        let end =
            [END.as_slice(), &[0; 4], &files, &files, &size, &self.offset.to_le_bytes(), &[0; 2]].concat();
        [self.central, end].concat()
    }
}

/// The archive of these files, [`MANIFEST`] first and the others sorted, in whatever order they are given.
///
/// # Errors
/// As [`Writer::file`].
pub fn write<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<u8>, ZipFault> {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_by(|(left, _), (right, _)| order(left, right));
    let mut writer = Writer::default();
    let mut zip = Vec::new();
    for (name, content) in files {
        zip.extend(writer.file(name, content)?);
        zip.extend(content);
    }
    zip.extend(writer.finish());
    Ok(zip)
}

/// The files of an archive in their order.
///
/// # Errors
/// [`ZipFault`] for every archive that [`write`] would not have made.
pub fn read(zip: &[u8]) -> Result<Vec<(&str, &[u8])>, ZipFault> {
    let mut writer = Writer::default();
    let mut files = Vec::new();
    let mut rest = zip;
    while rest.starts_with(&LOCAL) {
        let (header, content) = next_file(&mut rest).ok_or(ZipFault::Form)?;
        let name = header.get(LOCAL_BYTES..).and_then(|name| str::from_utf8(name).ok());
        let name = name.ok_or(ZipFault::Name)?;
        if writer.file(name, content)? != header {
            return Err(ZipFault::Form);
        }
        files.push((name, content));
    }
    if writer.finish() == rest { Ok(files) } else { Err(ZipFault::Form) }
}

/// Takes the next local header with its name, and the content, as the header says how long they are.
fn next_file<'a>(zip: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let size = u32::from_le_bytes(*zip.get(22..)?.first_chunk()?);
    let name_length = u16::from_le_bytes(*zip.get(26..)?.first_chunk()?);
    let (header, rest) = zip.split_at_checked(LOCAL_BYTES + usize::from(name_length))?;
    let (content, rest) = rest.split_at_checked(usize::try_from(size).ok()?)?;
    *zip = rest;
    Some((header, content))
}

fn order(left: &str, right: &str) -> Ordering {
    (left != MANIFEST, left).cmp(&(right != MANIFEST, right))
}
