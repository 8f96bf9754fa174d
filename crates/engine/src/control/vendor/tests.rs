use std::pin::Pin;
use std::task::{Context, Poll};

use connectors::registry;
use connectors::scripted::ScriptedConnector;
use domain::mutation::Environment;
use domain::time::Timestamp;

use super::*;
use crate::testing::SteppedClock;

fn vendor(clock: &Arc<SteppedClock>) -> Vendor {
    let zendesk = registry::built_in().unwrap().remove(&crate::ledger::slug("zendesk")).unwrap();
    let desk = ScriptedConnector::new(zendesk, crate::ledger::slug("desk"), Environment::Simulation);
    Vendor::new(Arc::new(desk), Arc::clone(clock) as Arc<dyn Clock>)
}

fn clock() -> Arc<SteppedClock> {
    Arc::new(SteppedClock::at(Timestamp::from_millis(0)))
}

/// What a future has come to by now: `None` while it waits.
async fn now<T>(mut waiting: impl Future<Output = T> + Unpin) -> Option<T> {
    let poll = |cx: &mut Context<'_>| match Pin::new(&mut waiting).poll(cx) {
        Poll::Ready(come) => Poll::Ready(Some(come)),
        Poll::Pending => Poll::Ready(None),
    };
    std::future::poll_fn(poll).await
}

#[tokio::test]
async fn each_vendor_has_places_of_its_own_and_a_line_that_ends() {
    let clock = clock();
    let (busy, idle) = (vendor(&clock), vendor(&clock));
    let mut places = Vec::new();
    for _ in 0..PLACES {
        places.push(now(Box::pin(busy.place())).await.flatten().expect("a place is free"));
    }
    assert!(now(Box::pin(busy.place())).await.is_none(), "one more waits");
    assert!(now(Box::pin(idle.place())).await.flatten().is_some(), "another vendor has room");
    let mut line: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(busy.place())).collect();
    for one in &mut line {
        assert!(now(one.as_mut()).await.is_none());
    }
    assert!(
        now(Box::pin(busy.place())).await.is_some_and(|place| place.is_none()),
        "nobody waits behind a full line"
    );
    drop(places.pop());
    assert!(line.remove(0).await.is_some(), "the first in line is next");
}

#[tokio::test]
async fn a_rest_lasts_as_long_as_it_was_asked_for_and_no_longer_than_we_bear() {
    let clock = clock();
    let vendor = vendor(&clock);
    assert_eq!(vendor.rest_ms(), 0);
    vendor.heed(Some(30_000));
    vendor.heed(Some(5_000));
    vendor.heed(None);
    assert_eq!(vendor.rest_ms(), 30_000, "the longest counts");
    clock.step_s(29);
    assert_eq!(vendor.rest_ms(), 1_000);
    clock.step_s(1);
    assert_eq!(vendor.rest_ms(), 0);
    vendor.heed(Some(u64::MAX));
    assert_eq!(vendor.rest_ms(), REST_MS_MAX);
}
