direction = ltr

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
anchor-1 = new to it
anchor-2 = beginning
anchor-3 = able
anchor-4 = strong
anchor-5 = teaching others
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
