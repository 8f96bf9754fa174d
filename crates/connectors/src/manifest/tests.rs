use super::*;
use crate::testing::{manifest, manifest_text};
use proptest::prelude::*;

/// Replaces one thing in the test manifest and expects exactly this message.
fn check(replace: &str, with: &str, message: &str) {
    let faults = Manifest::parse("test.toml", &manifest_text(replace, with)).map(|_| ()).unwrap_err();
    assert_eq!(faults.to_string(), message, "`{replace}` → `{with}`");
}

#[test]
fn every_built_in_manifest_loads() {
    for (file, text) in BUILT_IN {
        let manifest = Manifest::parse(file, text).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(file, format!("{}.toml", manifest.system));
    }
}

#[test]
fn the_digest_is_over_every_byte() {
    let one = manifest("Test desk", "Test desk");
    let other = manifest("Test desk", "Test desk!");
    assert_ne!(one.digest, other.digest);
    assert_eq!(one.digest, manifest("Test desk", "Test desk").digest);
}

#[test]
fn what_an_action_needs_has_no_default() {
    let at = "test.toml: `objects.ticket.actions.delete";
    for (member, line, fix) in [
        (
            "proof",
            "proof = { by = \"gone\" }\n",
            "say how the effect is proven, such as `proof = { by = \"read_back\" }`",
        ),
        (
            "accepted",
            "accepted = { status = [204] }\n",
            "say which answers accept, such as `accepted = { status = [200] }`",
        ),
        (
            "undo",
            "undo = { kind = \"irreversible\", reason = \"It is gone.\" }\n",
            "say how it is undone: rollback, compensation with an `action`, or irreversible with a `reason`",
        ),
    ] {
        check(line, "", &format!("{at}.{member}`: it is missing; {fix}"));
    }
    check(
        "path = \"/tickets/{id}\"\nconditional = \"none\"\naccepted = { status = [204] }",
        "path = \"/tickets/{id}\"\naccepted = { status = [204] }",
        &format!(
            "{at}.conditional`: it is missing; say what the vendor does with the version token: atomic, advisory or none"
        ),
    );
}

#[test]
fn a_member_that_nobody_knows_is_named_with_its_place() {
    check(
        "proof = { by = \"gone\" }",
        "prof = { by = \"gone\" }",
        "test.toml: `objects.ticket.actions.delete.prof`: unknown field `prof`, expected one of `kind`, `label`, `method`, `path`, `headers`, `body`, `fields`, `required`, `sets`, `arguments`, `consequences`, `conditional`, `deduplicates`, `accepted`, `refusals`, `proof`, `lookup`, `undo`, `timeout_ms`, `settle_ms`, `lands_within_ms`; correct line 161",
    );
    check(
        "api = \"v1\"",
        "api = v1",
        "test.toml: `api`: string values must be quoted, expected literal string; correct line 3",
    );
}

