//! What clients were told: everything that an answer said has to hold after any number of kills.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::client::Client;

/// The newest answer about each run, with its lineage as far as somebody has read it.
#[derive(Default)]
pub struct Memory(BTreeMap<String, Told>);

#[derive(Default)]
struct Told {
    run: Value,
    hashes: Vec<Value>,
}

impl Memory {
    /// A run was answered.
    pub fn hear(&mut self, run: &Value) {
        self.told(run).run = run.clone();
    }

    /// A lineage was answered.
    pub fn hear_events(&mut self, run: &Value, lineage: &Value) {
        self.told(run).hashes = linked(lineage);
    }

    fn told(&mut self, run: &Value) -> &mut Told {
        self.0.entry(run["id"].as_str().unwrap().to_owned()).or_default()
    }

    /// How many runs were answered.
    pub fn runs(&self) -> usize {
        self.0.len()
    }

    /// Reads every run and its lineage again, and compares.
    pub async fn holds(&self, reader: &Client) {
        for (id, told) in &self.0 {
            let path = format!("/v1/runs/{id}");
            let hashes = linked(&reader.get(&format!("{path}/events")).await);
            assert!(hashes.starts_with(&told.hashes), "{id}: {hashes:#?} does not go on {:#?}", told.hashes);
            let now = reader.get(&path).await;
            for list in ["approvals", "attempts", "drift"] {
                assert!(
                    told.keeps(&now, list),
                    "{list}: {:#}
{now:#}",
                    told.run
                );
            }
            assert!(now["revision"].as_u64() >= told.run["revision"].as_u64(), "{:#}\n{now:#}", told.run);
            if !told.run["closed"].is_null() {
                assert_eq!(now["stage"], told.run["stage"]);
            }
        }
    }
}

impl Told {
    /// Whether the entries of a list are still there, in their order and with the same facts. What an attempt lacked, such as
    /// an outcome, may have come, and an unknown outcome may have been settled.
    fn keeps(&self, now: &Value, list: &str) -> bool {
        let Some(before) = self.run[list].as_array() else { return true };
        let now = now[list].as_array().unwrap();
        let settled = |name: &str, value: &Value| name == "outcome" && value == "unknown";
        let same = |before: &Value, now: &Value| {
            let open = before.get("outcome").is_none_or(|outcome| outcome == "unknown");
            let fixed = if open { &["n", "attempt", "started", "key"][..] } else { &[] };
            before.as_object().unwrap().iter().all(|(name, value)| {
                settled(name, value) || now[name] == *value || open && !fixed.contains(&name.as_str())
            })
        };
        before.len() <= now.len() && before.iter().zip(now).all(|(before, now)| same(before, now))
    }
}

/// The hashes of a lineage whose events follow one another without a gap.
fn linked(lineage: &Value) -> Vec<Value> {
    let mut hashes: Vec<Value> = Vec::new();
    for event in lineage["items"].as_array().unwrap() {
        assert_eq!(event["seq"], hashes.len(), "{lineage:#}");
        assert_eq!(event["prev"], hashes.last().cloned().unwrap_or_default(), "{lineage:#}");
        hashes.push(event["hash"].clone());
    }
    hashes
}
