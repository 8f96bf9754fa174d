//! The way to witnesses and anchors: through the one client, to the addresses that the operator names and to no other.

use std::path::Path;
use std::sync::Arc;

use connectors::outbound::{NotAllowed, Outbound, RawRequest};
use engine::{Anchors, Message, Method, Outside, Post, Reply, Trust};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::{StartFault, bucket};
use crate::config::Evidence;

/// Who else sees the heads of the logs, as the settings say.
pub fn outside(config: &Evidence, outbound: &Arc<Outbound>) -> Result<Outside, StartFault> {
    let trust = config.trust_policy.as_deref().map(|path| read(path, outbound)).transpose()?;
    let Evidence { anchors, .. } = config;
    if let Some(url) = &anchors.tsa {
        allowed(outbound, url).map_err(|fault| StartFault::NotAllowed(url.clone(), fault))?;
    }
    let locked = anchors.s3.as_ref().map(|s3| bucket::put_locked(s3, outbound)).transpose()?;
    let anchors = Anchors { directory: anchors.directory.clone(), tsa: anchors.tsa.clone(), bucket: locked };
    let outbound = Arc::clone(outbound);
    let post: Post = Box::new(move |message| {
        let outbound = Arc::clone(&outbound);
        Box::pin(async move { send(&outbound, message).await })
    });
    Ok(Outside { trust, anchors, post })
}

fn read(path: &Path, outbound: &Outbound) -> Result<Trust, StartFault> {
    let text = std::fs::read_to_string(path).map_err(|fault| StartFault::File(path.to_owned(), fault))?;
    let trust = Trust::parse(text).map_err(|fault| StartFault::Trust(path.to_owned(), fault))?;
    for url in trust.policy().witnesses().iter().filter_map(|witness| witness.url.as_ref()) {
        allowed(outbound, url).map_err(|fault| StartFault::NotAllowed(url.clone(), fault))?;
    }
    Ok(trust)
}

/// The operator who names an address allows its host; TLS is required outside loopback all the same.
pub fn allowed(outbound: &Outbound, url: &str) -> Result<Url, NotAllowed> {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    // A signature stands in the query, which no base URL has.
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let target = outbound.target(base, &Vec::from_iter(host), true)?;
    let mut checked = target.same_origin("").ok_or_else(|| NotAllowed::Form(base.to_owned()))?;
    checked.set_query(query);
    Ok(checked)
}

async fn send(outbound: &Outbound, message: Message) -> Result<Reply, String> {
    let Message { method, url, headers, body, timeout } = message;
    let url = allowed(outbound, &url).map_err(|fault| fault.to_string())?;
    let mut named = HeaderMap::new();
    for (name, value) in headers {
        let value =
            HeaderValue::from_str(&value).map_err(|_| format!("the header `{name}` has no such value"))?;
        named.insert(HeaderName::from_static(name), value);
    }
    let method = match method {
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
    };
    let request = RawRequest { method, url, headers: named, body: Some(body.into()), timeout };
    let answer = outbound.send_raw(request).await.map_err(|fault| fault.to_string())?;
    Ok(Reply { status: answer.status, body: answer.body })
}
