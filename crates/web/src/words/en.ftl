direction = ltr

not-let-in = This browser was not let in. Open the link that hearth up printed; each link lets in one browser, once. The settings of a browser that is let in make another link; where none is left, stop hearth up and start it again.
nothing-at-address = There is nothing at this address.
more-than-taken = This is more than the page takes at once.

# Around every screen
skip = Skip to the page
search = Search
menu = Menu
close-menu = Close menu
today = Today
press-slash = press /
notebooks = Notebooks
create-or-join = Create or join
only-your-devices = Only on your devices
journal = Journal
private-word = private
private = Private
this-node = This node
sync-and-mirrors = Sync and mirrors
settings = Settings
more = More
in-the-margin = In the margin
you-are = You are { $name }, on { $device }.
chosen-network = Chosen connection: { $network }.
notebook-not-here = A notebook that cannot be read
lock-now = Lock the page
foot = This page is served by your own node and loads nothing from elsewhere.
printed = Printed on { $date }. Paper is not encrypted.
network-direct = direct
network-lan = same network
network-relay = a relay you chose
network-public = public relays
role-mentor = mentor
role-mentee = mentee
role-peer = peer
role-observer = observer
part-home = Home
part-sessions = Sessions
part-goals = Goals
part-agreement = Agreement
part-people = People & devices
part-questions = Questions
part-feedback = Feedback
part-skills = Skills
part-resources = Resources
part-history = History
part-move = Export, import, end
form-one-on-one = One mentor, one mentee
form-group = A mentor and a group
form-peer = A circle of peers
lost-node = The page has lost the node. What you see is as it was before.

# Who can read, how peers stand
standing-label = Who can read this notebook, and when people were last heard
shared = Shared
only-you = Only you so far
readers-count = { $people ->
    [one] 1 person
   *[other] { $people } people
  }, { $devices ->
    [one] 1 device
   *[other] { $devices } devices
  } can read
peer-connected = { $name }: connected, { $path }
peer-seen = { $name }: last heard { $ago }
peer-never = { $name }: not heard from yet
peer-unknown = { $name }: unknown
device-connected = Connected, { $path }
device-seen = Last heard { $ago }
device-never = Not heard from yet
device-unknown = Unknown
path-direct = direct
path-relay = through a relay
path-lan = same network
path-none = path unknown
confirmed-all = Has confirmed all your changes, last heard { $at }.
confirmed-but = Has not confirmed { $behind ->
    [one] your last change
   *[other] your last { $behind } changes
  } ({ $at }).
has-more = Has confirmed all your changes, and says it has { $ahead } that are not here ({ $at }).
confirmed-but-has-more = Has not confirmed { $behind } of your changes, and says it has { $ahead } that are not here ({ $at }).
confirmed-unknown = What it has is unknown.

# Days and times
date-long = { $weekday } { $day } { $month } { $year }
date-short = { $day } { $month }
date-short-year = { $day } { $month } { $year }
date-near = { $weekday } { $date }
time-span = { $from } to { $to }
time-there = ({ $time } in { $city })
tomorrow = Tomorrow
now = now
a-moment-ago = a moment ago
minutes-ago = { $count } min ago
hours-ago = { $count } h ago
days-ago = { $count ->
    [one] 1 day ago
   *[other] { $count } days ago
  }
in-minutes = in { $count ->
    [one] 1 minute
   *[other] { $count } minutes
  }
in-hours = in { $count ->
    [one] 1 hour
   *[other] { $count } hours
  }
days-late = { $count ->
    [one] 1 day late
   *[other] { $count } days late
  }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
month-short-1 = Jan
month-short-2 = Feb
month-short-3 = Mar
month-short-4 = Apr
month-short-5 = May
month-short-6 = Jun
month-short-7 = Jul
month-short-8 = Aug
month-short-9 = Sep
month-short-10 = Oct
month-short-11 = Nov
month-short-12 = Dec
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
weekday-short-1 = Mon
weekday-short-2 = Tue
weekday-short-3 = Wed
weekday-short-4 = Thu
weekday-short-5 = Fri
weekday-short-6 = Sat
weekday-short-7 = Sun

# Forms and failures
field-missing = “{ $field }” is empty.
confirm-missing = Tick the box to show that you mean it.
passphrase = Passphrase
passphrase-why = Asked again, since this reaches beyond the page.
passphrase-wrong = This passphrase does not open the notebook.
locked-title = The page is locked
locked-why = It was locked, or nobody has used it for a while. What you had saved is on this device.
locked-kept = The page was locked meanwhile. What you typed stands here still: send it again.
unlock = Unlock
failed = This did not work
failed-not-found = There is nothing here
failed-safe = What you had saved is safe on this device.
back-to-today = Back to today

# Today
today-lede = Gathered from { $count ->
    [one] your notebook
   *[other] { $count } notebooks
  } and your journal. Only you see this page.
today-lede-none = Only you see this page.
no-notebook = You have no notebook yet
no-notebook-why = Start one and write in it alone, or join one with an invitation.
next-session = Next session
no-session-planned = No session is planned.
plan-in = Plan a session in { $notebook }
open-session = Open session
prepare = Prepare
wrap-up = Wrap up
not-wrapped-up = Not wrapped up yet:
yours-to-do = Yours to do
nothing-due = Nothing is due in the next days.
others-to-do = { $count ->
    [one] One thing for others to do
   *[other] { $count } things for others to do
  }
mark-done = Mark as done
status-done = done
status-dropped = dropped
waiting-for-you = Waiting for your word
agreement-unsigned-by-you = Agreement of { $notebook }: you have not signed it.
agreement-unsigned-by-others = Agreement of { $notebook }: you have signed, others have not.
read-and-sign = Read and sign
read = Read
question-open = { $name } asks: “{ $text }”
question-answered = Your question was answered: “{ $text }”
answer = Answer
sealed-waits = Sealed exchange in { $notebook }: it waits for you.
sealed-next-commit = Write yours
sealed-next-open = Open yours
heard-from = Heard from
jot-label = A line for your journal
jot-hint = { $count ->
    [one] Only this device holds it.
   *[other] Only your { $count } devices hold it.
  }
keep-in-journal = Keep in journal
kept-in-journal = Kept in your journal.
action-marked-done = Marked as done.

