//! Names every bound that input can meet, each with its reason.

/// Longest signed entry, header and signature included: one frame carries at least one entry.
pub const ENTRY_BYTES_MAX: usize = 768 * 1024;

/// Longest frame on a connection: bounds what a peer can make us buffer before we look at it.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// Aim of one frame of history: large enough for throughput, small enough that a live change
/// never waits long behind it.
pub const FRAME_BYTES_AIM: usize = 128 * 1024;

/// Most control heads that one entry names. Clients merge heads whenever they write a control
/// entry, so an honest notebook has as many heads as people who administered it while apart.
pub const CONTROL_HEADS_MAX: usize = 32;

/// Most control entries of one notebook: thirty people over ten years stay far below.
pub const CONTROL_ENTRIES_MAX: usize = 16_384;

/// Most control entries that wait for their past. Peers send each after its past, so an honest one
/// makes none wait; what waits is not verified yet and must not fill the notebook up.
pub const CONTROL_WAITING_MAX: usize = 256;

/// Longest control entry: a re-key for [`RECIPIENTS_MAX`] recipients with room to spare.
pub const CONTROL_BYTES_MAX: usize = 256 * 1024;

/// Most recipients of one epoch key: thirty people with a few devices and a recovery key each,
/// and as much again.
pub const RECIPIENTS_MAX: usize = 768;

/// Most members of one notebook; an admission beyond it does not count. With a recovery key and a
/// few devices each they stay within [`RECIPIENTS_MAX`].
pub const MEMBERS_MAX: usize = 256;

/// Most entries of one person's roster: a device a month for ten years, or a few lost ones each year. A set
/// of them is one number of as many bits.
pub const ROSTER_ENTRIES_MAX: usize = 128;

/// Most parents of one roster entry: as many devices as add others while apart.
pub const ROSTER_PARENTS_MAX: usize = 16;

/// Longest roster entry: a recovery card, a device card and a few parents.
pub const ROSTER_ENTRY_BYTES_MAX: usize = 8 * 1024;

/// Most changes in one entry: an import is cut into several entries.
pub const CHANGES_PER_ENTRY_MAX: usize = 4_096;

/// Longest body after decompression: bounds a compression bomb.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a compressed body may unpack to for each of its bytes, and beyond that in any case: bounds
/// what a small entry can cost. Text that somebody typed packs ten times; what packs better than this
/// is sent unpacked.
pub const BODY_UNPACKED_PER_BYTE_MAX: usize = 64;

/// What any compressed body may unpack to, however short it is.
pub const BODY_UNPACKED_BYTES_FREE: usize = 64 * 1024;

/// Most operations in one entry, those of four changes at their limit: Automerge spends about a
/// hundred bytes on each, and run lengths hide them from every limit on bytes.
pub const OPERATIONS_PER_ENTRY_MAX: u64 = 200_000;

/// Most documents that a log writes to for the first time in one entry: each costs memory on every
/// device for ever. An import of many sessions is cut into several entries.
pub const NEW_DOCUMENTS_PER_ENTRY_MAX: usize = 64;

/// Most documents that one log writes to: a session a day for forty years.
pub const DOCUMENTS_PER_LOG_MAX: usize = 16_384;

/// Most entries of one log that are held although something they need is not here.
///
/// Honest nodes send in causal order, so only a lost or withheld log makes entries wait. What is
/// beyond the limit is not acknowledged and is sent again later.
pub const WAITING_ENTRIES_PER_LOG_MAX: usize = 1_000;

/// Bytes of entries of one log that may wait, from which no more is taken: few long entries would
/// otherwise cost as much memory as a thousand.
pub const WAITING_BYTES_PER_LOG_MAX: usize = 8 * 1024 * 1024;

/// Bytes of entries that may be kept before they are placed: they are in memory until then. What comes
/// beyond that has them placed first. A pack brings some 150 kB; a notebook of ten years, 12 MB.
pub const BEHIND_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most logs of one notebook: each device has one, and one more for each time it was enrolled anew.
pub const LOGS_MAX: usize = 4_096;

/// Most logs of one device: it begins a new one only after a doubt about the old one. Without this,
/// one member could use up [`LOGS_MAX`] for all.
pub const LOGS_PER_DEVICE_MAX: usize = 64;

