# What the stories share: people with homes of their own, real nodes on loopback, and a transcript.
#
# A story says `tell` for a paragraph, `NAME hearth …` for a command that the reader sees with its output, and
# `NAME_ hearth …` for one that runs unseen. A command that fails ends the story.
#
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
hearth=${HEARTH:-${CARGO_TARGET_DIR:-$root/target}/debug/hearth}
[ -x "$hearth" ] || { echo "build it first: cargo build --bin hearth (or set HEARTH)" >&2; exit 1; }

stage=$(mktemp -d "${TMPDIR:-/tmp}/hearth-story-XXXXXX")
transcript=$stage/transcript
nodes=()
block=""
last_output=$stage/last
# Short forms of notebooks, people and devices, and six words: different in every run.
: >"$stage/ids"
: >"$stage/words"
# Nothing of this computer's own settings; one zone, so that times read the same everywhere.
export TZ=Europe/Berlin LC_ALL=C.UTF-8 NO_COLOR=1
unset HEARTH_HOME HEARTH_PASSPHRASE HEARTH_PASSPHRASE_FILE

finish() {
  local status=$?
  local pid
  for pid in "${nodes[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${nodes[@]}"; do wait "$pid" 2>/dev/null || true; done
  if ((status != 0)); then
    echo "the story stopped; what it said last:" >&2
    tail -n 15 "$transcript" >&2 2>/dev/null || true
    cut -c 1-300 "$last_output" >&2 2>/dev/null || true
  fi
  rm -rf "$stage"
  exit "$status"
}
trap finish EXIT

# Writes a paragraph, or a heading.
tell() {
  if [ -n "$block" ]; then
    printf '```\n' >>"$transcript"
    block=""
  fi
  printf '\n%s\n' "$*" >>"$transcript"
}

# How a word is typed: in quotes where it has to be.
typed() {
  local word text=""
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./:=@+,-]* | "") word="\"${word//\"/\\\"}\"" ;;
    esac
    text+="${text:+ }$word"
  done
  printf '%s' "$text"
}

# Runs a command as somebody, and shows it.
shown() {
  local name=$1
  shift
  if [ -z "$block" ]; then
    printf '\n```console\n' >>"$transcript"
    block=open
  fi
  printf '%s$ %s\n' "$name" "$(typed "$@")" >>"$transcript"
  shift
  run_as "$name" "$@" >"$last_output" 2>&1
  cat "$last_output" >>"$transcript"
}

# Runs a command as somebody, unseen; its data is in $last_output as JSON.
unseen() {
  local name=$1
  shift 2
  run_as "$name" --json "$@" >"$last_output" 2>"$stage/error" || { cat "$last_output" >&2; return 1; }
}

run_as() {
  local name=$1
  shift
  (cd "$stage/$name" && HOME=$stage/$name "$hearth" --home "$stage/$name/.hearth" --no-input "$@")
}

# Says that a shown command said something; the story is about that.
expect() {
  grep -qF -- "$1" "$last_output" || { echo "expected: $1" >&2; return 1; }
}

# A value of the JSON of the last unseen command.
value() {
  grep -oE "\"$1\":\"[^\"]*\"" "$last_output" | head -n 1 | cut -d '"' -f 4
}

# The id of the planned session of a day, in the last answer of `session list`.
find_session() {
  python3 - "$last_output" "$1" <<'PYTHON'
import json, sys
sessions = json.load(open(sys.argv[1]))["data"]["sessions"]
print(next(one["id"] for one in sessions if one["local"].startswith(sys.argv[2]) and one["status"] == "planned"))
PYTHON
}

# Makes a person with a home and a running node: NAME (as they are called) becomes two commands, name and name_.
person() {
  local called=$1 name
  name=$(printf '%s' "$called" | tr '[:upper:]' '[:lower:]')
  mkdir "$stage/$name"
  eval "$name() { shown $name \"\$@\"; }; ${name}_() { unseen $name \"\$@\"; }"
  # Nobody is there to type a passphrase.
  run_as "$name" --json init --name "$called" --device laptop --unlock bare --yes \
    --recovery-out "$stage/$name/words" >"$last_output"
  keep_ids
  start "$name"
}