# A notebook's home
notebook-lede = { $form }, since { $since }.
phase = Phase
phase-rapport = Rapport
phase-direction = Direction
phase-progress = Progress
phase-winding-down = Winding down
phase-closed = Closed
change-phase = Change the phase
phase-changed = The phase is changed.
all-sessions = { $count ->
    [one] The session
   *[other] All { $count } sessions
  }
no-session = No session is planned
no-session-why = Agree on a time; a template brings an agenda.
plan-session = Plan a session
measure-figures = { $current } { $unit }, from { $from } to { $to }
milestone-figures = { $done } of { $all } milestones
due = due
goals = Goals
all-goals = All goals
no-goal = There is no goal yet
no-goal-why = What should be different in some months? One sentence is enough.
add-goal = Add a goal
goal-status-proposed = Proposed
goal-status-active = Active
goal-status-paused = Paused
goal-status-achieved = Achieved
goal-status-dropped = Dropped
learned-last-time = What we learned last time
agreement = Agreement
agreement-state-empty = Nothing is agreed yet.
agreement-state-unsigned = It is written, and nobody has signed this text.
agreement-state-partly = Some have signed this text, others have not.
agreement-state-signed = Everybody has signed this text.
read-agreement = Read the agreement
who-can-read = Who can read this
computed-from-keys = Computed from the keys, not from a setting.
since-when = Since when, device by device
mirror-holds-no-key = The mirror “{ $name }” stores this notebook and holds no key that opens it.
other-devices = Other devices
alone = You are alone here
alone-why = You can write now, and invite somebody when you are ready.
invite-someone = Invite someone

# The keyboard
keyboard = Keyboard
palette = Go to
letters = Single letters do something
close = Close
key-search = search
key-palette = go anywhere
key-help = this list
key-today = today
key-home = the notebook’s home
key-sessions = sessions
key-goals = goals
key-agreement = agreement
key-people = people
key-new = new of what is here
key-rows = next and previous row
key-done = mark the row as done
key-save = save
key-leave = leave a field or a dialog

# Goals
goals-lede = { $active ->
    [0] None is active
    [one] One is active
   *[other] { $active } are active
  }{ $proposed ->
    [0] .
    [one] , one is proposed.
   *[other] , { $proposed } are proposed.
  }
goal-group-active = Active
goal-group-proposed = Proposed
goal-group-paused = Paused
goal-group-achieved = Achieved
goal-group-dropped = Dropped
goal-kind-plain = plain
goal-kind-smart = measured (SMART)
goal-kind-okr = key results (OKR)
goal-kind-woop = wish and obstacle (WOOP)
goal-title = What is to be reached
goal-title-hint = One sentence that both of you understand the same way.
goal-why = Why it matters
goal-added = The goal is written down.
goal-act-recorded = Progress is recorded.
goal-act-milestone = The milestone is added.
goal-act-reached = The milestone is reached.
goal-act-status = The status is changed.
goal-act-saved = Saved on this device.
owner = Owner
kind = Kind
due-on = Due
measure-fields = How you will measure it
okr-fields = Key results, two to five, for an OKR goal
woop-fields = Wish, outcome, obstacle and plan, for a WOOP goal
unit = Unit
baseline = Now
target = Target
key-result-nth = Key result { $nth }
key-results = Key results
woop-wish = Wish
woop-outcome = Best outcome
woop-obstacle = Inner obstacle
woop-plan = If it shows up, then I will
number-invalid = “{ $text }” is not a number.
baseline-row = Where it began
chart-description = From { $from } { $unit } on { $first } to { $to } { $unit } on { $last }. The target is { $target } { $unit }.
target-label = target: { $value } { $unit }
progress = Progress
same-figures = The same figures as a table
date = Date
note = Note
record-progress = Record progress
value-in = How much now ({ $unit })
measured-on = Measured on
today-if-empty = Today, where you leave it empty.
now-at = Now at
save = Save
milestones = Milestones
milestone = Milestone
no-milestone = No milestone yet.
mark-reached = Mark as reached
reached = Reached
add-milestone = Add a milestone
edit-goal = Edit the goal
change-status = Change the status
status = Status
reason = Reason
reason-hint = Wanted where a goal is paused, achieved or dropped.
this-goal = This goal
since = Since
way = Way so far
last-changed-by = Last changed by
history = History
latest-entry = Latest entry
open-actions = Open actions
no-open-action = None.
add-action = Add an action
action-title = What is to be done
action-added = The action is written down.
comments = Comments
comment = Comment
add-comment = Add a comment
comment-added = The comment is added.

