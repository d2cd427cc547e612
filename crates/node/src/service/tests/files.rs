//! Files of resources by requests: added, read as far as they are here, and taken over into a fork.

use data_encoding::BASE64;
use serde_json::Value;

use super::fixture::{Home, connect, id, join, pair, pump, text};
use crate::api::{FileRequest, NotebookRequest, Request, ResourceRequest};

const CHUNK: usize = 256 * 1024;
const LINK: u64 = 2;

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place * 31 % 253) as u8).collect()
}

/// Adds a file; returns the resource's id.
fn add(home: &mut Home, notebook: &str, plain: &[u8]) -> String {
    let begun = home.ok(&Request::File(FileRequest::Begin {
        notebook: notebook.to_owned(),
        bytes: Some(plain.len() as u64),
    }));
    let file = begun["id"].as_u64().unwrap();
    home.ok(&Request::File(FileRequest::Add {
        id: file,
        bytes: BASE64.encode(plain),
    }));
    let added = home.ok(&Request::File(FileRequest::Finish {
        id: file,
        name: "slides.pdf".to_owned(),
        title: "Slides".to_owned(),
        why: None,
        tags: Vec::new(),
    }));
    id(&added["resource"])
}

fn read(resource: &str, chunk: u32) -> Request {
    Request::File(FileRequest::Read {
        resource: resource.to_owned(),
        chunk,
    })
}

fn want(resource: &str) -> Request {
    Request::File(FileRequest::Want {
        resource: resource.to_owned(),
    })
}

fn file_of(home: &mut Home, resource: &str) -> Value {
    let shown = home.ok(&Request::Resource(ResourceRequest::Show {
        resource: resource.to_owned(),
    }));
    shown["resource"]["file"].clone()
}

fn whole(home: &mut Home, resource: &str) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut chunk = 0;
    loop {
        let part = home.ok(&read(resource, chunk));
        plain.extend(BASE64.decode(text(&part["bytes"]).as_bytes()).unwrap());
        chunk += u32::try_from(part["chunks"].as_u64().unwrap()).unwrap();
        if part["last"] == true {
            return plain;
        }
    }
}

#[test]
fn what_is_sound_of_a_part_is_handed_out_before_what_is_missing_is_told() {
    let mut ada = Home::new("Ada");
    let notebook = ada.notebook("Alone", "one-on-one");
    let plain = pattern(3 * CHUNK + 5);
    let resource = add(&mut ada, &notebook, &plain);
    let host = ada.host();
    let replica = host.engine.notebooks().next().unwrap();
    let (key, record) = {
        use hearth_core::storage::{Space, Storage as _};
        host.storage.scan(replica, Space::File).unwrap().remove(0)
    };
    let held = hearth_core::file::HeldFile::decode(&record).unwrap();
    let root = hearth_core::ids::FileRoot::from_bytes(key.try_into().unwrap());
    let write = held.put(3, vec![1; 40]);
    hearth_core::storage::Storage::commit(
        &mut host.storage,
        replica,
        &[write, held.put_record(root)],
    )
    .unwrap();
    let part = ada.ok(&read(&resource, 0));
    assert_eq!((&part["chunks"], &part["last"]), (&2.into(), &false.into()));
    assert_eq!(
        BASE64.decode(text(&part["bytes"]).as_bytes()).unwrap(),
        plain[..2 * CHUNK]
    );
    // What was found damaged counts as missing from then on, so that it is fetched anew.
    assert_eq!(ada.fails(&read(&resource, 2)).code, "file_not_here");
}

#[test]
fn a_fork_takes_the_files_along_and_its_members_get_them() {
    let (mut ada, mut ben, notebook) = pair();
    let plain = pattern(2 * CHUNK + 9);
    let resource = add(&mut ben, &notebook, &plain);
    pump(&mut ada, &mut ben, LINK);
    let forked = ben.ok(&Request::Notebook(NotebookRequest::Fork {
        notebook: notebook.clone(),
        without: vec!["Ada".to_owned()],
        title: None,
        expires_s: None,
    }));
    assert_eq!(forked["files_on_their_way"], false, "{forked}");
    let fork = id(&forked["notebook"]);
    let in_fork = format!("{fork}/{resource}");
    assert_eq!(file_of(&mut ben, &in_fork)["here"], true);
    assert_eq!(whole(&mut ben, &in_fork), plain);

    // Somebody who was never in the old notebook has it from Ben.
    let ticket = ben.invite(&fork, "mentee");
    let mut chloe = Home::new("Chloe");
    join(&mut ben, &mut chloe, text(&ticket["ticket"]));
    connect(&mut ben, &mut chloe, 5);
    for _ in 0..20 {
        chloe.ok(&want(&in_fork));
        pump(&mut ben, &mut chloe, 5);
    }
    assert_eq!(whole(&mut chloe, &in_fork), plain);
}

#[test]
fn who_forks_before_a_file_is_here_has_it_later_from_the_old_notebook() {
    let (mut ada, mut ben, notebook) = pair();
    let plain = pattern(CHUNK + 9);
    let resource = add(&mut ada, &notebook, &plain);
    pump(&mut ada, &mut ben, LINK);
    let forked = ben.ok(&Request::Notebook(NotebookRequest::Fork {
        notebook: notebook.clone(),
        without: Vec::new(),
        title: None,
        expires_s: None,
    }));
    let in_fork = format!("{}/{resource}", id(&forked["notebook"]));
    assert_eq!(file_of(&mut ben, &in_fork)["here"], false);
    let in_old = format!("{notebook}/{resource}");
    for _ in 0..20 {
        ben.ok(&want(&in_old));
        pump(&mut ada, &mut ben, LINK);
    }
    assert_eq!(ben.ok(&want(&in_fork))["resource"]["file"]["here"], true);
    assert_eq!(whole(&mut ben, &in_fork), plain);
}
