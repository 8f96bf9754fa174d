//! A socket that is read for a moment after its end.
//!
//! A client whose body was refused unread may still be sending it. If the socket were closed at once, the system would
//! answer what is on its way with a reset, and the client would lose the answer together with the connection. So our side
//! ends first, and whatever still comes is thrown away until the client has seen that, for a second at most.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

/// How long a socket is read after its end.
const LINGER: Duration = Duration::from_secs(1);

/// A socket with its place among the open connections, which it gives back when it is really gone.
pub struct Lingering(Option<(TcpStream, OwnedSemaphorePermit)>);

impl Lingering {
    /// Takes over an accepted socket.
    pub fn new(stream: TcpStream, slot: OwnedSemaphorePermit) -> Self {
        Self(Some((stream, slot)))
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        let stream = self.0.as_mut().map(|(stream, _)| Pin::new(stream));
        stream.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream()?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.as_ref().is_some_and(|(stream, _)| stream.is_write_vectored())
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some((mut stream, slot)) = self.0.take() else { return };
        // Without a runtime the process is ending, and its sockets with it.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let read_on = async {
                let mut thrown_away = [0; 4096];
                let _ = stream.shutdown().await;
                while stream.read(&mut thrown_away).await.is_ok_and(|read| read > 0) {}
            };
            let _ = tokio::time::timeout(LINGER, read_on).await;
            drop(slot);
        });
    }
}
