//! A member whose program was changed, among three whose programs were not, one of whom hears of it all from
//! the others only: every node stays up, all refuse or set aside alike, and name who it was and why.

use std::time::Duration;

use hearth_core::control::{ControlAuthor, ControlKind, Cut};
use hearth_core::document::scan;
use hearth_core::ids::{ControlHash, Incarnation, LogId};
use hearth_core::log::actor_of;
use hearth_core::storage::{Space, Storage, Write};
use hearth_e2e::{Person, Ran, RunningNode, agree, until};
use hearth_testkit::adversary::with_actor;
use serde_json::Value;

use crate::tamper::{id_of, open, plant, retitle};

/// How long anything may take to get from one node to another.
const SOON: Duration = Duration::from_secs(30);
const TITLE: &str = "Circle";
const VANDAL_TITLE: &str = "Mallory was here";

/// Ana made the notebook; Mallory was admitted next, then Ben and Chloe. No node runs.
struct Circle {
    ana: Person,
    ben: Person,
    chloe: Person,
    mallory: Person,
    notebook: String,
}

impl Circle {
    /// Has the four share a notebook.
    #[track_caller]
    fn gather(mallorys_role: &str) -> Self {
        let [ana, mallory, ben, chloe] = ["Ana", "Mallory", "Ben", "Chloe"].map(Person::new);
        let nodes = [&ana, &mallory, &ben, &chloe].map(RunningNode::up);
        let created = ana.ok(&["notebook", "create", TITLE, "--form", "group"]);
        let notebook = hearth_e2e::text(&created, "/notebook/id");
        for (person, role) in [
            (&mallory, mallorys_role),
            (&ben, "mentee"),
            (&chloe, "mentee"),
        ] {
            person.ok(&["join", &ana.ticket(&notebook, role)]);
        }
        ana.goal(&notebook, "Speak at the spring meeting");
        agree(&[&ana, &mallory, &ben, &chloe], &notebook, SOON);
        stop(nodes);
        Self {
            ana,
            ben,
            chloe,
            mallory,
            notebook,
        }
    }

    fn honest(&self) -> [&Person; 3] {
        [&self.ana, &self.ben, &self.chloe]
    }

    /// Mallory's home as it is now, in another folder: it knows nothing of what comes.
    fn copy_of_mallorys(&self) -> Person {
        let copy = Person::stranger(self.mallory.name());
        let copied = std::process::Command::new("cp")
            .arg("-r")
            .args([self.mallory.home(), copy.home()])
            .status();
        assert!(copied.expect("cp runs").success());
        copy
    }

    /// Waits until all honest copies are equal, and checks that they name the same for the same reasons.
    #[track_caller]
    fn alike(&self) -> Vec<Value> {
        agree(&self.honest(), &self.notebook, SOON);
        let named = self.honest().map(|person| named(person));
        assert_eq!(named[0], named[1], "Ana and Ben");
        assert_eq!(named[0], named[2], "Ana and Chloe");
        let members = self.honest().map(|person| members(person, &self.notebook));
        assert!(
            members.iter().all(|some| *some == members[0]),
            "{members:?}"
        );
        let [all, _, _] = named;
        all
    }

    /// Checks that every honest person is told, in `verify` and in `status`, that it was Mallory's laptop, and
    /// why.
    #[track_caller]
    fn all_are_told(&self, reason: &str) {
        for person in self.honest() {
            let label = self.mallory.device();
            for command in ["verify", "status"] {
                let arguments = [command];
                let output = person.plain(&arguments).output().expect("hearth runs");
                let ran = Ran::new(&arguments, output);
                assert_eq!(ran.exit, Some(0), "{ran:?}");
                let is_told = ran.stdout.lines().any(|line| {
                    line.contains("Mallory") && line.contains(&label) && line.contains(reason)
                });
                assert!(is_told, "{}: {}", person.name(), ran.stdout);
            }
        }
    }

    #[track_caller]
    fn shows(&self, title: &str) {
        for person in self.honest() {
            let shown = person.ok(&["notebook", "show", &self.notebook]);
            assert_eq!(shown["notebook"]["title"], title, "{}", person.name());
        }
    }

