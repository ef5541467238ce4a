//! The bytes of an opened file: read piece by piece on threads that may block, one piece ahead of whoever takes them.

use std::{
    fmt,
    fs::File,
    io,
    os::unix::fs::FileExt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{BoxFuture, MaybeDone, maybe_done},
};
use http_body::{Body, Frame, SizeHint};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    drive::Opened,
    error::{Error, Kind, Result},
};

/// Bytes read at once. An answer holds two pieces at most: one that is taken and the one after it.
const PIECE: u64 = 64 * 1024;
/// Reads under way at once, of all answers. One that hangs keeps its place.
const AT_ONCE: usize = 32;
/// For a place and a piece together.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads opened files, a bounded number of pieces at a time.
#[derive(Debug, Clone)]
pub struct Files {
    places: Arc<Semaphore>,
}

impl Default for Files {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Files {
    /// The bytes `first..=last`. Waits for the first piece, so that what fails at the start can be said with a status.
    pub async fn open(&self, opened: Opened, first: u64, last: u64, id: &str) -> Result<FileBody> {
        let (places, name) = (Arc::clone(&self.places), opened.entry.name.to_string());
        let source = Arc::new(Source { places, file: opened.file, name, id: id.into() });
        let left = last - first + 1;
        let mut body = FileBody { ahead: source.ahead(first, left), source, next: first, left };
        (&mut body.ahead).await;
        if let MaybeDone::Done(Err(_)) = &body.ahead
            && let Some(Err(cause)) = Pin::new(&mut body.ahead).take_output()
        {
            let what = "The disk did not give the bytes of this file. Try again in a moment.";
            return Err(Error::new(Kind::Upstream, what).op("file").source(cause));
        }
        Ok(body)
    }
}

type Ahead = MaybeDone<BoxFuture<'static, io::Result<Bytes>>>;

struct Source {
    places: Arc<Semaphore>,
    file: File,
    name: String,
    /// Of the request, for the log.
    id: Box<str>,
}

impl Source {
    /// The next piece, which is read once this is polled.
    fn ahead(self: &Arc<Self>, at: u64, left: u64) -> Ahead {
        let count = usize::try_from(left.min(PIECE)).unwrap_or(usize::MAX);
        maybe_done(Arc::clone(self).piece(at, count).boxed())
    }

    /// Some bytes from `at` on, and never none.
    async fn piece(self: Arc<Self>, at: u64, count: usize) -> io::Result<Bytes> {
        let read = async {
            let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
            let source = Arc::clone(&self);
            // Taken here, so that the allocator does not keep memory for every thread that ever read.
            let piece = vec![0; count];
            // What nobody waits for any more ends by itself, and then gives back its place and the file.
            let read = tokio::task::spawn_blocking(move || {
                let _place = place;
                read(&source.file, at, piece)
            });
            read.await.map_err(io::Error::other)?
        };
        timeout(PATIENCE, read).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

fn read(file: &File, at: u64, mut piece: Vec<u8>) -> io::Result<Bytes> {
    let mut filled = 0;
    while filled < piece.len() {
        match file.read_at(&mut piece[filled..], at + filled as u64) {
            Ok(0) if filled == 0 => {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
            }
            Ok(0) => break,
            Ok(more) => filled += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    piece.truncate(filled);
    Ok(piece.into())
}

/// A response body of exactly the bytes asked for, or an error that cuts the connection: never a short end.
pub struct FileBody {
    source: Arc<Source>,
    /// The piece at `next`.
    ahead: Ahead,
    next: u64,
    left: u64,
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.left == 0 {
            return Poll::Ready(None);
        }
        ready!(this.ahead.poll_unpin(cx));
        let piece = match Pin::new(&mut this.ahead).take_output() {
            Some(Ok(piece)) => piece,
            Some(Err(error)) => {
                this.ahead = maybe_done(std::future::ready(Err(io::ErrorKind::Other.into())).boxed());
                tracing::warn!(id = this.source.id, file = this.source.name, at = this.next, %error, "a transfer was cut");
                return Poll::Ready(Some(Err(error)));
            }
            None => return Poll::Ready(Some(Err(io::ErrorKind::Other.into()))),
        };
        this.next += piece.len() as u64;
        this.left -= piece.len() as u64;
        if this.left > 0 {
            this.ahead = this.source.ahead(this.next, this.left);
            // Begun now: it may well be there when it is asked for.
            let _ = this.ahead.poll_unpin(cx);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl fmt::Debug for FileBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileBody").field("next", &self.next).field("left", &self.left).finish_non_exhaustive()
    }
}