# Everything else
to-come = To come
held-before = Before
sessions = Sessions
calendar = Calendar
calendar-why = A calendar file of all sessions can be exported.
export = Export
no-template = No template
starts = Starts
minutes = Minutes
template = Template
title = Title
title-hint = The template’s, where you leave it empty.
place = Place or link
place-hint = A room, or the link of a call.
comes-again = Comes again
zone = Time zone
zone-hint = The session keeps its local time there.
every-never = no
every-1w = every week
every-2w = every two weeks
every-3w = every three weeks
every-4w = every four weeks
every-1m = every month
session-status-held = held
session-status-cancelled = cancelled
session-status-planned = planned
session-planned = The session is planned.
session-cancelled = This session was called off.
stage = Stage of the session
stage-prepare = Prepare
stage-live = Live
stage-wrap = Wrap up
notes = Notes
notes-label = Session notes, in Markdown, written together
save-notes = Save notes
notes-merge = What others write meanwhile stays.
notes-tools = Formatting
notes-tool-bold = Bold
notes-tool-italic = Italic
notes-tool-heading = Heading
notes-tool-list = List
notes-kept = Saved on this device.
notes-keeping = Saving…
notes-wait = Kept in this window. Characters that wait for your node:
notes-shut = These notes take nothing more from this window. Copy what you typed, then load the page again.
here-now = Here now
you-here = You
here-too = Also here:
writing-now = writing
merged = Merged
merged-edits = { $count ->
    [one] Merged one offline edit from
   *[other] Merged { $count } offline edits from
}
merged-review = review
merged-lede = What devices that had been away wrote into the notes, each beside what it had before. It is in the notes already.
merged-elsewhere = It left the notes as they were. The history says what else it changed.
merged-none = Nothing came late that nobody has looked at.
merged-seen = I have looked at it
merged-was-seen = It is told no more. The history keeps it.
merged-back = Back to the session
read-notes = As it reads
no-notes = No notes were written.
write-on = Write on
who-may-hear = Who may hear of this
sharing-pair-only = Between us only
sharing-quotable-with-consent = May be quoted after asking
sharing-shareable = May be shared
notes-saved = Saved on this device.
notes-merged = Saved, together with what others wrote meanwhile.
agenda = Agenda
minutes-planned = { $planned } of { $minutes } minutes planned
minutes-short = { $count } min
brought-by = Brought by
carried-over = carried over
item-done = Done
add-item = Add an item
item = Item
list-decisions = Decisions
list-insights = Insights
list-one-decision = Decision
list-one-insight = Insight
add-decision = Add a decision
add-insight = Add an insight
actions = Actions
attended = Attended
nobody-confirmed = Nobody has confirmed yet.
i-was-here = I was here
change-session = Change the session
whole-series = The whole series from here on
cancel-session = Call it off
print = Print
prepare-label = Your preparation
from-your-journal = From your journal. Only your own devices hold it.
session-act-item = The item is on the agenda.
session-act-item-done = Marked as done.
session-act-saved = Saved on this device.
session-act-attended = You confirmed that you were here.
session-act-cancelled = The session is called off.
session-act-wrapped = The session is wrapped up.
not-said = not said
mood-1 = badly
mood-2 = not well
mood-3 = so-so
mood-4 = well
mood-5 = very well
what-you-learned = What you learned
others-read-this = Everybody in the notebook reads this.
how-was-it = How it was for you
next-date = Next session
topics = Topics
no-answer = Nobody has answered yet.
agreed = Agreed
not-agreed-yet = Nothing is agreed on this yet.
also-written = Also written
choose-between = Choose between what was written at once
write-answer = Write an answer
your-answer = Your answer
agreed-hint = What all sides sign. A changed letter is a new text.
topic-purpose = Purpose
topic-outcomes = Outcomes
topic-rhythm = Rhythm and length
topic-agenda = Who sets the agenda
topic-contact = Contact between meetings
topic-cancellation = Cancellation and no-show
topic-scope = Topics in and out
topic-confidentiality = Confidentiality and its exceptions
topic-disclosure = Who may know of the relationship
topic-conflict = Conflict and a named third party
topic-exit = No-fault exit
topic-notes = What becomes of the notes at the end
topic-review = Review date
go-to-signing = Go to signing
sign-title = Sign this text
hash-of-text = Hash of this text
signed-this-hash = signed this hash
on-device = on { $device }
does-not-count = does not count
has-not-signed = has not signed
sign-sure = I have read the agreed text and sign exactly that.
sign = Sign
sign-on-paper = Signature and date, if you also sign on paper: ______________________________
you-signed = You signed this text.
versions = Versions
nobody-signed = signed by nobody
signed-by = signed by
review = Review
if-you-disagree = If you disagree
what-signature-shows = What a signature shows
what-signature-shows-why = That a device of that person signed this exact text. It is not a court’s seal, and it does not say who else was in the room.
saved-here = Saved on this device.
people = People
people-lede = Who is in this notebook, which devices hold its key, and what each of them has confirmed.
you-name = You, { $name }
admin = admits others
this-device = This device
since-day = since { $day }
link-device = Link another device
words-compared = Words compared
words-differed = Words differed
words-not-compared = Words not compared
compare-words-with = Compare words with { $name }
change-role = Change role
role = Role
role-changed = The role is changed.
remove-from-notebook = Remove from the notebook
remove-why = { $name } keeps what they could read before. New writing gets a new key that they do not receive.
remove-sure = Yes, remove { $name }.
remove-name = Remove { $name }
member-removed = Removed. New writing gets a new key.
invite-why = An invitation works once. Whoever has it can join, so give it to nobody else; compare words afterwards.
good-for = Good for
good-until = good until { $at }
make-invitation = Make an invitation
revoke-invitation = Revoke
invitation-revoked = The invitation opens nothing any more.
if-you-remove = If you remove someone
if-you-remove-why = They keep what they could read before. New writing gets a new key that they do not receive.
invitation = Invitation
invitation-line = The invitation, one line of text
invitation-how = Send it by a way that you trust. It works once, until { $at }, while this node runs.
copied = Copied
copy = Copy
done = Done
keep-as-file = Keep as a file
invitation-qr = The invitation as a code for a camera
invitation-qr-why = For somebody who sits beside you.
what-then = What then
what-then-why = When they have joined, compare words with them, by voice or face to face.
your-words = Your words
compare-how = Meet { $name }, or call. Let { $name } read first. Do not send the words in a message: whoever could swap the invitation could swap the message too.
words-match = All of them match
words-differ = They differ
not-now = Not now
compare-then = If they match, { $name }’s key is marked as compared by you. If they differ, nothing more is exchanged with { $name }, who is removed where you may do that: ask for a new invitation face to face.
decided-match = Marked as compared.
decided-differ = Marked as different. Write nothing here that others must not read.
decided-differ-removed = Marked as different, and removed from the notebook: nothing new reaches them.
decided-differ-stays = Marked as different. They are still in the notebook; who can remove them: { $names }. Write nothing here that others must not read.
person = Person
device = Device
recovery-phrase = recovery phrase
readers-now = People and devices that hold the key of the current text
readers-before = Who could read before
readers-before-why = They keep what they had. They do not get new writing.
usual-role = as usual for this form
start-notebook = Start a notebook
start-notebook-why = Write in it alone, and invite somebody when you are ready.
notebook-title = What it is called
notebook-title-hint = Everybody in it sees this.
who-is-it-for = Who is it for?
you-are-its = You are its
create-notebook = Create the notebook
join-notebook = Join with an invitation
join-notebook-why = Somebody has sent you a line of text or a file.
invitation-hint = Starts with hearth1. It works once.
invitation-file = Choose a file
join-waits = The other device has to be on. This can take a minute.
what-it-reveals = What a connection reveals
change = Change
notebook-created = The notebook is made. You can write now, and invite somebody when you are ready.
joined-compare = You have joined. Compare words next.
questions = Questions
no-question = No question is open
no-question-why = Ask what you would ask over coffee. Answers can wait.
ask-question = Ask a question
your-question = Your question
ask = Ask
asked = Asked.
answered = Answered.
resolved = Resolved
mark-resolved = Mark as resolved
resolved-done = Marked as resolved.
feedback = Feedback
sealed-exchanges = Sealed exchanges
sealed-why = Both write, and neither can read the other’s before all have committed.
open-feedback = Open feedback
no-feedback = Nobody has given feedback yet.
no-feedback-why = Say where it was, what somebody did, what it did to you, and what you ask for.
example-feedback = On Monday, when I was stuck
feedback-situation = Situation
feedback-behaviour = Behaviour
feedback-impact = Impact
feedback-request = Request
feedback-text = Anything else
sealed-kind-feedback = Feedback
sealed-kind-expectations = Expectations
sealed-kind-rating = Rating
sealed-state-committing = being written
sealed-state-opening = all have committed
sealed-state-open = open
sealed-state-withdrawn = withdrawn
sealed-state-imported = imported
has-opened = has opened
has-committed = has committed
not-committed = has not committed
rating-of = Rating: { $value } of 5
rating = Rating, 1 to 5
your-text = Your text
commit-hint = It stays in your journal until you open it. It cannot be changed afterwards.
commit = Commit
open-yours = Open yours
waits-for-others = It waits for the others.
withdraw = Withdraw
start-sealed = Start a sealed exchange
what-about = What about
give-feedback = Give feedback
for-whom = For whom
feedback-given = Your feedback is written down.
sealed-act-started = The exchange has begun.
sealed-act-committed = You have committed. Nobody reads it before you open it.
sealed-act-opened = Yours is open.
sealed-act-withdrawn = Withdrawn.
skills = Skills
skills-lede = What somebody wants to be able to do, then and now.
no-skill = No skill is written down yet
no-skill-why = Name one, and say how well you do it today.
then-and-now = Then and now, as everybody sees themselves
skill = Skill
then = Then
now-word = Now
from-to = { $from } then, { $to } now
endorsed-by = Endorsed by
add-evidence = Add what shows it
evidence = What was done or seen
link = Link
endorse = Endorse
endorse-why = A signature that you have seen this skill in somebody.
what-you-saw = What you have seen
endorse-sure = I sign that I have seen it.
endorsed = You signed the endorsement.
anchor-1 = New to it: knows what it is, and has not done it yet
anchor-2 = Beginning: does it with help, or step by step from a guide
anchor-3 = Able: does the usual cases alone
anchor-4 = Strong: does hard cases, and others come to ask
anchor-5 = Teaching: shapes how it is done, and helps others learn it
rate = Rate
add-skill = Add a skill
how-well = How well
whose = Whose
rated = The rating is written down.
resources = Resources
no-resource = Nothing is kept here yet
no-resource-why = A link or a book, and why it matters.
all-resources = All of them
put-away = Put away
add-resource = Add a resource
why-it-matters = Why it matters
tags = Tags
tags-hint = Separated by commas.
resource-put-away = Put away.
file = File
add-file = Attach a file
file-hint = Drop one here, or choose it. It stays on this device, sealed, until somebody wants it; a mirror, where the notebook has one, keeps it as well.
file-most = At most { $count } GiB.
file-title-hint = Left empty, the file's own name.
file-sending = Taken in so far:
file-broken = The file was not added, and nothing of it stays here. Look whether it can still be read, and try again.
file-needs-script = This needs the page's scripts, which are off in this browser.
file-keep = Save a copy
file-elsewhere = not on this device yet
file-fetch = Fetch it
file-lost = The page has lost its node. Load it again; what came of the file stays.
file-is-here = It is here.
file-share = { $share } % of it is here.
file-from = It comes from { $names }.
file-nobody = Nobody who has it is connected now. { $name } added it: it comes once one of their devices, or another one that has it, is connected. This goes on as long as the page is open, and what came stays.
file-lacking = Connected and without it: { $names }.
file-wrong = Sent something else, which was not taken: { $names }.
file-mirror = the mirror { $device }
file-device = { $name } ({ $device })
file-bytes = { $count ->
    [one] one byte
   *[other] { $count } bytes
}
file-kib = { $count } KiB
file-mib = { $count } MiB
about-nothing = no notebook
new-entry = New entry
about = About
journal-empty = Your journal is empty
journal-why = What you write here stays on your own devices.
entries = Entries
copy-into-notebook = Copy into a notebook
journal-lede = Only your own devices hold this, under a key of its own.
choose-notebook = Choose a notebook
into-which = Into which notebook
see-who-reads = See who would read it
share-into = Everybody who reads { $notebook } would read this:
share-lede = A copy is shared; the entry stays private.
shared-done = Copied into the notebook.
search-for = Search for
in = In
everywhere = everything
hits = Hits
object-goal = goal
object-action = action
object-session = session
object-question = question
object-answer = answer
object-agreement = agreement
object-feedback = feedback
object-skill = skill
object-rating = rating
object-resource = resource
object-comment = comment
object-checkin = check-in
object-entry = journal
object-notebook = notebook
object-milestone = milestone
object-progress = progress
object-exchange = sealed exchange
object-note = shared note
whole-history = The whole history
older-not-shown = Older changes are not shown.
older-changes = Older changes
newest-changes = Back to the newest changes
newest-sessions = Back to the newest sessions
later-sessions = { $count ->
    [one] One more session is planned for later.
   *[other] { $count } more sessions are planned for later.
}
history-lede = Authors come from the signatures, not from a field.
going-back = Going back
going-back-why = Restoring writes the old state as a new change. Nothing is lost by it.
its-history = Its history
restore-this = Restore how it was then
restored = Restored as a new change.
conflicts = Written at once
no-conflict = No two people wrote the same field at once.
conflicts-lede = Choose which one stands; the other stays in the history.
shown-now = Shown now.
choose-this = Choose this
chosen = Chosen. The other stays in the history.
try-all-now = Try all devices now
try-all-why = The node also tries by itself.
network-word = Network
addresses = Addresses
mirrors = Mirrors
mirror-why = A mirror is always on, stores what is sent, and holds no key that opens it.
no-other-device = No other device is in this notebook.
verified = words compared
not-verified = words not compared
mirror = mirror
remove = Remove
add-mirror = Add a mirror
mirror-ticket = The mirror’s ticket
mirror-ticket-hint = Whoever runs the mirror has it.
mirror-added = The mirror may hold this notebook.
mirror-removed = The mirror gets nothing new.
your-devices = Your devices
taken-off = taken off
connected = connected
take-off = Take off
take-off-why = It keeps what it could read before, and gets nothing new.
take-off-sure = Yes, take this device off.
take-off-name = Take off { $device }
link-why = The new device will hold all your notebooks and your journal.
link-sure = Yes, I sit at the other device.
make-link = Make a ticket
link-how = On the new device, give this ticket. It works once, for ten minutes, while this node runs.
linked-words = { $device } is linked. It must show these words, too: { $words }
link-failed = No ticket could be made.
language = Language
setting-network = Connection
setting-unlock-minutes = Minutes unlocked for commands
setting-invite-hours = Hours an invitation is good for
setting-rotate-keys-after-days = Days until a new key
setting-journal-copies = Copies of the journal
setting-reminders = Reminders
setting-reminders-session-minutes = Minutes before a session
setting-reminders-action-days = Days before an action is due
setting-reminders-hour = Time of day for actions
setting-reminders-quiet = Quiet hours
setting-zone = Time zone
passphrase-now = Passphrase now
passphrase-new = New passphrase
passphrase-again = The new one again
change-passphrase = Change the passphrase
passphrases-differ = The two are not the same.
passphrase-changed = Only the new passphrase opens this notebook now.
browsers = Browsers
browsers-why = Each link lets in one browser of this machine, once.
browsers-sure = Yes, let in one more browser.
another-browser = Link for another browser
leave-browser = Shut this browser out
link-once = Open this in the other browser of this machine. It works once.
export-why = What you export leaves the encryption. Keep it where nobody else reads.
as-what = As what
export-html = one page to read and to print
export-json = JSON, which loses nothing
export-ics = a calendar of the sessions
export-sure = Yes, write it out unencrypted.
import = Import
import-why = What a JSON export holds is taken in, signed by you, and marked as imported.
import-text = The text of a JSON export
import-file = Choose a JSON export
imported = Taken in.
rename = Rename
graduation = The end
graduation-why = What was reached, what stays open, thanks, and what becomes of the notes. Nobody can make another’s copy disappear.
closing-goals = Goals
closing-learning = Learning
closing-application = Where it is used
closing-thanks = Thanks
closing-unfinished = Unfinished goals
closing-notes = What becomes of the notes
closing-contact = Future contact
close-notebook = Close the notebook
close-why = From then on it is an archive: it can be read and not written in.
close-sure = Yes, close it.
closed-done = The notebook is an archive now.
leave-notebook = Leave the notebook
leave-why = You keep what you could read. You get nothing new.
leave-sure = Yes, I leave.
left-done = You have left the notebook.
older-sessions = { $count ->
    [one] One older session
   *[other] { $count } older sessions
  }