/// Most branches of one forked log that are told apart. A copied home makes two; a device that signs this
/// many histories is taken at its word in none of them, and counts up to the first fork only.
pub const LOG_BRANCHES_MAX: usize = 8;

/// Most branches of one forked log that are kept at all: proofs of ever earlier forks come on top.
pub const LOG_BRANCHES_KEPT_MAX: usize = 4 * LOG_BRANCHES_MAX;

/// Most entries of one log, one after the other, that are kept although they do not count: what an
/// honest person writes in weeks without a connection, and no more that a removed one can make everybody
/// keep.
pub const UNCOUNTED_ENTRIES_PER_LOG_MAX: u64 = 16_384;

/// Most entries of one device that are named as set aside: enough to judge it by, and no more that a
/// hostile one can make everybody keep.
pub const SET_ASIDE_PER_DEVICE_MAX: usize = 64;

/// Longest reason why an entry was set aside, in bytes: a sentence, which may quote what the document
/// library said.
pub const SET_ASIDE_REASON_BYTES_MAX: usize = 1_024;

/// Longest sealed label of a control entry: names and role words.
pub const LABEL_BYTES_MAX: usize = 4 * 1024;

/// Longest name of a person or device, in bytes.
pub const NAME_BYTES_MAX: usize = 256;

/// Most socket addresses in a ticket or an address record.
pub const ADDRESSES_MAX: usize = 32;

/// Longest relay URL in a ticket.
pub const RELAY_URL_BYTES_MAX: usize = 512;

/// Most joiners that may learn an invitation's opened nonce before it is void: bounds how often
/// somebody who holds a copied ticket can try.
pub const PAIRING_ATTEMPTS_MAX: u32 = 8;

/// Most joiners at the door at once: a stranger can come this far, so the door is small.
pub const PAIRING_CONNECTIONS_MAX: usize = 16;

/// How long a joiner may take from the first message to the last, in milliseconds. Nobody types
/// meanwhile: both programs answer by themselves.
pub const PAIRING_MS_MAX: u64 = 30_000;

/// Most control entries that somebody shows at once who is told that they are out of a notebook and knows better, and
/// most of their bytes. Whoever voids a removal names all that they knew, of which the other side may lack what happened in
/// weeks; and a round makes others check at most this much, 50 ms of work.
pub const OBJECTION_ENTRIES_MAX: usize = 256;

/// See [`OBJECTION_ENTRIES_MAX`].
pub const OBJECTION_BYTES_MAX: usize = 512 * 1024;

/// How often they may go on on one connection, each time with as much, where all before checked: what happened in
/// some years. So somebody who is out makes others check for 0.4 s, once in [`OBJECTION_EVERY_MS`].
pub const OBJECTION_ROUNDS_MAX: usize = 8;

/// Of how many entries it is found out, those first that lack the least, whether they alone void what ended somebody:
/// each look takes as long as opening a notebook.
pub const OBJECTION_CHOICES_MAX: usize = 16;

/// How often somebody who is out is listened to, and says anything, in milliseconds: nothing is new after seconds.
pub const OBJECTION_EVERY_MS: u64 = 30_000;

/// Most bytes of control entries that a stranger is told who shows an admission that is void: what speaks against it, and
/// what happened since they joined that it builds on. A notebook's whole ordinary history of some years fits; and
/// whoever has the keys of a device that was taken off makes others send this much, once in
/// [`OBJECTION_EVERY_MS`].
pub const VOIDING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Whom somebody at the door said they were let in by, and are not, is remembered of so many: their names are for people to
/// read.
pub const TURNED_AWAY_MAX: usize = 16;

/// Most notebooks in one summary, and so most that two devices can share.
pub const SHARED_NOTEBOOKS_MAX: usize = 4_096;

/// Most notebooks that a side lists one by one where it may sum them up: 256 bytes.
pub const LISTED_NOTEBOOKS_MAX: usize = 8;

/// Notebooks for each sum, about: fewer make more bytes of sums, more make more frontiers of notebooks that
/// do not differ. A sum takes 8 bytes and a frontier some 400.
pub const BRIEF_GROUP_NOTEBOOKS: usize = 2;

/// Most first bits of a tag that name its group: a group for each of the notebooks that two devices can share.
pub const BRIEF_BITS_MAX: u8 = 12;

/// How often a peer is told what was kept while more and more of it comes, in milliseconds. It saves
/// a signature and a packet for each keystroke. What somebody may wait for is told at once: the
/// first thing after a pause, and the last of what the peer said it has.
pub const ACK_INTERVAL_MS: u64 = 250;

