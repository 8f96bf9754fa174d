//! CRC-32 as zip uses it: polynomial 0x04C11DB7, reflected. It guards against accidents only.

const TABLE: [u32; 256] = table();

pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        let [low, ..] = crc.to_le_bytes();
        entry(low ^ byte) ^ (crc >> 8)
    })
}

#[expect(clippy::indexing_slicing, reason = "a byte is an index of the table")]
fn entry(byte: u8) -> u32 {
    TABLE[usize::from(byte)]
}

#[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0_u32;
    while byte < 256 {
        let mut crc = byte;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte as usize] = crc;
        byte += 1;
    }
    table
}
