#!/usr/bin/env bash
# A circle of five peers who work through a set with the clock running.
. "$(dirname "$0")/lib.sh"

nb="Tuesday circle"
all=(aya bruno chloe dev emil)

tell "# A circle of five"
tell "Aya, Bruno, Chloe, Dev and Emil all run small workshops: bicycles, bread, print, repair, wood. None of them is the
mentor. Once a month one of them brings something that keeps them awake, and the others ask."
for name in Aya Bruno Chloe Dev Emil; do person "$name"; done
aya hearth notebook create "$nb" --form peer --template action-learning
joins "$nb" aya peer bruno chloe dev emil
agree "$nb" "${all[@]}"

tell "The rules come first, in their own words, signed by all five."
aya_ hearth agreement edit "$nb" --topic confidentiality --consensus "Numbers and names stay here. What we learned may be told, without them."
aya_ hearth agreement edit "$nb" --topic rhythm --consensus "The first Tuesday of the month, at Bruno's, after the shops have closed."
aya_ hearth agreement edit "$nb" --topic scope --consensus "We ask. Advice only to whoever asks for it."
agree "$nb" "${all[@]}"
for name in "${all[@]}"; do
  unseen "$name" hearth agreement sign "$nb" --yes
  agree "$nb" "${all[@]}"
done
emil hearth agreement show "$nb"
expect "signed by everybody"

tell "## The set"
tell "An action-learning set has stages with their minutes. Whoever starts it sets the clock for all; who presents, who
leads and who takes notes goes round by itself."
aya_ hearth session plan "$nb" --at "2026-02-03 19:30" --zone Europe/Berlin --place "Bruno's bakery" --title "February"
agree "$nb" "${all[@]}"
aya hearth circle start "$nb" --session February
agree "$nb" "${all[@]}"
tell "The same moment on Chloe's screen, in another town: she is ill, and there by telephone."
chloe hearth circle show "$nb"
expect "Presentation"
tell "They go on when they are ready, not when the bell rings. Anybody can say so."
dev_ hearth circle next "$nb"
agree "$nb" "${all[@]}"
printf '%s\n' "Bruno: what happens if you do nothing?" >"$stage/bruno/notes.md"
printf '%s\n' "Emil: who else would mind?" >"$stage/emil/notes.md"
printf '%s\n' "Chloe: when was it last easy?" >"$stage/chloe/notes.md"
bruno_ hearth session notes February --append --from notes.md &
emil_ hearth session notes February --append --from notes.md &
wait_ids=$(jobs -p | tail -n 2)
for pid in $wait_ids; do wait "$pid"; done
chloe_ hearth session notes February --append --from notes.md
agree "$nb" "${all[@]}"
tell "Three wrote their questions at the same time, on three computers. All of them are there, for everybody."
dev hearth session show February
expect "who else would mind?"
expect "what happens if you do nothing?"
until grep -q '"running":false' "$last_output"; do
  unseen aya hearth circle next "$nb"
done
agree "$nb" "${all[@]}"
aya_ hearth session wrap February --decision "Aya asks the landlord before she looks for another place" \
  --insight "The rent is not the problem. The silence about it is." --action "Call the landlord" --mood 5
agree "$nb" "${all[@]}"
for name in "${all[@]}"; do unseen "$name" hearth session attend February; done
agree "$nb" "${all[@]}"

tell "## One month later"
tell "Dev is away. The roles go on without him, and he is not skipped for good: it is his turn when he is back."
aya_ hearth session plan "$nb" --at "2026-03-03 19:30" --zone Europe/Berlin --place "Bruno's bakery" --title "March"
agree "$nb" "${all[@]}"
bruno hearth circle start "$nb" --session March --absent Dev
expect "Dev"
agree "$nb" "${all[@]}"
aya hearth action list "$nb" --open
aya hearth action done "Call the landlord"
until grep -q '"running":false' "$last_output"; do
  unseen bruno hearth circle next "$nb"
done
agree "$nb" "${all[@]}"

tell "## What they see of each other"
tell "Whoever wants to says what they can do, and the others say what they see. It is their own word, with their own name
under it."
emil_ hearth skill rate "$nb" "Saying no to a customer" 2 --on 2026-02-03
bruno hearth skill rate "$nb" "Saying no to a customer" 3 --of Emil --note "He said it to me, and I came back." --on 2026-03-03
bruno_ hearth skill endorse "$nb" "Saying no to a customer" Emil --note "I am the customer."
agree "$nb" "${all[@]}"
emil hearth skill list "$nb"
expect "Bruno"

tell "No one of them could change what another wrote without all of them seeing it. This checks every signature."
chloe hearth verify
publish