/// Recent entries that stay in memory for each notebook, so that a live push reads no disk.
pub const RECENT_ENTRIES_MAX: usize = 256;

/// Bytes of recent entries that stay in memory for each notebook: long entries would otherwise make
/// it 190 MiB.
pub const RECENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most logs that one cut names: those of [`ROSTER_ENTRIES_MAX`] devices, a few lives of each.
pub const CUT_LOGS_MAX: usize = 1_024;

/// Most heads of a document that a signature names: as many as people who wrote it while apart.
pub const SIGNED_HEADS_MAX: usize = 64;

/// Longest line of grants from the creator to an admin: people who make each other admins stay far below,
/// and each step costs everybody memory.
pub const RANK_STEPS_MAX: usize = 64;

/// Most control entries by one person's devices: what somebody floods is refused beyond it.
pub const CONTROL_ENTRIES_PER_PERSON_MAX: usize = 4_096;

/// How long a ticket that links a device is good for, in milliseconds: both devices are at hand.
pub const LINK_TICKET_MS: u64 = 15 * 60 * 1000;

/// Most tickets for linking a device that are open at once.
pub const LINK_OFFERS_MAX: usize = 16;

/// Bytes that a new device takes before its notebooks are on disk: two hundred notebooks with two thousand
/// control entries each.
pub const HANDOVER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How long the handing over of notebooks to a device that has proven itself may take, in milliseconds: as
/// much as that over a slow line.
pub const HANDOVER_MS_MAX: u64 = 30 * 60 * 1000;

/// How long an admin's node waits before it names the branch of a forked log that counts, in milliseconds: a
/// copied or restored home that meets anybody notices, takes new keys and names one itself within seconds.
pub const FREEZE_PATIENCE_MS: u64 = 10 * 60 * 1000;

/// How long a device waits for another of the same person to write a change of their roster into a notebook
/// before it does so itself, in milliseconds. Of two that revoke a device at the same time each ends its log
/// where it knows it, so one is better.
pub const CARRY_PATIENCE_MS: u64 = 60 * 1000;

/// How long it waits where devices were only added, in milliseconds. Whoever added one writes it everywhere at
/// once, and a second such entry costs a key; but two copies of one home hear of each other in one notebook and
/// not in the others, where nobody else tells them.
pub const CARRY_PATIENCE_ADDED_MS: u64 = 3 * 1000;

/// How long a device waits for the key of an epoch that nothing supersedes before it makes the next key without
/// it, in milliseconds: wraps follow their entry at once, or whoever made them went away in between.
pub const KEY_PATIENCE_MS: u64 = 60 * 1000;

/// Documents of one notebook that stay open although nothing is to be saved of them: those that are being
/// written, and some that were looked at. Opening one again costs a millisecond; a session takes a third of
/// a megabyte while it is open.
pub const DOCUMENTS_OPEN_MAX: usize = 16;

/// Documents of one notebook that may differ from their saved copies while what was put off is placed: each is
/// open until it is saved, and each time all are, the state of the logs is saved as well.
pub const DOCUMENTS_DIRTY_MAX: usize = 64;

/// Longest capsule: whoever keeps one for somebody spends no more on it, and a journal of some thousand
/// entries fits.
pub const CAPSULE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most capsules that are kept for one person, one for each device: those of devices that are off go first.
pub const CAPSULES_PER_PERSON_MAX: usize = 8;

/// Bytes of capsules that are kept for one person: two that are full, and small ones of further devices.
pub const CAPSULES_BYTES_PER_PERSON_MAX: usize = 2 * CAPSULE_BYTES_MAX + 256 * 1024;

/// Bytes of capsules that are kept for all others together: thirty people who each send a full one.
pub const CAPSULES_BYTES_KEPT_MAX: usize = 128 * 1024 * 1024;

/// Most devices that one capsule names as those to ask: thirty people with a few devices each, many times.
pub const CAPSULE_CONTACTS_MAX: usize = 1_024;

/// Most devices that one capsule names for one notebook: any of them has all of it.
pub const CAPSULE_HOLDERS_MAX: usize = 64;

/// Most mirrors that a capsule names.
pub const CAPSULE_MIRRORS_MAX: usize = 256;

