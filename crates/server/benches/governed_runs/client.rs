//! The smallest HTTP/1.1 client that can drive a server: one keep-alive connection, one request at a time.
//!
//! Everything is measured with it, the server as well as the limits beside it, so what it costs itself stands on both
//! sides of a ratio. It knows answers with a `content-length` only; anything else is an error, never a wrong figure.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of an answer; more is no answer of ours.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes that are read at once.
const READ_BYTES: usize = 16 * 1024;

/// One request, kept as the bytes that go out.
pub struct Request(Vec<u8>);

impl Request {
    /// A request without a body.
    pub fn bare(method: &str, path: &str, headers: &str) -> Self {
        Self(format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n").into_bytes())
    }

    /// A request with a JSON body.
    pub fn json(method: &str, path: &str, headers: &str, body: &Value) -> Self {
        let body = body.to_string();
        let length = body.len();
        Self(
            format!(
                "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
                 content-length: {length}\r\n{headers}\r\n{body}"
            )
            .into_bytes(),
        )
    }
}

/// What came back.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body of a successful answer, read as `T`; any other answer is an error that shows it.
    pub fn read<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T> {
        self.expect_success()?;
        serde_json::from_slice(&self.body).with_context(|| self.shown())
    }

    /// Refuses any status but 2xx.
    pub fn expect_success(&self) -> Result<()> {
        ensure!((200..300).contains(&self.status), "{}", self.shown());
        Ok(())
    }

    fn shown(&self) -> String {
        format!("status {}: {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// A connection that stays open.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(addr: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(addr).await.with_context(|| format!("cannot connect to {addr}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(READ_BYTES) })
    }

    /// Sends a request and waits for the whole answer.
    pub async fn send(&mut self, request: &Request) -> Result<Answer> {
        self.stream.write_all(&request.0).await?;
        let head_len = loop {
            match find(&self.received, b"\r\n\r\n") {
                Some(at) => break at + 4,
                None => self.receive().await?,
            }
        };
        let (head, _) = self.received.split_at(head_len);
        let Head { status, body_len } = Head::parse(head)?;
        let message_len = head_len + body_len;
        while self.received.len() < message_len {
            self.receive().await?;
        }
        let rest = self.received.split_off(message_len);
        let body = std::mem::replace(&mut self.received, rest).split_off(head_len);
        Ok(Answer { status, body })
    }

    async fn receive(&mut self) -> Result<()> {
        ensure!(self.received.len() < ANSWER_BYTES_MAX, "the answer is longer than {ANSWER_BYTES_MAX} bytes");
        self.received.reserve(READ_BYTES);
        let count = self.stream.read_buf(&mut self.received).await?;
        ensure!(count > 0, "the connection was closed in the middle of an answer");
        Ok(())
    }
}

/// What the first lines of an answer say.
struct Head {
    status: u16,
    body_len: usize,
}

impl Head {
    fn parse(head: &[u8]) -> Result<Self> {
        let head = std::str::from_utf8(head)?;
        let mut lines = head.split("\r\n");
        let status: u16 = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .with_context(|| format!("no status in `{head}`"))?;
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim())
        });
        let body_len = match length {
            Some(length) => length.parse()?,
            None if status == 204 => 0,
            None => bail!("an answer without a length: `{head}`"),
        };
        Ok(Self { status, body_len })
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
