direction = ltr

not-let-in = Dieser Browser ist nicht eingelassen. Öffnen Sie den Link, den hearth up gezeigt hat; jeder Link lässt einen Browser ein, einmal. Die Einstellungen eines Browsers, der eingelassen ist, machen einen weiteren; gibt es keinen mehr, beenden Sie hearth up und starten Sie es neu.
nothing-at-address = Unter dieser Adresse ist nichts.
more-than-taken = Das ist mehr, als die Seite auf einmal annimmt.

# Um jede Seite
skip = Zum Inhalt
search = Suche
menu = Menü
close-menu = Menü schließen
today = Heute
press-slash = Taste /
notebooks = Notizbücher
create-or-join = Beginnen oder beitreten
only-your-devices = Nur auf Ihren Geräten
journal = Tagebuch
private-word = privat
private = Privat
this-node = Dieser Knoten
sync-and-mirrors = Abgleich und Spiegel
settings = Einstellungen
more = Mehr
in-the-margin = Am Rand
you-are = Sie sind { $name }, auf { $device }.
chosen-network = Gewählte Verbindung: { $network }.
notebook-not-here = Ein Heft, das sich nicht lesen lässt
lock-now = Seite sperren
foot = Diese Seite kommt von Ihrem eigenen Knoten und lädt nichts von anderswo.
printed = Gedruckt am { $date }. Papier ist nicht verschlüsselt.
network-direct = direkt
network-lan = gleiches Netz
network-relay = ein Relais Ihrer Wahl
network-public = öffentliche Relais
role-mentor = Mentor·in
role-mentee = Mentee
role-peer = Peer
role-observer = liest mit
part-home = Übersicht
part-sessions = Sitzungen
part-goals = Ziele
part-agreement = Vereinbarung
part-people = Personen & Geräte
part-questions = Fragen
part-feedback = Rückmeldung
part-skills = Fähigkeiten
part-resources = Material
part-history = Verlauf
part-move = Export, Import, Ende
form-one-on-one = Eine Mentorin, ein Mentee
form-group = Eine Mentorin und eine Gruppe
form-peer = Ein Kreis von Peers
lost-node = Die Seite hat den Knoten verloren. Was Sie sehen, ist der Stand davor.

# Wer liest, wie es um andere steht
standing-label = Wer dieses Notizbuch lesen kann, und wann andere zuletzt gehört wurden
shared = Geteilt
only-you = Bisher nur Sie
readers-count = { $people ->
    [one] 1 Person
   *[other] { $people } Personen
  }, { $devices ->
    [one] 1 Gerät
   *[other] { $devices } Geräte
  } mit Lesezugang
peer-connected = { $name }: verbunden, { $path }
peer-seen = { $name }: zuletzt gehört { $ago }
peer-never = { $name }: noch nicht gehört
peer-unknown = { $name }: unbekannt
device-connected = Verbunden, { $path }
device-seen = Zuletzt gehört { $ago }
device-never = Noch nicht gehört
device-unknown = Unbekannt
path-direct = direkt
path-relay = über ein Relais
path-lan = gleiches Netz
path-none = Weg unbekannt
confirmed-all = Hat alle Ihre Änderungen bestätigt, zuletzt gehört { $at }.
confirmed-but = Hat { $behind ->
    [one] Ihre letzte Änderung
   *[other] Ihre letzten { $behind } Änderungen
  } nicht bestätigt ({ $at }).
has-more = Hat alle Ihre Änderungen bestätigt und nennt { $ahead }, die hier fehlen ({ $at }).
confirmed-but-has-more = Hat { $behind } Ihrer Änderungen nicht bestätigt und nennt { $ahead }, die hier fehlen ({ $at }).
confirmed-unknown = Was es hat, ist unbekannt.

# Tage und Zeiten
date-long = { $weekday }, { $day }. { $month } { $year }
date-short = { $day }. { $month }
date-short-year = { $day }. { $month } { $year }
date-near = { $weekday }, { $date }
time-span = { $from } bis { $to }
time-there = ({ $time } in { $city })
tomorrow = Morgen
now = jetzt
a-moment-ago = eben
minutes-ago = vor { $count } min
hours-ago = vor { $count } h
days-ago = { $count ->
    [one] vor 1 Tag
   *[other] vor { $count } Tagen
  }
in-minutes = in { $count ->
    [one] 1 Minute
   *[other] { $count } Minuten
  }
in-hours = in { $count ->
    [one] 1 Stunde
   *[other] { $count } Stunden
  }
days-late = { $count ->
    [one] 1 Tag überfällig
   *[other] { $count } Tage überfällig
  }
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember
month-short-1 = Jan.
month-short-2 = Feb.
month-short-3 = März
month-short-4 = Apr.
month-short-5 = Mai
month-short-6 = Juni
month-short-7 = Juli
month-short-8 = Aug.
month-short-9 = Sep.
month-short-10 = Okt.
month-short-11 = Nov.
month-short-12 = Dez.
weekday-1 = Montag
weekday-2 = Dienstag
weekday-3 = Mittwoch
weekday-4 = Donnerstag
weekday-5 = Freitag
weekday-6 = Samstag
weekday-7 = Sonntag
weekday-short-1 = Mo
weekday-short-2 = Di
weekday-short-3 = Mi
weekday-short-4 = Do
weekday-short-5 = Fr
weekday-short-6 = Sa
weekday-short-7 = So

# Formulare und Fehler
field-missing = „{ $field }“ ist leer.
confirm-missing = Setzen Sie das Häkchen, um zu zeigen, dass Sie es so meinen.
passphrase = Passphrase
passphrase-why = Noch einmal gefragt, denn das reicht über die Seite hinaus.
passphrase-wrong = Diese Passphrase öffnet das Notizbuch nicht.
locked-title = Die Seite ist gesperrt
locked-why = Sie wurde gesperrt, oder eine Weile hat sie niemand benutzt. Was Sie gespeichert hatten, ist auf diesem Gerät.
locked-kept = Die Seite war inzwischen gesperrt. Was Sie geschrieben haben, steht noch hier: Senden Sie es noch einmal.
unlock = Entsperren
failed = Das ging nicht
failed-not-found = Hier ist nichts
failed-safe = Was Sie gespeichert hatten, ist sicher auf diesem Gerät.
back-to-today = Zurück zu Heute

# Heute
today-lede = Zusammengetragen aus { $count ->
    [one] Ihrem Notizbuch
   *[other] { $count } Notizbüchern
  } und Ihrem Tagebuch. Nur Sie sehen diese Seite.
today-lede-none = Nur Sie sehen diese Seite.
no-notebook = Sie haben noch kein Notizbuch
no-notebook-why = Beginnen Sie eines und schreiben Sie zunächst allein, oder treten Sie mit einer Einladung bei.
next-session = Nächste Sitzung
no-session-planned = Keine Sitzung ist geplant.
plan-in = Sitzung in { $notebook } planen
open-session = Sitzung öffnen
prepare = Vorbereiten
wrap-up = Abschließen
not-wrapped-up = Noch nicht abgeschlossen:
yours-to-do = Für Sie zu tun
nothing-due = In den nächsten Tagen ist nichts fällig.
others-to-do = { $count ->
    [one] Eine Aufgabe für andere
   *[other] { $count } Aufgaben für andere
  }
mark-done = Als erledigt markieren
status-done = erledigt
status-dropped = aufgegeben
waiting-for-you = Wartet auf Ihr Wort
agreement-unsigned-by-you = Vereinbarung von { $notebook }: Sie haben nicht unterschrieben.
agreement-unsigned-by-others = Vereinbarung von { $notebook }: Sie haben unterschrieben, andere nicht.
read-and-sign = Lesen und unterschreiben
read = Lesen
question-open = { $name } fragt: „{ $text }“
question-answered = Ihre Frage wurde beantwortet: „{ $text }“
answer = Antworten
sealed-waits = Versiegelte Rückmeldung in { $notebook }: Sie wartet auf Sie.
sealed-next-commit = Ihre schreiben
sealed-next-open = Ihre öffnen
heard-from = Gehört von
jot-label = Eine Zeile für Ihr Tagebuch
jot-hint = { $count ->
    [one] Nur dieses Gerät hat sie.
   *[other] Nur Ihre { $count } Geräte haben sie.
  }
keep-in-journal = Im Tagebuch behalten
kept-in-journal = In Ihrem Tagebuch.
action-marked-done = Als erledigt markiert.

# Übersicht eines Notizbuchs
notebook-lede = { $form }, seit { $since }
phase = Phase
phase-rapport = Kennenlernen
phase-direction = Richtung
phase-progress = Fortschritt
phase-winding-down = Ausklang
phase-closed = Abgeschlossen
change-phase = Phase ändern
phase-changed = Die Phase ist geändert.
all-sessions = { $count ->
    [one] Die Sitzung
   *[other] Alle { $count } Sitzungen
  }
