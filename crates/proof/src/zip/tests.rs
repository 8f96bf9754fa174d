use super::*;

fn sample() -> Vec<(&'static str, &'static [u8])> {
    vec![("manifest.json", b"{}"), ("a/b", b"first"), ("a/c.txt", b""), ("z", b"last")]
}

fn check(zip: &[u8], expect: Result<Vec<(&str, &[u8])>, ZipFault>) {
    assert_eq!(read(zip), expect);
}

/// The sample with bytes replaced at a place.
fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut zip = write(sample()).unwrap();
    zip.splice(at..at + bytes.len(), bytes.iter().copied());
    zip
}

#[test]
fn the_sum_is_that_of_the_catalogue() {
    assert_eq!(crc::crc32(b"123456789"), 0xCBF4_3926);
    assert_eq!(crc::crc32(b""), 0);
}

#[test]
fn the_manifest_comes_first_whatever_the_order_given() {
    let mut backwards = sample();
    backwards.reverse();
    let zip = write(backwards).unwrap();
    assert_eq!(zip, write(sample()).unwrap());
    check(&zip, Ok(sample()));
    check(&write([]).unwrap(), Ok(Vec::new()));
    assert_eq!(write([("a", b"1".as_slice()), ("a", b"2")]), Err(ZipFault::Order));
}

#[test]
fn pieces_make_the_same_archive() {
    let mut writer = Writer::default();
    let mut zip = Vec::new();
    for (name, content) in sample() {
        zip.extend(writer.file(name, content).unwrap());
        zip.extend(content);
    }
    assert_eq!(writer.file("a/a", b""), Err(ZipFault::Order));
    assert_eq!(writer.file("manifest.json", b""), Err(ZipFault::Order));
    zip.extend(writer.finish());
    assert_eq!(Ok(zip), write(sample()));
}

#[test]
fn a_path_has_parts_that_do_not_climb_or_hide() {
    let longest = "x".repeat(NAME_BYTES_MAX);
    for good in ["a", "_", "0", "a.b", "a-b_c.D9", "log/tile/entries/x001/234.p/5", "a/_b", "a.", &longest] {
        assert!(path_form(good), "{good}");
    }
    let too_long = "x".repeat(NAME_BYTES_MAX + 1);
    let bad = [
        "", "/", "/a", "a/", "a//b", ".", "..", ".a", "-a", "a/.b", "a/-b", "a/../b", "a..b", "a\\b", "a b",
        "a:b", "a\0", "é", "a/é", &too_long,
    ];
    for bad in bad {
        assert!(!path_form(bad), "{bad}");
        assert_eq!(write([(bad, b"".as_slice())]), Err(ZipFault::Name), "{bad}");
    }
}

#[test]
fn an_archive_in_another_form_is_refused() {
    let good = write(sample()).unwrap();
    let form = |zip: &[u8]| check(zip, Err(ZipFault::Form));
    form(b"");
    form(&good[..good.len() - 1]);
    form(&good[1..]);
    form(&[b"x".as_slice(), &good].concat());
    form(&[good.as_slice(), b"x"].concat());
    form(&[good.as_slice(), &good].concat());
    // Version, flags, method, time, date, sum, packed size, extra field of the first local header.
    for at in [4, 5, 6, 7, 8, 10, 12, 14, 18, 28] {
        form(&patched(at, &[0x55]));
    }
    // Contents that the sum does not fit.
    form(&patched(LOCAL_BYTES + MANIFEST.len(), b"[]"));
    // A directory that says otherwise, at each of its bytes.
    let directory = good.windows(4).position(|four| four == CENTRAL).unwrap();
    for (at, byte) in good.iter().enumerate().skip(directory) {
        form(&patched(at, &[byte ^ 1]));
    }
}

#[test]
fn names_in_an_archive_are_in_order_and_in_form() {
    let at =
        |name: &[u8]| write(sample()).unwrap().windows(name.len()).position(|found| found == name).unwrap();
    check(&patched(at(b"a/c.txt"), b"a/b.txt"), Err(ZipFault::Form));
    check(&patched(at(b"a/c.txt"), b"A/c.txt"), Err(ZipFault::Order));
    check(&patched(at(b"a/c.txt"), b"../.txt"), Err(ZipFault::Name));
    check(&patched(at(b"a/c.txt"), b"a/\xff.txt"), Err(ZipFault::Name));
    let two_equal = patched(at(b"z"), b"a");
    check(&two_equal, Err(ZipFault::Order));
}

#[test]
fn an_archive_holds_as_many_files_as_plain_zip_can_count() {
    let mut writer = Writer::default();
    for number in 0..FILES_MAX {
        writer.file(&format!("{number:05}"), b"").unwrap();
    }
    assert_eq!(writer.file("x", b""), Err(ZipFault::TooLarge));
    let end = writer.finish();
    assert_eq!(end[end.len() - END_BYTES + 8..][..4], [0xFE, 0xFF, 0xFE, 0xFF]);
}

#[test]
fn an_archive_ends_below_four_gibibytes() {
    // What one file named `a` of one byte adds in all.
    let file = 30 + 1 + 1 + 46 + 1 + 22;
    let filled = |offset: u64| Writer { offset: u32::try_from(offset).unwrap(), ..Writer::default() };
    assert!(filled(ZIP_BYTES_MAX - file).file("a", b"x").is_ok());
    assert_eq!(filled(ZIP_BYTES_MAX - file + 1).file("a", b"x"), Err(ZipFault::TooLarge));
}
