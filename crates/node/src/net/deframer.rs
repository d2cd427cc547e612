//! Cuts a stream of bytes into frames.
//!
//! The invariant: whatever the peer sends and however it is cut up on the way, at most one frame and what
//! was pushed since is held, and no memory is taken on the word of a length prefix alone.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

use super::limits::{FRAME_BYTES_MAX, FRAME_PREFIX_BYTES};

/// A frame's prefix names more than [`FRAME_BYTES_MAX`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge {
    pub(super) bytes: usize,
}

/// Collects chunks of a stream and gives out whole frames.
#[derive(Debug, Default)]
pub(super) struct Deframer {
    /// Chunks that were not looked at yet, in order; none is empty.
    chunks: VecDeque<Bytes>,
    /// The beginning of a frame, prefix included, that spans several chunks.
    partial: BytesMut,
}

impl Deframer {
    /// Adds the next chunk of the stream.
    pub(super) fn push(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.chunks.push_back(chunk);
        }
    }

    /// True where the stream may end here: no frame has begun.
    pub(super) fn is_at_boundary(&self) -> bool {
        self.chunks.is_empty() && self.partial.is_empty()
    }

    /// Returns the next whole frame without its prefix, or `None` where more bytes are needed.
    ///
    /// A frame that lies in one chunk is a slice of it and is not copied.
    pub(super) fn next_frame(&mut self) -> Result<Option<Bytes>, TooLarge> {
        if self.partial.is_empty()
            && let Some(frame) = self.next_within_chunk()?
        {
            return Ok(Some(frame));
        }
        loop {
            let (wanted, prefix_known) = match prefix(&self.partial) {
                None => (FRAME_PREFIX_BYTES, false),
                Some(length) => (FRAME_PREFIX_BYTES + within_limit(length)?, true),
            };
            let missing = wanted.saturating_sub(self.partial.len());
            if missing == 0 && prefix_known {
                let mut frame = self.partial.split().freeze();
                frame.advance(FRAME_PREFIX_BYTES);
                return Ok(Some(frame));
            }
            if !self.gather(missing) {
                return Ok(None);
            }
        }
    }

    /// Takes a frame that lies whole within the first chunk.
    fn next_within_chunk(&mut self) -> Result<Option<Bytes>, TooLarge> {
        let Some(chunk) = self.chunks.front_mut() else {
            return Ok(None);
        };
        let Some(length) = prefix(chunk) else {
            return Ok(None);
        };
        let length = within_limit(length)?;
        if chunk.len() < FRAME_PREFIX_BYTES + length {
            return Ok(None);
        }
        chunk.advance(FRAME_PREFIX_BYTES);
        let frame = chunk.split_to(length);
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        Ok(Some(frame))
    }

    /// Moves up to `missing` bytes of the first chunk to the frame under way; false where there is none.
    fn gather(&mut self, missing: usize) -> bool {
        let Some(chunk) = self.chunks.front_mut() else {
            return false;
        };
        let taken = chunk.split_to(missing.min(chunk.len()));
        self.partial.extend_from_slice(&taken);
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        true
    }
}

/// Reads the length prefix, where it is there in full.
fn prefix(bytes: &[u8]) -> Option<usize> {
    let prefix: &[u8; FRAME_PREFIX_BYTES] = bytes.first_chunk()?;
    usize::try_from(u32::from_le_bytes(*prefix)).ok()
}

