//! Two and three people in one notebook: invitations, members, words, readers, status.

use automerge::ROOT;
use automerge::transaction::Transactable;
use hearth_notebook::DocumentId;
use serde_json::{Value, json};

use super::fixture::{Home, connect, disconnect, has_keys, id, join, pair, pump, text};
use crate::api::{GoalFields, GoalRequest, InviteRequest, MemberRequest, Request, VerifyStep};
use crate::host::{Host, random};

fn invites(notebook: &str) -> Request {
    Request::Invite(InviteRequest::List {
        notebook: notebook.to_owned(),
    })
}

fn members(notebook: &str) -> Request {
    Request::Member(MemberRequest::List {
        notebook: notebook.to_owned(),
    })
}

fn compare(notebook: &str, person: &str, step: VerifyStep) -> Request {
    Request::Member(MemberRequest::Verify {
        notebook: notebook.to_owned(),
        person: person.to_owned(),
        step,
    })
}

fn add_goal(notebook: &str, title: &str) -> Request {
    Request::Goal(GoalRequest::Add {
        notebook: notebook.to_owned(),
        title: title.to_owned(),
        kind: None,
        fields: GoalFields::default(),
    })
}

fn invite(notebook: &str, role: &str, expires_s: Option<u64>) -> Request {
    Request::Invite(InviteRequest::Create {
        notebook: notebook.to_owned(),
        role: role.to_owned(),
        expires_s,
    })
}

#[test]
fn an_invitation_is_one_token_that_goes_from_open_to_used() {
    let mut ada = Home::new("Ada");
    let notebook = ada.notebook("Ada and Ben", "one-on-one");
    let made = ada.invite("Ada and Ben", "mentee");
    has_keys(&made, &["id", "ticket", "expires", "role"]);
    let ticket = text(&made["ticket"]);
    assert!(ticket.starts_with("hearth1") && !ticket.contains(char::is_whitespace));
    assert!(
        text(&made["hint"]).contains("hearth up"),
        "nobody can redeem it yet"
    );
    ada.node.running = true;
    assert!(ada.invite(&notebook, "mentee").get("hint").is_none());
    let listed = ada.ok(&invites(&notebook));
    assert_eq!(
        (
            &listed["invites"][0]["state"],
            &listed["invites"][0]["used_by"]
        ),
        (&json!("open"), &json!(null))
    );

    let mut ben = Home::new("Ben");
    join(&mut ada, &mut ben, ticket);
    let listed = ada.ok(&invites(&notebook));
    let used = &listed["invites"][0];
    has_keys(used, &["id", "role", "expires", "state", "used_by"]);
    assert_eq!(
        (&used["id"], &used["state"], &used["role"]),
        (&made["id"], &json!("used"), &json!("mentee"))
    );
    assert_eq!(used["used_by"]["name"], "Ben");
    let revoke = Request::Invite(InviteRequest::Revoke {
        notebook,
        invite: id(&made),
    });
    assert_eq!(ada.fails(&revoke).code, "invite_used");
}

#[test]
fn an_invitation_can_be_revoked_and_expires() {
    let mut ada = Home::new("Ada");
    let notebook = ada.notebook("Circle", "peer");
    let made = id(&ada.invite(&notebook, "peer"));
    let revoke = Request::Invite(InviteRequest::Revoke {
        notebook: notebook.clone(),
        invite: made[..8].to_owned(),
    });
    assert_eq!(ada.ok(&revoke)["invite"]["state"], "revoked");
    assert_eq!(
        ada.ok(&revoke)["invite"]["state"],
        "revoked",
        "again changes nothing"
    );
    for odd in [Some(0), Some(u64::MAX)] {
        assert_eq!(ada.fails(&invite(&notebook, "peer", odd)).exit.code(), 2);
    }
    assert_eq!(ada.fails(&invite(&notebook, "boss", None)).exit.code(), 2);
    let nobody = Request::Invite(InviteRequest::Revoke {
        notebook: notebook.clone(),
        invite: "zzzz".to_owned(),
    });
    assert_eq!(ada.fails(&nobody).exit.code(), 4);
    let Host {
        engine, storage, ..
    } = ada.host();
    let past = engine.invite(
        notebook.parse().unwrap(),
        hearth_core::control::Role::Peer,
        true,
        Host::now_ms() - 1,
        Default::default(),
        storage,
        &mut random(),
    );
    let past = past.unwrap().id.to_string();
    let listed = ada.ok(&invites(&notebook));
    let expired = listed["invites"]
        .as_array()
        .unwrap()
        .iter()
        .find(|invite| invite["id"] == json!(past));
    assert_eq!(expired.unwrap()["state"], "expired");
}