no-session = Keine Sitzung ist geplant
no-session-why = Einigen Sie sich auf eine Zeit; eine Vorlage bringt eine Tagesordnung mit.
plan-session = Sitzung planen
measure-figures = { $current } { $unit }, von { $from } auf { $to }
milestone-figures = { $done } von { $all } Zwischenzielen
due = fällig
goals = Ziele
all-goals = Alle Ziele
no-goal = Es gibt noch kein Ziel
no-goal-why = Was soll in einigen Monaten anders sein? Ein Satz genügt.
add-goal = Ziel hinzufügen
goal-status-proposed = Vorgeschlagen
goal-status-active = Aktiv
goal-status-paused = Ruht
goal-status-achieved = Erreicht
goal-status-dropped = Aufgegeben
learned-last-time = Was wir letztes Mal gelernt haben
agreement = Vereinbarung
agreement-state-empty = Noch ist nichts vereinbart.
agreement-state-unsigned = Sie ist geschrieben, und niemand hat diesen Text unterschrieben.
agreement-state-partly = Manche haben diesen Text unterschrieben, andere nicht.
agreement-state-signed = Alle haben diesen Text unterschrieben.
read-agreement = Vereinbarung lesen
who-can-read = Wer das lesen kann
computed-from-keys = Berechnet aus den Schlüsseln, nicht aus einer Einstellung.
since-when = Seit wann, Gerät für Gerät
mirror-holds-no-key = Der Spiegel „{ $name }“ speichert dieses Notizbuch und hat keinen Schlüssel, der es öffnet.
other-devices = Andere Geräte
alone = Sie sind hier allein
alone-why = Sie können jetzt schreiben und jemanden einladen, wenn Sie so weit sind.
invite-someone = Jemanden einladen

# Tastatur
keyboard = Tastatur
palette = Gehe zu
letters = Einzelne Buchstaben tun etwas
close = Schließen
key-search = Suche
key-palette = überallhin gehen
key-help = diese Liste
key-today = Heute
key-home = Übersicht des Notizbuchs
key-sessions = Sitzungen
key-goals = Ziele
key-agreement = Vereinbarung
key-people = Personen
key-new = Neues von dem, was hier steht
key-rows = nächste und vorige Zeile
key-done = Zeile als erledigt markieren
key-save = speichern
key-leave = Feld oder Dialog verlassen

# Ziele
goals-lede = { $active ->
    [0] Keines ist aktiv
    [one] Eines ist aktiv
   *[other] { $active } sind aktiv
  }{ $proposed ->
    [0] .
    [one] , eines ist vorgeschlagen.
   *[other] , { $proposed } sind vorgeschlagen.
  }
goal-group-active = Aktiv
goal-group-proposed = Vorgeschlagen
goal-group-paused = Ruhend
goal-group-achieved = Erreicht
goal-group-dropped = Aufgegeben
goal-kind-plain = einfach
goal-kind-smart = gemessen (SMART)
goal-kind-okr = Schlüsselergebnisse (OKR)
goal-kind-woop = Wunsch und Hindernis (WOOP)
goal-title = Was erreicht werden soll
goal-title-hint = Ein Satz, den beide gleich verstehen.
goal-why = Warum es zählt
goal-added = Das Ziel ist aufgeschrieben.
goal-act-recorded = Der Fortschritt ist festgehalten.
goal-act-milestone = Das Zwischenziel ist hinzugefügt.
goal-act-reached = Das Zwischenziel ist erreicht.
goal-act-status = Der Status ist geändert.
goal-act-saved = Auf diesem Gerät gespeichert.
owner = Zuständig
kind = Art
due-on = Fällig
measure-fields = Woran Sie es messen
okr-fields = Schlüsselergebnisse, zwei bis fünf, für ein OKR-Ziel
woop-fields = Wunsch, Ergebnis, Hindernis und Plan, für ein WOOP-Ziel
unit = Einheit
baseline = Jetzt
target = Zielwert
key-result-nth = Schlüsselergebnis { $nth }
key-results = Schlüsselergebnisse
woop-wish = Wunsch
woop-outcome = Bestes Ergebnis
woop-obstacle = Inneres Hindernis
woop-plan = Wenn es auftaucht, dann werde ich
number-invalid = „{ $text }“ ist keine Zahl.
baseline-row = Wo es begann
chart-description = Von { $from } { $unit } am { $first } auf { $to } { $unit } am { $last }. Der Zielwert ist { $target } { $unit }.
target-label = Zielwert: { $value } { $unit }
progress = Fortschritt
same-figures = Dieselben Zahlen als Tabelle
date = Datum
note = Notiz
record-progress = Fortschritt festhalten
value-in = Wie viel jetzt ({ $unit })
measured-on = Gemessen am
today-if-empty = Heute, wenn Sie es leer lassen.
now-at = Jetzt bei
save = Speichern
milestones = Zwischenziele
milestone = Zwischenziel
no-milestone = Noch kein Zwischenziel.
mark-reached = Als erreicht markieren
reached = Erreicht
add-milestone = Zwischenziel hinzufügen
edit-goal = Ziel bearbeiten
change-status = Status ändern
status = Status
reason = Grund
reason-hint = Gewünscht, wenn ein Ziel ruht, erreicht oder aufgegeben ist.
this-goal = Dieses Ziel
since = Seit
way = Weg bisher
last-changed-by = Zuletzt geändert von
history = Verlauf
latest-entry = Letzter Eintrag
open-actions = Offene Aufgaben
no-open-action = Keine.
add-action = Aufgabe hinzufügen
action-title = Was zu tun ist
action-added = Die Aufgabe ist aufgeschrieben.
comments = Kommentare
comment = Kommentar
add-comment = Kommentar hinzufügen
comment-added = Der Kommentar ist hinzugefügt.

