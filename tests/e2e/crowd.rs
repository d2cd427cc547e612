//! Twelve people in one notebook, twelve processes: more than one device is linked with.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use hearth_e2e::{Cost, Person, Random, RunningNode, agree, agreed, heads, text, until};

/// How many there are.
const PEOPLE: usize = 12;
/// Fewest and most links that stay, of each, once the group is at rest.
const LINKS_MIN: usize = 3;
const LINKS_MAX: usize = 8;
/// Longer than the visits take by which everybody meets everybody.
const VISIT: Duration = Duration::from_secs(10);
/// How long a group may take to come to rest after it came up at once.
const REST_TIMEOUT: Duration = Duration::from_secs(240);
/// How long everybody may take to get everything.
const AGREE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a node at rest is watched.
const IDLE: Duration = Duration::from_secs(15);
/// What a node at rest may use of one processor, in thousandths: keep-alives of its links, and visits.
const IDLE_PERMILLE_MAX: u64 = if cfg!(debug_assertions) { 60 } else { 20 };
/// What a node of such a group may hold.
const MEMORY_KIB_MAX: u64 = 192 * 1024;

/// Returns the devices that somebody's node is linked with.
fn linked(person: &Person, notebook: &str) -> BTreeSet<String> {
    let status = person.status_of(notebook);
    let peers = status["peers"].as_array().expect("peers").iter();
    peers
        .filter(|peer| peer["state"] == "connected")
        .map(|peer| text(peer, "/device"))
        .collect()
}

fn gather() -> (Vec<Person>, Vec<RunningNode>, String) {
    let people: Vec<Person> = (0..PEOPLE)
        .map(|number| Person::new(&format!("Person{number:02}")))
        .collect();
    let nodes: Vec<RunningNode> = people.iter().map(RunningNode::up).collect();
    let created = people[0].ok(&["notebook", "create", "Crowd", "--form", "group"]);
    let notebook = text(&created, "/notebook/id");
    for person in &people[1..] {
        person.ok(&["join", &people[0].ticket(&notebook, "mentee")]);
    }
    (people, nodes, notebook)
}

#[test]
#[ignore = "needs minutes: a group of twelve comes to rest, and is watched"]
fn twelve_nodes_keep_eight_links_each_at_most_and_all_get_everything() {
    let began = Instant::now();
    let told = |what: &str| eprintln!("{:6.1} s  {what}", began.elapsed().as_secs_f64());
    let (people, mut nodes, notebook) = gather();
    let all: Vec<&Person> = people.iter().collect();
    told("all have joined");
    agree(&all, &notebook, AGREE_TIMEOUT);
    told("all are equal");

    let rest = until("nobody keeps more links than eight", REST_TIMEOUT, || {
        let before: Vec<BTreeSet<String>> = all.iter().map(|it| linked(it, &notebook)).collect();
        std::thread::sleep(VISIT);
        let stayed: Vec<usize> = all
            .iter()
            .zip(before)
            .map(|(person, before)| before.intersection(&linked(person, &notebook)).count())
            .collect();
        eprintln!("         links that stayed: {stayed:?}");
        stayed
            .iter()
            .all(|count| (LINKS_MIN..=LINKS_MAX).contains(count))
            .then_some(stayed)
    });
    told(&format!("at rest, with {rest:?} links"));

    // Work by everybody, and how long until all have it.
    let mut random = Random::new(7);
    for round in 0..4 {
        for person in &all {
            person.goal(&notebook, &format!("{} in round {round}", person.name()));
        }
        let drawn = usize::try_from(random.below(PEOPLE as u64)).expect("few");
        let last = all[drawn];
        let since = Instant::now();
        last.goal(&notebook, &format!("the last of round {round}"));
        let wanted = heads(last, &notebook);
        until("all have the last goal", AGREE_TIMEOUT, || {
            all.iter()
                .all(|person| heads(person, &notebook) == wanted)
                .then_some(())
        });
        told(&format!(
            "round {round}: equal {} ms after the last goal was asked for, as {PEOPLE} commands see it",
            since.elapsed().as_millis()
        ));
    }
    assert!(agreed(&all, &notebook));

    // One is away and comes back; the others have no room for somebody more, and let it in.
    nodes.pop().expect("a node").stop();
    people[0].goal(&notebook, "While somebody was away");
    nodes.push(RunningNode::up(&people[PEOPLE - 1]));
    until("who was away has it", AGREE_TIMEOUT, || {
        (heads(&people[PEOPLE - 1], &notebook) == heads(&people[0], &notebook)).then_some(())
    });
    told("who was away is back");

    let before: Vec<Cost> = nodes.iter().map(|node| Cost::of(node.pid())).collect();
    std::thread::sleep(IDLE);
    let idle_ms = u64::try_from(IDLE.as_millis()).expect("short");
    let used: Vec<(u64, u64, u64)> = nodes
        .iter()
        .zip(before)
        .map(|(node, before)| {
            let now = Cost::of(node.pid());
            let permille = (now.processor_ms - before.processor_ms) * 1_000 / idle_ms;
            (
                permille,
                now.memory_kib / 1_024,
                now.memory_peak_kib / 1_024,
            )
        })
        .collect();
    told(&format!(
        "at rest: thousandths of a processor, MiB now, MiB at most: {used:?}"
    ));
    for (permille, _, memory_mib) in used {
        assert!(
            permille <= IDLE_PERMILLE_MAX,
            "{permille} thousandths while at rest"
        );
        assert!(memory_mib * 1_024 <= MEMORY_KIB_MAX, "{memory_mib} MiB");
    }
    for person in &all {
        let verified = person.ok(&["verify"]);
        assert_eq!(verified["set_aside"], serde_json::json!([]));
    }
    assert!(nodes.iter_mut().all(RunningNode::is_running));
}
