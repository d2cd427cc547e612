//! Why a link ended: the codes that one side gives, and what the other side saw.
//!
//! The invariant: the code that a peer gave is never lost and never guessed; a silence is told apart from
//! a farewell.

use std::fmt;

use iroh::endpoint::{ConnectionError, VarInt};

use super::limits::CLOSE_REASON_BYTES_MAX;

/// The number that goes with a close, for the other side's program.
///
/// On the wire it is the application error code of QUIC's CONNECTION_CLOSE (RFC 9000, section 19.19).
/// The numbers are fixed; a peer may send one that this version does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseCode(u32);

impl CloseCode {
    /// 0: the program let go of the link without a word, or QUIC closed it for the program.
    pub const DROPPED: Self = Self(0);
    /// 1: nothing is wrong; this node stops or needs the link no more.
    pub const BYE: Self = Self(1);
    /// 2: this key is on no roster that we share a notebook with, and holds no live invite.
    pub const NOT_A_MEMBER: Self = Self(2);
    /// 3: this device was a member and has been removed; what proves it was sent before.
    pub const REMOVED: Self = Self(3);
    /// 4: another link between the same two devices is kept instead.
    pub const DUPLICATE: Self = Self(4);
    /// 5: a frame could not be understood.
    pub const PROTOCOL: Self = Self(5);
    /// 6: a frame was longer than [`FRAME_BYTES_MAX`](super::FRAME_BYTES_MAX).
    pub const FRAME_TOO_LARGE: Self = Self(6);
    /// 7: too many links or too much work at the moment; come back later.
    pub const BUSY: Self = Self(7);
    /// 8: the two sides share no version of the protocol.
    pub const VERSION: Self = Self(8);
    /// 9: this node has enough links that carry what the two share; what is new comes through others. Come
    /// back later.
    pub const ENOUGH: Self = Self(9);

    /// Wraps a number, as it stands on the wire.
    pub const fn new(code: u32) -> Self {
        Self(code)
    }

    /// Returns the number, as it stands on the wire.
    pub const fn get(self) -> u32 {
        self.0
    }

    pub(super) fn to_wire(self) -> VarInt {
        VarInt::from_u32(self.0)
    }

    /// Reads a code from the wire; one that does not fit 32 bits is none of ours and becomes the largest.
    pub(super) fn from_wire(code: VarInt) -> Self {
        Self(u32::try_from(code.into_inner()).unwrap_or(u32::MAX))
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::DROPPED => f.write_str("no reason given"),
            Self::BYE => f.write_str("goodbye"),
            Self::NOT_A_MEMBER => f.write_str("not a member"),
            Self::REMOVED => f.write_str("removed"),
            Self::DUPLICATE => f.write_str("another link is kept"),
            Self::PROTOCOL => f.write_str("a message could not be understood"),
            Self::FRAME_TOO_LARGE => f.write_str("a message was too large"),
            Self::BUSY => f.write_str("busy"),
            Self::VERSION => f.write_str("no version of the protocol in common"),
            Self::ENOUGH => f.write_str("enough links already"),
            Self(other) => write!(f, "code {other}"),
        }
    }
}

/// How a link ended, as this side saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The other side closed the link and said why.
    ByPeer {
        /// The number that it gave.
        code: CloseCode,
        /// The words that it gave, at most [`CLOSE_REASON_BYTES_MAX`] bytes. They are another's text:
        /// neutralise control characters before showing them.
        words: String,
    },
    /// This side closed the link.
    ByUs,
    /// Nothing was heard for [`IDLE_TIMEOUT_MS`](super::limits::IDLE_TIMEOUT_MS).
    TimedOut,
    /// The other side no longer knows this connection: its process was restarted.
    PeerRestarted,
    /// The other side refused the connection before it was made, for want of room.
    Refused,
    /// One of the two sides broke the rules of QUIC or TLS.
    Violation {
        /// The error code of QUIC (RFC 9000, section 20.1); 256 and above are TLS alerts.
        code: u64,
        /// True where the other side says that we broke them.
        by_us: bool,
    },
}

impl CloseReason {
    /// Returns the code that the other side gave, where it gave one.
    pub fn peer_code(&self) -> Option<CloseCode> {
        match self {
            Self::ByPeer { code, .. } => Some(*code),
            _ => None,
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByPeer { code, .. } => write!(f, "the other side closed the link: {code}"),
            Self::ByUs => f.write_str("this side closed the link"),
            Self::TimedOut => f.write_str("the other side fell silent"),
            Self::PeerRestarted => f.write_str("the other side was restarted"),
            Self::Refused => f.write_str("the other side has no room for another connection"),
            Self::Violation { code, by_us: false } => {
                write!(
                    f,
                    "the other side broke the transport protocol (error {code:#x})"
                )
            }
            Self::Violation { code, by_us: true } => {
                write!(
                    f,
                    "the other side says that we broke the transport protocol (error {code:#x})"
                )
            }
        }
    }
}

/// QUIC's CONNECTION_REFUSED (RFC 9000, section 20.1).
const QUIC_CONNECTION_REFUSED: u64 = 0x2;

impl From<ConnectionError> for CloseReason {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::ApplicationClosed(close) => Self::ByPeer {
                code: CloseCode::from_wire(close.error_code),
                words: words_from_wire(&close.reason),
            },
            ConnectionError::LocallyClosed => Self::ByUs,
            ConnectionError::TimedOut => Self::TimedOut,
            ConnectionError::Reset => Self::PeerRestarted,
            ConnectionError::ConnectionClosed(close) => match u64::from(close.error_code) {
                QUIC_CONNECTION_REFUSED => Self::Refused,
                code => Self::Violation { code, by_us: true },
            },
            ConnectionError::TransportError(error) => Self::Violation {
                code: u64::from(error.code),
                by_us: false,
            },
            ConnectionError::VersionMismatch | ConnectionError::CidsExhausted => Self::Violation {
                code: 0,
                by_us: false,
            },
        }
    }
}

/// Cuts words to what goes into one packet, at a character's boundary.
pub(super) fn words_to_wire(words: &str) -> &[u8] {
    let mut end = words.len().min(CLOSE_REASON_BYTES_MAX);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    words.get(..end).unwrap_or_default().as_bytes()
}

fn words_from_wire(bytes: &[u8]) -> String {
    let end = bytes.len().min(CLOSE_REASON_BYTES_MAX);
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_between_characters() {
        let words = "é".repeat(CLOSE_REASON_BYTES_MAX);
        let cut = words_to_wire(&words);
        assert_eq!(cut.len(), CLOSE_REASON_BYTES_MAX);
        let odd = format!("x{words}");
        let cut = words_to_wire(&odd);
        assert_eq!(cut.len(), CLOSE_REASON_BYTES_MAX - 1);
        assert!(std::str::from_utf8(cut).is_ok());
    }

    #[test]
    fn foreign_words_are_bounded_and_need_not_be_text() {
        let words = words_from_wire(&[0xff; 4 * CLOSE_REASON_BYTES_MAX]);
        assert_eq!(words.chars().count(), CLOSE_REASON_BYTES_MAX);
        assert_eq!(words_from_wire(b"fine"), "fine");
    }

    #[test]
    fn a_code_beyond_32_bits_is_not_mistaken_for_one_of_ours() {
        let wire = VarInt::from_u64((1 << 32) + 1).unwrap();
        assert_eq!(CloseCode::from_wire(wire), CloseCode::new(u32::MAX));
        assert_eq!(
            CloseCode::from_wire(CloseCode::REMOVED.to_wire()),
            CloseCode::REMOVED
        );
    }
}