# Everything else
to-come = Kommende
held-before = Frühere
sessions = Sitzungen
calendar = Kalender
calendar-why = Alle Sitzungen lassen sich als Kalenderdatei exportieren.
export = Exportieren
no-template = Ohne Vorlage
starts = Beginn
minutes = Minuten
template = Vorlage
title = Titel
title-hint = Leer: der Titel der Vorlage.
place = Ort oder Link
place-hint = Ein Raum, oder der Link eines Anrufs.
comes-again = Wiederholung
zone = Zeitzone
zone-hint = Dort behält die Sitzung ihre Ortszeit.
every-never = keine
every-1w = jede Woche
every-2w = alle zwei Wochen
every-3w = alle drei Wochen
every-4w = alle vier Wochen
every-1m = jeden Monat
session-status-held = gehalten
session-status-cancelled = abgesagt
session-status-planned = geplant
session-planned = Die Sitzung ist geplant.
session-cancelled = Diese Sitzung wurde abgesagt.
stage = Stand der Sitzung
stage-prepare = Vorbereiten
stage-live = Im Gespräch
stage-wrap = Abschließen
notes = Notizen
notes-label = Gemeinsame Notizen der Sitzung, in Markdown
save-notes = Notizen speichern
notes-merge = Was andere inzwischen schreiben, bleibt.
notes-tools = Formatierung
notes-tool-bold = Fett
notes-tool-italic = Kursiv
notes-tool-heading = Überschrift
notes-tool-list = Liste
notes-kept = Auf diesem Gerät gespeichert.
notes-keeping = Wird gespeichert …
notes-wait = In diesem Fenster behalten. Zeichen, die auf Ihren Knoten warten:
notes-shut = Diese Notizen nehmen aus diesem Fenster nichts mehr an. Kopieren Sie, was Sie geschrieben haben, und laden Sie die Seite neu.
here-now = Gerade hier
you-here = Sie
here-too = Auch hier:
writing-now = schreibt
merged = Zusammengeführt
merged-edits = { $count ->
    [one] Eine Änderung zusammengeführt, die offline geschrieben wurde von
   *[other] { $count } Änderungen zusammengeführt, die offline geschrieben wurden von
}
merged-review = ansehen
merged-lede = Was Geräte in die Notizen geschrieben haben, die nicht verbunden waren, jeweils neben dem, was sie vorher hatten. Es steht schon in den Notizen.
merged-elsewhere = Die Notizen blieben, wie sie waren. Der Verlauf sagt, was sich sonst geändert hat.
merged-none = Es gibt nichts, das nachträglich kam und das noch niemand angesehen hat.
merged-seen = Ich habe es angesehen
merged-was-seen = Darauf wird nicht mehr hingewiesen. Im Verlauf bleibt es stehen.
merged-back = Zurück zur Sitzung
read-notes = So liest es sich
no-notes = Es gibt keine Notizen.
write-on = Weiterschreiben
who-may-hear = Wer davon hören darf
sharing-pair-only = Nur unter uns
sharing-quotable-with-consent = Darf nach Rückfrage zitiert werden
sharing-shareable = Darf weitergegeben werden
notes-saved = Auf diesem Gerät gespeichert.
notes-merged = Gespeichert, zusammen mit dem, was andere inzwischen geschrieben haben.
agenda = Tagesordnung
minutes-planned = { $planned } von { $minutes } Minuten verplant
minutes-short = { $count } min
brought-by = Eingebracht von
carried-over = übernommen
item-done = Erledigt
add-item = Punkt hinzufügen
item = Punkt
list-decisions = Entscheidungen
list-insights = Einsichten
list-one-decision = Entscheidung
list-one-insight = Einsicht
add-decision = Entscheidung hinzufügen
add-insight = Einsicht hinzufügen
actions = Aufgaben
attended = Dabei gewesen
nobody-confirmed = Noch hat es niemand bestätigt.
i-was-here = Ich war dabei
change-session = Sitzung ändern
whole-series = Die ganze Reihe von hier an
cancel-session = Absagen
print = Drucken
prepare-label = Ihre Vorbereitung
from-your-journal = Aus Ihrem Tagebuch. Nur Ihre eigenen Geräte haben es.
session-act-item = Der Punkt steht auf der Tagesordnung.
session-act-item-done = Als erledigt markiert.
session-act-saved = Auf diesem Gerät gespeichert.
session-act-attended = Sie haben bestätigt, dass Sie dabei waren.
session-act-cancelled = Die Sitzung ist abgesagt.
session-act-wrapped = Die Sitzung ist abgeschlossen.
not-said = keine Angabe
mood-1 = schlecht
mood-2 = nicht gut
mood-3 = mittel
mood-4 = gut
mood-5 = sehr gut
what-you-learned = Was Sie gelernt haben
others-read-this = Alle in diesem Notizbuch lesen das.
how-was-it = Wie es für Sie war
next-date = Nächste Sitzung
topics = Themen
no-answer = Noch hat niemand geantwortet.
agreed = Vereinbart
not-agreed-yet = Dazu ist noch nichts vereinbart.
also-written = Außerdem geschrieben
choose-between = Zwischen gleichzeitig Geschriebenem wählen
write-answer = Antwort schreiben
your-answer = Ihre Antwort
agreed-hint = Das, was alle unterschreiben. Ein anderer Buchstabe ist ein neuer Text.
topic-purpose = Zweck
topic-outcomes = Ergebnisse
topic-rhythm = Rhythmus und Dauer
topic-agenda = Wer die Tagesordnung setzt
topic-contact = Kontakt zwischen den Treffen
topic-cancellation = Absagen und Ausbleiben
topic-scope = Was Thema ist und was nicht
topic-confidentiality = Vertraulichkeit und ihre Ausnahmen
topic-disclosure = Wer davon wissen darf
topic-conflict = Konflikt und eine benannte dritte Person
topic-exit = Ausstieg ohne Schuld
topic-notes = Was am Ende aus den Notizen wird
topic-review = Wann wir das wieder ansehen
go-to-signing = Zum Unterschreiben
sign-title = Diesen Text unterschreiben
hash-of-text = Prüfsumme dieses Textes
signed-this-hash = hat diese Prüfsumme unterschrieben
on-device = auf { $device }
does-not-count = zählt nicht
has-not-signed = hat nicht unterschrieben
sign-sure = Ich habe den vereinbarten Text gelesen und unterschreibe genau ihn.
sign = Unterschreiben
sign-on-paper = Unterschrift und Datum, falls auch auf Papier unterschrieben wird: ______________________________
you-signed = Sie haben diesen Text unterschrieben.
versions = Fassungen
nobody-signed = von niemandem unterschrieben
signed-by = unterschrieben von
review = Wiedervorlage
if-you-disagree = Bei Uneinigkeit
what-signature-shows = Was eine Unterschrift zeigt
what-signature-shows-why = Dass ein Gerät dieser Person genau diesen Text unterschrieben hat. Sie ist kein Siegel eines Gerichts und sagt nicht, wer sonst im Raum war.
saved-here = Auf diesem Gerät gespeichert.
people = Personen
people-lede = Wer in diesem Notizbuch ist, welche Geräte seinen Schlüssel haben und was jedes bestätigt hat.
you-name = Sie, { $name }
admin = lässt andere ein
this-device = Dieses Gerät
since-day = seit { $day }
link-device = Weiteres Gerät verbinden
words-compared = Wörter verglichen
words-differed = Wörter waren verschieden
words-not-compared = Wörter nicht verglichen
compare-words-with = Wörter mit { $name } vergleichen
change-role = Rolle ändern
role = Rolle
role-changed = Die Rolle ist geändert.
remove-from-notebook = Aus dem Notizbuch entfernen
remove-why = { $name } behält, was bisher lesbar war. Neues bekommt einen neuen Schlüssel, den { $name } nicht erhält.
remove-sure = Ja, { $name } entfernen.
remove-name = { $name } entfernen
member-removed = Entfernt. Neues bekommt einen neuen Schlüssel.
invite-why = Eine Einladung gilt einmal. Wer sie hat, kann beitreten: Geben Sie sie niemandem sonst, und vergleichen Sie danach die Wörter.
good-for = Gültig
good-until = gültig bis { $at }
make-invitation = Einladung erstellen
revoke-invitation = Zurückziehen
invitation-revoked = Die Einladung öffnet nichts mehr.
if-you-remove = Wenn Sie jemanden entfernen
if-you-remove-why = Die Person behält, was sie bisher lesen konnte. Neues bekommt einen neuen Schlüssel, den sie nicht erhält.
invitation = Einladung
invitation-line = Die Einladung, eine Zeile Text
invitation-how = Schicken Sie sie auf einem Weg, dem Sie trauen. Sie gilt einmal, bis { $at }, solange dieser Knoten läuft.
copied = Kopiert
copy = Kopieren
done = Fertig
keep-as-file = Als Datei sichern
invitation-qr = Die Einladung als Code für eine Kamera
invitation-qr-why = Für jemanden neben Ihnen.
what-then = Was dann
what-then-why = Sobald die Person beigetreten ist, vergleichen Sie mit ihr die Wörter, am Telefon oder von Angesicht zu Angesicht.
your-words = Ihre Wörter
compare-how = Treffen Sie { $name }, oder rufen Sie an. Lassen Sie { $name } zuerst vorlesen. Schicken Sie die Wörter nicht als Nachricht: Wer die Einladung tauschen konnte, kann auch die Nachricht tauschen.
words-match = Alle stimmen überein
words-differ = Sie sind verschieden
not-now = Nicht jetzt
compare-then = Stimmen sie überein, gilt der Schlüssel von { $name } als von Ihnen verglichen. Sind sie verschieden, wird mit { $name } nichts mehr ausgetauscht, und wo Sie das dürfen, endet diese Mitgliedschaft: Bitten Sie von Angesicht zu Angesicht um eine neue Einladung.
decided-match = Als verglichen markiert.
decided-differ = Als verschieden markiert. Schreiben Sie hier nichts, was andere nicht lesen dürfen.
decided-differ-removed = Als verschieden markiert und aus dem Heft entfernt: Neues erreicht diese Person nicht mehr.
decided-differ-stays = Als verschieden markiert. Die Person ist noch im Heft; entfernen kann sie dort: { $names }. Schreiben Sie hier nichts, was andere nicht lesen dürfen.
person = Person
device = Gerät
recovery-phrase = Wiederherstellungswörter
readers-now = Personen und Geräte, die den Schlüssel des jetzigen Textes haben
readers-before = Wer früher lesen konnte
readers-before-why = Sie behalten, was sie hatten. Neues bekommen sie nicht.
usual-role = wie bei dieser Form üblich
start-notebook = Ein Notizbuch beginnen
start-notebook-why = Schreiben Sie zunächst allein, und laden Sie jemanden ein, wenn Sie so weit sind.
notebook-title = Wie es heißt
notebook-title-hint = Alle darin sehen das.
who-is-it-for = Für wen ist es?
you-are-its = Sie sind darin
create-notebook = Notizbuch anlegen
join-notebook = Mit einer Einladung beitreten
join-notebook-why = Jemand hat Ihnen eine Zeile Text oder eine Datei geschickt.
invitation-hint = Beginnt mit hearth1. Sie gilt einmal.
invitation-file = Datei wählen
join-waits = Das andere Gerät muss eingeschaltet sein. Das kann eine Minute dauern.
what-it-reveals = Was eine Verbindung verrät
change = Ändern
notebook-created = Das Notizbuch ist angelegt. Sie können jetzt schreiben und jemanden einladen, wenn Sie so weit sind.
joined-compare = Sie sind beigetreten. Vergleichen Sie als Nächstes die Wörter.
questions = Fragen
no-question = Keine Frage ist offen
no-question-why = Fragen Sie, was Sie beim Kaffee fragen würden. Antworten dürfen warten.
ask-question = Eine Frage stellen
your-question = Ihre Frage
ask = Fragen
asked = Gefragt.
answered = Beantwortet.
resolved = Geklärt
mark-resolved = Als geklärt markieren
resolved-done = Als geklärt markiert.
feedback = Rückmeldung
sealed-exchanges = Versiegelte Rückmeldungen
sealed-why = Beide schreiben, und niemand kann lesen, was andere schrieben, bevor sich alle festgelegt haben.
open-feedback = Offene Rückmeldung
no-feedback = Noch hat niemand eine Rückmeldung gegeben.
no-feedback-why = Sagen Sie, wo es war, was jemand tat, was es mit Ihnen machte und worum Sie bitten.
example-feedback = Am Montag, als ich nicht weiterkam
feedback-situation = Situation
feedback-behaviour = Verhalten
feedback-impact = Wirkung
feedback-request = Wunsch
feedback-text = Sonst noch
sealed-kind-feedback = Rückmeldung
sealed-kind-expectations = Erwartungen
sealed-kind-rating = Bewertung
sealed-state-committing = wird geschrieben
sealed-state-opening = alle haben sich festgelegt
sealed-state-open = offen
sealed-state-withdrawn = zurückgezogen
sealed-state-imported = importiert
has-opened = hat geöffnet
has-committed = hat sich festgelegt
not-committed = hat sich nicht festgelegt
rating-of = Bewertung: { $value } von 5
rating = Bewertung, 1 bis 5
your-text = Ihr Text
commit-hint = Er bleibt in Ihrem Tagebuch, bis Sie ihn öffnen. Danach lässt er sich nicht mehr ändern.
commit = Festlegen
open-yours = Ihren öffnen
waits-for-others = Es wartet auf die anderen.
withdraw = Zurückziehen
start-sealed = Versiegelte Rückmeldung beginnen
what-about = Worüber
give-feedback = Rückmeldung geben
for-whom = Für wen
feedback-given = Ihre Rückmeldung ist aufgeschrieben.
sealed-act-started = Der Austausch hat begonnen.
sealed-act-committed = Sie haben sich festgelegt. Niemand liest es, bevor Sie es öffnen.
sealed-act-opened = Ihres ist offen.
sealed-act-withdrawn = Zurückgezogen.
skills = Fähigkeiten
skills-lede = Was jemand können möchte, damals und jetzt.
no-skill = Noch ist keine Fähigkeit aufgeschrieben
no-skill-why = Nennen Sie eine, und sagen Sie, wie gut es heute geht.
then-and-now = Damals und jetzt, wie sich alle selbst sehen
skill = Fähigkeit
then = Damals
now-word = Jetzt
from-to = damals { $from }, jetzt { $to }
endorsed-by = Bestätigt von
add-evidence = Beleg hinzufügen
evidence = Was getan oder gesehen wurde
link = Link
endorse = Bestätigen
endorse-why = Eine Unterschrift darunter, dass Sie diese Fähigkeit bei jemandem gesehen haben.
what-you-saw = Was Sie gesehen haben
endorse-sure = Ich unterschreibe, dass ich es gesehen habe.
endorsed = Sie haben die Bestätigung unterschrieben.
anchor-1 = Neu darin: weiß, was es ist, und hat es noch nicht getan
anchor-2 = Am Anfang: tut es mit Hilfe, oder Schritt für Schritt nach einer Anleitung
anchor-3 = Sicher: macht die üblichen Fälle allein
anchor-4 = Stark: macht schwierige Fälle, und andere kommen und fragen
anchor-5 = Lehrend: prägt, wie es getan wird, und hilft anderen, es zu lernen
rate = Einschätzen
add-skill = Fähigkeit hinzufügen
how-well = Wie gut
whose = Wessen
rated = Die Einschätzung ist aufgeschrieben.
resources = Material
no-resource = Hier liegt noch nichts
no-resource-why = Ein Link oder ein Buch, und warum es zählt.
all-resources = Alle
put-away = Weglegen
add-resource = Material hinzufügen
why-it-matters = Warum es zählt
tags = Schlagwörter
tags-hint = Durch Kommas getrennt.
resource-put-away = Weggelegt.
file = Datei
add-file = Datei anhängen
file-hint = Ziehen Sie eine hierher, oder wählen Sie sie aus. Sie bleibt versiegelt auf diesem Gerät, bis jemand sie will; hat das Notizbuch einen Spiegel, verwahrt er sie auch.
file-most = Höchstens { $count } GiB.
file-title-hint = Bleibt das leer, der Name der Datei.
file-sending = Aufgenommen bis jetzt:
file-broken = Die Datei wurde nicht hinzugefügt, und nichts von ihr bleibt hier. Sehen Sie nach, ob sie noch zu lesen ist, und versuchen Sie es noch einmal.
file-needs-script = Dafür braucht es die Skripte dieser Seite, die in diesem Browser aus sind.
file-keep = Kopie speichern
file-elsewhere = noch nicht auf diesem Gerät
file-fetch = Holen
file-lost = Die Seite hat ihren Knoten verloren. Laden Sie sie neu; was von der Datei kam, bleibt.
file-is-here = Sie ist hier.
file-share = { $share } % davon sind hier.
file-from = Sie kommt von { $names }.
file-nobody = Gerade ist niemand verbunden, der sie hat. Hinzugefügt hat sie { $name }: Sie kommt, sobald eines der Geräte dieser Person oder ein anderes, das sie hat, verbunden ist. Es geht weiter, solange die Seite offen ist, und was kam, bleibt.
file-lacking = Verbunden, und ohne sie: { $names }.
file-wrong = Hat etwas anderes geschickt, das nicht genommen wurde: { $names }.
file-mirror = der Spiegel { $device }
file-device = { $name } ({ $device })
file-bytes = { $count ->
    [one] ein Byte
   *[other] { $count } Byte
}
file-kib = { $count } KiB
file-mib = { $count } MiB
about-nothing = kein Notizbuch
new-entry = Neuer Eintrag
about = Über
journal-empty = Ihr Tagebuch ist leer
journal-why = Was Sie hier schreiben, bleibt auf Ihren eigenen Geräten.
entries = Einträge
copy-into-notebook = In ein Notizbuch kopieren
journal-lede = Nur Ihre eigenen Geräte haben das, unter einem eigenen Schlüssel.
choose-notebook = Notizbuch wählen
into-which = In welches Notizbuch
see-who-reads = Zeigen, wer es lesen würde
share-into = Alle, die { $notebook } lesen, würden das lesen:
share-lede = Eine Kopie wird geteilt; der Eintrag bleibt privat.
shared-done = In das Notizbuch kopiert.
search-for = Suchen nach
in = In
everywhere = allem
hits = Treffer
object-goal = Ziel
object-action = Aufgabe
object-session = Sitzung
object-question = Frage
object-answer = Antwort
object-agreement = Vereinbarung
object-feedback = Rückmeldung
object-skill = Fähigkeit
object-rating = Einschätzung
object-resource = Material
object-comment = Kommentar
object-checkin = Stand
object-entry = Tagebuch
object-notebook = Notizbuch
object-milestone = Zwischenziel
object-progress = Fortschritt
object-exchange = versiegelter Austausch
object-note = geteilte Notiz
whole-history = Der ganze Verlauf
older-not-shown = Ältere Änderungen werden nicht gezeigt.
older-changes = Ältere Änderungen
newest-changes = Zurück zu den neuesten Änderungen
newest-sessions = Zurück zu den neuesten Sitzungen
later-sessions = { $count ->
    [one] Für später ist noch eine Sitzung geplant.
   *[other] Für später sind noch { $count } Sitzungen geplant.
}
history-lede = Wer etwas schrieb, folgt aus den Unterschriften, nicht aus einem Feld.
going-back = Zurückgehen
going-back-why = Wiederherstellen schreibt den alten Stand als neue Änderung. Nichts geht dadurch verloren.
its-history = Sein Verlauf
restore-this = So wiederherstellen
restored = Als neue Änderung wiederhergestellt.
conflicts = Gleichzeitig geschrieben
no-conflict = Niemand hat dasselbe Feld gleichzeitig beschrieben.
conflicts-lede = Wählen Sie, was gilt; das andere bleibt im Verlauf.
shown-now = Wird jetzt gezeigt.
choose-this = Das wählen
chosen = Gewählt. Das andere bleibt im Verlauf.
try-all-now = Jetzt alle Geräte versuchen
try-all-why = Der Knoten versucht es auch von selbst.
network-word = Netz
addresses = Adressen
mirrors = Spiegel
mirror-why = Ein Spiegel ist immer an, speichert, was gesendet wird, und hat keinen Schlüssel, der es öffnet.
no-other-device = Kein anderes Gerät ist in diesem Notizbuch.
verified = Wörter verglichen
not-verified = Wörter nicht verglichen
mirror = Spiegel
remove = Entfernen
add-mirror = Spiegel hinzufügen
mirror-ticket = Die Karte des Spiegels
mirror-ticket-hint = Wer den Spiegel betreibt, hat sie.
mirror-added = Der Spiegel darf dieses Notizbuch halten.
mirror-removed = Der Spiegel bekommt nichts Neues.
your-devices = Ihre Geräte
taken-off = abgemeldet
connected = verbunden
take-off = Abmelden
take-off-why = Es behält, was es lesen konnte, und bekommt nichts Neues.
take-off-sure = Ja, dieses Gerät abmelden.
take-off-name = { $device } abmelden
link-why = Das neue Gerät wird alle Ihre Notizbücher und Ihr Tagebuch haben.
link-sure = Ja, ich sitze am anderen Gerät.
make-link = Karte erstellen
link-how = Geben Sie diese Karte auf dem neuen Gerät ein. Sie gilt einmal, zehn Minuten lang, solange dieser Knoten läuft.
linked-words = { $device } ist verbunden. Das Gerät muss auch diese Wörter zeigen: { $words }
link-failed = Es ließ sich keine Karte erstellen.
language = Sprache
setting-network = Verbindung
setting-unlock-minutes = Minuten offen für Befehle
setting-invite-hours = Stunden, die eine Einladung gilt
setting-rotate-keys-after-days = Tage bis zu einem neuen Schlüssel
setting-journal-copies = Kopien des Tagebuchs
setting-reminders = Erinnerungen
setting-reminders-session-minutes = Minuten vor einem Treffen
setting-reminders-action-days = Tage vor der Frist einer Aufgabe
setting-reminders-hour = Uhrzeit für Aufgaben
setting-reminders-quiet = Ruhezeit
setting-zone = Zeitzone
passphrase-now = Jetzige Passphrase
passphrase-new = Neue Passphrase
passphrase-again = Die neue noch einmal
change-passphrase = Passphrase ändern
passphrases-differ = Die beiden sind nicht gleich.
passphrase-changed = Ab jetzt öffnet nur die neue Passphrase.
browsers = Browser
browsers-why = Jeder Link lässt einen Browser dieses Rechners ein, einmal.
browsers-sure = Ja, einen weiteren Browser einlassen.
another-browser = Link für einen weiteren Browser
leave-browser = Diesen Browser aussperren
link-once = Öffnen Sie das im anderen Browser dieses Rechners. Es gilt einmal.
export-why = Was Sie exportieren, verlässt die Verschlüsselung. Bewahren Sie es dort auf, wo sonst niemand liest.
as-what = Als was
export-html = eine Seite zum Lesen und Drucken
export-json = JSON, in dem nichts fehlt
export-ics = ein Kalender der Sitzungen
export-sure = Ja, unverschlüsselt herausschreiben.
import = Importieren
import-why = Was ein JSON-Export enthält, wird aufgenommen, von Ihnen unterschrieben und als importiert gekennzeichnet.
import-text = Der Text eines JSON-Exports
import-file = JSON-Export wählen
imported = Aufgenommen.
rename = Umbenennen
graduation = Das Ende
graduation-why = Was erreicht wurde, was offen bleibt, Dank, und was aus den Notizen wird. Niemand kann die Kopie anderer verschwinden lassen.
closing-goals = Ziele
closing-learning = Gelerntes
closing-application = Wo es gebraucht wird
closing-thanks = Dank
closing-unfinished = Was offen bleibt
closing-notes = Was aus den Notizen wird
closing-contact = Wie es weitergeht
close-notebook = Notizbuch schließen
close-why = Von da an ist es ein Archiv: lesbar, nicht mehr beschreibbar.
close-sure = Ja, schließen.
closed-done = Das Notizbuch ist jetzt ein Archiv.
leave-notebook = Notizbuch verlassen
leave-why = Sie behalten, was Sie lesen konnten. Neues bekommen Sie nicht.
leave-sure = Ja, ich verlasse es.
left-done = Sie haben das Notizbuch verlassen.
older-sessions = { $count ->
    [one] Eine ältere Sitzung
   *[other] { $count } ältere Sitzungen
  }