/// Longest record of a mirror in a capsule.
pub const CAPSULE_MIRROR_BYTES_MAX: usize = 8 * 1024;

/// Most epoch keys in one capsule: a few heads of each notebook.
pub const CAPSULE_KEYS_MAX: usize = 4 * SHARED_NOTEBOOKS_MAX;

/// Longest title of a notebook in a capsule, in bytes: enough to tell which it is.
pub const CAPSULE_TITLE_BYTES_MAX: usize = 256;

/// What the copy of a journal in a capsule may unpack to: four times what a capsule may hold. Most of it is
/// sealed, and packs little.
pub const JOURNAL_COPY_UNPACKED_BYTES_MAX: usize = 4 * CAPSULE_BYTES_MAX;

/// Most journals that a capsule holds a copy of: devices that did not know of each other made one each.
pub const JOURNAL_COPIES_MAX: usize = 16;

/// How often a capsule is renewed for what changes all the time (a journal that is written, addresses,
/// titles, keys), in milliseconds. What a lost device would miss is at most this old; each renewal costs
/// every device that keeps the capsule all of it.
pub const CAPSULE_EVERY_MS: u64 = 15 * 60 * 1000;

/// Capsules that one peer may send before it has to wait: as often as its person changes notebooks by hand.
pub const CAPSULE_OFFERS_MAX: u64 = 32;

/// After how long a peer that sent many capsules may send another one, in milliseconds.
pub const CAPSULE_OFFER_EVERY_MS: u64 = 60 * 1000;

/// Longest text of a pack before compression: bounds a compression bomb, and what a reader holds at once.
pub const PACK_TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most changes in one pack. The shortest take a dozen bytes of its text and half a kilobyte in memory.
pub const PACK_CHANGES_MAX: usize = 16_384;

/// Most operations of all changes in one pack: those of its text at its longest, a few bytes each.
pub const PACK_OPERATIONS_MAX: u64 = 1_000_000;

/// Entries that a node puts into one pack: a minute of it pays for its head, and to leave out what a peer has of
/// it costs a few milliseconds.
pub const PACK_ENTRIES_AIM: usize = 512;

/// Entries of a pack that a peer has to lack to be sent it: fewer are shorter one by one, and need no making.
pub const PACK_LACKED_MIN: u64 = 24;

/// Part of a pack's entries that a peer may have and be sent again: one in so many. To leave out more costs less
/// than to send it.
pub const PACK_HAD_PART: u64 = 4;

/// Bytes of entries that a node puts into one pack, unless a single one is longer: what a frame holds where
/// none of it packs.
pub const PACK_RAW_BYTES_MAX: usize = 256 * 1024;

/// Bytes of sealed content that a node puts into one pack, unless a single entry has more: what some 600
/// keystrokes take. Entries may hold many changes each, and a peer that lacks only the last ones is to be sent
/// the pack all the same.
pub const PACK_CONTENT_BYTES_AIM: usize = 64 * 1024;

/// Longest pack, so that a frame holds it sealed.
pub const PACK_BYTES_MAX: usize = FRAME_BYTES_MAX - 1024;

/// Most entries in one pack: fewer than may wait of one log, so that all of it can be taken in at once.
pub const PACK_ENTRIES_MAX: usize = 768;

/// Longest table of a pack of entries before compression: entries that cannot be made stand in it whole.
pub const PACK_TABLE_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of entries behind which a pack keeps a signature, so that entries that it left bare can be sent
/// together with the next signed one in one frame.
pub const PACK_PROOF_BYTES_MAX: usize = 128 * 1024;

/// Longest segment of a checkpoint, head and sealed pack together, so that a frame holds it.
pub const SEGMENT_BYTES_MAX: usize = FRAME_BYTES_MAX;

/// Part of its quota that a mirror keeps free of segments: what is written next comes first.
pub const MIRROR_SEGMENTS_ROOM_PART: u64 = 8;

/// How long a mirror waits before it looks again for what it need not keep of a notebook, in milliseconds: to look means to
/// open it.
pub const MIRROR_PRUNE_LOOK_MS: u64 = 60 * 60 * 1000;

/// Most times that a mirror notes at which everybody had checked a checkpoint: two a day, until the first is a month old.
pub const MIRROR_AGREED_MAX: usize = 64;

/// How often a member asks a mirror how its checkpoint stands, while as many entries come as go into a segment.
pub const SEGMENTS_SOUGHT_PER_SEGMENT: u64 = 8;