    /// Everybody writes, and everybody gets it.
    #[track_caller]
    fn go_on(&self) {
        for person in self.honest() {
            person.goal(&self.notebook, &format!("{} goes on", person.name()));
        }
        agree(&self.honest(), &self.notebook, SOON);
        assert_eq!(
            self.ana
                .goals(&self.notebook)
                .iter()
                .filter(|title| title.ends_with("goes on"))
                .count(),
            3
        );
    }
}

fn stop<const COUNT: usize>(nodes: [RunningNode; COUNT]) {
    for node in nodes {
        node.stop();
    }
}

/// What `verify` lists as set aside.
#[track_caller]
fn named(person: &Person) -> Vec<Value> {
    let verified = person.ok(&["verify"]);
    verified["set_aside"].as_array().expect("a list").clone()
}

#[track_caller]
fn members(person: &Person, notebook: &str) -> Vec<(String, String)> {
    let listed = person.ok(&["member", "list", notebook]);
    let members = listed["members"].as_array().expect("members").iter();
    members
        .map(|member| {
            let text = |key| hearth_e2e::text(member, key);
            (text("/name"), text("/role"))
        })
        .collect()
}

#[track_caller]
fn await_named(person: &Person) {
    until(&format!("{} names somebody", person.name()), SOON, || {
        (!named(person).is_empty()).then_some(())
    });
}

#[test]
fn what_an_observer_writes_shows_nowhere_and_is_named_everywhere() {
    let circle = Circle::gather("mentee");
    let notebook = circle.notebook.as_str();
    let before = circle.copy_of_mallorys();
    let ana_node = RunningNode::up(&circle.ana);
    let ben_node = RunningNode::up(&circle.ben);
    let mallory_node = RunningNode::up(&circle.mallory);
    circle
        .ana
        .ok(&["member", "role", notebook, "Mallory", "observer"]);
    until("Mallory and Ben know", SOON, || {
        let knows =
            |person| members(person, notebook).contains(&("Mallory".into(), "observer".into()));
        (knows(&circle.mallory) && knows(&circle.ben)).then_some(())
    });
    circle
        .mallory
        .refused(&["goal", "add", notebook, "Mine"], 5, "read_only");
    mallory_node.stop();
    // One entry that knows of the role, and one by a program that says it had not heard.
    let id = id_of(notebook);
    for (person, incarnation) in [(&circle.mallory, 0x51), (&before, 0x52)] {
        plant(&mut open(person), id, incarnation, |member, host| {
            let change = retitle(member, host, id, VANDAL_TITLE);
            vec![member.sign_changes(&[(crate::tamper::INDEX, change)])]
        });
        let node = RunningNode::up(person);
        let count = usize::from(incarnation - 0x50);
        for honest in [&circle.ana, &circle.ben] {
            until("it is set aside", SOON, || {
                (named(honest).len() == count).then_some(())
            });
        }
        node.stop();
    }
    ana_node.stop();

    let chloe_node = RunningNode::up(&circle.chloe);
    await_named(&circle.chloe);
    let ana_node = RunningNode::up(&circle.ana);
    assert_eq!(circle.alike().len(), 2);
    circle.all_are_told("an observer only reads");
    circle.all_are_told("had been made an observer when it came");
    circle.shows(TITLE);
    circle.go_on();
    stop([ana_node, ben_node, chloe_node]);
}

