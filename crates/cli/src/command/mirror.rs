//! `hearth mirror …`

use std::net::SocketAddr;

use clap::{Args, Subcommand};
use hearth_node::api::{Failure, MirrorRequest, Request};

use super::device::text_of;
use super::init::network;
use super::up::show_warnings;
use crate::backend::{MirrorInitOptions, MirrorTermsOptions, Protection};
use crate::context::Context;
use crate::output::{Answer, view};

/// Let a computer that is always on hold notebooks that it cannot read
///
/// People who are never online at the same time exchange what they write through it. It holds no
/// key that opens anything, can change nothing, and is named where it loses or alters what it had.
/// It sees who is in a notebook by number, and when how much is written.
#[derive(Subcommand, Debug)]
pub(crate) enum MirrorCommand {
    /// Make a mirror in a folder of its own
    ///
    /// Gives a ticket, which is good for any number of notebooks: whoever has it can have theirs
    /// held there, as far as there is room.
    #[command(after_long_help = "Examples:
  hearth mirror init --home /var/lib/hearth-mirror --name cupboard
  hearth mirror init --home /srv/mirror --unlock bare --yes --quota 20G --notebook-quota 2G")]
    Init {
        /// What the mirror is called
        #[arg(long, default_value = "mirror")]
        name: String,
        /// How it can be reached: direct, lan, relay=URL or public
        #[arg(long, default_value = "direct", value_parser = network)]
        network: Vec<String>,
        /// What protects its keys, which open no content: passphrase, keyring, or bare, where anyone who
        /// can read the folder can pass themselves off as the mirror
        #[arg(
            long, value_name = "PROTECTION", value_enum, hide_possible_values = true,
            default_value_t = Protection::Passphrase
        )]
        unlock: Protection,
        #[command(flatten)]
        terms: TermsArguments,
    },
    /// Run a mirror in the foreground
    ///
    /// Prints one line when it is ready, with the ticket; Ctrl-C or SIGTERM stop it cleanly.
    #[command(after_long_help = "Examples:
  hearth mirror up --home /var/lib/hearth-mirror
  hearth mirror up --home /srv/mirror --listen 203.0.113.5:4711 --quota 50G")]
    Up {
        /// Listen on this UDP address [default: all addresses, the port chosen at init]
        #[arg(long, value_name = "ADDR:PORT")]
        listen: Option<SocketAddr>,
        #[command(flatten)]
        terms: TermsArguments,
    },
    /// Let a mirror hold a notebook
    ///
    /// Only an admin can. Every member's node finds it from then on. A mirror also keeps what your recovery
    /// phrase needs, sealed: `hearth recover --contact TICKET` with the ticket of a mirror brings back what it
    /// holds, even where nobody else is there. With `journal` for the notebook it holds your own journal, which
    /// it cannot read; it sees that one person writes there, when, and how much. Where your devices made
    /// several journals before they knew of each other, it holds all that are here.
    #[command(after_long_help = "Examples:
  hearth mirror add NB hearth1…
  hearth mirror add NB - < ticket.txt
  hearth mirror add journal hearth1…")]
    Add {
        /// The notebook's id or name; journal for your own, whatever a notebook may be called
        notebook: String,
        /// The mirror's ticket, a file with it, or - for standard input
        ticket: String,
    },
    /// List a notebook's mirrors, and what each has signed for
    #[command(after_long_help = "Examples:
  hearth mirror list NB
  hearth mirror list journal")]
    List {
        /// The notebook's id or name; journal for your own
        notebook: String,
    },
    /// Take a notebook away from a mirror
    ///
    /// Nothing more is sent there. What it has, it may keep; it cannot read it.
    #[command(after_long_help = "Examples:
  hearth mirror remove NB cupboard")]
    Remove {
        /// The notebook's id or name; journal for your own
        notebook: String,
        /// The mirror's id or name
        mirror: String,
    },
}

/// How much a mirror takes, and how long it keeps what it was taken off.
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct TermsArguments {
    /// How much it holds at most, as in 500M or 20G [default: 10G]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    quota: Option<u64>,
    /// How much it holds of one notebook at most [default: 1G]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    notebook_quota: Option<u64>,
    /// After how many days it drops a notebook that it was removed from, and entries that everybody checked in its
    /// checkpoint [default: 30]
    #[arg(long, value_name = "DAYS")]
    keep_days: Option<u32>,
}

