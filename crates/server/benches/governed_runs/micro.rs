//! The pure parts of a run alone, on one core: policy decisions, reading and writing leaves, folding a run.
//!
//! What counts is the processor time of this thread, so that a busy machine does not make them slower than they are.

mod past_run;
mod rules;

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result};
use proof::{canonical, strict};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use past_run::PastRun;

/// Repetitions between two looks at the clock.
const BATCH: u32 = 16;

/// How fast one of them is.
#[derive(Serialize)]
pub struct Rate {
    /// What.
    pub what: String,
    /// How often per second of processor time.
    pub per_second: f64,
}

/// Measures each for about `time`.
pub fn measure(time: Duration) -> Result<Vec<Rate>> {
    let mut rates = Vec::new();
    let mut add = |what: String, per_second: f64| rates.push(Rate { what, per_second });

    let schema = rules::schema()?;
    for (name, set) in
        [("starter set", rules::starter(&schema)?), ("1,000 policies", rules::thousand(&schema)?)]
    {
        for (request, outcome) in rules::requests(&schema)? {
            let (decided, rules) = (set.decide(&request), set.rule_ids().count());
            anyhow::ensure!(
                decided.outcome.word() == outcome,
                "the request was meant to be decided as {outcome}, not as {:?}",
                decided.outcome
            );
            let rate = per_second(time, || {
                black_box(policy::explain(&set.decide(black_box(&request))));
            });
            add(format!("decisions with explanation, {name} ({rules} rules), {outcome}"), rate);
        }
    }

    let past = PastRun::new()?;
    let leaves = past.leaves.len();
    let mut next = past.leaves.iter().cycle();
    let rate = per_second(time, || {
        if let Some(leaf) = next.next()
            && let Ok(value) = strict::parse_evidence(black_box(leaf))
        {
            black_box(canonical::to_bytes(&value));
        }
    });
    add("leaves strictly parsed and written again".to_owned(), rate);

    let folds = per_second(time, || {
        let folded = domain::wire::fold(past.run, past.leaves.iter().map(Vec::as_slice));
        let _ = black_box(folded);
    });
    add(
        format!("events folded (an approved run of {leaves} events)"),
        folds * f64::from(u32::try_from(leaves)?),
    );
    for (what, bundle) in BUNDLES {
        let mut files = verifier::Files::new();
        for (path, content) in proof::zip::read(bundle)? {
            files.insert(path, content.to_vec())?;
        }
        let trust = files.get("trust.tlog-policy").context("a bundle without a trust policy")?;
        let trust = proof::trust::TrustPolicy::parse(trust)?;
        let question = verifier::Question { trust: Some(&trust), ..verifier::Question::default() };
        let report = verifier::verify(&files, &question);
        anyhow::ensure!(report.verdict <= verifier::Verdict::Unwitnessed, "{}", report.to_text());
        let events: usize = report.runs.iter().map(|run| run.moments.len()).sum();
        let verified = per_second(time, || {
            black_box(verifier::verify(black_box(&files), &question));
        });
        add(
            format!("bundles verified ({what}, {events} events of runs, {} KiB)", bundle.len() / 1024),
            verified,
        );
    }
    Ok(rates)
}

/// Bundles of the verifier's corpus.
const BUNDLES: [(&str, &[u8]); 2] = [
    ("approved run", include_bytes!("../../../verifier/tests/corpus/good/approved.apev")),
    ("run that was rolled back", include_bytes!("../../../verifier/tests/corpus/good/rolled_back.apev")),
];

fn per_second(time: Duration, mut once: impl FnMut()) -> f64 {
    for _ in 0..BATCH {
        once();
    }
    let started = processor_time();
    let mut used = Duration::ZERO;
    let mut count = 0_u32;
    while used < time {
        for _ in 0..BATCH {
            once();
        }
        count += BATCH;
        used = processor_time().saturating_sub(started);
    }
    f64::from(count) / used.as_secs_f64()
}

fn processor_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}
