#!/usr/bin/env bash
# One mentor and six mentees: a semester of a study group.
. "$(dirname "$0")/lib.sh"

nb="Thesis group"
all=(mara ida jonas leyla noor pia tom)

tell "# One mentor and six"
tell "Mara supervises six theses at a university. Once a month they all meet, and in between everybody writes into one
notebook. Nothing of it is on the university's servers."
person Mara
for name in Ida Jonas Leyla Noor Pia Tom; do person "$name"; done

tell "## October: seven people, one notebook"
mara hearth notebook create "$nb" --form group
joins "$nb" mara mentee ida jonas leyla noor pia tom
agree "$nb" "${all[@]}"
mara hearth member list "$nb"
expect "Tom"
tell "A series of sessions: once a month, always at the same local time, also after the clocks change."
mara hearth session plan "$nb" --at "2025-10-08 17:00" --zone Europe/Berlin --every 4w --minutes 90 --place "Room 2.14" --template circle
agree "$nb" "${all[@]}"

tell "Everybody brings a goal of their own."
ida hearth goal add "$nb" "Hand in on 31 March" --unit chapters --baseline 0 --target 6 --due 2026-03-31
jonas_ hearth goal add "$nb" "A question that fits into one sentence" --due 2025-11-15
leyla_ hearth goal add "$nb" "Twelve interviews" --unit interviews --baseline 0 --target 12 --due 2026-01-31
noor_ hearth goal add "$nb" "Write every morning before I read mail"
pia_ hearth goal add "$nb" "Understand my own statistics" --why "I can run them. I cannot say what they mean."
tom_ hearth goal add "$nb" "Find out whether I want to finish"
agree "$nb" "${all[@]}"
mara hearth goal list "$nb"

tell "## November: questions, and answers that are not only the mentor's"
leyla hearth ask "$nb" "Two people cancelled after the interview and want everything deleted. What now?"
agree "$nb" "${all[@]}"
pia_ hearth answer "Two people cancelled after the interview and want everything deleted. What now?" \
  "Delete it, and write down that you did. I had one, and it turned out to matter that I could show when."
mara_ hearth answer "Two people cancelled after the interview and want everything deleted. What now?" \
  "What Pia says. And tell me what they were afraid of, when you know."
agree "$nb" "${all[@]}"
leyla hearth question list "$nb"
expect "Pia"
mara_ hearth resource add "$nb" "How to read a table of numbers" --link https://library.example/tables --tag statistics \
  --why "For Pia, and for everybody who nodded when she said it."
leyla_ hearth goal progress "Twelve interviews" 5 --on 2025-11-20
ida_ hearth goal progress "Hand in on 31 March" 1 --on 2025-11-20
jonas_ hearth goal status "A question that fits into one sentence" achieved --reason "Who pays when the river comes?"
agree "$nb" "${all[@]}"

tell "In the meeting somebody keeps the notes, and everybody can write into them at once. Actions have an owner and a day."
unseen mara hearth session list "$nb"
meeting=$(find_session 2025-10-08)
mara_ hearth session wrap "$meeting" --decision "Everybody sends two pages a week before the meeting" \
  --insight "We are all afraid of the same chapter" --action-for Ida "Book the room until March" \
  --action-for Jonas "Collect the two pages" --mood 4
agree "$nb" "${all[@]}"
noor_ hearth session wrap "$meeting" --learned "Nobody else writes in the morning either" --mood 5
agree "$nb" "${all[@]}"
mara hearth action list "$nb" --open
ida hearth action done "Book the room until March"

tell "## December: what is hard to say"
tell "Mara asks how her way of helping arrives. Sealed: nobody reads anything before all seven have written."
mara_ hearth sealed start "$nb" --kind feedback --title "What would help you more?"
agree "$nb" "${all[@]}"
mara_ hearth sealed commit "What would help you more?" "That you come before it is finished, not after."
ida_ hearth sealed commit "What would help you more?" "Shorter comments. I read the long ones as a no."
jonas_ hearth sealed commit "What would help you more?" "Nothing. Well: to be asked."
leyla_ hearth sealed commit "What would help you more?" "An answer within a week, even if it is only one line."
noor_ hearth sealed commit "What would help you more?" "To hear what the others struggle with."
pia_ hearth sealed commit "What would help you more?" "That you say when you do not know either."
agree "$nb" "${all[@]}"
mara hearth sealed show "What would help you more?"
tom_ hearth sealed commit "What would help you more?" "That it is allowed to stop."
agree "$nb" "${all[@]}"
for name in "${all[@]}"; do unseen "$name" hearth sealed open "What would help you more?"; done
agree "$nb" "${all[@]}"
mara hearth sealed show "What would help you more?"
expect "That it is allowed to stop."

tell "## January: one leaves"
tell "Tom has decided. He writes it into his journal first, which only his own devices hold, and then tells the others."
tom hearth journal add --text "I have known it since September. I stay until Thursday, and then I am free." "$nb"
tom hearth goal status "Find out whether I want to finish" achieved --reason "I do not. I start in the workshop in February."
agree "$nb" "${all[@]}"
tom hearth member leave "$nb" --yes
all=(mara ida jonas leyla noor pia)
gone() { unseen mara hearth member list "$nb" && ! grep -q '"name":"Tom"' "$last_output"; }
wait_for "the others to hear that Tom left" gone
agree "$nb" "${all[@]}"
new_key() { unseen mara hearth readers "$nb" && grep -q '"past_readers":\[{' "$last_output"; }
wait_for "a key that Tom does not have" new_key
tell "What he could read until then he keeps; what is written from now on is under a key that he does not have."
mara hearth readers "$nb"

tell "## March: the end of the semester"
ida_ hearth goal progress "Hand in on 31 March" 6 --on 2026-03-29
ida_ hearth goal status "Hand in on 31 March" achieved --reason "Twenty minutes before midnight"
leyla_ hearth goal progress "Twelve interviews" 11 --on 2026-02-10
leyla_ hearth goal status "Twelve interviews" achieved --reason "Eleven, and the one that I deleted counts most"
noor_ hearth checkin "$nb" 4 "Forty mornings. I counted."
pia_ hearth goal status "Understand my own statistics" paused --reason "Enough for the thesis. The rest is for life."
agree "$nb" "${all[@]}"
pia hearth log "$nb"
tell "Mara takes a calendar for the next semester out of it, and a table of all goals for her own records."
mara hearth export "$nb" --format ics --out meetings.ics
mara hearth export "$nb" --format csv --out tables
publish
