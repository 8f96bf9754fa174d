//! The one HTTP client: everything that leaves for another machine leaves through here.
//!
//! A request goes to a [`Target`] that was checked against the allow-list, and nowhere else: no redirect is followed, no
//! request is repeated, no proxy is asked, TLS is required outside loopback, an answer has a largest size. A request with a
//! send window is checked before it connects, and once more when its body is about to be written: if the window has closed,
//! not one byte leaves. One without a body leaves as soon as it has connected, so its window must last that long; whether
//! the machine slept meanwhile shows in the look for its effect, which counts from the timeout.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use domain::time::Timestamp;
use http_body::{Body, Frame, SizeHint};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Url};

/// Bytes of an answer; a longer one is cut off and counts as no answer.
pub const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a connection may take, name lookup and TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an unused connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// What time it is: injected, so that tests can step it.
#[derive(Clone)]
pub struct Clock {
    /// Now.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Milliseconds of a clock that runs through suspend: the one that send windows are counted on.
    pub boot_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// The client, with its allow-list and clock.
pub struct Outbound {
    client: Client,
    clock: Clock,
    hosts: Vec<String>,
}

/// Why the client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made")]
pub struct ClientFault(#[source] reqwest::Error);

/// A base URL that passed the allow-list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

/// Why nothing may be sent to a base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// Not an `https` or `http` URL with a host, or with a user, query or fragment.
    #[error("`{0}` is no base URL such as `https://example.com`, without user, query or fragment")]
    Form(String),
    /// Plain HTTP to another machine.
    #[error("`{0}` is not encrypted; only loopback may be")]
    Plain(String),
    /// A host that nobody allowed.
    #[error("the host `{0}` is not on the allow-list")]
    Host(String),
}

/// One request.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The URL, made by [`Target::url`].
    pub url: Url,
    /// Every header, the credential included.
    pub headers: HeaderMap,
    /// The body; its type stands in the headers.
    pub body: Option<String>,
    /// How long the request may take in all.
    pub timeout: Duration,
    /// On [`Clock::boot_ms`]: from then on the first byte must not leave.
    pub send_by_boot_ms: Option<u64>,
}

/// What became of a request, and when.
#[derive(Debug)]
pub struct Sent {
    /// When it began.
    pub started: Timestamp,
    /// When the answer was complete, or given up.
    pub ended: Timestamp,
    /// The answer.
    pub result: Result<Answer, SendFault>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text; bytes that are no UTF-8 are replaced.
    pub body: String,
}

/// One request of bytes.
#[derive(Debug)]
pub struct RawRequest {
    /// The method.
    pub method: Method,
    /// The URL, made by a [`Target`].
    pub url: Url,
    /// Every header.
    pub headers: HeaderMap,
    /// The body; its type stands in the headers.
    pub body: Option<Bytes>,
    /// How long the request may take in all.
    pub timeout: Duration,
}

/// A whole answer of bytes.
#[derive(Debug)]
pub struct RawAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendFault {
    /// The send window closed before the first byte. Nothing left.
    #[error("the send window closed before the first byte")]
    WindowClosed,
    /// No connection came about. Nothing left.
    #[error("no connection came about")]
    Connect,
    /// The request could not be formed. Nothing left.
    #[error("the request cannot be formed")]
    Form,
    /// No answer in time.
    #[error("no answer came in time")]
    Timeout,
    /// The connection broke before the answer was complete.
    #[error("the connection broke before the answer was complete")]
    Reset,
    /// The answer is longer than [`ANSWER_BYTES_MAX`].
    #[error("the answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

impl SendFault {
    /// The code in events and replies.
    pub fn code(self) -> &'static str {
        match self {
            Self::WindowClosed => "send_window",
            Self::Connect => "connect",
            Self::Form => "unencodable",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::TooLarge => "answer_too_large",
        }
    }

    /// Whether it is proven that not one byte left.
    pub fn never_left(self) -> bool {
        match self {
            Self::WindowClosed | Self::Connect | Self::Form => true,
            Self::Timeout | Self::Reset | Self::TooLarge => false,
        }
    }
}