agenda-items = { $count ->
    [one] Tagesordnung: ein Punkt
   *[other] Tagesordnung: { $count } Punkte
  }
carries-over = { $count ->
    [one] Ein offener Punkt wird übernommen.
   *[other] { $count } offene Punkte werden übernommen.
  }
sign-what = { $count ->
    [one] Sie unterschreiben den vereinbarten Text eines Themas genau so, wie er oben steht, und nichts sonst.
   *[other] Sie unterschreiben den vereinbarten Text aller { $count } Themen genau so, wie er oben steht, und nichts sonst.
  } Ändert sich ein Buchstabe, ist es eine neue Fassung und braucht alle Unterschriften neu.
for-hours = { $days ->
    [one] einen Tag
   *[other] { $days } Tage
  }
questions-lede = { $count ->
    [one] Eine ist offen.
   *[other] { $count } sind offen.
  }
not-searched = { $notebook } konnte nicht durchsucht werden.
hits-count = { $count ->
    [one] 1 Treffer
   *[other] { $count } Treffer
  }
disputed-count = { $count ->
    [one] Ein Feld wurde gleichzeitig beschrieben.
   *[other] { $count } Felder wurden gleichzeitig beschrieben.
  }
tried-peers = { $count ->
    [one] Ein Gerät wurde versucht, { $reached } hat alles bestätigt.
   *[other] { $count } Geräte wurden versucht, { $reached } haben alles bestätigt.
  }
