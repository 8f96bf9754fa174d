//! The report as a table for other programs: one row per cell of a section, with the leaf that it rests on.

use super::{Controls, Mention, Row, SUPPORTS, Section, sections};
use crate::csv::Table;

const COLUMNS: [&str; 8] =
    ["section", "item", "measure", "value", "run", "ap_origin", "ap_log_index", "ap_leaf_hash"];

/// The file, RFC 4180.
pub fn csv(controls: &Controls) -> Vec<u8> {
    let mut table = Table::new(COLUMNS);
    let (from, until) = (controls.period.from.to_string(), controls.period.until.to_string());
    table.row(["period", "period", "from", &from, "", &controls.origin, "", ""]);
    table.row(["period", "period", "until", &until, "", &controls.origin, "", ""]);
    for section in &sections(controls) {
        for row in &section.rows {
            write(&mut table, &controls.origin, section, row);
        }
    }
    for support in SUPPORTS {
        let item = format!("{} {}", support.framework, support.reference);
        let sections = support.sections.join(" ");
        table.row(["supports", &item, "demand", support.demand, "", &controls.origin, "", ""]);
        table.row(["supports", &item, "sections", &sections, "", &controls.origin, "", ""]);
    }
    table.into_bytes()
}

fn write(table: &mut Table, origin: &str, section: &Section, row: &Row) {
    let empty = String::new;
    let place = row.mention.as_ref().map_or_else(
        || [empty(), empty(), empty()],
        |Mention { run, index, hash, .. }| {
            [run.map_or_else(empty, |run| run.to_string()), index.to_string(), hash.to_string()]
        },
    );
    let [run, index, hash] = &place;
    let mut cells = row.cells.iter().map(String::as_str).zip(section.columns);
    let Some((item, _)) = cells.next() else { return };
    for (value, measure) in cells {
        table.row([section.id, item, measure, value, run, origin, index, hash]);
    }
}