#[test]
fn a_removed_admin_who_goes_on_and_back_dates_changes_nothing() {
    let circle = Circle::gather("mentor");
    let notebook = circle.notebook.as_str();
    let before = circle.copy_of_mallorys();
    let ana_node = RunningNode::up(&circle.ana);
    let ben_node = RunningNode::up(&circle.ben);
    circle
        .ana
        .ok(&["member", "remove", notebook, "Mallory", "--yes"]);
    until("Ben knows", SOON, || {
        (members(&circle.ben, notebook).len() == 3).then_some(())
    });
    ana_node.stop();
    ben_node.stop();

    // What Mallory's program signs now names only what was there before the removal.
    let id = id_of(notebook);
    let mut host = open(&before);
    let ben = {
        let me = host.me();
        let replica = host.engine.replica(id).expect("the notebook");
        let admission = replica
            .membership()
            .member(&me)
            .expect("a member")
            .admission;
        let mut others = replica.membership().members().keys();
        let ben = *others
            .find(|person| replica.profile(**person).name == "Ben")
            .expect("Ben");
        let (heads, device) = (
            replica.controls().heads(),
            host.engine.identity().device.clone(),
        );
        let author = ControlAuthor {
            device: &device,
            notebook: id,
            heads,
            standing: admission,
        };
        let kind = ControlKind::Remove {
            person: ben,
            cut: Cut::default(),
        };
        author.sign(kind, None)
    };
    let hash: ControlHash = ben.hash();
    let put = Write::Put {
        space: Space::Control,
        key: hash.as_bytes().to_vec(),
        value: ben.as_bytes().to_vec(),
    };
    host.storage.commit(id, &[put]).expect("the disk takes it");
    plant(&mut host, id, 0x53, |member, host| {
        let change = retitle(member, host, id, VANDAL_TITLE);
        vec![member.sign_changes(&[(crate::tamper::INDEX, change)])]
    });
    drop(host);

    // Chloe has heard nothing yet, and believes it all.
    let chloe_node = RunningNode::up(&circle.chloe);
    let before_node = RunningNode::up(&before);
    until("Chloe believes Mallory", SOON, || {
        let shown = circle.chloe.ok(&["notebook", "show", notebook]);
        let believes = shown["notebook"]["title"] == VANDAL_TITLE;
        (believes && members(&circle.chloe, notebook).len() == 3).then_some(())
    });
    before_node.stop();

    // Ana knows better. Ben, whom Mallory's program removed, never meets it.
    let ana_node = RunningNode::up(&circle.ana);
    let ben_node = RunningNode::up(&circle.ben);
    assert_eq!(circle.alike().len(), 2);
    circle.all_are_told("its author had been removed when it came");
    circle.all_are_told("it removes Ben, and does not count");
    circle.shows(TITLE);
    circle.go_on();
    stop([ana_node, ben_node, chloe_node]);
}

#[test]
fn what_is_written_in_the_name_of_another_shows_nowhere_and_its_signer_is_named() {
    let circle = Circle::gather("mentee");
    let notebook = circle.notebook.as_str();
    let id = id_of(notebook);
    let mut host = open(&circle.mallory);
    let bens = {
        let replica = host.engine.replica(id).expect("the notebook");
        let mut devices = replica.membership().devices().iter();
        let (device, _) = devices
            .find(|(_, person)| replica.profile(**person).name == "Ben")
            .expect("Ben");
        LogId {
            device: *device,
            incarnation: Incarnation::from_bytes([0x54; Incarnation::LEN]),
        }
    };
    // A change in Ben's name, in an entry that Mallory signed as such.
    plant(&mut host, id, 0x54, |member, host| {
        let change = retitle(member, host, id, VANDAL_TITLE);
        let forged = with_actor(&change, *actor_of(id, bens).as_bytes()).expect("well formed");
        vec![member.sign_changes(&[(crate::tamper::INDEX, scan(&forged).expect("well formed"))])]
    });
    drop(host);
    let ana_node = RunningNode::up(&circle.ana);
    let ben_node = RunningNode::up(&circle.ben);
    let mallory_node = RunningNode::up(&circle.mallory);
    await_named(&circle.ana);
    await_named(&circle.ben);
    mallory_node.stop();
    ana_node.stop();
    let chloe_node = RunningNode::up(&circle.chloe);
    await_named(&circle.chloe);
    let ana_node = RunningNode::up(&circle.ana);
    circle.alike();
    circle.all_are_told("somebody else");
    circle.shows(TITLE);
    circle.go_on();
    stop([ana_node, ben_node, chloe_node]);
}