impl TermsArguments {
    const fn options(self) -> MirrorTermsOptions {
        MirrorTermsOptions {
            total_bytes: self.quota,
            notebook_bytes: self.notebook_quota,
            keep_days: self.keep_days,
        }
    }
}

impl MirrorCommand {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        match self {
            Self::Init {
                name,
                network,
                unlock,
                terms,
            } => {
                if unlock == Protection::Bare {
                    context.confirm(
                        "Anyone who can read this folder can pass themselves off as this mirror. Go on?",
                    )?;
                }
                let data = context.backend.init_mirror(MirrorInitOptions {
                    name,
                    network,
                    protection: unlock,
                    terms: terms.options(),
                })?;
                Ok(Answer::page(data, view::mirror::init))
            }
            Self::Up { listen, terms } => up(context, listen, terms.options()),
            Self::Add { notebook, ticket } => {
                let ticket = text_of(&ticket)?;
                let request = Request::Mirror(MirrorRequest::Add { notebook, ticket });
                Ok(Answer::page(context.call(request)?, view::mirror::added))
            }
            Self::List { notebook } => {
                let request = Request::Mirror(MirrorRequest::List { notebook });
                Ok(Answer::page(context.call(request)?, view::mirror::mirrors))
            }
            Self::Remove { notebook, mirror } => {
                let request = Request::Mirror(MirrorRequest::Remove { notebook, mirror });
                Ok(Answer::page(context.call(request)?, view::mirror::removed))
            }
        }
    }
}

fn up(
    context: &mut Context<'_>,
    listen: Option<SocketAddr>,
    terms: MirrorTermsOptions,
) -> Result<Answer, Failure> {
    show_warnings(context.output.terminal_stderr && context.output.colour);
    let mut output = context.output.clone();
    output.json |= !output.terminal;
    context.backend.mirror_up(listen, terms, &mut |ready| {
        // A mirror whose ready line nobody reads is still wanted: it goes on.
        let _ = output.item(&ready, view::mirror::ready);
    })?;
    Ok(Answer::streamed())
}

/// Reads a size: bytes, or with K, M, G or T behind it that many times 1024.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || "write a size such as 500M or 20G".to_owned();
    let text = text.trim();
    let (number, shift) = match text.char_indices().next_back() {
        Some((at, unit)) if unit.is_ascii_alphabetic() => {
            let shift = match unit.to_ascii_uppercase() {
                'K' => 10,
                'M' => 20,
                'G' => 30,
                'T' => 40,
                _ => return Err(wrong()),
            };
            (text.get(..at).unwrap_or_default(), shift)
        }
        _ => (text, 0),
    };
    let number: u64 = number.trim().parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::testing::{failing, requested};

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(size("0"), Ok(0));
        assert_eq!(size("65536"), Ok(65_536));
        assert_eq!(size("64k"), Ok(64 << 10));
        assert_eq!(size(" 2G "), Ok(2 << 30));
        for wrong in ["", "G", "-1M", "1.5G", "1X", "99999999999999T"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mirror_whose_keys_lie_open_needs_a_yes() {
        let failure = failing(&["mirror", "init", "--unlock", "bare"]);
        assert_eq!(failure.code, "confirmation_needed");
    }

    #[test]
    fn mirrors_are_added_listed_and_removed() {
        let (notebook, mirror) = ("NB".to_owned(), "cupboard".to_owned());
        let ticket = "hearth1x".to_owned();
        assert_eq!(
            requested(&["mirror", "add", "NB", "hearth1x"]),
            Request::Mirror(MirrorRequest::Add {
                notebook: notebook.clone(),
                ticket
            })
        );
        assert_eq!(
            requested(&["mirror", "list", "NB"]),
            Request::Mirror(MirrorRequest::List {
                notebook: notebook.clone()
            })
        );
        assert_eq!(
            requested(&["mirror", "remove", "NB", "cupboard"]),
            Request::Mirror(MirrorRequest::Remove { notebook, mirror })
        );
    }
}
