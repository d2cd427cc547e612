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
locked-why = Nobody has used it for a while. What you had saved is on this device.
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
