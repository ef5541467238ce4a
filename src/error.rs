//! The one vocabulary of failure: what kind it is, whose fault, and whether to try again.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

/// `Result` with our [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What happened, as far as anyone decides something by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request itself makes no sense: a bad path, say.
    Invalid,
    /// The path or a name in it is longer than anything that exists.
    TooLong,
    /// No such path, or no such folder at the drive.
    NotFound,
    /// A folder where a file is meant.
    IsFolder,
    /// Who asks has not said who they are, or not rightly.
    Stranger,
    /// Who asks may not do this.
    NotAllowed,
    /// Who asks was wrong too often, and has to wait.
    TooOften,
    /// Listed, but the drive says that it is gone.
    Gone,
    /// All that the drive shows has ended at once: a share that has expired, say. Of a single file it says nothing.
    Ended,
    /// The drive refuses this file: flagged content, say.
    Forbidden,
    /// Not there yet: an upload that has not ended.
    NotReady,
    /// The drive limits the account; nothing goes out until the pause is over.
    Paused,
    /// Too much at once here: a wait for one's turn was too long.
    Busy,
    /// The credential is dead; a person has to log in again.
    Session,
    /// The drive failed or made no sense.
    Upstream,
    /// The drive did not answer in time.
    Timeout,
    /// What we keep in data_dir cannot be read or written: a full disk, say.
    Storage,
    /// Our own mistake.
    Internal,
}

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Caller,
    Upstream,
    Ours,
}

impl Kind {
    /// Every kind, for tables that must be complete.
    pub const ALL: [Self; 18] = [
        Self::Invalid,
        Self::TooLong,
        Self::NotFound,
        Self::IsFolder,
        Self::Stranger,
        Self::NotAllowed,
        Self::TooOften,
        Self::Gone,
        Self::Ended,
        Self::Forbidden,
        Self::NotReady,
        Self::Paused,
        Self::Busy,
        Self::Session,
        Self::Upstream,
        Self::Timeout,
        Self::Storage,
        Self::Internal,
    ];

    pub fn fault(self) -> Fault {
        match self {
            Self::Invalid
            | Self::TooLong
            | Self::NotFound
            | Self::IsFolder
            | Self::Stranger
            | Self::NotAllowed
            | Self::TooOften => Fault::Caller,
            Self::Gone
            | Self::Ended
            | Self::Forbidden
            | Self::NotReady
            | Self::Paused
            | Self::Session
            | Self::Upstream
            | Self::Timeout => Fault::Upstream,
            Self::Busy | Self::Storage | Self::Internal => Fault::Ours,
        }
    }

    /// True where the drive could not be asked, so that something known from before may stand in for an answer.
    pub fn is_unreachable(self) -> bool {
        matches!(self, Self::Paused | Self::Busy | Self::Session | Self::Upstream | Self::Timeout | Self::Storage)
    }
}

impl Kind {
    /// True where nothing is asked until 115, or a person, ends it: what is known is all there is, however old.
    pub fn is_rest(self) -> bool {
        matches!(self, Self::Paused | Self::Session)
    }

    /// True where the drive spoke of the file itself, so that nobody else would hear anything else.
    pub fn is_final_for_file(self) -> bool {
        matches!(self, Self::Gone | Self::Forbidden | Self::NotReady)
    }

    /// True where the drive was asked, so that asking again at once would cost another call. A drive that rests answers
    /// by itself, and its rest may end at any moment.
    pub fn cost_a_call(self) -> bool {
        !matches!(self, Self::Paused | Self::Busy | Self::Session | Self::Storage)
    }
}

/// A failure: its kind, a sentence for people, and the cause for the log. Holds no secret.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    message: String,
    retry_after: Option<Duration>,
    op: &'static str,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure with what a person should know: what went wrong and what to do about it.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), retry_after: None, op: "", source: None }))
    }

    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(Kind::NotFound, format!("There is no {what} here."))
    }

    /// How long the caller should wait before the same question makes sense again.
    #[must_use]
    pub fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// What we were doing, for the log.
    #[must_use]
    pub fn op(mut self, op: &'static str) -> Self {
        self.0.op = op;
        self
    }

    /// The cause, for the log only: clients never see it.
    #[must_use]
    pub fn source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.op.is_empty() {
            write!(f, "{}: ", self.0.op)?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({self})", self.0.kind)?;
        let mut source = StdError::source(self);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<crate::path::PathError> for Error {
    fn from(error: crate::path::PathError) -> Self {
        let kind = if error == crate::path::PathError::TooLong { Kind::TooLong } else { Kind::Invalid };
        Self::new(kind, format!("This is no path to a file: {error}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_causes_and_display_does_not() {
        let error =
            Error::new(Kind::Upstream, "115 did not answer.").op("list").source(std::io::Error::other("reset by peer"));
        assert_eq!(error.to_string(), "list: 115 did not answer.");
        assert_eq!(format!("{error:?}"), "Upstream (list: 115 did not answer.): reset by peer");
    }

    #[test]
    fn only_what_could_not_be_asked_lets_old_knowledge_stand_in() {
        let unreachable: Vec<_> = Kind::ALL.into_iter().filter(|kind| kind.is_unreachable()).collect();
        assert_eq!(
            unreachable,
            [Kind::Paused, Kind::Busy, Kind::Session, Kind::Upstream, Kind::Timeout, Kind::Storage]
        );
    }
}