/// Entries that a peer has to lack to be sent documents ahead of them: fewer are here in a moment.
pub const AHEAD_LACKED_MIN: u64 = 1_024;

/// Most documents that are sent ahead: the index, and the sessions that were written last. A notebook's own size
/// bounds the first, and what is beyond a frame is not sent ahead at all.
pub const AHEAD_DOCUMENTS_MAX: usize = 4;

/// Most operations of all documents that are sent ahead: they are built at once, which takes about a microsecond for
/// each, and somebody may be typing.
pub const AHEAD_OPERATIONS_MAX: u64 = 250_000;

/// Part of a notebook that documents sent ahead may take, of what its entries take in packs about: one in so many,
/// since they are sent twice.
pub const AHEAD_BYTES_PART: usize = 3;

/// Part of a notebook that somebody may have who is sent documents ahead: one in so many of what they lack.
pub const AHEAD_HAD_PART: u64 = 10;

/// Entries that may have come since the documents were made ready that are sent ahead; what they lack comes with the
/// entries. To make them anew lets the peer wait for a tenth of a second.
pub const AHEAD_ENTRIES_LATE: u64 = 256;

/// Most actors that one pack names: no more than there are logs in a notebook.
pub const PACK_ACTORS_MAX: usize = LOGS_MAX;

/// Length of a part of the base of a forked notebook: with the rest of an entry it stays below that's limit.
pub const BASE_PART_BYTES: usize = 512 * 1024;

/// Most parts of a base: 64 MiB, many times the packs of ten years; their hashes are 4 KiB of the first control entry.
pub const BASE_PARTS_MAX: usize = 128;

/// Bytes that all entries of one base may have once its packs are unpacked: bounds what somebody who makes a base
/// up can have everybody check. Entries pack about ten times.
pub const BASE_ENTRIES_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Most forks of forks: each is within the base of the next, and is checked and held with it.
pub const BASE_DEPTH_MAX: usize = 8;

/// Most mirrors of one notebook; an addition beyond it does not count. Each is told of every keystroke.
pub const MIRRORS_MAX: usize = 8;

/// Most addresses of a mirror that a notebook names, so that they fit the sealed label.
pub const MIRROR_ADDRESSES_MAX: usize = 8;

/// Most relays of a mirror that a notebook names.
pub const MIRROR_RELAYS_MAX: usize = 4;

/// Most notebooks that one mirror holds.
pub const MIRROR_NOTEBOOKS_MAX: usize = 4_096;

/// Notebooks that a mirror keeps open, those that were used last: one of fifty people takes some 2.5 MB. Of the others it
/// keeps some ten kilobytes.
pub const MIRROR_OPEN_MAX: usize = 24;

/// Entries of a log for each of which a mirror remembers one place: it reads at most as many to find another.
pub const MIRROR_MARK_EVERY: u64 = 64;

/// Entries after which a mirror saves what it knows of a notebook's logs, so that the next start reads no more.
pub const MIRROR_SNAPSHOT_EVERY: u64 = 1_024;

/// Recent entries of a notebook that a mirror keeps in memory, so that a live push reads no disk.
pub const MIRROR_RECENT_ENTRIES_MAX: usize = 32;

/// Bytes of such entries.
pub const MIRROR_RECENT_BYTES_MAX: usize = 256 * 1024;

/// Bytes that a mirror takes from somebody who wants a notebook held before it has checked that: the control
/// entries of a notebook of ten years.
pub const MIRROR_REQUEST_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Bytes of capsules that a mirror keeps for all people together, out of what it may hold: a hundred who each send
/// a full one, or all members of two hundred notebooks with what is usual.
pub const MIRROR_CAPSULES_BYTES_MAX: usize = 512 * 1024 * 1024;

/// How long such a request may take, in milliseconds: that much over a slow line.
pub const MIRROR_REQUEST_MS_MAX: u64 = 60 * 1000;

/// Most such requests at once, and as many of people who come back: a stranger can come this far.
pub const MIRROR_REQUESTS_MAX: usize = 8;

/// Length of a sealed part of a bundle, the last one excepted: what is held in memory of a file of any length,
/// and what a damaged byte costs at most beside what follows it.
pub const BUNDLE_PART_BYTES: usize = 256 * 1024;

