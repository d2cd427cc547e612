//! Who was let in: links that open the page once, and the browsers that opened one.
//!
//! Invariant: a launch token lets in one browser, a cookie names one session, and both are compared in constant time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::form::Form;
use crate::limits::{CONFIRMED_FOR, IDLE_LOCK, LAUNCHES_MAX, SESSIONS_MAX, TOKEN_BYTES};

/// What a screen says once, after a form was sent to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flash {
    /// Whether it went wrong.
    pub(crate) is_error: bool,
    /// What happened, in a sentence.
    pub(crate) message: String,
    /// What to do now.
    pub(crate) hint: Option<String>,
    /// Where the form that went wrong was sent to.
    pub(crate) action: String,
    /// What had been typed, so that nobody types it again.
    pub(crate) typed: Form,
}

/// What is known of a browser, as of one request.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// The number of the session.
    pub(crate) session: u64,
    /// What its forms carry.
    pub(crate) form_token: String,
    /// Whether the passphrase is to be given first.
    pub(crate) is_locked: bool,
    /// Whether the passphrase was given a moment ago.
    pub(crate) is_confirmed: bool,
}

#[derive(Debug)]
struct Session {
    number: u64,
    cookie: Zeroizing<String>,
    form_token: String,
    used_at: Instant,
    is_locked: bool,
    confirmed_at: Option<Instant>,
    flash: Option<Flash>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Each with when it was made.
    launches: Vec<(Zeroizing<String>, Instant)>,
    sessions: Vec<Session>,
    count: u64,
}

/// All links and browsers.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Inner>);

/// The system has no randomness, so nobody can be let in.
#[derive(thiserror::Error, Debug)]
#[error("the system gives no randomness")]
pub(crate) struct NoRandomness;