agenda-items = { $count ->
    [one] Agenda: one item
   *[other] Agenda: { $count } items
  }
carries-over = { $count ->
    [one] One item not reached will carry over.
   *[other] { $count } items not reached will carry over.
  }
sign-what = { $count ->
    [one] You sign the agreed text of one topic exactly as it stands above, and nothing else.
   *[other] You sign the agreed text of all { $count } topics exactly as it stands above, and nothing else.
  } If a single letter changes, it is a new version and needs all signatures again.
for-hours = { $days ->
    [one] a day
   *[other] { $days } days
  }
questions-lede = { $count ->
    [one] One is open.
   *[other] { $count } are open.
  }
not-searched = { $notebook } could not be searched.
hits-count = { $count ->
    [one] 1 hit
   *[other] { $count } hits
  }
disputed-count = { $count ->
    [one] One field was written by two people at once.
   *[other] { $count } fields were written by two people at once.
  }
tried-peers = { $count ->
    [one] One device was tried, { $reached } has confirmed everything.
   *[other] { $count } devices were tried, { $reached } have confirmed everything.
  }
taken-off-done = { $count ->
    [one] Taken off. It could read one notebook, and keeps what it had.
   *[other] Taken off. It could read { $count } notebooks, and keeps what it had.
  }

# Before there is an identity
welcome = Welcome
welcome-title-1 = A notebook for two people, or a few.
welcome-title-2 = Nobody else can open it.
welcome-why = Goals, sessions, notes and agreements stay on your devices and on those of the people you choose. There is no account to make, and no server that holds your words.
welcome-next = Next come 24 recovery words, to write down now or later. Without them and without a second device, a lost laptop means asking to be invited again, and your journal is gone.
welcome-begin = Begin
welcome-back = This device is one of yours now. What the others hold comes by itself.
welcome-back-partly = This device is one of yours now, and not everything has arrived yet. The rest comes by itself while this node runs.
welcome-found = There was somebody here already. This is their page.
welcome-somebody = There is somebody here already. Type the passphrase that opens what is here, and go on as them.
linked-title = Compare these words
linked-compare = Your other device shows words now. They must be these, in this order.
linked-differ = If they differ, somebody stood between the two devices: take this one off on the other device, under Sync and mirrors, and write nothing here.
linked-go-on = Go on
steps = Steps
step-begin = Begin and connect
step-words = Recovery words
step-invite = Invite
step-compare = Compare words
step-agreement = Agreement
how-to-begin = How would you like to begin?
way-create = Start a notebook
way-why-create = Write in it alone, and invite somebody when you are ready.
way-join = Join with an invitation
way-why-join = Somebody has sent you a line of text or a file. Their node has to run now.
way-example = Look around first
way-why-example = An example notebook with goals, sessions and an agreement. It stays on this device.
way-link = Use this device beside another one of mine
way-why-link = Your notebooks and your journal come from there.
way-recover = Come back with my recovery words
way-why-recover = Somebody who shares a notebook with you has to run their node now.
been-here-before = You have used Hearthside before
device-ticket = The line that your other device shows
device-ticket-hint = There: Sync and mirrors, link a device.
contact-ticket = Where somebody is who shares a notebook with you
contact-ticket-hint = They run hearth device contact and send you the line that it prints.
who-you-are = Who are you?
your-name = Your name
your-name-hint = As the people in your notebooks will see it.
this-device-name = Name of this device
this-device-name-hint = The others see it too.
this-computer = This computer
how-to-connect = How should your devices reach each other?
how-to-connect-why = Words are encrypted whichever you choose. What differs is who can see that two addresses talk, and when. You can change this later.
profile-direct = Direct
profile-lan = Same network
profile-relay = A relay you choose
profile-public = Public relays
profile-what-direct = The default. Straight from device to device.
profile-what-lan = Direct, and devices on one network find each other.
profile-what-relay = A relay helps two home routers to meet.
profile-what-public = Uses relays and address lookup run by n0.
profile-contacts = Contacts
profile-contacts-direct = Only devices in your notebooks.
profile-contacts-lan = Also every device on the local network you are in.
profile-contacts-relay = Also the relay whose address you type in.
profile-contacts-public = Also n0, the company that runs them.
profile-reveals = Reveals
profile-reveals-direct = Your network address, to those people and whoever carries the traffic.
profile-reveals-lan = To that network: that a Hearthside node is here, and its key.
profile-reveals-relay = To that relay: device keys, addresses, times and sizes. Never content.
profile-reveals-public = To n0: device keys, addresses, times and sizes. Never content.
profile-works = Works when
profile-works-direct = You are online at the same time, and at least one router lets the other in.
profile-works-lan = You share a room, an office or a home.
profile-works-relay = You are both behind ordinary home routers.
profile-works-public = You are both behind home routers and have no relay of your own.
relay-address = Address of the relay
relay-address-hint = Only for a relay of your choice. Starts with https://
relay-address-wrong = This is no address of a relay. Write it as https://relay.example.org
what-protects = What protects this device?
protect-passphrase = A passphrase
protect-why-passphrase = Asked whenever the notebook is opened, and when the page has been left alone for a while.
protect-keyring = A passphrase, and the keyring of this computer
protect-why-keyring = The keyring remembers until the computer is turned off; then the passphrase is asked again.
protect-bare = Nothing
protect-why-bare = Anyone who can read the files of this computer will read your notes.
passphrase-first-hint = Nobody can bring it back. Several words are better than one.
passphrase-same-again = The same again
passphrase-again-hint = So that no slip of the finger locks you out.
my-notebook = My notebook

