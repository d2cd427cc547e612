//! The new device's side of asking somebody who shares notebooks with its person: by the phrase, or as a
//! device that the roster has already.

use super::newcomer::read_roster;
use super::{EnrolError, EnrolMessage, Handover};
use crate::capsule::{Capsule, CapsuleContent, CapsuleError, CapsuleHead};
use crate::identity::{RecoverySecrets, Roster};
use crate::ids::PersonId;
use crate::limits::{CAPSULE_BYTES_MAX, CAPSULES_PER_PERSON_MAX};

/// A capsule that was handed over.
#[derive(Debug)]
pub enum FoundCapsule {
    /// One that a device of the person made.
    Opened(CapsuleHead, Box<CapsuleContent>),
    /// One that cannot be used.
    Unusable(CapsuleError),
}

/// What a member handed over.
#[derive(Debug)]
pub struct Recovered {
    /// The person's roster, as far as the member holds it.
    pub roster: Roster,
    /// Their name; empty where the member does not know it.
    pub name: String,
    /// The notebooks that the member shares with the person.
    pub handover: Handover,
    /// The person's capsules that the member keeps, where it was asked with the phrase.
    pub capsules: Vec<FoundCapsule>,
}

/// What somebody who asks does next.
#[derive(Debug)]
pub enum SeekerStep {
    /// Waits for more.
    Wait,
    /// Has what the member holds.
    Done(Box<Recovered>),
}

/// With what a member is asked.
#[derive(Debug)]
enum Claim {
    Phrase(Box<RecoverySecrets>),
    Roster(Box<Roster>),
}

/// One question to a member for what they hold of a person.
#[derive(Debug)]
pub struct Seeker {
    claim: Claim,
    found: Option<(Roster, String)>,
    handover: Handover,
    part: Vec<u8>,
    capsules: Vec<FoundCapsule>,
}

impl Seeker {
    /// Prepares to ask with the keys that a phrase stands for.
    pub fn new(recovery: RecoverySecrets) -> Self {
        Self::with(Claim::Phrase(Box::new(recovery)))
    }

    /// Prepares to ask as a device that the person's roster has.
    pub fn entering(roster: Roster) -> Self {
        Self::with(Claim::Roster(Box::new(roster)))
    }

    fn with(claim: Claim) -> Self {
        Self {
            claim,
            found: None,
            handover: Handover::default(),
            part: Vec::new(),
            capsules: Vec::new(),
        }
    }

    /// Returns the first message; a phrase is proven on this connection, by its exporter.
    pub fn ask(&self, exporter: &[u8; 32]) -> EnrolMessage {
        match &self.claim {
            Claim::Phrase(recovery) => EnrolMessage::Ask {
                card: recovery.card().to_bytes(),
                proof: recovery.prove(exporter),
            },
            Claim::Roster(roster) => EnrolMessage::Enter {
                roster: roster.to_bytes(),
            },
        }
    }

    /// Takes a message of the member.
    ///
    /// # Errors
    /// [`EnrolError`]; the attempt is over then.
    pub fn handle(&mut self, message: EnrolMessage) -> Result<SeekerStep, EnrolError> {
        match (message, &self.found) {
            (EnrolMessage::Refused(reason), _) => Err(EnrolError::Refused(reason)),
            (EnrolMessage::Person { roster, name }, None) => {
                let roster = read_roster(&roster)?;
                if !self.is_about(&roster) {
                    return Err(EnrolError::OtherPhrase);
                }
                self.found = Some((roster, name));
                Ok(SeekerStep::Wait)
            }
            (EnrolMessage::Capsule { is_last, bytes }, Some((roster, _))) => {
                let person = roster.person();
                self.capsule_part(person, is_last, &bytes)?;
                Ok(SeekerStep::Wait)
            }
            (EnrolMessage::Done, Some(_)) => {
                let (roster, name) = self.found.take().ok_or(EnrolError::Protocol)?;
                Ok(SeekerStep::Done(Box::new(Recovered {
                    roster,
                    name,
                    handover: std::mem::take(&mut self.handover),
                    capsules: std::mem::take(&mut self.capsules),
                })))
            }
            (message, Some(_)) => {
                self.handover.take(message)?;
                Ok(SeekerStep::Wait)
            }
            _ => Err(EnrolError::Protocol),
        }
    }

    fn is_about(&self, roster: &Roster) -> bool {
        match &self.claim {
            // Without a rotation the phrase names its person; after one the roster leads there.
            Claim::Phrase(recovery) => recovery.fit(roster.recovery()),
            Claim::Roster(own) => own.person() == roster.person(),
        }
    }

    /// Takes a part of a capsule. One that cannot be used is named as such, and spoils nothing else.
    fn capsule_part(
        &mut self,
        person: PersonId,
        is_last: bool,
        bytes: &[u8],
    ) -> Result<(), EnrolError> {
        let Claim::Phrase(recovery) = &self.claim else {
            return Err(EnrolError::Protocol);
        };
        if self.part.len() + bytes.len() > CAPSULE_BYTES_MAX
            || self.capsules.len() >= CAPSULES_PER_PERSON_MAX
        {
            return Err(EnrolError::Protocol);
        }
        self.part.extend_from_slice(bytes);
        if !is_last {
            return Ok(());
        }
        let opened = Capsule::parse(std::mem::take(&mut self.part))
            .map_err(CapsuleError::from)
            .and_then(|capsule| Ok((*capsule.head(), capsule.open(recovery)?)));
        self.capsules.push(match opened {
            Ok((head, content)) if content.roster.person() == person => {
                FoundCapsule::Opened(head, Box::new(content))
            }
            Ok(_) => FoundCapsule::Unusable(CapsuleError::OtherPhrase),
            Err(error) => FoundCapsule::Unusable(error),
        });
        Ok(())
    }
}
