use super::*;

/// The whole demo in one process, as `actionplane demo --exit` plays it: about ten seconds, most of them the landing window
/// of the lost answer.
#[tokio::test(flavor = "multi_thread")]
async fn every_story_ends_as_it_must() {
    let arguments = Arguments { exit: true, port: 0 };
    assert!(play(&arguments, &mut Teller::new()).await.unwrap());
}
