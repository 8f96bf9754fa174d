use proptest::prelude::*;

use super::*;

/// What another reader sees.
fn read(table: Table) -> Vec<Vec<String>> {
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(table.text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn check(cell: &str, expect: &str) {
    assert_eq!(Table::new([cell, "x"]).text, format!("{expect},x\r\n"));
}

#[test]
fn a_cell_is_quoted_where_it_must_be() {
    check("plain", "plain");
    check("", "");
    check("a,b", "\"a,b\"");
    check("a \"b\"", "\"a \"\"b\"\"\"");
    check("two\nlines", "\"two\nlines\"");
    check("Büro 🙂", "Büro 🙂");
}

#[test]
fn a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe() {
    check("=1+1", "'=1+1");
    check("+49 30", "'+49 30");
    check("-1", "'-1");
    check("@x", "'@x");
    check("＝cmd", "'＝cmd");
    check("\t=x", "'\t=x");
    check("  =x", "'  =x");
    check("\u{a0}=x", "'\u{a0}=x");
    check("\u{feff}=x", "'\u{feff}=x");
    check("\r=x", "\"'\r=x\"");
    check("a=1", "a=1");
    check("1-2", "1-2");
}

proptest! {
    #[test]
    fn another_reader_sees_the_guarded_cells(rows in prop::collection::vec(prop::collection::vec(".*", 2..6), 1..6)) {
        let mut table = Table::new(["header"]);
        for row in &rows {
            table.row(row.iter().map(String::as_str));
        }
        let guarded = rows.iter().map(|row| row.iter().map(|cell| guarded(cell)).collect());
        let expect: Vec<Vec<String>> = std::iter::once(vec!["header".to_owned()]).chain(guarded).collect();
        prop_assert_eq!(read(table), expect);
    }

    #[test]
    fn no_cell_begins_as_a_formula(cell in "[ \\t\\r\\n=+@-]{0,3}.*") {
        let first = guarded(&cell).trim_start().chars().next();
        prop_assert!(!first.is_some_and(|c| "=+-@＝＋－＠".contains(c)), "{cell:?}");
    }
}
