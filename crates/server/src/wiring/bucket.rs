//! Heads in a bucket with object lock: the one request that puts an object where nobody can remove it for years.
//!
//! Compliance mode: not even the owner of the account shortens the time. The request is signed in its URL (AWS Signature
//! Version 4), the lock and the checksum that S3 asks for with it are signed headers.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connectors::outbound::Outbound;
use engine::{Message, Method, PutLocked};
use proof::digest::sha256;
use reqwest::Url;
use rusty_s3::actions::{PutObject, S3Action as _};
use rusty_s3::{Bucket, BucketError, Credentials, UrlStyle};

use super::{StartFault, outside};
use crate::config::S3;

/// How long the bucket may take to answer, and how long a signature holds.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const SIGNED_FOR: Duration = Duration::from_mins(5);

/// Puts objects into the bucket of the settings, with the credentials of the environment.
pub fn put_locked(config: &S3, outbound: &Outbound) -> Result<PutLocked, StartFault> {
    let fault = |fault| StartFault::Bucket(config.bucket.clone(), fault);
    let (endpoint, style) = match &config.endpoint {
        Some(endpoint) => (endpoint.clone(), UrlStyle::Path),
        None => (format!("https://s3.{}.amazonaws.com", config.region), UrlStyle::VirtualHost),
    };
    outside::allowed(outbound, &endpoint).map_err(|fault| StartFault::NotAllowed(endpoint.clone(), fault))?;
    let endpoint = Url::parse(&endpoint).map_err(|_| fault(BucketError::MissingHost))?;
    let bucket = Bucket::new(endpoint, style, config.bucket.clone(), config.region.clone()).map_err(fault)?;
    let credentials = Credentials::from_env().ok_or(StartFault::BucketCredentials)?;
    Ok(putting(bucket, credentials, config.prefix.clone(), config.retention_days))
}

fn putting(bucket: Bucket, credentials: Credentials, prefix: String, days: u32) -> PutLocked {
    Box::new(move |name, body, now| {
        let object = format!("{prefix}{name}");
        let until = now.plus_s(u64::from(days) * 24 * 3600);
        let headers = [
            ("x-amz-checksum-sha256", STANDARD.encode(sha256(body).as_bytes())),
            ("x-amz-object-lock-mode", "COMPLIANCE".to_owned()),
            ("x-amz-object-lock-retain-until-date", until.to_string()),
        ];
        let mut put = PutObject::new(&bucket, Some(&credentials), &object);
        for (name, value) in &headers {
            put.headers_mut().insert(*name, value.clone());
        }
        let url = put.sign(SIGNED_FOR);
        Message {
            method: Method::Put,
            url: url.into(),
            headers: headers.to_vec(),
            body: body.to_vec(),
            timeout: ANSWER_TIMEOUT,
        }
    })
}

#[cfg(test)]
mod tests;