start() {
  local name=$1
  (cd "$stage/$name" && HOME=$stage/$name exec "$hearth" --home "$stage/$name/.hearth" --json up \
    --listen 127.0.0.1:0 --web off >"$stage/$name/up" 2>"$stage/$name/log") &
  nodes+=($!)
  wait_for "the node of $name" grep -q '"ok":true' "$stage/$name/up"
}

wait_for() {
  local what=$1 tries
  shift
  for ((tries = 0; tries < 600; tries++)); do
    if "$@" 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "$what: waited for a minute in vain" >&2
  return 1
}

# Has others join a notebook: TITLE, who invites, role, who.
joins() {
  local title=$1 inviter=$2 role=$3 name
  shift 3
  for name in "$@"; do
    unseen "$inviter" hearth invite create "$title" --as "$role"
    unseen "$name" hearth join "$(value ticket)"
    value words >>"$stage/words"
    keep_ids
  done
}

# Waits until some have the same of a notebook.
agree() {
  local title=$1
  shift
  wait_for "$title is the same for $*" same "$title" "$@"
}

same() {
  local title=$1 name known=""
  shift
  for name in "$@"; do
    unseen "$name" hearth notebook show "$title" || return 1
    if [ -n "$known" ] && [ "$known" != "$(value frontier)" ]; then return 1; fi
    known=$(value frontier)
  done
}

# Remembers every hash in the last answer, to be left out of the transcript.
keep_ids() {
  grep -oE '[a-z2-7]{52}' "$last_output" | cut -c 1-8 | sort -u >>"$stage/ids" || true
}

# Writes the transcript, without what is different in every run: ids, tickets, words, today.
publish() {
  tell "*Everything above was done by a script with real nodes, and its output is what they said. Ids are left out,
and what happens in the story of a year happened in a minute.*"
  sed -i 1d "$transcript"
  IDS=$(sort -u "$stage/ids" | paste -sd '|' -) WORDS=$(sort -u "$stage/words" | paste -sd '|' -) STAGE=$stage \
    perl -CSD -Mutf8 -MPOSIX=strftime -pe '
      BEGIN {
        @now = localtime; ($ids, $words) = ($ENV{IDS} || "-", $ENV{WORDS} || "-");
        $long = strftime("%e %B %Y", @now); $long =~ s/^ //;
        $short = strftime("%a %e %b", @now); $short =~ s/  / /;
        $iso = strftime("%Y-%m-%d", @now);
        $dirs = qr{\Q$ENV{STAGE}\E/[a-z]+/?};
      }
      s{$dirs}{}g;
      s/hearth1[a-z2-7]{20,}/hearth1…/g;
      s/\b(?:$words)\b/chef cash also duty pyramid agree/g;
      s/\b[0-9A-HJKMNP-TV-Z]{26}\b/ID/g; s/\b[0-9A-HJKMNP-TV-Z]{8}\b/ID/g;
      s/\b[a-z2-7]{52}\b/ID/g; s/\b(?:$ids)\b/ID/g; s/\bentry [a-z2-7]{8}\b/entry ID/g; s/\bchange [0-9a-f]{8}\b/change ID/g;
      s/ \((?:in \d+ days|\d+ days ago|today|tomorrow|yesterday)\)//g;
      s/\b(\d{1,2} [A-Z][a-z]{2}) 20\d\d (\d\d:\d\d)/$1 $2/g;
      s/\Q$long\E(, \d\d:\d\d(?: UTC)?)?/today/g; s/\Q$short\E \d\d:\d\d/today/g; s/\Q$iso\E/today/g;
      s/(?<![A-Z][a-z]{2} )(?<!\d\d-\d\d )(?<!fri )\b(?:[01]\d|2[0-3]):[0-5]\d\b/now/g;
      s/[ \t]+$//;
    ' "$transcript"
}