# Recovery words
recovery-words = Your recovery words
recovery-why = They stand for who you are. With them you come back when every device is lost, and get back what others still hold. Write them on paper, in this order, and keep the paper away from this device.
show-words = Show the words
later = Later
words-check = A short check
words-check-why = Type three of them, so that you know your paper is right.
word-number = Word { $number }
paste-all = Or paste all of them
all-words = All 24 words
i-have-them = I have them
words-kept-until = Until you have done this they stay sealed on this device. Then they are erased here, and nobody can show them again.
words-confirmed = You have your recovery words. They are erased here.
words-wait = Your recovery words wait to be written down.
words-wait-link = Do it now

# The example
example-add = Open an example
example-why = Goals, sessions and an agreement to look around in, on this device alone.
example-made = The example is here. Change in it what you like.
example-title = Example: learning to lead
example-goal = Hand over the release work
example-goal-why = I do it because I am fast, and so nobody learns it.
example-goal-unit = releases
example-milestone = One release without a word from me
example-goal-woop = Give feedback within the week
example-wish = I say it while it is fresh
example-outcome = Nobody is surprised at the end of the year
example-obstacle = I want to be liked
example-plan = If I put it off, then I write one line and send that
example-action = Let Mia do the next release alone
example-notes = ## Where it hurts
    {""}
    The *release* work. Nobody else knows how, and so nobody learns it.
    {""}
    - one person does it
    - what happens if that person is ill?
