//! Signing in: fixed credentials, or OAuth 2 tokens that are fetched before a request and never during one.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use tokio::sync::{Mutex, OnceCell};

use super::{HttpConnector, outcome};
use crate::connector::ReadFault;
use crate::json::{Json, Pointer};
use crate::manifest::{Identity, Scheme, Scope, percent_encoded};
use crate::outbound::{Request, SendFault};
use crate::secret::Secret;

/// A token is renewed when it has less than this to live.
const TOKEN_MARGIN_MS: u64 = 60_000;
/// How long the token endpoint may take.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(10);

/// What an instance signs in with. It has no `Debug`, and its secrets cannot be printed.
#[derive(Clone, Deserialize)]
#[serde(tag = "scheme", rename_all = "snake_case", deny_unknown_fields)]
pub enum Credentials {
    /// User and password.
    Basic {
        /// The user.
        user: String,
        /// Its password.
        password: Secret<String>,
    },
    /// Basic with `email/token` as user and an API token as password.
    EmailToken {
        /// The agent's e-mail.
        email: String,
        /// The API token.
        token: Secret<String>,
    },
    /// A fixed bearer token.
    Bearer {
        /// The token.
        token: Secret<String>,
    },
    /// A key in the manifest's header.
    ApiKey {
        /// The key.
        key: Secret<String>,
    },
    /// OAuth 2 client credentials.
    ClientCredentials {
        /// The client's id.
        client_id: String,
        /// The client's secret.
        client_secret: Secret<String>,
    },
    /// OAuth 2 refresh token.
    RefreshToken {
        /// The client's id.
        client_id: String,
        /// The client's secret.
        client_secret: Secret<String>,
        /// The refresh token.
        refresh_token: Secret<String>,
    },
}

/// Credentials that cannot be read. It says nothing of what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the credentials are not of the form `{{\"scheme\": \"bearer\", \"token\": …}}`, or another scheme with its own members"
)]
pub struct CredentialsFault;

impl Credentials {
    /// Reads the JSON form, `scheme` and its members.
    pub fn parse(json: &[u8]) -> Result<Self, CredentialsFault> {
        serde_json::from_slice(json).map_err(|_| CredentialsFault)
    }

    /// The way of signing in.
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::Basic { .. } => Scheme::Basic,
            Self::EmailToken { .. } => Scheme::EmailToken,
            Self::Bearer { .. } => Scheme::Bearer,
            Self::ApiKey { .. } => Scheme::ApiKey,
            Self::ClientCredentials { .. } => Scheme::ClientCredentials,
            Self::RefreshToken { .. } => Scheme::RefreshToken,
        }
    }

    /// The part that may be shown: user, e-mail or client id; empty where there is none.
    pub fn public_part(&self) -> &str {
        match self {
            Self::Basic { user, .. } => user,
            Self::EmailToken { email, .. } => email,
            Self::ClientCredentials { client_id, .. } | Self::RefreshToken { client_id, .. } => client_id,
            Self::Bearer { .. } | Self::ApiKey { .. } => "",
        }
    }
}

/// Why a request could not be signed. Nothing of it has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SignFault {
    /// The token endpoint gave no answer.
    Unreachable(SendFault),
    /// The token endpoint refused, or answered what we do not understand.
    Refused,
    /// A credential that fits into no header.
    Form,
}

impl SignFault {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "token_unreachable",
            Self::Refused | Self::Form => "token_refused",
        }
    }

    pub fn of_read(&self) -> ReadFault {
        match self {
            Self::Unreachable(_) => ReadFault::Unreachable { code: outcome::slug(self.code()) },
            Self::Refused | Self::Form => ReadFault::Refused {
                code: outcome::slug(self.code()),
                retryable: false,
                retry_after_ms: None,
            },
        }
    }
}

/// The header that signs a request, and every secret in it, for the scrubber.
pub(super) struct Signed {
    pub header: (HeaderName, HeaderValue),
    pub secrets: Vec<Secret<String>>,
}

/// A configured sign-in, with the token that it has fetched.
pub(super) struct Session {
    credentials: Credentials,
    token: Mutex<Option<Token>>,
    identity: OnceCell<Option<String>>,
}

#[derive(Clone)]
struct Token {
    value: Secret<String>,
    identity: Option<String>,
    /// Absent when the endpoint names no lifetime: then a refusal ends it.
    good_until_boot_ms: Option<u64>,
}

