//! Signs of life, and when a session next has something to do.

use super::channel::Channel;
use super::error::SessionError;
use super::frame::Frame;
use super::session::Session;

/// Silence after which a sign of life is asked for, in milliseconds.
const PING_AFTER_MS: u64 = 5_000;

/// Silence after which the connection is given up, in milliseconds.
pub(super) const SILENCE_MAX_MS: u64 = 15_000;

impl Session {
    /// Notes the time: asks for a sign of life, or gives the connection up.
    ///
    /// # Errors
    /// [`SessionError::Silent`] after too long a silence.
    pub fn tick(&mut self, now_ms: u64) -> Result<(), SessionError> {
        self.set_clock(now_ms);
        let silence = now_ms.saturating_sub(self.heard_ms);
        if silence >= SILENCE_MAX_MS {
            return Err(SessionError::Silent);
        }
        if silence >= PING_AFTER_MS && !self.pinged {
            self.pinged = true;
            self.push(Frame::Ping);
        }
        Ok(())
    }

    /// Notes the time. Where the clock went back, what was noted by the old time counts from now:
    /// otherwise nothing would fall due until the clock is there again.
    pub(super) fn set_clock(&mut self, now_ms: u64) {
        if now_ms < self.clock_ms {
            self.heard_ms = self.heard_ms.min(now_ms);
            for channel in self.channels.values_mut() {
                channel.acks.set_clock(now_ms);
            }
        }
        self.clock_ms = now_ms;
    }

    /// Returns when [`Session::tick`] or [`Session::acknowledge`] next has something to do.
    pub fn deadline_ms(&self) -> u64 {
        let life = self.heard_ms.saturating_add(if self.pinged {
            SILENCE_MAX_MS
        } else {
            PING_AFTER_MS
        });
        let channels = self.owing.iter().filter_map(|tag| self.channels.get(tag));
        let ack = channels.filter_map(Channel::ack_due_ms).min();
        ack.map_or(life, |ack| ack.min(life))
    }

    /// Returns when the peer was last heard.
    pub const fn heard_ms(&self) -> u64 {
        self.heard_ms
    }
}