taken-off-done = { $count ->
    [one] Abgemeldet. Es konnte ein Notizbuch lesen und behält, was es hatte.
   *[other] Abgemeldet. Es konnte { $count } Notizbücher lesen und behält, was es hatte.
  }

# Before there is an identity
welcome = Willkommen
welcome-title-1 = Ein Notizbuch für zwei, oder für wenige.
welcome-title-2 = Niemand sonst kann es öffnen.
welcome-why = Ziele, Treffen, Notizen und Vereinbarungen bleiben auf Ihren Geräten und auf denen der Menschen, die Sie wählen. Es gibt kein Konto und keinen Server, der Ihre Worte hält.
welcome-next = Als Nächstes kommen 24 Wörter zur Wiederherstellung, die Sie jetzt oder später aufschreiben. Ohne sie und ohne zweites Gerät müssten Sie nach einem Verlust neu eingeladen werden, und Ihr Tagebuch wäre fort.
welcome-begin = Beginnen
welcome-back = Dieses Gerät gehört jetzt zu Ihren. Was die anderen halten, kommt von selbst.
welcome-back-partly = Dieses Gerät gehört jetzt zu Ihren, und noch ist nicht alles angekommen. Der Rest kommt von selbst, solange dieser Knoten läuft.
welcome-found = Hier gab es schon jemanden. Das ist die Seite dieser Person.
welcome-somebody = Hier gibt es schon jemanden. Geben Sie die Passphrase ein, die öffnet, was hier ist; dann geht es damit weiter.
linked-title = Vergleichen Sie diese Wörter
linked-compare = Ihr anderes Gerät zeigt jetzt auch Wörter. Es müssen diese sein, in dieser Reihenfolge.
linked-differ = Sind es andere, stand jemand zwischen den beiden Geräten: Melden Sie dieses auf dem anderen unter Abgleich und Spiegel ab, und schreiben Sie hier nichts.
linked-go-on = Weiter
steps = Schritte
step-begin = Beginnen und verbinden
step-words = Wörter zur Wiederherstellung
step-invite = Einladen
step-compare = Wörter vergleichen
step-agreement = Vereinbarung
how-to-begin = Wie möchten Sie beginnen?
way-create = Ein Notizbuch beginnen
way-why-create = Schreiben Sie zunächst allein, und laden Sie jemanden ein, wenn Sie so weit sind.
way-join = Mit einer Einladung beitreten
way-why-join = Jemand hat Ihnen eine Zeile Text oder eine Datei geschickt. Deren Knoten muss jetzt laufen.
way-example = Erst einmal umsehen
way-why-example = Ein Beispiel mit Zielen, Treffen und einer Vereinbarung. Es bleibt auf diesem Gerät.
way-link = Dieses Gerät neben einem anderen von mir nutzen
way-why-link = Ihre Notizbücher und Ihr Tagebuch kommen von dort.
way-recover = Mit meinen Wörtern zurückkommen
way-why-recover = Jemand, der ein Notizbuch mit Ihnen teilt, muss jetzt seinen Knoten laufen lassen.
been-here-before = Sie haben Hearthside schon benutzt
device-ticket = Die Zeile, die Ihr anderes Gerät zeigt
device-ticket-hint = Dort: Abgleich und Spiegel, ein Gerät verbinden.
contact-ticket = Wo jemand ist, der ein Notizbuch mit Ihnen teilt
contact-ticket-hint = Dort wird hearth device contact ausgeführt und Ihnen die Zeile geschickt, die es druckt.
who-you-are = Wer sind Sie?
your-name = Ihr Name
your-name-hint = So sehen ihn die Menschen in Ihren Notizbüchern.
this-device-name = Name dieses Geräts
this-device-name-hint = Auch ihn sehen die anderen.
this-computer = Dieser Rechner
how-to-connect = Wie sollen Ihre Geräte einander erreichen?
how-to-connect-why = Verschlüsselt sind Ihre Worte immer. Der Unterschied ist, wer sehen kann, dass zwei Adressen miteinander sprechen, und wann. Sie können es später ändern.
profile-direct = Direkt
profile-lan = Gleiches Netz
profile-relay = Ein Relais Ihrer Wahl
profile-public = Öffentliche Relais
profile-what-direct = Die Voreinstellung. Von Gerät zu Gerät.
profile-what-lan = Direkt, und Geräte in einem Netz finden einander.
profile-what-relay = Ein Relais hilft zwei Heimnetzen zueinander.
profile-what-public = Nutzt Relais und Adresssuche von n0.
profile-contacts = Kontakt zu
profile-contacts-direct = Nur den Geräten in Ihren Notizbüchern.
profile-contacts-lan = Auch jedem Gerät im örtlichen Netz.
profile-contacts-relay = Auch dem Relais, dessen Adresse Sie angeben.
profile-contacts-public = Auch n0, der Firma, die sie betreibt.
profile-reveals = Verrät
profile-reveals-direct = Ihre Netzadresse, diesen Menschen und wer den Verkehr befördert.
profile-reveals-lan = Diesem Netz: dass hier ein Hearthside-Knoten ist, und seinen Schlüssel.
profile-reveals-relay = Diesem Relais: Geräteschlüssel, Adressen, Zeiten und Größen. Nie Inhalt.
profile-reveals-public = n0: Geräteschlüssel, Adressen, Zeiten und Größen. Nie Inhalt.
profile-works = Geht, wenn
profile-works-direct = Sie zur selben Zeit online sind und mindestens ein Router den anderen einlässt.
profile-works-lan = Sie einen Raum, ein Büro oder eine Wohnung teilen.
profile-works-relay = Sie beide hinter gewöhnlichen Routern sind.
profile-works-public = Sie beide hinter Routern sind und kein eigenes Relais haben.
relay-address = Adresse des Relais
relay-address-hint = Nur für ein Relais Ihrer Wahl. Beginnt mit https://
relay-address-wrong = Das ist keine Adresse eines Relais. Schreiben Sie sie als https://relay.example.org
what-protects = Was schützt dieses Gerät?
protect-passphrase = Eine Passphrase
protect-why-passphrase = Gefragt, wann immer das Notizbuch geöffnet wird, und wenn die Seite eine Weile allein war.
protect-keyring = Eine Passphrase und der Schlüsselbund dieses Rechners
protect-why-keyring = Der Schlüsselbund merkt sie sich, bis der Rechner ausgeschaltet wird; dann wird wieder gefragt.
protect-bare = Nichts
protect-why-bare = Wer die Dateien dieses Rechners lesen kann, liest auch Ihre Notizen.
passphrase-first-hint = Niemand kann sie zurückbringen. Mehrere Wörter sind besser als eines.
passphrase-same-again = Noch einmal dieselbe
passphrase-again-hint = Damit Sie sich nicht durch einen Tippfehler aussperren.
my-notebook = Mein Notizbuch

