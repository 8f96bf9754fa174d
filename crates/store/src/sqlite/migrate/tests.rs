use super::*;

fn migrated() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    migrate(&mut conn, STORE).unwrap();
    conn
}

fn check(conn: &mut Connection, steps: &[Migration], expected: &str) {
    assert_eq!(migrate(conn, steps).unwrap_err().to_string(), expected);
}

#[test]
fn numbers_are_gapless_and_start_at_one() {
    for steps in [STORE, KEYS] {
        assert!(steps.iter().map(|step| step.number).eq(1..=u32::try_from(steps.len()).unwrap()));
    }
}

#[test]
fn migrating_again_changes_nothing() {
    let mut conn = migrated();
    let before = schema(&conn).unwrap();
    migrate(&mut conn, STORE).unwrap();
    assert_eq!(schema(&conn).unwrap(), before);
}

#[test]
fn a_database_that_stopped_early_becomes_the_same_as_a_fresh_one() {
    for count in 0..STORE.len() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, &STORE[..count]).unwrap();
        migrate(&mut conn, STORE).unwrap();
        assert_eq!(schema(&conn).unwrap(), schema(&migrated()).unwrap(), "from {count}");
    }
}

#[test]
fn a_newer_database_is_refused() {
    let expected = "the database has migration 6, this program knows 3: use a newer program";
    check(&mut migrated(), &STORE[..3], expected);
}

#[test]
fn an_edited_migration_is_refused() {
    let mut steps = STORE.to_vec();
    steps[1].sql = "CREATE TABLE other (a);";
    check(&mut migrated(), &steps, "the database schema was altered: migration 2");
}

#[test]
fn an_altered_schema_is_refused() {
    for (sql, what) in [
        ("DROP TRIGGER leaf_is_not_deleted", "leaf_is_not_deleted"),
        ("DROP INDEX leaf_feed", "leaf_feed"),
        ("DROP TRIGGER checkpoint_is_not_deleted", "checkpoint_is_not_deleted"),
        ("ALTER TABLE run ADD COLUMN extra TEXT", "run"),
        ("CREATE TABLE surplus (a)", "surplus"),
    ] {
        let mut conn = migrated();
        conn.execute_batch(sql).unwrap();
        check(&mut conn, STORE, &format!("the database schema was altered: {what}"));
    }
}