#[test]
fn of_a_forked_log_one_branch_counts_everywhere_and_no_signature_passes_to_the_other() {
    let circle = Circle::gather("mentee");
    let notebook = circle.notebook.as_str();
    let other = circle.copy_of_mallorys();
    let topic = |person: &Person, text: &str| {
        person.ok(&[
            "agreement",
            "edit",
            notebook,
            "--topic",
            "purpose",
            "--consensus",
            text,
        ]);
    };
    let sign = |person: &Person| person.ok(&["agreement", "sign", notebook, "--yes"]);

    // Ana and Chloe are shown one text, and sign it.
    topic(&circle.mallory, "We meet every week.");
    circle.mallory.goal(notebook, "For Ana");
    let mut nodes = [&circle.ana, &circle.chloe, &circle.mallory].map(RunningNode::up);
    agree(
        &[&circle.ana, &circle.chloe, &circle.mallory],
        notebook,
        SOON,
    );
    assert!(nodes.iter_mut().all(RunningNode::is_running));
    let [ana_node, chloe_node, mallory_node] = nodes;
    mallory_node.stop();
    sign(&circle.ana);
    sign(&circle.chloe);
    agree(&[&circle.ana, &circle.chloe], notebook, SOON);
    ana_node.stop();
    chloe_node.stop();

    // Ben is shown another one, and signs that.
    topic(&other, "Ben does all the work.");
    other.goal(notebook, "For Ben");
    let ben_node = RunningNode::up(&circle.ben);
    let other_node = RunningNode::up(&other);
    agree(&[&circle.ben, &other], notebook, SOON);
    other_node.stop();
    sign(&circle.ben);
    circle.ben.goal(notebook, "Of Ben's own");

    // Chloe hears of the other text through Ben, and Ana through Chloe.
    let chloe_node = RunningNode::up(&circle.chloe);
    agree(&[&circle.ben, &circle.chloe], notebook, SOON);
    ben_node.stop();
    let ana_node = RunningNode::up(&circle.ana);
    agree(&[&circle.ana, &circle.chloe], notebook, SOON);
    let ben_node = RunningNode::up(&circle.ben);
    circle.alike();
    circle.all_are_told("signed two different entries");
    for person in circle.honest() {
        let goals = person.goals(notebook);
        let has = |title: &str| goals.iter().any(|goal| goal == title);
        assert!(has("For Ana") && !has("For Ben"), "{goals:?}");
        // What Ben built on the branch that lost is written again.
        assert!(has("Of Ben's own"), "{goals:?}");
        let shown = person.ok(&["agreement", "show", notebook]);
        let agreement = &shown["agreement"];
        assert_eq!(
            agreement["text"],
            "Agreement\n\nPurpose\n  We meet every week.\n"
        );
        let names = |list: &Value| -> Vec<String> {
            let list = list.as_array().expect("a list").iter();
            let mut names: Vec<String> = list.map(|one| hearth_e2e::text(one, "/name")).collect();
            names.sort();
            names
        };
        assert_eq!(names(&agreement["signatures"]), ["Ana", "Chloe"]);
        assert_eq!(names(&agreement["missing"]), ["Ben", "Mallory"]);
        // Ben's signature stays where it was put: under the text that he was shown.
        let told = person.ok(&["agreement", "log", notebook]);
        let versions = told["versions"].as_array().expect("versions");
        let of_ben: Vec<&Value> = versions
            .iter()
            .filter(|version| names(&version["signatures"]).contains(&"Ben".to_owned()))
            .collect();
        assert_eq!(of_ben.len(), 1, "{told}");
        assert!(hearth_e2e::text(of_ben[0], "/text").contains("Ben does all the work."));
    }
    // He signs what counts, and that holds.
    sign(&circle.ben);
    let is_signed = |person: &Person| {
        let shown = person.ok(&["agreement", "show", notebook]);
        shown["agreement"]["signatures"].as_array().map(Vec::len) == Some(3)
    };
    until("all have Ben's signature", SOON, || {
        circle
            .honest()
            .iter()
            .all(|person| is_signed(person))
            .then_some(())
    });
    circle.go_on();
    stop([ana_node, ben_node, chloe_node]);
}