example-decision = Every other Tuesday, an hour, until the end of November
example-insight = The work is not too much. It is too alone.
example-learned = To wait before I answer
example-purpose = To stop doing everybody’s work
example-purpose-agreed = Learn to lead without doing the work oneself
example-confidentiality = What is said stays between the two of us.
example-question = Did I do it wrong when somebody cried at my feedback?
example-skill = Delegating
example-checkin = A good week

# The relationship as a whole
part-timeline = Timeline
timeline = Timeline
timeline-lede = What became of it, and what goes both ways. A signature carries no clock: it stands at the newest change that its signer had seen.
timeline-older = What was before
timeline-newest = Back to the newest
event-begun = Began:
event-phase = Phase:
event-goal-set = Goal set:
event-goal-achieved = Goal achieved:
event-goal-dropped = Goal dropped:
event-milestone = Milestone reached:
event-session = Session held:
event-signed = Signed:
event-endorsed = Endorsed:
event-certified = Certificate for
event-closed = Closed
agreement-version = Agreement, version { $number }
both-ways = Both ways
both-ways-why = Counts, and no marks: they show where it runs one way only. Sealed feedback counts once it is open.
counted = What is counted
counted-learned = Learned
counted-brought = Brought to the agenda
counted-attended = Sessions attended
counted-feedback-given = Feedback given
counted-feedback-received = Feedback received
counted-asked = Questions asked
counted-answered = Questions answered
counted-actions-done = Actions done
counted-actions-open = Actions open
counted-resources = Resources shared
counted-skills-seen = Others’ skills rated or endorsed
counted-comments = Comments
counted-check-ins = Check-ins
who-brings-it = Who brings it

# Circles
part-circle = Circle
part-checkins = Check-ins
circle = Circle
circle-lede = A timed run through a session. Who presents, who leads and who takes notes goes round by itself.
circle-not-for-two = A circle is for a group or for peers. The two of you have sessions.
circle-begin = Begin a circle
circle-begin-why = The roles are handed out to whoever is here, and the clock of the first stage begins for everybody. Where a session is planned for now, it is that one.
circle-roles = Roles
circle-role-presenter = Presents
circle-role-facilitator = Leads
circle-role-note-taker = Takes notes
circle-next-time = Next time
circle-next-time-why = If everybody comes. Whoever is away is not skipped for good.
circle-next = Go on
circle-finish = Finish
circle-again = Start this stage’s time again
circle-end = End the circle
circle-notes = The notes of this session
circle-was = “{ $title }” ended { $at }.
whose-turn-it-is = Whose turn it is
who-is-away = Who is away
stage-of = Stage { $at } of { $count }
stage-until = until { $at }
stages = Stages
time-is-over = The time of this stage is over.
five-minutes-left = Five minutes left.
one-minute-left = One minute left.