#[test]
fn the_form_decides_who_becomes_an_admin() {
    let mut ada = Home::new("Ada");
    for (form, role, admin) in [
        ("one-on-one", "mentee", true),
        ("one-on-one", "observer", false),
        ("peer", "peer", true),
        ("group", "mentor", true),
        ("group", "mentee", false),
        ("group", "peer", false),
        ("group", "observer", false),
    ] {
        let notebook = ada.notebook("N", form);
        assert_eq!(
            ada.invite(&notebook, role)["admin"],
            admin,
            "{role} in {form}"
        );
    }
}

#[test]
fn who_is_no_admin_invites_nobody_and_an_observer_writes_nothing() {
    let (mut ada, mut ben, mut cy) = (Home::new("Ada"), Home::new("Ben"), Home::new("Cy"));
    let notebook = ada.notebook("Group", "group");
    for (home, role, link) in [(&mut ben, "mentee", 2), (&mut cy, "observer", 3)] {
        let ticket = ada.invite(&notebook, role);
        join(&mut ada, home, text(&ticket["ticket"]));
        connect(&mut ada, home, link);
    }
    pump(&mut ada, &mut ben, 2);
    let failure = ben.fails(&invite("Group", "mentee", None));
    assert_eq!(
        (failure.code.as_str(), failure.exit.code()),
        ("not_allowed", 5)
    );
    assert!(failure.hint.unwrap().contains("Ada"));
    ben.ok(&add_goal("Group", "Learn"));
    let failure = cy.fails(&add_goal("Group", "Sneak"));
    assert_eq!(
        (failure.code.as_str(), failure.exit.code()),
        ("read_only", 5)
    );
    let listed = cy.ok(&members("Group"));
    let roles: Vec<(&str, &str, bool)> = listed["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| {
            (
                text(&member["name"]),
                text(&member["role"]),
                member["admin"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(roles[0], ("Ada", "mentor", true));
    assert!(
        roles.contains(&("Ben", "mentee", false)) && roles.contains(&("Cy", "observer", false))
    );

    // Ben and Cy were not paired with each other, so nothing can be compared.
    let failure = ben.fails(&compare("Group", "Cy", VerifyStep::Show));
    assert_eq!(
        (failure.code.as_str(), failure.exit.code()),
        ("no_words", 4)
    );
    assert!(failure.hint.unwrap().contains("Ada"));
}

#[test]
fn a_form_that_a_mere_writer_changed_makes_nobody_an_admin() {
    let (mut ada, mut ben) = (Home::new("Ada"), Home::new("Ben"));
    let notebook = ada.notebook("Group", "group");
    let ticket = ada.invite(&notebook, "mentee");
    join(&mut ada, &mut ben, text(&ticket["ticket"]));
    connect(&mut ada, &mut ben, 2);
    ben.host()
        .edit(notebook.parse().unwrap(), |docs, _| {
            let mut transaction = docs.write(DocumentId::INDEX)?.transaction();
            transaction.put(ROOT, "form", "one-on-one")?;
            transaction.commit();
            Ok(())
        })
        .unwrap();
    pump(&mut ada, &mut ben, 2);
    let failure = ada.fails(&invite(&notebook, "mentee", None));
    assert_eq!(
        (failure.code.as_str(), failure.exit.code()),
        ("form_disputed", 5)
    );
    assert!(failure.message.contains("Ben"));
}

#[test]
fn both_sides_see_the_same_words_and_decide_for_themselves() {
    let (mut ada, mut ben) = (Home::new("Ada"), Home::new("Ben"));
    let notebook = ada.notebook("Ours", "one-on-one");
    let ticket = ada.invite(&notebook, "mentee");
    let words = join(&mut ada, &mut ben, text(&ticket["ticket"]));
    connect(&mut ada, &mut ben, 2);
    let shown = ada.ok(&compare(&notebook, "ben", VerifyStep::Show));
    has_keys(&shown, &["member", "words", "state"]);
    assert_eq!(
        (text(&shown["words"]), &shown["state"]),
        (words.as_str(), &json!("open"))
    );
    assert_eq!(
        ben.ok(&compare("Ours", "Ada", VerifyStep::Show))["words"],
        shown["words"]
    );
    assert_eq!(shown["member"]["verified"], false);
    let matched = ada.ok(&compare(&notebook, "Ben", VerifyStep::Match));
    assert_eq!(
        (&matched["state"], &matched["member"]["verified"]),
        (&json!("match"), &json!(true))
    );
    ada.reopen();
    let listed = ada.ok(&members(&notebook));
    assert_eq!(
        (
            &listed["members"][0]["verified"],
            &listed["members"][1]["verified"]
        ),
        (&json!(null), &json!(true))
    );
    let listed = ben.ok(&members("Ours"));
    assert_eq!(
        listed["members"][0]["verified"], false,
        "Ada's decision is not Ben's"
    );
    let differ = ben.ok(&compare("Ours", "Ada", VerifyStep::Differ));
    assert_eq!(
        (&differ["state"], &differ["member"]["verified"]),
        (&json!("differ"), &json!(false))
    );
    assert_eq!(
        ada.fails(&compare(&notebook, "Ada", VerifyStep::Show))
            .exit
            .code(),
        2
    );
    assert_eq!(
        ada.fails(&compare(&notebook, "Zoe", VerifyStep::Show))
            .exit
            .code(),
        4
    );
    let added_by = &ada.ok(&members(&notebook))["members"][1]["added_by"];
    assert_eq!(
        (&added_by["name"], &added_by["device"]),
        (&json!("Ada"), &json!("Ada's laptop"))
    );
}

#[test]
fn readers_are_those_whom_the_keys_were_given() {
    let mut ada = Home::new("Ada");
    let notebook = ada.notebook("Ours", "one-on-one");
    let ask = |notebook: &str| Request::Readers {
        notebook: notebook.to_owned(),
    };
    let alone = ada.ok(&ask(&notebook));
    assert_eq!(alone["readers"].as_array().unwrap().len(), 1);
    let ticket = ada.invite(&notebook, "mentee");
    assert_eq!(
        ada.ok(&ask(&notebook))["readers"],
        alone["readers"],
        "a ticket is no key"
    );
    let mut ben = Home::new("Ben");
    join(&mut ada, &mut ben, text(&ticket["ticket"]));
    connect(&mut ada, &mut ben, 2);
    for home in [&mut ada, &mut ben] {
        let both = home.ok(&ask(&notebook));
        assert_eq!(
            (&both["wraps_not_here"], both["epoch"].is_string()),
            (&json!(0), true)
        );
        let readers = both["readers"].as_array().unwrap();
        let mut names: Vec<&str> = readers.iter().map(|reader| text(&reader["name"])).collect();
        names.sort_unstable();
        assert_eq!(names, ["Ada", "Ben"]);
        for reader in readers {
            has_keys(reader, &["person", "since", "devices", "recovery_key"]);
            assert_eq!(
                (&reader["recovery_key"], &reader["member"]),
                (&json!(true), &json!(true))
            );
            let devices = reader["devices"].as_array().unwrap();
            assert_eq!(devices.len(), 1);
            assert!(devices[0]["since"].is_string(), "{reader}");
            assert!(text(&devices[0]["label"]).ends_with("laptop"));
        }
    }
    let since = |data: &Value, name: &str| {
        let readers = data["readers"].as_array().unwrap();
        let reader = readers
            .iter()
            .find(|reader| reader["name"] == name)
            .unwrap();
        text(&reader["since"]).parse::<jiff::Timestamp>().unwrap()
    };
    let both = ada.ok(&ask(&notebook));
    assert!(since(&both, "Ada") <= since(&both, "Ben"));
    assert_eq!(
        since(&both, "Ada"),
        since(&alone, "Ada"),
        "a later key does not change since when"
    );
}

#[test]
fn status_tells_what_each_peer_has_confirmed_and_when_it_was_heard() {
    let (mut ada, mut ben) = (Home::new("Ada"), Home::new("Ben"));
    let notebook = ada.notebook("Ours", "one-on-one");
    let alone = ada.ok(&Request::Status);
    has_keys(
        &alone,
        &["person", "device", "node", "notebooks", "protection"],
    );
    has_keys(&alone["node"], &["running", "addrs", "network", "reveals"]);
    assert_eq!(alone["notebooks"][0]["peers"], json!([]));
    assert_eq!(alone["protection"]["kind"], "bare");
    assert!(text(&alone["protection"]["warning"]).contains("Nothing protects"));

    let ticket = ada.invite(&notebook, "mentee");
    join(&mut ada, &mut ben, text(&ticket["ticket"]));
    let peer = |home: &mut Home| home.ok(&Request::Status)["notebooks"][0]["peers"][0].clone();
    let never = peer(&mut ada);
    assert_eq!(
        (&never["state"], &never["last_contact"], &never["path"]),
        (&json!("never"), &json!(null), &json!("none"))
    );

    connect(&mut ada, &mut ben, 2);
    let ben_device = ben.host().my_device();
    ada.node.paths.insert(ben_device, "direct".to_owned());
    ada.ok(&add_goal(&notebook, "Run"));
    pump(&mut ada, &mut ben, 2);
    let live = peer(&mut ada);
    has_keys(
        &live,
        &[
            "person",
            "device",
            "state",
            "last_contact",
            "path",
            "behind",
            "ahead",
            "verified",
        ],
    );
    assert_eq!(
        (
            &live["state"],
            &live["path"],
            &live["behind"],
            &live["ahead"]
        ),
        (&json!("connected"), &json!("direct"), &json!(0), &json!(0))
    );
    assert_eq!(
        (&live["name"], &live["device_label"]),
        (&json!("Ben"), &json!("Ben's laptop"))
    );
    assert_eq!(live["device"], json!(ben_device.to_string()));

    disconnect(&mut ada, &mut ben, 2);
    ada.ok(&add_goal(&notebook, "Walk"));
    ada.reopen();
    let away = peer(&mut ada);
    assert_eq!(
        (&away["state"], &away["path"], &away["behind"]),
        (&json!("seen"), &json!("none"), &json!(1))
    );
    assert!(
        text(&away["last_contact"])
            .parse::<jiff::Timestamp>()
            .is_ok()
    );
    let status = ada.ok(&Request::Status);
    assert_eq!(status["notebooks"][0]["pending_out"], 1);
    connect(&mut ada, &mut ben, 4);
    assert_eq!(ada.ok(&Request::Status)["notebooks"][0]["pending_out"], 0);
}

#[test]
fn a_goal_of_one_reaches_the_other_with_its_author() {
    let (mut ada, mut ben, notebook) = pair();
    let goal = id(&ada.ok(&add_goal(&notebook, "Run"))["goal"]);
    pump(&mut ada, &mut ben, 2);
    let show = Request::Goal(GoalRequest::Show { goal: goal.clone() });
    let shown = ben.ok(&show);
    assert_eq!(shown["goal"]["created_by"]["name"], "Ada");
    ben.ok(&Request::Goal(GoalRequest::Status {
        goal,
        status: "active".to_owned(),
        reason: None,
    }));
    pump(&mut ada, &mut ben, 2);
    let shown = ada.ok(&show);
    assert_eq!(
        (
            &shown["goal"]["status"],
            &shown["goal"]["updated_by"]["device"]
        ),
        (&json!("active"), &json!("Ben's laptop"))
    );
    assert_eq!(shown, ben.ok(&show), "both see the same");
}
