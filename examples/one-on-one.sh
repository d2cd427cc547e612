#!/usr/bin/env bash
# A year of two: 24 sessions, six goals, a review in the middle, and a good end.
. "$(dirname "$0")/lib.sh"

nb="Ana and Ben"

tell "# A year of two"
tell "Ana has led teams for fifteen years. Ben leads his first one since the autumn. They found each other through a
professional association, live in different towns, and agreed to meet every other Tuesday for a year. Each has a laptop
with \`hearth\` running, and nobody else is part of it."
person Ana
person Ben

tell "## December: they begin"
tell "Ana makes the notebook. Ben joins with a ticket that she sends him, and on the phone they compare six words: nobody
stands between them."
ana hearth notebook create "$nb" --form one-on-one
joins "$nb" ana mentee ben
ana hearth member verify "$nb" Ben
ana_ hearth member verify "$nb" Ben --match
ben_ hearth member verify "$nb" Ana --match
agree "$nb" ana ben

tell "The first meeting has an agenda of its own: stories, hopes, boundaries. Both write into the same notes."
ana hearth session plan "$nb" --at "2025-12-02 15:00" --zone Europe/Berlin --place "https://meet.example/ana" --template first
agree "$nb" ana ben
first="First session"
printf '%s\n' "Ben: I was promoted because I wrote good code. Now I sit in meetings about other people's code." \
  >"$stage/ben/notes.md"
ben_ hearth session notes "$first" --append --from notes.md
agree "$nb" ana ben
printf '%s\n' "Ana: My first year was the same. I kept doing the work myself at night." >"$stage/ana/notes.md"
ana_ hearth session notes "$first" --append --from notes.md
ana hearth session wrap "First session" --decision "Every other Tuesday, an hour, until the end of November" \
  --insight "He does not want to be told what to do. He wants to hear himself think." \
  --mentor-learned "To ask one more question before I answer" --mood 5 --next "2025-12-16 15:00"
agree "$nb" ana ben
ben_ hearth session wrap "First session" --learned "It is allowed to find this hard" --mood 4 --mood-text "Relieved"
ben_ hearth session attend "$first"
ana_ hearth session attend "$first"
agree "$nb" ana ben

tell "They write down how they want to work, each for themselves first, and sign what they agree on. The signature is under
the exact text."
ana_ hearth agreement edit "$nb" --topic purpose --mine "That Ben finds his own way to lead."
ben_ hearth agreement edit "$nb" --topic purpose --mine "To stop doing everybody's work."
agree "$nb" ana ben
ana_ hearth agreement edit "$nb" --topic purpose --consensus "Ben learns to lead without doing the work himself."
ana_ hearth agreement edit "$nb" --topic confidentiality --consensus "What is said stays between us. Ben's employer learns that we meet, and nothing else."
ana_ hearth agreement edit "$nb" --topic exit --consensus "Either of us may end it at any time, says so in a session, and owes no reason."
ana hearth agreement sign "$nb" --yes
agree "$nb" ana ben
ben hearth agreement sign "$nb" --yes
expect "signed by everybody"
agree "$nb" ana ben

tell "## January: six goals"
tell "Five are Ben's, and one is Ana's, for it goes both ways. A goal is written in the way that suits it."
ben hearth goal add "$nb" "Hand over the release work" --kind smart --why "I do it because I am fast, and so nobody learns it." \
  --unit "releases done by others" --baseline 0 --target 6 --due 2026-06-30
ben hearth goal add "$nb" "Lead meetings that people want to come to" --kind okr \
  --key-result "Meetings with an agenda the day before=1..8" --key-result "People who speak in the weekly=3..7"
ben_ hearth goal add "$nb" "Give feedback within the week" --kind woop --wish "I say it while it is fresh" \
  --outcome "Nobody is surprised in their yearly talk" --obstacle "I fear the silence after it" \
  --plan "If I notice that I put it off, I ask for ten minutes the same day"
ben_ hearth goal add "$nb" "Speak at the spring meeting" --kind smart --unit talks --baseline 0 --target 1 --due 2026-05-14
ben_ hearth goal add "$nb" "Read one book on leading"
ana_ hearth goal add "$nb" "Ask before I advise" --why "Ben told me when I did not."
agree "$nb" ana ben
ana hearth goal list "$nb"
ben hearth skill rate "$nb" "Delegating" 2 --on 2026-01-13
ana hearth skill rate "$nb" "Delegating" 2 --of Ben --note "He takes work back when it gets tight." --on 2026-01-13
ben_ hearth notebook phase "$nb" progress
agree "$nb" ana ben

# The second session was planned by the first; the others come one after the other.
session_of() {
  unseen ana hearth session list "$nb"
  find_session "$1"
}
day=2025-12-16
meet() {
  local decision=$1 mine=$2 yours=$3 id next
  next=$(date -d "$day + 14 days" +%F)
  id=$(session_of "$day")
  unseen ana hearth session wrap "$id" --decision "$decision" --learned "$yours" --mood 4 --next "$next 15:00"
  agree "$nb" ana ben
  unseen ben hearth session wrap "$id" --learned "$mine" --mood 4
  unseen ben hearth session attend "$id"
  unseen ana hearth session attend "$id"
  day=$next
}
meet "Start with the release work" "I explained it in ten minutes. I had thought it takes a day." "He plans better aloud"
meet "Six goals are enough" "Writing them down made two of them smaller" "Mine belongs on the list too"

tell "## Every other Tuesday"
tell "A session ends with what was decided and what each of them takes along; its next date is planned at once, and what is
left on the agenda, or still to be done, carries over. This one is from January."
ben_ hearth action add "$nb" "Let Mia do the next release alone" --due 2026-02-20
feb=$(session_of "$day")
agree "$nb" ana ben
ana hearth session agenda "$feb" "How do I not step in?" --minutes 20
ana hearth session wrap "$feb" --decision "Ben is on holiday when Mia releases" \
  --mentee-learned "If I am reachable, I am asked" --action-for Ben "Write down what only I know" --mood 4 \
  --next "$(date -d "$day + 14 days" +%F) 15:00"
unseen ben hearth session attend "$feb"
unseen ana hearth session attend "$feb"
day=$(date -d "$day + 14 days" +%F)
agree "$nb" ana ben
ben_ hearth goal progress "Hand over the release work" 1 --note "Mia did it. I was on the train and looked at cows." --on 2026-02-20
ben_ hearth action done "Let Mia do the next release alone"
meet "Two people learn the release work, not one" "I like it less than I thought that nobody needed me" "He says the hard thing himself"
meet "The weekly gets an agenda" "Silence is not disagreement" "I talk when I am nervous for him"
meet "A talk needs one sentence first" "I know what I want to say now" "To let him look for it"
ben_ hearth goal progress "Hand over the release work" 3 --on 2026-04-10
tell "Between two sessions Ben asks something, and Ana answers when she can."
ben hearth ask "$nb" "Somebody in my team cried when I gave feedback. Did I do it wrong?"
agree "$nb" ana ben
ana hearth answer "Somebody in my team cried when I gave feedback. Did I do it wrong?" \
  "Perhaps it was the first time that somebody took the work seriously. Ask her what she heard."
agree "$nb" ana ben
ben_ hearth resolve "Somebody in my team cried when I gave feedback. Did I do it wrong?"
meet "Ask what was heard" "She had heard that she is fired. I had said that the tests are slow." "To tell him about my own such day"
meet "Practise the talk once, aloud" "It is short, and that is good" "He is funny"
meet "Who speaks in the weekly, and who does not" "I am the one who does" "That I ask two things at once"
meet "Mia takes the on-call plan" "She asked for it. I had not seen that." "To say nothing for a whole minute"
meet "The talk is done" "I was not as nervous as before a one-on-one" "I was proud, and said so"
ben_ hearth goal progress "Speak at the spring meeting" 1 --on 2026-05-14
ben_ hearth goal status "Speak at the spring meeting" achieved --reason "The hall was full, and they laughed where they should"

tell "## June: a look at it in the middle"
tell "The review looks at how they work together. For what is hard to say they use a sealed exchange: neither can read the
other's words before both have committed to their own."
agree "$nb" ana ben
review=$(session_of "$day")
ana_ hearth session cancel "$review" --reason "We take the day for the review instead"
ana hearth session plan "$nb" --at "2026-06-02 16:30" --zone Europe/Berlin --template mid-point
ana_ hearth sealed start "$nb" --kind feedback --title "What I have not said yet"
agree "$nb" ana ben
ben hearth sealed commit "What I have not said yet" "Sometimes you tell me how it ends before I have found out."
ana_ hearth sealed commit "What I have not said yet" "You thank me too much. You did it."
agree "$nb" ana ben
ben_ hearth sealed open "What I have not said yet"
agree "$nb" ana ben
ana_ hearth sealed open "What I have not said yet"
agree "$nb" ana ben
ana hearth sealed show "What I have not said yet"
expect "before I have found out"
ana_ hearth session wrap "Mid-point review" --decision "Ana asks once more before she answers" --decision "Every session begins with what went well" \
  --mentee-learned "I may say such a thing" --mood 5 --next "2026-06-16 15:00"
ben hearth skill rate "$nb" "Delegating" 4 --on 2026-06-02
ana_ hearth skill rate "$nb" "Delegating" 4 --of Ben --note "He lets others be slower than he is." --on 2026-06-02
agree "$nb" ana ben

tell "## The second half"
day=2026-06-16
meet "Summer: shorter, on the phone" "Nothing burned down while I was away" "He rests"
ben_ hearth goal progress "Hand over the release work" 6 --note "I do not know any more when the next one is" --on 2026-06-26
ben_ hearth goal status "Hand over the release work" achieved --reason "Six by others, and the last two without a word from me"
meet "Hire for what we lack" "I looked for somebody like me" "So did I, for years"
meet "The new one starts with a small thing" "She is better than I am at it" "He can say that now"
meet "Say no to the second project" "It was a relief to all" "A no can be kind"
meet "Feedback every Thursday" "It takes four minutes" "He counts everything"
ben_ hearth goal status "Give feedback within the week" achieved --reason "The yearly talks held no surprise"
meet "Let the weekly be led by turns" "They lead it better" "To stay out of it"
ben_ hearth goal status "Lead meetings that people want to come to" achieved --reason "They lead them by turns now"
meet "Nothing. We just talked." "I have missed this" "So have I"
meet "Write down how we hire" "Half of it was in my head only" "He teaches now"
ana_ hearth goal status "Ask before I advise" achieved --reason "Ben says so, not I"
meet "Mia leads the team while I am away" "I did not look at my phone" "He did not, I asked"
meet "One more, then it ends" "I am a little sad" "Good ends need time"
agree "$nb" ana ben
ana hearth goal list "$nb"

tell "## November: the end"
tell "The last session follows the template for it. Then \`graduate\` walks each of them through the end; in a script, each
step is an option."
ana_ hearth notebook phase "$nb" winding-down
last=$(session_of "$day")
ana_ hearth session cancel "$last" --reason "The last one is the closure"
ana_ hearth session plan "$nb" --at "2026-11-24 15:00" --zone Europe/Berlin --template closure
agree "$nb" ana ben
ana_ hearth session wrap "Closure" --decision "We meet once more, in May, for a walk" --mood 5
ana_ hearth session attend "Closure"
agree "$nb" ana ben
ben_ hearth session attend "Closure"
ben_ hearth goal status "Read one book on leading" dropped --reason "I read half of three"
unseen ana hearth session list "$nb"
held=$(grep -o '"status":"held"' "$last_output" | wc -l)
[ "$held" = 24 ] || { echo "$held sessions were held, not 24" >&2; exit 1; }
ana_ hearth skill endorse "$nb" "Delegating" Ben --note "I saw a team that no longer waits for him."
ben hearth graduate "$nb" --goals "Five of six. The book can wait." --learning "I lead by asking. I did not know that this is leading." \
  --thanks "For the Tuesday in March when you only listened." --contact "Yes. And I owe you a walk."
agree "$nb" ana ben
tell "Ana says hers, signs a certificate of what Ben achieved, and closes the notebook. From here on it is an archive."
ana hearth graduate "$nb" --thanks "For telling me that I talk too soon." --notes "Ben keeps them. I keep nothing but this year." \
  --certify Ben --words "He came to learn how to lead others, and learned how to let them." --close --yes
expect "Closed by Ana"
agree "$nb" ana ben
tell "Ben takes his certificate, and a copy of everything that carries both of their signatures."
ben hearth graduate "$nb" --certificate certificate.txt --copy year.hearthsg
tell "Anybody can check it, on a computer that has never heard of either of them. Here is what it says."
mkdir "$stage/stranger"
cp "$stage/ben/certificate.txt" "$stage/ben/year.hearthsg" "$stage/stranger/"
stranger() { shown stranger "$@"; }
stranger hearth verify certificate.txt
expect "They held 24 sessions"
stranger hearth verify year.hearthsg
tell "Ana said that she keeps nothing. She destroys the keys on her devices, and Ben's notebook shows her receipt. What
this cannot promise, the command says itself."
ana hearth graduate "$nb" --destroy --yes
expect "Ben's copy is Ben's"
ben hearth graduate "$nb" --status
expect "said that it destroys its keys"
publish