#[test]
fn what_does_not_fit_together_is_a_fault_with_a_remedy() {
    let update = "test.toml: `objects.ticket.actions.update";
    for (replace, with, message) in [
        (
            "system = \"testdesk\"",
            "system = \"Test Desk\"",
            "test.toml: `system`: `Test Desk` is not a name of 1 to 64 characters from a-z, 0-9, `.`, `_`, `-`, starting with a letter or digit; choose such a name".to_owned(),
        ),
        (
            "[\"bearer\", \"basic\", \"email_token\", \"api_key\", \"client_credentials\", \"refresh_token\"]",
            "[]",
            "test.toml: `auth.schemes`: no way to sign in is named; name at least one, such as `bearer`".to_owned(),
        ),
        (
            "api_key_header = \"X-Key\"\n",
            "",
            "test.toml: `auth.api_key_header`: `api_key` has no header; name the header that carries the key".to_owned(),
        ),
        (
            "token_path = \"/token\"",
            "token_path = \"https://evil.example/token\"",
            "test.toml: `auth.token_path`: the path does not start with `/`; give a path below the base URL, never another host".to_owned(),
        ),
        (
            "{ path = \"/me\", at = \"/id\" }",
            "{ path = \"/me\" }",
            "test.toml: `auth.identity`: it is told in one way; give `path` and `at`, or `token`, or `user = true`".to_owned(),
        ),
        (
            "timeout_ms = 300",
            "timeout_ms = 0",
            "test.toml: `timing`: a time is zero or longer than a day; give milliseconds up to 86400000, and a timeout above 0".to_owned(),
        ),
        (
            "status = [429]",
            "status = []",
            "test.toml: `refusals[2].status`: a refusal needs statuses from 200 to 599; list them, such as `[422]`".to_owned(),
        ),
        (
            "when = { \"/error/code\" = 3 }\n",
            "",
            "test.toml: `refusals[4].when`: a status below 400 alone is no refusal; say what in the body makes it one".to_owned(),
        ),
        (
            "\"/error/code\" = 3",
            "\"/error/code\" = 3.5",
            "test.toml: `refusals[4].when.\"/error/code\"`: a float is not exact; use texts, whole numbers, booleans, lists, tables and names such as `${id}`".to_owned(),
        ),
        (
            "id = \"/id\"\nversion",
            "id = \"id\"\nversion",
            "test.toml: `objects.ticket.id`: `id` is no JSON pointer; start with `/`, such as `/ticket/id`".to_owned(),
        ),
        (
            "version = { body = \"/updated_at\" }",
            "version = { body = \"/updated_at\", header = \"etag\" }",
            "test.toml: `objects.ticket.version`: the token is in one place; give either `header` or `body`".to_owned(),
        ),
        (
            "type = \"money\"\nscale = 2",
            "type = \"money\"",
            "test.toml: `objects.ticket.fields.amount.type`: `money` is no type, or its `scale` does not fit; use text, long_text, enum, boolean, integer, decimal, date, date_time, reference, set, or money with a scale of 0 to 9".to_owned(),
        ),
        (
            "label = \"Owner\"\ntype = \"reference\"",
            "label = \"Owner\"\ntype = \"enum\"",
            "test.toml: `objects.ticket.fields.owner.values`: values belong to an enum, and an enum needs them; list `{ value, label }`, or choose another type".to_owned(),
        ),
        (
            "label = \"Owner\"\ntype = \"reference\"",
            "label = \"Owner\"\ntype = \"reference\"\nclearable = true",
            "test.toml: `objects.ticket.fields.owner`: it says how it is written, but is not writable; set `writable = true`, or leave the rest out".to_owned(),
        ),
        (
            "write = \"assignee_id\"",
            "write = \"amount\"",
            "test.toml: `objects.ticket.fields.assignee`: another field writes the same member; give each its own `write`".to_owned(),
        ),
        (
            "kind = \"update\"\nlabel = \"Update\"",
            "kind = \"invoke\"\nlabel = \"Update\"",
            format!("{update}`: an action named `update` cannot be of kind `invoke`; name create, update and delete by their kind, and a business action by what it does"),
        ),
        (
            "label = \"Update\"\nmethod = \"PUT\"",
            "label = \"Update\"\nmethod = \"GET\"",
            format!("{update}.method`: `GET` does not write; use POST, PUT, PATCH or DELETE"),
        ),
        (
            "label = \"Update\"\nmethod = \"PUT\"\npath = \"/tickets/{id}\"",
            "label = \"Update\"\nmethod = \"PUT\"\npath = \"/tickets/../{id}\"",
            format!("{update}.path`: the path has `..`, `#` or white space; write it plainly, white space as `+` or `%20`"),
        ),
        (
            "label = \"Update\"\nmethod = \"PUT\"\npath = \"/tickets/{id}\"",
            "label = \"Update\"\nmethod = \"PUT\"\npath = \"/tickets/{number}\"",
            format!("{update}.path`: `number` is not known; use names such as `{{id}}`, and close every brace"),
        ),
        (
            "{ ticket = { \"${changes}\" = true, meta = { key = \"${key}\" } } }",
            "{ ticket = { meta = { key = \"${key}\" } } }",
            format!("{update}.body`: the body does not hold what the action writes; put `\"${{changes}}\" = true` where they belong, once, and only where there are any"),
        ),
        (
            "meta = { key = \"${key}\" } } }\nconditional = \"advisory\"",
            "meta = { key = \"${arguments.note}\" } } }\nconditional = \"advisory\"",
            format!("{update}.body`: Argument(\"note\") has no value here; leave it out, or describe what gives it a value"),
        ),
        (
            "accepted = { status = [200], when = { \"/ok\" = true }, handle = \"/audit\" }",
            "accepted = { status = [302] }",
            format!("{update}.accepted.status`: only statuses from 200 to 299 accept; list them, such as `[200]`"),
        ),
        (
            "when = \"status\", equals = \"solved\" }",
            "when = \"status\" }",
            format!("{update}.consequences[0]`: half a condition; give both `when` and `equals`, or neither"),
        ),
        (
            "when = \"status\", equals = \"solved\" }",
            "when = \"status\", equals = \"done\" }",
            format!("{update}.consequences[0]`: `done` is not among the field's values; use one of them, or add it"),
        ),
        (
            "headers = { Idempotency-Key = \"{key}\" }",
            "headers = { Authorization = \"{key}\", Idempotency-Key = \"{key}\" }",
            "test.toml: `objects.ticket.actions.create.headers.Authorization`: `authorization` belongs to the connector; describe signing in under `auth`".to_owned(),
        ),
        (
            "headers = { Idempotency-Key = \"{key}\" }\n",
            "",
            "test.toml: `objects.ticket.actions.create.deduplicates`: the vendor never sees our key; send `{key}` in a header, or `${key}` in the body".to_owned(),
        ),
        (
            "undo = { kind = \"compensation\", action = \"delete\" }",
            "undo = { kind = \"compensation\", action = \"retire\" }",
            "test.toml: `objects.ticket.actions.create.undo`: there is no action `retire`; describe it, or say irreversible".to_owned(),
        ),
        (
            "undo = { kind = \"compensation\", action = \"delete\" }",
            "undo = { kind = \"compensation\", action = \"note\" }",
            "test.toml: `objects.ticket.actions.create.undo.arguments`: the counter-action needs `body`; give its value".to_owned(),
        ),
        (
            "proof = { by = \"journal\", event = { \"/type\" = \"Comment\", \"/body\" = \"${arguments.body}\" } }",
            "proof = { by = \"read_back\" }",
            "test.toml: `objects.ticket.actions.note.proof`: a read-back has no after-values to compare; prove a delete by `gone`, a business action by `journal` or `lookup`".to_owned(),
        ),
        (
            "sets = { status = \"solved\" }",
            "sets = { owner = \"3\" }",
            "test.toml: `objects.ticket.actions.resolve.sets.owner`: it is no writable field; describe it under `fields` with `writable = true`\n\
             test.toml: `objects.ticket.actions.resolve.body`: the body does not hold what the action writes; put `\"${sets}\" = true` where they belong, once, and only where there are any\n\
             test.toml: `objects.ticket.actions.resolve.proof`: a read-back has no after-values to compare; prove a delete by `gone`, a business action by `journal` or `lookup`".to_owned(),
        ),
    ] {
        check(replace, with, &message);
    }
}