/// Most parts of a bundle: 16 GiB. A notebook of a million changes packs into a thousandth of that.
pub const BUNDLE_PARTS_MAX: u64 = 64 * 1024;

/// Most devices that a bundle is sealed to: all that can hold the key of an epoch.
pub const BUNDLE_RECIPIENTS_MAX: usize = RECIPIENTS_MAX;

/// Fewest places for recipients in a bundle; from there on they double. So the file of a pair does not tell how
/// many devices the other one has.
pub const BUNDLE_SLOTS_MIN: usize = 4;

/// Most places for recipients in a bundle.
pub const BUNDLE_SLOTS_MAX: usize = 1_024;

/// Bytes of control entries that are held before a bundle is believed to be about a notebook of this device: all
/// of one that is full of ordinary ones.
pub const BUNDLE_CONTROL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Presences of one peer that are looked at in a second: a writer moves the cursor some times a second, and each costs a
/// signature to check.
pub const PRESENCES_PER_SECOND_MAX: u32 = 20;

/// Windows of one device that say where somebody is: what the byte that tells it has room for, and more than anybody looks at.
pub const PRESENCE_WINDOWS_MAX: u8 = 64;

/// How long somebody counts as being where they said last, in milliseconds: who stays says so again within 10 s, and one
/// that gets lost is no reason to vanish.
pub const PRESENCE_LASTS_MS: u64 = 25_000;

/// Length of a chunk of a file, the last one excepted: what is in memory of a file of any length, and what a link that
/// breaks costs at most. A frame holds one, sealed.
pub const FILE_CHUNK_BYTES: usize = 256 * 1024;

/// Longest file that a notebook takes: an hour of film. The list of its hashes fits a frame.
pub const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// Most chunks of a file.
pub const FILE_CHUNKS_MAX: usize = (FILE_BYTES_MAX / FILE_CHUNK_BYTES as u64) as usize;

/// Longest piece of a file: a sealed chunk, or the list of hashes of the longest one.
pub const FILE_PIECE_BYTES_MAX: usize = FILE_CHUNK_BYTES + 16;

/// Pieces of a file that one peer is asked for at a time: one is on its way while the other is put on the disk. What is typed
/// meanwhile waits behind no more than these.
pub const FILE_WANTS_AT_ONCE: usize = 2;

/// Pieces that a peer may ask for before it was sent the first: an honest one asks for a few of each of the files that
/// somebody waits for there.
pub const FILE_WANTS_MAX: usize = 32;

/// Files that a mirror is offered at a time by one device of one notebook: it asks for two pieces at once of all of them.
pub const FILE_OFFERS_AT_ONCE: usize = 4;

/// Files that one device may offer to a mirror before it was answered: an honest one offers a few of each notebook.
pub const FILE_OFFERS_MAX: usize = 256;

/// How long a device waits before it offers a mirror again what that had no room for, in milliseconds: what makes room is
/// somebody who puts a file away, or whoever runs the mirror.
pub const FILE_OFFER_AGAIN_MS: u64 = 60_000;

/// Most files of one notebook that a mirror keeps: each costs a record beside its pieces, and the records are read when the
/// notebook is opened.
pub const MIRROR_FILES_MAX: usize = 4_096;

/// Part of a notebook's quota at a mirror that files leave to what is written: one in so many. What two people write to each
/// other has to go on where a film does not fit.
pub const MIRROR_WRITTEN_PART: u64 = 4;

/// How long a peer may take to send a piece before another one is asked for it, in milliseconds: that much over a very
/// slow line.
pub const FILE_PIECE_MS_MAX: u64 = 60_000;

/// How long a peer that lacks a piece is not asked for it again, in milliseconds: it may be getting the file itself.
pub const FILE_LACKED_MS: u64 = 5_000;

/// How long a file is asked for after somebody last said that they want it, in milliseconds. They say so several times a
/// second while they wait.
pub const FILE_WANTED_MS: u64 = 10_000;

/// Most files that are fetched at a time: each keeps the list of its hashes in memory.
pub const FILES_FETCHED_MAX: usize = 16;

/// How long a file is kept that no resource names, in milliseconds: what names it may still be on its way, or be brought
/// back.
pub const FILE_UNNAMED_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Pieces that are dropped in one commit: 8 MiB, which the disk overwrites while nobody types.
pub const FILE_PIECES_DROPPED_AT_ONCE: u32 = 32;