/// Draws a token that nobody guesses.
pub(crate) fn draw_token() -> Result<String, NoRandomness> {
    let mut bytes = Zeroizing::new([0_u8; TOKEN_BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
    Ok(data_encoding::BASE64URL_NOPAD.encode(bytes.as_slice()))
}

fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

impl Sessions {
    /// Makes a token that lets in one browser.
    pub(crate) fn make_launch(&self) -> Result<String, NoRandomness> {
        let token = draw_token()?;
        let mut inner = self.inner();
        if inner.launches.len() >= LAUNCHES_MAX {
            inner.launches.remove(0);
        }
        let made = Instant::now();
        inner.launches.push((Zeroizing::new(token.clone()), made));
        Ok(token)
    }

    /// Swaps a launch token for a cookie; nothing where it is not, or no longer, good.
    pub(crate) fn enter(&self, launch: &str, now: Instant) -> Result<Option<String>, NoRandomness> {
        let (cookie, form_token) = (draw_token()?, draw_token()?);
        let mut inner = self.inner();
        let found = inner
            .launches
            .iter()
            .position(|(known, _)| same(known, launch));
        let Some(found) = found else {
            return Ok(None);
        };
        let (_, made) = inner.launches.remove(found);
        if inner.sessions.len() >= SESSIONS_MAX
            && let Some(oldest) = oldest(&inner.sessions)
        {
            inner.sessions.remove(oldest);
        }
        inner.count += 1;
        let number = inner.count;
        inner.sessions.push(Session {
            number,
            cookie: Zeroizing::new(cookie.clone()),
            form_token,
            used_at: now,
            // An old link asks for the passphrase first, where there is one.
            is_locked: now.saturating_duration_since(made) > IDLE_LOCK,
            confirmed_at: None,
            flash: None,
        });
        Ok(Some(cookie))
    }

    /// Finds the session of a cookie. Where `locks` says so it is locked after long disuse, and `is_use` tells
    /// whether this request is somebody's act or only the page's own look.
    pub(crate) fn find(
        &self,
        cookie: &str,
        now: Instant,
        locks: bool,
        is_use: bool,
    ) -> Option<Standing> {
        let mut inner = self.inner();
        let mut found = None;
        for session in &mut inner.sessions {
            if same(&session.cookie, cookie) {
                found = Some(session);
            }
        }
        let session = found?;
        if locks && now.saturating_duration_since(session.used_at) > IDLE_LOCK {
            session.is_locked = true;
        }
        if is_use {
            session.used_at = now;
        }
        let is_recent = |at: Instant| now.saturating_duration_since(at) < CONFIRMED_FOR;
        Some(Standing {
            session: session.number,
            form_token: session.form_token.clone(),
            is_locked: session.is_locked && locks,
            is_confirmed: session.confirmed_at.is_some_and(is_recent),
        })
    }

    /// Tells whether a browser is still let in and not locked.
    pub(crate) fn is_open(&self, number: u64, now: Instant, locks: bool) -> bool {
        let inner = self.inner();
        let found = inner.sessions.iter().find(|one| one.number == number);
        found.is_some_and(|session| {
            let is_idle = now.saturating_duration_since(session.used_at) > IDLE_LOCK;
            !locks || !(session.is_locked || is_idle)
        })
    }

    /// Notes that the passphrase was given.
    pub(crate) fn confirm(&self, session: u64, now: Instant) {
        self.change(session, |session| {
            session.is_locked = false;
            session.used_at = now;
            session.confirmed_at = Some(now);
        });
    }

    /// Locks a browser.
    pub(crate) fn lock(&self, session: u64) {
        self.change(session, |session| {
            session.is_locked = true;
            session.confirmed_at = None;
            session.flash = None;
        });
    }

    /// Forgets a browser: its cookie opens nothing any more.
    pub(crate) fn leave(&self, session: u64) {
        self.inner().sessions.retain(|one| one.number != session);
    }

    /// Keeps what the next screen says.
    pub(crate) fn put_flash(&self, session: u64, flash: Flash) {
        self.change(session, |session| session.flash = Some(flash));
    }

    /// Takes what is to be said.
    pub(crate) fn take_flash(&self, session: u64) -> Option<Flash> {
        let mut taken = None;
        self.change(session, |session| taken = session.flash.take());
        taken
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Session)) {
        let mut inner = self.inner();
        let found = inner.sessions.iter_mut().find(|one| one.number == number);
        if let Some(session) = found {
            change(session);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it is held, and each change of it is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn oldest(sessions: &[Session]) -> Option<usize> {
    let used = sessions.iter().enumerate();
    used.min_by_key(|(_, session)| session.used_at)
        .map(|(at, _)| at)
}

/// Tells whether a form carries the token of its session.
pub(crate) fn is_form_token(expected: &str, given: &str) -> bool {
    same(expected, given)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_launch_token_lets_in_one_browser() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let token = sessions.make_launch().expect("random");
        let cookie = sessions.enter(&token, now).expect("random");
        assert!(cookie.is_some());
        assert!(sessions.enter(&token, now).expect("random").is_none());
        let cookie = cookie.expect("let in");
        assert!(sessions.find(&cookie, now, true, true).is_some());
        assert!(sessions.find(&token, now, true, true).is_none());
    }

    #[test]
    fn a_page_that_nobody_uses_locks_and_looks_of_its_own_do_not_count() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let token = sessions.make_launch().expect("random");
        let cookie = sessions.enter(&token, now).expect("random").expect("in");
        let nearly = now + IDLE_LOCK - Duration::from_secs(1);
        let standing = sessions.find(&cookie, nearly, true, false).expect("known");
        assert!(!standing.is_locked);
        let later = now + IDLE_LOCK + Duration::from_secs(1);
        let standing = sessions.find(&cookie, later, true, true).expect("known");
        assert!(standing.is_locked);
        sessions.confirm(standing.session, later);
        let standing = sessions.find(&cookie, later, true, true).expect("known");
        assert!(!standing.is_locked && standing.is_confirmed);
    }

    #[test]
    fn an_old_link_asks_for_the_passphrase() {
        let sessions = Sessions::default();
        let token = sessions.make_launch().expect("random");
        let later = Instant::now() + IDLE_LOCK + Duration::from_secs(1);
        let cookie = sessions.enter(&token, later).expect("random").expect("in");
        let standing = sessions.find(&cookie, later, true, true).expect("known");
        assert!(standing.is_locked);
        let standing = sessions.find(&cookie, later, false, true).expect("known");
        assert!(!standing.is_locked);
    }

    #[test]
    fn a_home_without_a_passphrase_never_locks() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let token = sessions.make_launch().expect("random");
        let cookie = sessions.enter(&token, now).expect("random").expect("in");
        let later = now + IDLE_LOCK * 2;
        let standing = sessions.find(&cookie, later, false, true).expect("known");
        assert!(!standing.is_locked);
    }

    #[test]
    fn the_browser_that_was_used_longest_ago_makes_room() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let mut cookies = Vec::new();
        for at in 0..=SESSIONS_MAX {
            let token = sessions.make_launch().expect("random");
            let when = now + Duration::from_secs(at as u64);
            cookies.push(sessions.enter(&token, when).expect("random").expect("in"));
        }
        let known = |cookie: &String| sessions.find(cookie, now, false, false).is_some();
        assert_eq!(
            cookies.iter().filter(|cookie| known(cookie)).count(),
            SESSIONS_MAX
        );
        assert!(!known(&cookies[0]));
    }
}