fn within_limit(length: usize) -> Result<usize, TooLarge> {
    if length > FRAME_BYTES_MAX {
        Err(TooLarge { bytes: length })
    } else {
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(frames: &[Vec<u8>]) -> Vec<u8> {
        let mut stream = Vec::new();
        for frame in frames {
            stream.extend_from_slice(&u32::try_from(frame.len()).unwrap().to_le_bytes());
            stream.extend_from_slice(frame);
        }
        stream
    }

    #[test]
    fn frames_come_out_whole_however_the_stream_is_cut() {
        let frames = vec![
            vec![1],
            vec![],
            vec![2; 700],
            vec![3; 5],
            vec![],
            vec![4; 33],
        ];
        let stream = framed(&frames);
        for piece_bytes in 1..stream.len() + 1 {
            let mut deframer = Deframer::default();
            let mut out = Vec::new();
            for piece in stream.chunks(piece_bytes) {
                deframer.push(Bytes::copy_from_slice(piece));
                while let Some(frame) = deframer.next_frame().unwrap() {
                    out.push(frame.to_vec());
                }
            }
            assert_eq!(out, frames, "pieces of {piece_bytes}");
            assert!(deframer.is_at_boundary());
        }
    }

    /// What comes out of a stream: frames, and whether it ended at a boundary, within a frame or with one too large.
    fn outcome(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Result<bool, TooLarge>) {
        let mut deframer = Deframer::default();
        let mut out = Vec::new();
        for piece in pieces {
            deframer.push(Bytes::copy_from_slice(piece));
            loop {
                match deframer.next_frame() {
                    Ok(Some(frame)) => out.push(frame.to_vec()),
                    Ok(None) => break,
                    Err(error) => return (out, Err(error)),
                }
            }
        }
        (out, Ok(deframer.is_at_boundary()))
    }

    #[test]
    fn an_altered_stream_gives_the_same_frames_or_error_however_it_is_cut() {
        use rand_chacha::ChaCha20Rng;
        use rand_core::{Rng as _, SeedableRng as _};

        const ROUNDS: usize = 4_096;
        let sound = framed(&[vec![1], vec![], vec![2; 300], vec![3; 5], vec![4; 33]]);
        let mut random = ChaCha20Rng::seed_from_u64(11);
        let mut draw = |below: usize| usize::try_from(random.next_u32()).unwrap() % below;
        for round in 0..ROUNDS {
            let mut stream = sound.clone();
            for _ in 0..=draw(4) {
                let at = draw(stream.len());
                match draw(4) {
                    0 => stream[at] ^= 1 << draw(8),
                    1 => stream[at] = u8::try_from(draw(256)).unwrap(),
                    2 => stream.insert(at, u8::try_from(draw(256)).unwrap()),
                    _ => stream.truncate(at.max(1)),
                }
            }
            let mut pieces: Vec<&[u8]> = Vec::new();
            let mut left = &stream[..];
            while !left.is_empty() {
                let (piece, rest) = left.split_at(draw(left.len()) + 1);
                pieces.push(piece);
                left = rest;
            }
            assert_eq!(outcome(&pieces), outcome(&[&stream]), "round {round}");
        }
    }

    #[test]
    fn several_chunks_may_be_pushed_before_a_frame_is_taken() {
        let frames = vec![vec![7; 100], vec![8; 100]];
        let mut deframer = Deframer::default();
        for piece in framed(&frames).chunks(9) {
            deframer.push(Bytes::copy_from_slice(piece));
        }
        assert_eq!(deframer.next_frame().unwrap().unwrap(), frames[0]);
        assert_eq!(deframer.next_frame().unwrap().unwrap(), frames[1]);
        assert_eq!(deframer.next_frame(), Ok(None));
    }

    #[test]
    fn the_largest_frame_passes_and_one_byte_more_is_refused_at_its_prefix() {
        let mut deframer = Deframer::default();
        for piece in framed(&[vec![9; FRAME_BYTES_MAX]]).chunks(1_200) {
            deframer.push(Bytes::copy_from_slice(piece));
        }
        assert_eq!(
            deframer.next_frame().unwrap().unwrap().len(),
            FRAME_BYTES_MAX
        );

        for piece_bytes in [1, 4] {
            let prefix = u32::try_from(FRAME_BYTES_MAX + 1).unwrap().to_le_bytes();
            let mut deframer = Deframer::default();
            for piece in prefix.chunks(piece_bytes) {
                deframer.push(Bytes::copy_from_slice(piece));
            }
            assert_eq!(
                deframer.next_frame(),
                Err(TooLarge {
                    bytes: FRAME_BYTES_MAX + 1
                })
            );
        }
    }

    #[test]
    fn a_stream_that_ends_within_a_frame_is_not_at_a_boundary() {
        let stream = framed(&[vec![1; 4]]);
        for cut in 1..stream.len() {
            let mut deframer = Deframer::default();
            deframer.push(Bytes::copy_from_slice(&stream[..cut]));
            assert_eq!(deframer.next_frame(), Ok(None));
            assert!(!deframer.is_at_boundary(), "cut at {cut}");
        }
    }
}