impl Outbound {
    /// Makes the client. `hosts` is the operator's allow-list: host names, `*.` for any subdomain.
    ///
    /// # Errors
    /// The trust store of this machine cannot be read.
    pub fn new(clock: Clock, hosts: Vec<String>) -> Result<Self, ClientFault> {
        // The process may have chosen its provider already; that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .user_agent(concat!("actionplane/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(ClientFault)?;
        Ok(Self { client, clock, hosts })
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Checks where requests shall go. `hosts` widens the operator's list for this target, and `loopback` allows this machine.
    pub fn target(&self, base_url: &str, hosts: &[String], loopback: bool) -> Result<Target, NotAllowed> {
        let form = || NotAllowed::Form(base_url.chars().take(200).collect());
        // The URL standard reads `https:/host` and the like as well; here what is written is what is meant.
        let authority = base_url.split_once("://").map(|(_, rest)| rest);
        if authority.is_none_or(|rest| rest.starts_with(['/', '\\'])) {
            return Err(form());
        }
        let mut url = Url::parse(base_url).map_err(|_| form())?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host_str().filter(|_| plain).ok_or_else(form)?.to_owned();
        let local = is_loopback(&host);
        match url.scheme() {
            "https" => {}
            "http" if local => {}
            "http" => return Err(NotAllowed::Plain(base_url.chars().take(200).collect())),
            _ => return Err(form()),
        }
        let listed = |hosts: &[String]| hosts.iter().any(|pattern| matches_host(pattern, &host));
        if !(listed(&self.hosts) || (local && loopback) || (!local && listed(hosts))) {
            return Err(NotAllowed::Host(host));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Target(url))
    }

    /// Sends one request, once.
    pub async fn send(&self, request: Request) -> Sent {
        let started = (self.clock.now)();
        let result = self.answer(request).await;
        Sent { started, ended: (self.clock.now)(), result }
    }

    async fn answer(&self, request: Request) -> Result<Answer, SendFault> {
        let Request { method, url, headers, body, timeout, send_by_boot_ms } = request;
        let raw = RawRequest { method, url, headers, body: body.map(Bytes::from), timeout };
        let raw = self.exchange(raw, send_by_boot_ms).await?;
        let body = String::from_utf8(raw.body)
            .unwrap_or_else(|raw| String::from_utf8_lossy(raw.as_bytes()).into_owned());
        Ok(Answer { status: raw.status, headers: raw.headers, body })
    }

    /// Sends one request of bytes, once, and answers with bytes. It has no send window: nothing that goes to a system of
    /// record is sent so.
    pub async fn send_raw(&self, request: RawRequest) -> Result<RawAnswer, SendFault> {
        self.exchange(request, None).await
    }

    async fn exchange(
        &self,
        request: RawRequest,
        send_by_boot_ms: Option<u64>,
    ) -> Result<RawAnswer, SendFault> {
        let RawRequest { method, url, headers, body, timeout } = request;
        let gate = Gate { boot_ms: self.clock.boot_ms.clone(), send_by_boot_ms, state: Arc::default() };
        let has_body = body.is_some();
        let connecting = if has_body { Duration::ZERO } else { CONNECT_TIMEOUT };
        if !gate.open(connecting) {
            return Err(SendFault::WindowClosed);
        }
        let mut builder = self.client.request(method, url).headers(headers).timeout(timeout);
        if let Some(body) = body {
            let gated = Gated { bytes: Some(body), gate: gate.clone() };
            builder = builder.body(reqwest::Body::wrap(gated));
        }
        let mut response = builder.send().await.map_err(|error| fault(&error, has_body.then_some(&gate)))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| fault(&error, None))? {
            if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
                return Err(SendFault::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(RawAnswer { status, headers, body })
    }
}

impl Target {
    /// The URL of a path below the base URL. The path starts with `/` and has its values percent-encoded.
    pub fn url(&self, path: &str) -> Option<Url> {
        let below = path.strip_prefix('/')?;
        let url = Url::parse(&format!("{}/{below}", self.as_str())).ok()?;
        (url.origin() == self.0.origin() && url.path().starts_with(self.0.path())).then_some(url)
    }

    /// A URL or path that the system of record itself gave, if it leads to the same origin.
    pub fn same_origin(&self, given: &str) -> Option<Url> {
        self.0.join(given).ok().filter(|url| url.origin() == self.0.origin())
    }

    /// The base URL without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

/// Whether nothing has left and nothing can: no connection, or a body that was never asked for. A body is asked for just
/// before the first byte of its request is flushed, so a request whose body nobody asked for never began; closing the gate
/// here keeps a connection that is just coming about from asking for it still.
fn fault(error: &reqwest::Error, gate: Option<&Gate>) -> SendFault {
    match gate.map(Gate::close) {
        Some(CLOSED) => SendFault::WindowClosed,
        _ if error.is_builder() => SendFault::Form,
        Some(WAITING) => SendFault::Connect,
        _ if error.is_connect() => SendFault::Connect,
        _ if error.is_timeout() => SendFault::Timeout,
        _ => SendFault::Reset,
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn matches_host(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|sub| sub.len() > 1 && sub.ends_with('.')),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const CLOSED: u8 = 2;

/// Remembers whether a request's first byte was about to leave, and stops it when its window has closed.
#[derive(Clone)]
struct Gate {
    boot_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    send_by_boot_ms: Option<u64>,
    state: Arc<AtomicU8>,
}

impl Gate {
    /// Whether the window is still open after this time.
    fn open(&self, after: Duration) -> bool {
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        self.send_by_boot_ms.is_none_or(|send_by| (self.boot_ms)().saturating_add(after_ms) < send_by)
    }

    /// Lets the first byte leave, if the window is open and nobody gave up on the request.
    fn begin(&self) -> bool {
        let state = if self.open(Duration::ZERO) { BEGUN } else { CLOSED };
        self.state.compare_exchange(WAITING, state, Ordering::SeqCst, Ordering::SeqCst).is_ok()
            && state == BEGUN
    }

    /// Stops a first byte that has not left, and says what had happened before.
    fn close(&self) -> u8 {
        let closed = self.state.compare_exchange(WAITING, CLOSED, Ordering::SeqCst, Ordering::SeqCst);
        closed.unwrap_or_else(|state| state)
    }
}

/// A body that goes through the gate.
struct Gated {
    bytes: Option<Bytes>,
    gate: Gate,
}

impl Body for Gated {
    type Data = Bytes;
    type Error = SendFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SendFault>>> {
        let Some(bytes) = self.bytes.take() else { return Poll::Ready(None) };
        Poll::Ready(Some(if self.gate.begin() {
            Ok(Frame::data(bytes))
        } else {
            Err(SendFault::WindowClosed)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(
            self.bytes.as_ref().map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
        )
    }
}

#[cfg(test)]
mod tests;