# Recovery words
recovery-words = Ihre Wörter zur Wiederherstellung
recovery-why = Sie stehen dafür, wer Sie sind. Mit ihnen kommen Sie zurück, wenn alle Geräte verloren sind, und bekommen wieder, was andere noch halten. Schreiben Sie sie auf Papier, in dieser Reihenfolge, und bewahren Sie es nicht bei diesem Gerät auf.
show-words = Die Wörter zeigen
later = Später
words-check = Eine kurze Probe
words-check-why = Tippen Sie drei davon, damit Sie wissen, dass Ihr Papier stimmt.
word-number = Wort { $number }
paste-all = Oder alle einfügen
all-words = Alle 24 Wörter
i-have-them = Ich habe sie
words-kept-until = Bis dahin liegen sie versiegelt auf diesem Gerät. Danach sind sie hier gelöscht, und niemand kann sie noch einmal zeigen.
words-confirmed = Sie haben Ihre Wörter zur Wiederherstellung. Hier sind sie gelöscht.
words-wait = Ihre Wörter zur Wiederherstellung sind noch nicht aufgeschrieben.
words-wait-link = Jetzt tun

# The example
example-add = Ein Beispiel öffnen
example-why = Ziele, Treffen und eine Vereinbarung zum Umsehen, nur auf diesem Gerät.
example-made = Das Beispiel ist da. Ändern Sie darin, was Sie mögen.
example-title = Beispiel: führen lernen
example-goal = Die Auslieferungen abgeben
example-goal-why = Ich mache es, weil ich schnell bin, und so lernt es niemand.
example-goal-unit = Auslieferungen
example-milestone = Eine Auslieferung ohne ein Wort von mir
example-goal-woop = Rückmeldung noch in derselben Woche
example-wish = Ich sage es, solange es frisch ist
example-outcome = Niemand ist am Jahresende überrascht
example-obstacle = Ich will gemocht werden
example-plan = Wenn ich es aufschiebe, dann schreibe ich eine Zeile und schicke sie
example-action = Mia die nächste Auslieferung allein machen lassen
example-notes = ## Wo es klemmt
    {""}
    Die *Auslieferungen*. Niemand sonst weiß, wie es geht, und so lernt es niemand.
    {""}
    - eine Person macht es
    - was ist, wenn diese Person krank ist?
example-decision = Jeden zweiten Dienstag, eine Stunde, bis Ende November
example-insight = Die Arbeit ist nicht zu viel. Sie ist zu allein.
example-learned = Warten, bevor ich antworte
example-purpose = Nicht mehr die Arbeit aller tun
example-purpose-agreed = Führen lernen, ohne die Arbeit selbst zu tun
example-confidentiality = Was gesagt wird, bleibt unter uns beiden.
example-question = Habe ich etwas falsch gemacht, als jemand bei meiner Rückmeldung weinte?
example-skill = Delegieren
example-checkin = Eine gute Woche

# Die Beziehung im Ganzen
part-timeline = Stationen
timeline = Stationen
timeline-lede = Was daraus geworden ist, und was in beide Richtungen geht. Eine Unterschrift trägt keine Uhrzeit: Sie steht bei der neuesten Änderung, die gesehen hatte, wer unterschrieb.
timeline-older = Was vorher war
timeline-newest = Zurück zum Neuesten
event-begun = Beginn:
event-phase = Phase:
event-goal-set = Ziel gesetzt:
event-goal-achieved = Ziel erreicht:
event-goal-dropped = Ziel aufgegeben:
event-milestone = Meilenstein erreicht:
event-session = Treffen:
event-signed = Unterschrieben:
event-endorsed = Bestätigt:
event-certified = Zeugnis für
event-closed = Abgeschlossen
agreement-version = Vereinbarung, Fassung { $number }
both-ways = In beide Richtungen
both-ways-why = Zahlen, keine Noten: Sie zeigen, wo es nur in eine Richtung geht. Versiegelte Rückmeldung zählt, sobald sie offen ist.
counted = Was gezählt wird
counted-learned = Gelernt
counted-brought = Auf die Tagesordnung gebracht
counted-attended = Bei Treffen dabei
counted-feedback-given = Rückmeldung gegeben
counted-feedback-received = Rückmeldung bekommen
counted-asked = Fragen gestellt
counted-answered = Fragen beantwortet
counted-actions-done = Aufgaben erledigt
counted-actions-open = Aufgaben offen
counted-resources = Material geteilt
counted-skills-seen = Fähigkeiten anderer eingeschätzt oder bestätigt
counted-comments = Kommentare
counted-check-ins = Wie es geht
who-brings-it = Wer bringt es mit

# Circles
part-circle = Kreis
part-checkins = Wie es geht
circle = Kreis
circle-lede = Ein Treffen mit Uhr. Wer vorstellt, wer leitet und wer mitschreibt, geht von selbst reihum.
circle-not-for-two = Ein Kreis ist für eine Gruppe oder für Peers. Sie beide haben Treffen.
circle-begin = Einen Kreis beginnen
circle-begin-why = Die Aufgaben gehen an alle, die da sind, und die Uhr des ersten Abschnitts beginnt für alle. Ist für jetzt ein Treffen geplant, so ist es dieses.
circle-roles = Aufgaben
circle-role-presenter = Stellt vor
circle-role-facilitator = Leitet
circle-role-note-taker = Schreibt mit
circle-next-time = Nächstes Mal
circle-next-time-why = Wenn alle kommen. Wer fehlt, wird nicht für immer übergangen.
circle-next = Weiter
circle-finish = Abschließen
circle-again = Die Zeit dieses Abschnitts neu beginnen
circle-end = Den Kreis beenden
circle-notes = Die Notizen dieses Treffens
circle-was = „{ $title }“ endete { $at }.
whose-turn-it-is = Wer an der Reihe ist
who-is-away = Wer fehlt
stage-of = Abschnitt { $at } von { $count }
stage-until = bis { $at }
stages = Abschnitte
time-is-over = Die Zeit dieses Abschnitts ist um.
five-minutes-left = Noch fünf Minuten.
one-minute-left = Noch eine Minute.

# Check-ins
checkins = Wie es geht
checkins-lede = Wie es jedem von Ihnen geht, in einer Zahl und einer Zeile.
checkins-so-far = Bisher
no-checkin = Niemand hat gesagt, wie es geht.
how-is-it-going = Wie geht es?
in-a-line = In einer Zeile
checkin-hint = Alle in diesem Notizbuch lesen es.
check-in = Sagen
checked-in = Es ist notiert.
course-of = Wie es { $name } ging
course-description = { $count } Angaben von { $name } vom { $first } bis { $last }; die letzte ist { $now } von 5.
as-a-table = Als Tabelle
value = Wert
day = Tag

