//! Trying a connector out: does it sign in, does the vendor describe its fields as the manifest does, can a record be read.
//!
//! It only reads. The drills that write belong to the conformance kit, whose writes need grants.

use std::sync::Arc;

use connectors::connector::{Connector, ReadFault};
use connectors::http::Difference;
use connectors::outbound::Outbound;
use domain::mutation::RecordRef;
use domain::name::Slug;
use engine::ConnectorSpec;
use engine::admin::Finding;

/// Tries connectors out over the one outgoing client.
#[derive(Clone)]
pub struct Probe(pub(super) Arc<Outbound>);

impl Probe {
    /// Tries one out.
    pub async fn try_out(self, spec: ConnectorSpec, record: Option<RecordRef>) -> Vec<Finding> {
        let http = match super::connect(&self.0, spec) {
            Ok(http) => http,
            Err(why) => return finding("loads", Err(why)).into_iter().collect(),
        };
        let mut findings =
            vec![finding("loads", Ok("manifest, base URL and credentials fit together".to_owned()))];
        // Whether the system of record answered us at all; none while it was not asked.
        let mut answered: Option<Result<(), ReadFault>> = None;
        for object in http.describe().objects.keys() {
            match http.metadata(object).await {
                Ok(None) => {}
                Ok(Some(differences)) => {
                    answered.get_or_insert(Ok(()));
                    findings.push(finding(&format!("metadata-{object}"), compared(&differences)));
                }
                Err(fault) => {
                    answered.get_or_insert(Err(fault));
                }
            }
        }
        if let Some(record) = record {
            let read = http.snapshot(&record).await.map(|_| ());
            answered.get_or_insert(match &read {
                Ok(()) | Err(ReadFault::NotFound) => Ok(()),
                Err(fault) => Err(fault.clone()),
            });
            let told = read.map(|()| "the record can be read".to_owned()).map_err(|fault| fault.to_string());
            findings.push(finding("read", told));
        }
        if let Some(answered) = answered {
            let told = answered.map(|()| "the system of record accepts the credentials".to_owned());
            findings.push(finding("auth", told.map_err(|fault| fault.to_string())));
        }
        findings.into_iter().flatten().collect()
    }
}

fn compared(differences: &[Difference]) -> Result<String, String> {
    if differences.is_empty() {
        return Ok("the vendor's fields are the manifest's".to_owned());
    }
    let told = differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if differences.iter().any(Difference::matters) { Err(told) } else { Ok(told) }
}

/// A fact; none when an object's name leaves no room for the fact's.
fn finding(fact: &str, told: Result<String, String>) -> Option<Finding> {
    let ok = told.is_ok();
    Some(Finding { fact: Slug::parse(fact).ok()?, ok, detail: told.unwrap_or_else(|why| why) })
}