impl Session {
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials, token: Mutex::new(None), identity: OnceCell::new() }
    }

    /// The header for the next request. Fetches a token when there is none that will last.
    pub async fn sign(&self, http: &HttpConnector) -> Result<Signed, SignFault> {
        let basic = |user: &str, password: &Secret<String>| {
            let encoded = Secret::new(BASE64.encode(format!("{user}:{}", password.expose())));
            signed(AUTHORIZATION, "Basic ", &encoded, vec![password.clone(), encoded.clone()])
        };
        match &self.credentials {
            Credentials::Basic { user, password } => basic(user, password),
            Credentials::EmailToken { email, token } => basic(&format!("{email}/token"), token),
            Credentials::Bearer { token } => signed(AUTHORIZATION, "Bearer ", token, vec![token.clone()]),
            Credentials::ApiKey { key } => {
                let header = http.manifest.auth.api_key_header.clone().ok_or(SignFault::Form)?;
                signed(header, "", key, vec![key.clone()])
            }
            Credentials::ClientCredentials { client_secret, .. } => {
                let token = self.token(http).await?.value;
                signed(AUTHORIZATION, "Bearer ", &token, vec![token.clone(), client_secret.clone()])
            }
            Credentials::RefreshToken { client_secret, refresh_token, .. } => {
                let token = self.token(http).await?.value;
                let secrets = vec![token.clone(), client_secret.clone(), refresh_token.clone()];
                signed(AUTHORIZATION, "Bearer ", &token, secrets)
            }
        }
    }

    /// Drops a token that was refused; says whether a new one could help.
    pub async fn forget_token(&self) -> bool {
        self.token.lock().await.take().is_some()
    }

    /// Under which user the system of record knows us; `None` when it does not say.
    pub async fn identity(&self, http: &HttpConnector) -> Result<Option<String>, ReadFault> {
        let known = self.identity.get_or_try_init(|| async {
            Ok(match &http.manifest.auth.identity {
                None => None,
                Some(Identity::User) => {
                    Some(self.credentials.public_part().to_owned()).filter(|user| !user.is_empty())
                }
                Some(Identity::Path { path, at }) => {
                    let path = path.fill_path(&Scope::default()).unwrap_or_default();
                    http.ask(&path).await?.json.at(at).and_then(Json::token)
                }
                Some(Identity::Token { .. }) => match self.credentials.scheme() {
                    Scheme::ClientCredentials | Scheme::RefreshToken => {
                        self.token(http).await.map_err(|fault| fault.of_read())?.identity
                    }
                    Scheme::Basic | Scheme::EmailToken | Scheme::Bearer | Scheme::ApiKey => None,
                },
            })
        });
        known.await.cloned()
    }

    async fn token(&self, http: &HttpConnector) -> Result<Token, SignFault> {
        // Held while the endpoint is asked: many requests at once fetch one token.
        let mut held = self.token.lock().await;
        let now = (http.outbound.clock().boot_ms)();
        let lasts = |token: &&Token| token.good_until_boot_ms.is_none_or(|until| now < until);
        if let Some(token) = held.as_ref().filter(lasts) {
            return Ok(token.clone());
        }
        let token = self.fetch(http, now).await?;
        *held = Some(token.clone());
        Ok(token)
    }

    async fn fetch(&self, http: &HttpConnector, now: u64) -> Result<Token, SignFault> {
        let url = http
            .manifest
            .auth
            .token_path
            .as_deref()
            .and_then(|path| http.target.url(path))
            .ok_or(SignFault::Form)?;
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (ACCEPT, "application/json")];
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        let request = Request {
            method: Method::POST,
            url,
            headers: HeaderMap::from_iter(headers),
            body: Some(self.form()),
            timeout: TOKEN_TIMEOUT,
            send_by_boot_ms: None,
        };
        let answer = http.outbound.send(request).await.result.map_err(SignFault::Unreachable)?;
        let json = Json::parse(&answer.body).map_err(|_| SignFault::Refused)?;
        let member = |name: &str| json.at(&Pointer::parse(name)?).and_then(Json::token);
        let value = member("/access_token").filter(|_| answer.status == 200).ok_or(SignFault::Refused)?;
        let lifetime_ms = member("/expires_in")
            .and_then(|seconds| seconds.parse::<u64>().ok())
            .map(|s| s.saturating_mul(1000));
        let identity = match &http.manifest.auth.identity {
            Some(Identity::Token { at }) => {
                json.at(at).and_then(Json::token).and_then(|url| url.rsplit('/').next().map(str::to_owned))
            }
            Some(Identity::Path { .. } | Identity::User) | None => None,
        };
        Ok(Token {
            value: Secret::new(value),
            identity,
            good_until_boot_ms: lifetime_ms
                .map(|lifetime| now.saturating_add(lifetime.saturating_sub(TOKEN_MARGIN_MS))),
        })
    }

    /// The body of a token request (RFC 6749, 4.4.2 and 6).
    fn form(&self) -> String {
        let client = |grant: &str, id: &str, secret: &Secret<String>| {
            let pairs = [("grant_type", grant), ("client_id", id), ("client_secret", secret.expose())];
            pairs.map(|(name, value)| format!("{name}={}", percent_encoded(value))).join("&")
        };
        match &self.credentials {
            Credentials::ClientCredentials { client_id, client_secret } => {
                client("client_credentials", client_id, client_secret)
            }
            Credentials::RefreshToken { client_id, client_secret, refresh_token } => {
                let refresh = percent_encoded(refresh_token.expose());
                format!("{}&refresh_token={refresh}", client("refresh_token", client_id, client_secret))
            }
            Credentials::Basic { .. }
            | Credentials::EmailToken { .. }
            | Credentials::Bearer { .. }
            | Credentials::ApiKey { .. } => String::new(),
        }
    }
}

fn signed(
    name: HeaderName,
    prefix: &str,
    secret: &Secret<String>,
    secrets: Vec<Secret<String>>,
) -> Result<Signed, SignFault> {
    let mut value =
        HeaderValue::from_str(&format!("{prefix}{}", secret.expose())).map_err(|_| SignFault::Form)?;
    value.set_sensitive(true);
    Ok(Signed { header: (name, value), secrets })
}