# Versions of the agreement
versions-lede = Jeder Text, den jemand unterschrieben hat oder unterschreiben wollte, und was er änderte.
version-number = Fassung { $number }
in-force = von allen unterschrieben
text-of-now = der Text von jetzt
no-version = Es gibt noch keinen Text
no-version-why = Eine Fassung wird festgehalten, sobald jemand das Vereinbarte unterschreibt.
what-changed = Was jede änderte
how-to-read-changes = So ist es zu lesen
what-came = Kam hinzu
what-went = Fiel weg

# The end
reopen = Doch weitermachen
reopen-why = Das Notizbuch ist wieder offen, sobald alle, die darin schreiben, es sagen.
reopen-wanted-by = Weitermachen würden:
reopen-lacks = Noch nicht gesagt haben es:
reopen-waits = Es ist notiert. Das Notizbuch ist wieder offen, sobald alle es sagen.
reopened = Das Notizbuch ist wieder offen.
certificate = Zeugnis
certificates = Zeugnisse
certificates-why = Ihr Wort über jemanden, mit Ihrem Schlüssel unterschrieben. Alle können es prüfen, ohne Konto und ohne dieses Notizbuch.
certificate-exactly = Genau das würden Sie unterschreiben.
certificate-sure = Ich unterschreibe diesen Text
certified = Sie haben das Zeugnis unterschrieben. Zu den anderen kommt es von selbst.
signature-does-not-fit = die Unterschrift passt nicht
write-certificate = Ein Zeugnis schreiben
certificate-words = Ihre Worte
certificate-words-hint = Was Sie gesehen haben, in wenigen Sätzen. Die Tatsachen des Notizbuchs stehen darunter.
see-certificate = Sehen, was darin stünde
destroy-keys = Die Schlüssel auf meinen Geräten vernichten
destroy-why = Was geschrieben wurde, lässt sich dann auf Ihren Geräten nicht mehr öffnen. Was die anderen haben, gehört ihnen.
destroy-then = Die anderen erfahren es durch eine unterschriebene Quittung, dann sind die Schlüssel fort. Führen Sie vorher aus, was Sie behalten möchten: Niemand kann es zurückbringen.
destroy-sure = Ich will das und kann es nicht zurücknehmen
destroyed-at = Hat { $at } gesagt, dass die Schlüssel vernichtet sind
destroyed-here = Die Schlüssel sind auf diesem Gerät vernichtet. Ihre anderen Geräte folgen; was die anderen haben, gehört ihnen.
nothing-heard-of-destroying = hat davon nichts gesagt
mirror-holds-what-it-holds = hält, was es hält, ohne Schlüssel
start-from = Von einem Beispiel ausgehen: „{ $text }“
example-resource = Was ich zuerst lesen würde
example-entry = Was ich noch nicht zu fragen wage:

# Backups
backup = Sicherung
backup-why = Eine versiegelte Datei mit allen Notizbüchern, Ihrem Tagebuch und den Einstellungen von jetzt. Ihre Wörter zur Wiederherstellung öffnen sie, und eine Passphrase, wo Sie eine angeben.
backup-path = Wohin die Datei kommt
backup-path-hint = Ein Ort auf diesem Rechner oder einem Stick, beginnend mit /. Eine Datei, die schon da ist, bleibt unberührt.
backup-exists = Eine Datei dieses Namens gibt es schon, und sie blieb unberührt. Wählen Sie einen anderen Namen.
backup-passphrase = Eine Passphrase für die Datei
backup-passphrase-hint = Bleibt sie leer, so öffnen sie nur Ihre Wörter zur Wiederherstellung.
backup-passphrase-needed = Ihre Wörter zur Wiederherstellung sind noch nicht aufgeschrieben. Bis dahin muss eine Passphrase die Datei öffnen.
backup-sure = Die Datei verlässt die Obhut dieser Seite
backup-write = Die Sicherung schreiben
backup-written = Die Sicherung liegt unter { $path }, mit { $count ->
    [one] einem Notizbuch
   *[other] { $count } Notizbüchern
  }. Bewahren Sie sie nicht bei diesem Rechner auf.
backup-restore = So kommt sie auf einem neuen Rechner zurück: Starten Sie Hearthside dort und wählen Sie „Eine Sicherung zurückholen“, oder führen Sie hearth backup restore DATEI aus. Daraus wird ein weiteres Gerät von Ihnen, denn keine Sicherung enthält die Schlüssel dieses Geräts.

# Bündel
bundle-make = Ein Bündel machen
bundle-make-why = Ein Bündel ist eine versiegelte Datei mit dem, was jemandem fehlt, wenn kein Netz dorthin führt: auf einem Stick oder in einem Brief. Wer es trägt, kann nichts davon lesen.
bundle-alone = Sie sind hier allein; ein Bündel kann dieses Notizbuch trotzdem auf ein anderes Ihrer Geräte bringen.
bundle-for = Für wen
bundle-everybody = alle in diesem Notizbuch
bundle-own-devices = meine eigenen anderen Geräte
bundle-full = Alles, nicht nur, wovon sie nicht gesagt haben, dass sie es haben
bundle-sure = Ja, diese Datei darf diesen Rechner verlassen. Sie geht nur auf den Geräten derer auf, für die sie ist.
bundle-take = Ein Bündel aufnehmen
bundle-take-why = Jemand hat eine Datei für Sie gemacht, weil kein Netz hierher führte. Jede Änderung darin wird geprüft, als hätte ihr Urheber sie geschickt; eines zweimal aufzunehmen schadet nicht.
bundle-take-link = Haben Sie ein Bündel bekommen? Nehmen Sie es auf.
bundle-file = Die Datei
bundle-part = Aufgenommen bis jetzt:
bundle-needs-script = Dafür braucht es die Skripte dieser Seite, die in diesem Browser aus sind.
bundle-brought = { $count ->
    [one] Eine Änderung aus dem Bündel von { $name } ({ $device }), Stand { $made }, ist jetzt hier.
   *[other] { $count } Änderungen aus dem Bündel von { $name } ({ $device }), Stand { $made }, sind jetzt hier.
}
bundle-brought-nothing = Im Bündel von { $name } ({ $device }), Stand { $made }, war nichts Neues.
bundle-brought-people = Das Bündel von { $name } ({ $device }), Stand { $made }, sagte Neues darüber, wer in diesem Notizbuch ist. Worte waren keine neu.
bundle-brought-notebook = „{ $title }“ ist jetzt auf diesem Gerät, wie { $name } ({ $device }) es hatte, Stand { $made }.

# Was sich geändert hat, im Verlauf
quoted = „{ $text }“
signed-headings = Im Text, der unterschrieben wird, stehen die Überschriften auf Englisch, welche Sprache die Seite auch hat.
status-open = offen
status-moved = verschoben
told-added = hinzugefügt
told-removed = entfernt
told-imported = importiert
told-attended = hat bestätigt, dabei gewesen zu sein
told-roles-handed-out = Aufgaben verteilt
told-stage-began = Abschnitt { $stage } begann
told-stage-began-anew = Abschnitt { $stage } begann noch einmal
told-tag-added = Schlagwort { $tag } hinzugefügt
told-tag-taken-off = Schlagwort { $tag } entfernt
told-field-removed = { $field } entfernt
told-changed = { $field } geändert
told-people-changed = { $field } geändert
told-chosen = { $field }: { $value } gewählt
told-moved = { $field }: { $from } → { $to }
told-set = { $field }: { $to }
told-cleared = { $field } geleert
told-text = { $field } { $counts }
told-is-yes = ja
told-is-no = nein
field-consensus = Vereinbartes zu „{ $topic }“
field-answer = eine Antwort zu „{ $topic }“
field-title = Titel
field-why = Warum
field-kind = Art
field-status = Status
field-reason = Grund
field-unit = Einheit
field-due = Fällig
field-note = Notiz
field-notes = Notizen
field-at = Zeit
field-zone = Zeitzone
field-place = Ort
field-every = Wiederholung
field-template = Vorlage
field-text = Text
field-owner = Zuständige
field-attendee = Teilnehmende
field-goal = Ziel
field-session = Sitzung
field-on = gehört zu
field-person = Person
field-brought-by = eingebracht von
field-done-in = erledigt in
field-next = nächste Sitzung
field-form = Form
field-phase = Phase
field-wish = Wunsch
field-outcome = Ergebnis
field-obstacle = Hindernis
field-plan = Plan
field-situation = Situation
field-behaviour = Verhalten
field-impact = Wirkung
field-request = Wunsch
field-to = an
field-of = von
field-about = Beschreibung
field-shared-from = geteilt aus
field-exchange = Austausch
field-commitment = Festlegung
field-words = Worte
field-uri = Adresse
field-link = Link
field-signed-text = unterschriebener Text
field-statement = Erklärung
field-prompts = Leitfragen
field-sharing = wer davon hören darf
field-series = Reihe
field-slot = Termin der Reihe
field-series-ended = Ende der Reihe
field-stages = Abschnitte
field-ended = beendet
field-done = erledigt
field-resolved = geklärt
field-withdrawn = zurückgezogen
field-removed = weggelegt
field-standing = gültig
field-closed = abgeschlossen
field-reopened = wieder geöffnet
field-baseline = Ausgangswert
field-target = Zielwert
field-start = Beginn
field-current = jetzt
field-value = Wert
field-minutes = Minuten
field-file-name = Name der Datei
field-file-hash = Datei
field-file-bytes = Größe der Datei
field-file-root = Datei
field-file-key = Schlüssel der Datei
field-content = Inhalt
field-salt = Salz
field-digest = Prüfsumme
field-participant = Beteiligte
field-anchor-1 = was 1 bedeutet
field-anchor-2 = was 2 bedeutet
field-anchor-3 = was 3 bedeutet
field-anchor-4 = was 4 bedeutet
field-anchor-5 = was 5 bedeutet
object-key_result = Schlüsselergebnis
object-agenda = Punkt der Tagesordnung
object-decision = Entscheidung
object-insight = Einsicht
object-learned = Gelerntes
object-mood = wie es war
object-version = Text zum Unterschreiben
object-commitment = Festlegung
object-opening = Öffnung
object-evidence = Beleg
object-endorsement = Bestätigung
object-run = Kreis
object-closing = Schlusswort
object-certificate = Zeugnis
object-receipt = Quittung über vernichtete Schlüssel