# Check-ins
checkins = Check-ins
checkins-lede = How it is going for each of you, in a number and a line.
checkins-so-far = So far
no-checkin = Nobody has said how it is going.
how-is-it-going = How is it going?
in-a-line = In a line
checkin-hint = Everybody in this notebook reads it.
check-in = Say so
checked-in = It is noted.
course-of = How it went for { $name }
course-description = { $count } check-ins of { $name } from { $first } to { $last }; the last one is { $now } of 5.
as-a-table = As a table
value = Value
day = Day

# Versions of the agreement
versions-lede = Each text that somebody signed or was about to, and what it changed.
version-number = Version { $number }
in-force = signed by everybody
text-of-now = the text of now
no-version = There is no text yet
no-version-why = A version is kept once somebody signs what is agreed.
what-changed = What each changed
how-to-read-changes = How to read it
what-came = Came in
what-went = Went out

# The end
reopen = Go on after all
reopen-why = The notebook is open again once everybody who writes in it says so.
reopen-wanted-by = Would go on:
reopen-lacks = Not said yet by:
reopen-waits = It is noted. The notebook is open again once everybody says so.
reopened = The notebook is open again.
certificate = Certificate
certificates = Certificates
certificates-why = Your word about somebody, signed with your key. Anybody can check it, with no account and without this notebook.
certificate-exactly = This is exactly what you would sign.
certificate-sure = I sign this text
certified = You signed the certificate. It comes to the others by itself.
signature-does-not-fit = its signature does not fit
write-certificate = Write a certificate
certificate-words = Your words
certificate-words-hint = What you saw, in a few sentences. The facts of the notebook stand below them.
see-certificate = See what it would say
destroy-keys = Destroy the keys on my devices
destroy-why = What was written can then not be opened any more on your devices. What the others hold is theirs.
destroy-then = The others are told with a signed receipt, then the keys go. Export first what you want to keep: nobody can bring it back.
destroy-sure = I want this, and I cannot take it back
destroyed-at = Said { $at } that it destroyed its keys
destroyed-here = The keys are destroyed on this device. Your other devices follow; what the others hold is theirs.
nothing-heard-of-destroying = has said nothing of that
mirror-holds-what-it-holds = holds what it holds, without a key
start-from = Start from an example: “{ $text }”
example-resource = What I would read first
example-entry = What I do not dare to ask yet:

# Backups
backup = Backup
backup-why = One sealed file with every notebook, your journal and your settings of now. Your recovery words open it, and a passphrase where you give one.
backup-path = Where the file goes
backup-path-hint = A place on this computer or on a stick, beginning with /. A file that is there already is left alone.
backup-exists = There is a file of that name already, and it was left alone. Choose another name.
backup-passphrase = A passphrase for the file
backup-passphrase-hint = Leave it empty, and your recovery words alone open it.
backup-passphrase-needed = Your recovery words wait to be written down. Until then a passphrase has to open the file.
backup-sure = The file leaves this page’s keeping
backup-write = Write the backup
backup-written = The backup is at { $path }, with { $count ->
    [one] one notebook
   *[other] { $count } notebooks
  }. Keep it away from this computer.
backup-restore = To bring it back on a new computer, start Hearthside there and choose “Bring a backup back”, or run hearth backup restore FILE. It becomes a further device of yours, since no backup holds this device’s keys.

# Bundles
bundle-make = Make a bundle
bundle-make-why = A bundle is a sealed file with what somebody lacks, for when no network leads to them: on a stick, or in a letter. Whoever carries it can read nothing of it.
bundle-alone = You are alone here; a bundle can still bring this notebook to another device of yours.
bundle-for = For whom
bundle-everybody = everybody in this notebook
bundle-own-devices = my own other devices
bundle-full = Everything, not only what they have not said that they have
bundle-sure = Yes, this file may leave this computer. It opens only on the devices of whom it is for.
bundle-take = Take a bundle in
bundle-take-why = Somebody made a file for you, since no network led here. Each change in it is checked as if its author had sent it; to take one in twice does no harm.
bundle-take-link = Did you get a bundle? Take it in.
bundle-file = The file
bundle-part = Taken in so far:
bundle-needs-script = This needs the page's scripts, which are off in this browser.
bundle-brought = { $count ->
    [one] One change from the bundle of { $name } ({ $device }), as of { $made }, is here now.
   *[other] { $count } changes from the bundle of { $name } ({ $device }), as of { $made }, are here now.
}
bundle-brought-nothing = There was nothing new in the bundle of { $name } ({ $device }), as of { $made }.
bundle-brought-people = The bundle of { $name } ({ $device }), as of { $made }, said something new of who is in this notebook. No words in it were new.
bundle-brought-notebook = “{ $title }” is on this device now, as { $name } ({ $device }) had it; made { $made }.

# What changed, in the history
quoted = “{ $text }”
signed-headings = The headings stand in English in the text that is signed, whatever the language of the page.
status-open = open
status-moved = moved
told-added = added
told-removed = removed
told-imported = imported
told-attended = confirmed to have been there
told-roles-handed-out = roles handed out
told-stage-began = stage { $stage } began
told-stage-began-anew = stage { $stage } began anew
told-tag-added = tag { $tag } added
told-tag-taken-off = tag { $tag } taken off
told-field-removed = { $field } removed
told-changed = { $field } changed
told-people-changed = { $field } changed
told-chosen = { $field }: { $value } chosen
told-moved = { $field }: { $from } → { $to }
told-set = { $field }: { $to }
told-cleared = { $field } cleared
told-text = { $field } { $counts }
told-is-yes = yes
told-is-no = no
field-consensus = what is agreed on “{ $topic }”
field-answer = an answer on “{ $topic }”
field-title = title
field-why = why
field-kind = kind
field-status = status
field-reason = reason
field-unit = unit
field-due = due
field-note = note
field-notes = notes
field-at = time
field-zone = time zone
field-place = place
field-every = comes again
field-template = template
field-text = text
field-owner = owners
field-attendee = attendees
field-goal = goal
field-session = session
field-on = belongs to
field-person = person
field-brought-by = brought by
field-done-in = done in
field-next = next session
field-form = form
field-phase = phase
field-wish = wish
field-outcome = outcome
field-obstacle = obstacle
field-plan = plan
field-situation = situation
field-behaviour = behaviour
field-impact = impact
field-request = request
field-to = to
field-of = of
field-about = description
field-shared-from = shared from
field-exchange = exchange
field-commitment = commitment
field-words = words
field-uri = address
field-link = link
field-signed-text = signed text
field-statement = statement
field-prompts = prompts
field-sharing = who may hear of it
field-series = series
field-slot = date of the series
field-series-ended = end of the series
field-stages = stages
field-ended = ended
field-done = done
field-resolved = resolved
field-withdrawn = withdrawn
field-removed = put away
field-standing = standing
field-closed = closed
field-reopened = opened again
field-baseline = baseline
field-target = target
field-start = start
field-current = current
field-value = value
field-minutes = minutes
field-file-name = name of the file
field-file-hash = file
field-file-bytes = size of the file
field-file-root = file
field-file-key = key of the file
field-content = content
field-salt = salt
field-digest = digest
field-participant = participants
field-anchor-1 = what 1 means
field-anchor-2 = what 2 means
field-anchor-3 = what 3 means
field-anchor-4 = what 4 means
field-anchor-5 = what 5 means
object-key_result = key result
object-agenda = agenda item
object-decision = decision
object-insight = insight
object-learned = what was learned
object-mood = how it was
object-version = text to be signed
object-commitment = commitment
object-opening = opening
object-evidence = evidence
object-endorsement = endorsement
object-run = circle
object-closing = closing
object-certificate = certificate
object-receipt = receipt of destroyed keys