#[test]
fn a_rollback_needs_an_update_that_can_write_every_field_back() {
    check(
        "label = \"Update\"\nmethod = \"PUT\"",
        "label = \"Update\"\nfields = [\"amount\", \"assignee\"]\nmethod = \"PUT\"",
        "test.toml: `objects.ticket.actions.resolve.undo`: the object's `update` cannot write every changed field back; widen its `fields`, or name a compensation",
    );
}

#[test]
fn a_manifest_at_the_limit_is_read_and_one_byte_more_is_not() {
    let text = manifest_text("Test desk", "Test desk");
    let padded = |bytes: usize| format!("{text}\n#{}", "x".repeat(bytes - text.len() - 2));
    assert!(Manifest::parse("test.toml", &padded(FILE_BYTES_MAX)).is_ok());
    let fault = Manifest::parse("test.toml", &padded(FILE_BYTES_MAX + 1)).map(|_| ()).unwrap_err();
    assert_eq!(fault.to_string(), "test.toml: the file has 262145 bytes; at most 262144 fit");
}

#[test]
fn guarantees_and_key_lookup_follow_from_what_the_vendor_does() {
    use domain::attempt::Guarantee::{Advisory, Conditional, Exact, Observed};
    let promised = |manifest: &Manifest, verb: &str| {
        let object = &manifest.objects[&Slug::parse("ticket").unwrap()].description;
        let action = &object.actions[&Slug::parse(verb).unwrap()];
        (action.guarantee, action.key_lookup)
    };
    let desk = manifest("Test desk", "Test desk");
    for (verb, expect) in [
        ("update", (Advisory, true)),
        ("create", (Exact, true)),
        ("note", (Observed, true)),
        ("resolve", (Advisory, false)),
        ("delete", (Observed, false)),
    ] {
        assert_eq!(promised(&desk, verb), expect, "{verb}");
    }
    let atomic = manifest("conditional = \"advisory\"", "conditional = \"atomic\"");
    assert_eq!(promised(&atomic, "update"), (Exact, true));
    let unkeyed = manifest("key = \"/meta/key\"\n", "");
    assert_eq!(promised(&unkeyed, "update"), (Advisory, false));
    let atomic_unkeyed = manifest(
        "meta = { key = \"${key}\" } } }\nconditional = \"advisory\"",
        "meta = { x = 1 } } }\nconditional = \"atomic\"",
    );
    assert_eq!(promised(&atomic_unkeyed, "update"), (Conditional, false));
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_fail_otherwise_than_with_faults(at in 0usize..4_000, with in "[\\[\\]{}=\"$/.a-z0-9\n é]{0,12}", cut in 0usize..40) {
        let text = manifest_text("Test desk", "Test desk");
        let start = (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        let end = (start + cut.min(text.len() - start)..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        let broken = format!("{}{with}{}", &text[..start], &text[end..]);
        if let Err(faults) = Manifest::parse("test.toml", &broken) {
            prop_assert!(!faults.0.is_empty());
        }
    }
}