# Was mit einem Notizbuch, einem Gerät, einem Spiegel nicht stimmt
entries-count = { $count ->
    [one] einen Eintrag
   *[other] { $count } Einträge
  }
warned-departed = Sie sind nicht mehr dabei
warned-stale = Ein älterer Stand
warned-awaits = Wartet auf Ihre anderen Geräte
warned-ahead = Noch ist nicht alles hier
warned-damaged = Lässt sich nicht lesen
warned-differ = Wörter von { $name } verschieden: { $device }
peer-differ = Sie haben gesagt, dass die Wörter von { $name } ({ $device }) andere sind als Ihre; darum wird nichts ausgetauscht. Treffen Sie { $name }: Sind die Wörter doch gleich, sagen Sie es unter „Wörter vergleichen“; sonst entfernen Sie { $name } und laden neu ein.
warned-stopped = { $name }: { $device } wird nicht gehört
peer-stopped = Von { $device } ({ $name }) wird jetzt nichts mehr angenommen, denn was das Gerät schickte, hält der Prüfung nicht stand. Was hier ist, bleibt, wie es ist. Fragen Sie { $name } nach diesem Gerät; bei der nächsten Verbindung wird es wieder versucht.
warned-set-back = { $name }: { $device } ist zurückgesetzt
peer-set-back = { $device } von { $name } wurde auf einen älteren Stand zurückgesetzt, bemerkt { $at }: Dort fehlt, was schon bestätigt war ({ $lost }). Was fehlt, wird wieder geschickt, solange beide verbunden sind. Fragen Sie { $name }, ob dort eine Sicherung eingespielt wurde; wenn nicht, ist das Gerät vielleicht nicht mehr in den richtigen Händen.
warned-set-back-made-good = { $name }: { $device } war zurückgesetzt
peer-set-back-made-good = { $device } von { $name } war auf einen älteren Stand zurückgesetzt, bemerkt { $at }: Dort fehlte, was schon bestätigt war ({ $lost }). Inzwischen ist alles wieder da.
warned-mirror = Der Spiegel { $name }: bitte ansehen
mirror-warns = Der Spiegel „{ $name }“: { $what }.
warned-turned-away = { $name } gehört nicht dazu
set-aside = { $count ->
    [one] Ein Eintrag von { $name } ({ $device }) zählt nicht und liegt beiseite.
   *[other] { $count } Einträge von { $name } ({ $device }) zählen nicht und liegen beiseite.
  } Hier ändert das nichts; warum, sagt hearth verify zu jedem.
warned-anew = Dieses Zuhause war eine Kopie eines anderen; darum wurde es ein eigenes Gerät ({ $at }) und heißt „{ $device }“.
warned-no-keeper = Niemand verwahrt, was Ihre Wörter zur Wiederherstellung brauchen: Kein anderes Gerät hat ein Notizbuch von Ihnen. Teilen Sie eines, verbinden Sie ein Gerät oder einen Spiegel, oder machen Sie eine Sicherung.
warned-no-room = Der Spiegel „{ $name }“ hat keinen Platz für das, was Ihre Wörter zur Wiederherstellung brauchen. Fragen Sie, wer ihn betreibt, oder nehmen Sie einen weiteren.
warned-journal-too-large = Ihr Tagebuch ist für eine Kopie bei anderen zu groß geworden: Nur Ihre eigenen Geräte haben es. Machen Sie eine Sicherung.
warned-awaited = Noch erwartet: „{ $title }“, von { $names }. Es kommt von selbst, sobald jemand davon verbunden ist.

# Eine Sicherung zurückholen, bevor es jemanden gibt
bring-back = Eine Sicherung zurückholen
bring-back-why = Sie haben die Datei einer Sicherung, auf einem Stick oder einer Platte.
bring-back-how = Erst die Datei, dann, was sie öffnet. Sie sehen, was darin ist, bevor etwas daraus gemacht wird.
bring-back-file = Die Sicherung
bring-back-file-hint = Sie bleibt auf diesem Rechner, und versiegelt, bis Sie sie öffnen.
bring-back-part = Gelesen bis jetzt:
bring-back-send = Diese Datei lesen
bring-back-not = Anders beginnen
bring-back-open = Was öffnet sie?
bring-back-here = Die Datei ist da, { $size }.
bring-back-passphrase-hint = Die, die der Datei gegeben wurde, als sie gemacht wurde.
bring-back-phrase = Oder Ihre 24 Wörter zur Wiederherstellung
bring-back-phrase-hint = Sie öffnen jede Ihrer Sicherungen und nehmen dieses Gerät gleich auf.
bring-back-check = Öffnen und prüfen
bring-back-other = Eine andere Datei
bring-back-is-whole = Sie ist ganz: Alles darin lässt sich öffnen, jede Unterschrift passt
bring-back-of = Von wem
bring-back-made = Gemacht
bring-back-notebooks = Notizbücher, mit dem Tagebuch
bring-back-entries = Einträge
bring-back-files = Dateien
bring-back-since = Was seither geschrieben wurde, kommt von denen, die es haben, sobald dieses Gerät mit ihnen verbunden ist. Ein Notizbuch, das jünger ist als die Sicherung, ist nicht darin: Wer es teilt, kann Sie neu einladen.
bring-back-device = Das ist ein neues Gerät von Ihnen
bring-back-device-hint = Keine Sicherung enthält die Schlüssel eines Geräts; darum bekommt dieses eigene. Seinen Namen sehen die anderen.
bring-back-then = Was sonst eingestellt war, ist so, wie es bei der Sicherung war.
bring-back-do = Zurückholen
bring-back-gone = Die Datei ist nicht mehr da. Wählen Sie sie noch einmal.
bring-back-foreign = Diese Datei ist keine Sicherung von Hearthside, oder eine neuere Version hat sie geschrieben. Nichts davon blieb hier; wählen Sie eine andere.
bring-back-damaged = Diese Sicherung ist beschädigt oder abgeschnitten. Es wurde nichts daraus gemacht, und nichts davon blieb hier. Nehmen Sie eine andere Kopie, oder kommen Sie mit Ihren Wörtern zurück: Was andere von Ihren Notizbüchern haben, ist ganz.
bring-back-too-large = Diese Datei ist größer, als was im Browser zurückgeholt wird. In einem Terminal liest hearth backup restore sie dort, wo sie liegt.
bring-back-wrong = Diese Passphrase öffnet die Sicherung nicht. Versuchen Sie es noch einmal, oder öffnen Sie sie mit Ihren Wörtern zur Wiederherstellung.
bring-back-other-phrase = Diese Wörter zur Wiederherstellung öffnen die Sicherung nicht. Es braucht die, die Ihre waren, als sie gemacht wurde.
bring-back-done = Ihre Sicherung ist zurück, und dieses Gerät gehört zu Ihren. Was seither geschrieben wurde, kommt von selbst.
bring-back-reads = Ihre Sicherung ist zurück. Sie können alles lesen; zum Schreiben muss dieses Gerät noch aufgenommen werden.
bring-back-not-taken-in = Ihre Sicherung ist zurück und lesbar, aber dieses Gerät wurde nicht aufgenommen: { $reason }
take-in = Wie kann dieses Gerät schreiben?
take-in-why = Ein neues Gerät schreibt, sobald es auf der Liste Ihrer Geräte steht. Bis dahin liest es.
take-in-by-these-words = Ihre Wörter setzen es jetzt darauf.
take-in-words = Mit meinen Wörtern zur Wiederherstellung
take-in-why-words = Sofort, ohne dass jemand anderes da sein muss.
take-in-device = Mit einem anderen Gerät von mir
take-in-why-device = Es zeigt eine Zeile, die hier eingegeben wird. Was es hat, kommt mit.
take-in-later = Später
take-in-why-later = Erst einmal will ich nur lesen. Danach: hearth recover oder hearth device accept, bei beendetem Knoten.