# What is wrong with a notebook, a peer, a mirror, this device
entries-count = { $count ->
    [one] one entry
   *[other] { $count } entries
  }
warned-departed = You are out of this notebook
warned-stale = An older copy
warned-awaits = Waits for your other devices
warned-ahead = Not all of it is here yet
warned-damaged = Cannot be read
warned-differ = Words of { $name } differ: { $device }
peer-differ = You said that your words and those of { $name } ({ $device }) differ, so nothing is exchanged with them. Meet { $name }: if the words are the same after all, say so under “Compare words”; otherwise remove { $name } and invite anew.
warned-stopped = { $name }: { $device } is not listened to
peer-stopped = Nothing more is taken from { $device } of { $name } now, since what it sent does not check. What is here stays as it is. Ask { $name } about that device; with its next connection it is tried again.
warned-set-back = { $name }: { $device } was set back
peer-set-back = { $device } of { $name } was set back to an older copy, seen { $at }. It lost { $lost } that it had confirmed; what it lacks is sent again while both are connected. Ask { $name } whether a backup was put in its place; if not, that device may not be theirs any more.
warned-set-back-made-good = { $name }: { $device } was set back
peer-set-back-made-good = { $device } of { $name } was set back to an older copy, seen { $at }. It had lost { $lost } that it had confirmed, and has all of it again.
warned-mirror = The mirror { $name }: look here
mirror-warns = The mirror “{ $name }”: { $what }.
warned-turned-away = { $name } is no member
set-aside = { $count ->
    [one] One entry of { $name } ({ $device }) does not count and is set aside.
   *[other] { $count } entries of { $name } ({ $device }) do not count and are set aside.
  } It changes nothing here; hearth verify says why for each.
warned-anew = This home was a copy of another, so it became a device of its own ({ $at }), which is called “{ $device }”.
warned-no-keeper = Nobody keeps what your recovery words need: no other device has a notebook of yours. Share one with somebody, add a device or a mirror, or make a backup.
warned-no-room = The mirror “{ $name }” has no room for what your recovery words need. Ask whoever runs it, or add another.
warned-journal-too-large = Your journal has become too large for a copy with others: only your own devices have it. Make a backup.
warned-awaited = Still awaited: “{ $title }”, from { $names }. It comes by itself once one of them is connected.

# Bringing a backup back, before there is an identity
bring-back = Bring a backup back
bring-back-why = You have the file of a backup, on a stick or a disk.
bring-back-how = First the file, then what opens it. You see what is in it before anything is made of it.
bring-back-file = The backup
bring-back-file-hint = It stays on this computer, and stays sealed until you open it.
bring-back-part = Read so far:
bring-back-send = Read this file
bring-back-not = Begin in another way
bring-back-open = What opens it?
bring-back-here = The file is here, { $size } of it.
bring-back-passphrase-hint = The one that was given to the file when it was made.
bring-back-phrase = Or your 24 recovery words
bring-back-phrase-hint = They open every backup of yours, and take this device in at once.
bring-back-check = Open and check it
bring-back-other = Another file
bring-back-is-whole = It is whole: every record opens, every signature fits
bring-back-of = Whose it is
bring-back-made = Made
bring-back-notebooks = Notebooks, with the journal
bring-back-entries = Entries
bring-back-files = Files
bring-back-since = What was written since comes from those who have it, once this device is connected with them. A notebook that is younger than the backup is not in it: whoever shares it can invite you anew.
bring-back-device = This is a new device of yours
bring-back-device-hint = No backup holds the keys of a device, so this one gets its own. The others see its name.
bring-back-then = What else was set is as it was when the backup was made.
bring-back-do = Bring it back
bring-back-gone = The file is not here any more. Choose it once more.
bring-back-foreign = This file is no backup of Hearthside, or a newer version wrote it. Nothing of it was kept; choose another.
bring-back-damaged = This backup is damaged or cut off. Nothing was made of it and nothing of it was kept. Use another copy, or come back with your words: what others have of your notebooks is whole.
bring-back-too-large = This file is larger than what is brought back in a browser. In a terminal, hearth backup restore reads it where it lies.
bring-back-wrong = This passphrase does not open the backup. Try again, or open it with your recovery words.
bring-back-other-phrase = These recovery words do not open this backup. It needs those that were yours when it was made.
bring-back-done = Your backup is back, and this device is one of yours. What was written since comes by itself.
bring-back-reads = Your backup is back. You can read it all; to write, this device has to be taken in.
bring-back-not-taken-in = Your backup is back and can be read, but this device was not taken in: { $reason }
take-in = How does this device come to write?
take-in-why = A new device writes once it is on your list of devices. Until then it reads.
take-in-by-these-words = Your words put it there now.
take-in-words = With my recovery words
take-in-why-words = At once, with nobody else at hand.
take-in-device = With another device of mine
take-in-why-device = It shows a line to type in here. What it has comes along.
take-in-later = Later
take-in-why-later = I only want to read for now. Then: hearth recover, or hearth device accept, with the node stopped.
