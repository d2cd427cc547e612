//! Pieces of work: what people do with their notebook in the course of a day.

use hearth_e2e::{Person, text};
use serde_json::Value;

use super::cast::Cast;

/// People who type at the same time.
const TYPISTS: usize = 3;

/// Somebody who may does something on one of their devices, or several type into the same notes.
pub(super) fn anybody_works(cast: &mut Cast) {
    let number = cast.said.len();
    let free: Vec<(usize, usize)> = (cast.circle_devices().into_iter())
        .filter(|(person, kind)| {
            !cast.device(*person, *kind).frozen && !cast.observers.contains(person)
        })
        .collect();
    let mut draw = |end: usize| usize::try_from(cast.random.below(end as u64)).expect("few");
    let place = draw(free.len());
    let (what, choice) = (draw(10), draw(1_000));
    let at = free[place];
    if what < 2 {
        let typists = free.iter().cycle().skip(place).take(TYPISTS);
        let lines: Vec<String> = (0..TYPISTS)
            .map(|typist| format!("typed-{number}-{typist}-kukushka"))
            .collect();
        std::thread::scope(|scope| {
            for ((person, kind), line) in typists.zip(&lines) {
                let home = &cast.device(*person, *kind).home;
                let session = cast.session.as_str();
                scope.spawn(move || append(home, session, line));
            }
        });
        cast.said.extend(lines);
        return;
    }
    let home = &cast.device(at.0, at.1).home;
    let said = format!("said-{number}-kukushka");
    if works(home, &cast.circle, what, choice, &said) {
        cast.said.push(said);
    }
}

fn append(home: &Person, session: &str, line: &str) {
    let notes = ["session", "notes", session, "--append", "--from", "-"];
    home.feed(&notes, &format!("{line}\n")).data();
}

/// Does one piece; says whether `said` is written in it.
fn works(home: &Person, circle: &str, what: usize, choice: usize, said: &str) -> bool {
    let goals = || listed(home, &["goal", "list", circle], "goals", choice);
    let actions = || {
        listed(
            home,
            &["action", "list", circle, "--open"],
            "actions",
            choice,
        )
    };
    let questions = || listed(home, &["question", "list", circle], "questions", choice);
    match what {
        2 => drop(home.ok(&[
            "goal",
            "add",
            circle,
            said,
            "--unit",
            "km",
            "--baseline",
            "0",
            "--target",
            "50",
        ])),
        3 => drop(home.ok(&["ask", circle, said])),
        4 => drop(home.ok(&["action", "add", circle, said, "--due", "+2w"])),
        5 => match goals() {
            Some(goal) => drop(home.ok(&["goal", "milestone", &goal, said])),
            None => return false,
        },
        6 => match questions() {
            Some(question) => drop(home.ok(&["answer", &question, said])),
            None => return false,
        },
        7 => match goals() {
            Some(goal) => drop(home.ok(&["comment", &goal, said])),
            None => return false,
        },
        8 => {
            if let Some(goal) = goals() {
                // A goal without a measure takes no value.
                let _refused = home.run(&["goal", "progress", &goal, &choice.to_string()]);
            }
            return false;
        }
        _ => {
            if let Some(action) = actions() {
                // Another device may have finished it meanwhile.
                let _refused = home.run(&["action", "done", &action]);
            }
            return false;
        }
    }
    true
}

fn listed(home: &Person, command: &[&str], plural: &str, choice: usize) -> Option<String> {
    let data = home.ok(command);
    let objects: &Vec<Value> = data[plural].as_array().expect("a list");
    (!objects.is_empty()).then(|| text(&objects[choice % objects.len()], "/id"))
}
