//! Help, completions and manual pages.

use crate::hearth::Person;

#[test]
fn short_help_lists_the_commands() {
    let ran = Person::new().run(&["-h"]);
    assert_eq!((ran.exit, ran.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ran.stdout, @r"
    A private mentoring notebook that only its members can read

    Usage: hearth [OPTIONS] <COMMAND>

    Commands:
      init         Create your identity on this device
      demo         Watch two nodes pair, write offline and agree
      up           Run the node in the foreground
      status       See who you are, whether the node runs, and what each peer has confirmed
      doctor       Check this installation, for a bug report
      notebook     Create, list, rename and fork notebooks, look back on them
      invite       Invite people into a notebook
      join         Join a notebook with a ticket
      member       See who is in a notebook, verify them, change who is
      readers      See who can read a notebook, computed from its keys
      device       Use your notebooks on several devices, and take lost ones off
      mirror       Let a computer that is always on hold notebooks that it cannot read
      recover      Come back with your recovery phrase, on a new device
      recovery     See, confirm or change your recovery phrase
      goal         Write goals and follow their progress
      action       Keep track of what somebody said they would do
      session      Plan sessions and write their notes together
      ask          Ask a question
      answer       Answer a question
      question     See a notebook's questions
      resolve      Mark a question as resolved
      comment      Comment on anything
      agreement    Agree on how you work together, and sign it
      feedback     Give feedback
      sealed       Write to each other so that nobody reads before all have written
      skill        Rate skills over time, show evidence, endorse each other
      resource     Keep what is worth reading, watching or using
      checkin      Say how it is going, from 1 to 5
      circle       Run a circle's meeting together: roles that go round, stages with their time
      template     See and change what sessions begin with
      graduate     End a mentoring relationship: words, certificates, a frozen archive, destroyed keys
      journal      Write for yourself: only your own devices have it
      today        See what is next, due and open, across notebooks
      search       Find words in everything you can read
      conflict     See what two people wrote at once, and choose
      log          See who changed what, when and on which device
      restore      Bring an object back to how it was at a change
      sync         Try all known peers now
      watch        Print a line for each change as it arrives
      bundle       Hand over what others lack as a sealed file, with no network in between
      export       Write a notebook's content to files
      import       Take content into a notebook
      backup       Keep everything in one sealed file, check it, and come back from it
      verify       Check every record, signature and chain on this device
      lock         Forget the keys until the passphrase is given again
      unlock       Give the passphrase once for a while
      passphrase   Change what protects this device's keys
      calendar     A calendar of all notebooks, for the calendar program of this machine
      config       Read and change settings
      completions  Print a shell's completion script
      man          Write the manual pages

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Global options:
          --home <DIR>  The folder that holds your keys and notebooks [default: your data directory]
                        [env:HEARTH_HOME]
          --json        Print one JSON document
      -y, --yes         Answer yes to every question
          --no-input    Never ask anything

    Begin with `hearth init --name NAME`, or look around with `hearth demo`.
    ");
}

#[test]
fn short_help_of_a_noun_lists_its_verbs() {
    let ran = Person::new().run(&["session", "-h"]);
    insta::assert_snapshot!(ran.stdout, @r"
    Plan sessions and write their notes together

    Usage: hearth session [OPTIONS] <COMMAND>

    Commands:
      plan    Plan a session
      list    List a notebook's sessions
      show    Show a session with its agenda and notes
      agenda  Put something on the agenda, or tick it off
      notes   Write or read the notes
      wrap    Record how a session went
      edit    Change the plan of a session; what is not given stays as it is
      cancel  Call a planned session off
      mark    Say who may hear of the notes
      attend  Confirm that you were there

    Options:
      -h, --help  Print help (see more with '--help')

    Global options:
          --home <DIR>  The folder that holds your keys and notebooks [default: your data directory]
                        [env:HEARTH_HOME]
          --json        Print one JSON document
      -y, --yes         Answer yes to every question
          --no-input    Never ask anything
    ");
}

#[test]
fn short_help_of_a_verb_fits_a_screen() {
    let ran = Person::new().run(&["action", "add", "-h"]);
    insta::assert_snapshot!(ran.stdout, @r"
    Write a new action

    Usage: hearth action add [OPTIONS] <NB> <TITLE>

    Arguments:
      <NB>     The notebook's id or name
      <TITLE>  What is to be done

    Options:
          --owner <PERSON>  Who does it [default: you]
          --due <DATE>      The day it is due: 2026-12-01, tomorrow, fri, +2w
          --goal <ID>       The goal it serves
          --session <ID>    The session it came from
      -h, --help            Print help (see more with '--help')

    Global options:
          --home <DIR>  The folder that holds your keys and notebooks [default: your data directory]
                        [env:HEARTH_HOME]
          --json        Print one JSON document
      -y, --yes         Answer yes to every question
          --no-input    Never ask anything
    ");
}

#[test]
fn long_help_explains_and_ends_with_examples() {
    let ran = Person::new().run(&["session", "notes", "--help"]);
    insta::assert_snapshot!(ran.stdout, @r"
    Write or read the notes

    Opens your editor; without a terminal it prints the text. What others write meanwhile is kept: only
    what you changed is saved.

    Usage: hearth session notes [OPTIONS] <ID>

    Arguments:
      <ID>
              The session's id

    Options:
          --from <FILE|->
              Take the text from a file, or from standard input for -

          --append
              Add the text at the end

      -h, --help
              Print help (see a summary with '-h')

    Global options:
          --home <DIR>
              The folder that holds your keys and notebooks [default: your data directory]
              [env:HEARTH_HOME]

          --json
              Print one JSON document

      -y, --yes
              Answer yes to every question

          --no-input
              Never ask anything

          --color <WHEN>
              When to use colour

              Possible values:
              - auto:   On a terminal, unless NO_COLOR is set
              - always: Always
              - never:  Never
              
              [default: auto]

          --passphrase-command <COMMAND>
              A shell command that prints the passphrase [env:HEARTH_PASSPHRASE_COMMAND]

    Examples:
      hearth session notes ID
      hearth session notes ID > notes.md
      hearth session notes ID --from notes.md
      echo '- call Ben' | hearth session notes ID --from - --append
    ");
}

#[test]
fn the_network_profiles_say_what_they_reveal() {
    let ran = Person::new().run(&["init", "--help"]);
    insta::assert_snapshot!(ran.stdout, @r#"
    Create your identity on this device

    Makes your keys here and shows a recovery phrase of 24 words once. Write it down: it is the only key
    to who you are once every device is lost, and nobody can make it again. It brings back every
    notebook that somebody else still holds: those who share one with you also keep a sealed list of all
    of them, which only the phrase opens. What only your own devices hold, such as a notebook that
    nobody has joined, is lost with them, and so is your journal, unless you set `journal_copies` to
    `members` (see `hearth journal --help`).

    Usage: hearth init [OPTIONS] --name <NAME>

    Options:
          --name <NAME>
              What the others call you

          --device <LABEL>
              What this device is called [default: the computer's name]

          --network <NETWORK>
              How devices find each other: direct, lan, relay=URL or public
              
              direct contacts nobody but the devices you share a notebook with. lan also announces this
              device on the local network. relay=URL also uses that relay, which learns device ids,
              addresses, times and sizes, never content; it may be given several times. public uses
              public relays and address lookup, which learn the same.
              
              [default: direct]

          --unlock <UNLOCK>
              What protects the keys on this device

              Possible values:
              - passphrase: A passphrase
              - keyring:    The operating system's keyring
              - bare:       Nothing: anyone who can read the folder can read the notes
              
              [default: passphrase]

          --recovery-out <FILE>
              Write the recovery phrase to a new file instead of showing it

      -h, --help
              Print help (see a summary with '-h')

    Global options:
          --home <DIR>
              The folder that holds your keys and notebooks [default: your data directory]
              [env:HEARTH_HOME]

          --json
              Print one JSON document

      -y, --yes
              Answer yes to every question

          --no-input
              Never ask anything

          --color <WHEN>
              When to use colour

              Possible values:
              - auto:   On a terminal, unless NO_COLOR is set
              - always: Always
              - never:  Never
              
              [default: auto]

          --passphrase-command <COMMAND>
              A shell command that prints the passphrase [env:HEARTH_PASSPHRASE_COMMAND]

    Examples:
      hearth init --name "Ada Lovelace"
      hearth init --name Ada --device laptop --network lan
      hearth init --name Ada --recovery-out /media/usb/recovery.txt
    "#);
}

#[test]
fn every_shell_gets_a_script_that_knows_the_verbs() {
    let person = Person::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = person.run(&["completions", shell]);
        assert_eq!(ran.exit, Some(0), "{shell}");
        assert!(ran.stdout.contains("milestone-done"), "{shell}");
    }
    let ran = person.run(&["completions", "bash", "--json"]);
    assert_eq!(ran.json()["data"]["shell"], "bash");
}

#[test]
fn each_command_has_a_manual_page_and_none_is_overwritten_unasked() {
    let person = Person::new();
    let ran = person.run(&["man", "--out", "man"]);
    assert_eq!((ran.exit, ran.stderr.as_str()), (Some(0), ""));
    let page = |name: &str| std::fs::read_to_string(person.folder().join("man").join(name));
    assert!(
        page("hearth.1")
            .expect("page")
            .contains("mentoring notebook")
    );
    let goal_add = page("hearth-goal-add.1").expect("page");
    assert!(goal_add.contains("hearth\\-goal\\-add") && goal_add.contains("Examples"));
    assert_eq!(person.run(&["man", "--out", "man"]).exit, Some(2));
    assert_eq!(person.run(&["man", "--out", "man", "--yes"]).exit, Some(0));
}
