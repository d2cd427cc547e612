//! Two people's edits of one text, each as it comes to once the other's were made.
//!
//! The page's `text.js` does the same for what a window has not sent yet. Made in either order, the two lists lead to
//! the same text; of two that put something in at one place, what is `mine` stays in front.

use crate::session::Splice;

/// A part of an edit: something goes, or something comes. Places are in letters of the text as the parts before left it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Gone {
        at: usize,
        count: usize,
    },
    Come {
        at: usize,
        count: usize,
        text: String,
    },
}

impl Part {
    fn is_something(&self) -> bool {
        let (Self::Gone { count, .. } | Self::Come { count, .. }) = self;
        *count > 0
    }

    fn moved_to(self, to: usize) -> Self {
        match self {
            Self::Gone { count, .. } => Self::Gone { at: to, count },
            Self::Come { count, text, .. } => Self::Come {
                at: to,
                count,
                text,
            },
        }
    }
}

/// Returns what each of two lists of edits of the same text comes to once the other was made.
pub(super) fn cross(theirs: &[Splice], mine: &[Splice]) -> (Vec<Splice>, Vec<Splice>) {
    let (theirs, mine) = cross_parts(parts(theirs), parts(mine));
    (splices(theirs), splices(mine))
}

fn cross_parts(theirs: Vec<Part>, mut mine: Vec<Part>) -> (Vec<Part>, Vec<Part>) {
    let mut out = Vec::with_capacity(theirs.len());
    for one in theirs {
        let mut these = vec![one];
        let mut rest = Vec::with_capacity(mine.len());
        for other in mine {
            let (theirs, mine) = match these.pop() {
                Some(one) if these.is_empty() => pair(one, other),
                Some(last) => {
                    these.push(last);
                    cross_parts(these, vec![other])
                }
                None => (Vec::new(), vec![other]),
            };
            these = theirs.into_iter().filter(Part::is_something).collect();
            rest.extend(mine.into_iter().filter(Part::is_something));
        }
        out.extend(these);
        mine = rest;
    }
    (out, mine)
}

fn pair(theirs: Part, mine: Part) -> (Vec<Part>, Vec<Part>) {
    use Part::{Come, Gone};
    match (theirs, mine) {
        (
            Come {
                at: their_at,
                count: their_count,
                text,
            },
            mine @ Come { at, count, .. },
        ) => {
            let theirs = Come {
                at: their_at,
                count: their_count,
                text,
            };
            if their_at < at {
                (vec![theirs], vec![mine.moved_to(at + their_count)])
            } else {
                (vec![theirs.moved_to(their_at + count)], vec![mine])
            }
        }
        (theirs @ Come { .. }, Gone { at, count }) => {
            let (theirs, mine) = come_and_gone(theirs, (at, count));
            (vec![theirs], mine)
        }
        (Gone { at, count }, mine @ Come { .. }) => {
            let (mine, theirs) = come_and_gone(mine, (at, count));
            (theirs, vec![mine])
        }
        (
            Gone { at, count },
            Gone {
                at: my_at,
                count: my_count,
            },
        ) => {
            let (end, my_end) = (at + count, my_at + my_count);
            let both = overlap((at, end), (my_at, my_end));
            let theirs = Gone {
                at: at - overlap((my_at, my_end), (0, at)),
                count: count - both,
            };
            let mine = Gone {
                at: my_at - overlap((at, end), (0, my_at)),
                count: my_count - both,
            };
            (vec![theirs], vec![mine])
        }
    }
}

/// Something comes on one side, and something goes on the other.
fn come_and_gone(come: Part, (at, count): (usize, usize)) -> (Part, Vec<Part>) {
    let (Part::Come {
        at: place,
        count: length,
        ..
    }
    | Part::Gone {
        at: place,
        count: length,
    }) = come;
    let gone = Part::Gone { at, count };
    if place <= at {
        (come, vec![gone.moved_to(at + length)])
    } else if place >= at + count {
        (come.moved_to(place - count), vec![gone])
    } else {
        // What came in the middle stays: the part before it goes, then the part behind it.
        let before = Part::Gone {
            at,
            count: place - at,
        };
        let behind = Part::Gone {
            at: at + length,
            count: at + count - place,
        };
        (come.moved_to(at), vec![before, behind])
    }
}

fn overlap((from, to): (usize, usize), (start, end): (usize, usize)) -> usize {
    to.min(end).saturating_sub(from.max(start))
}

fn parts(splices: &[Splice]) -> Vec<Part> {
    let parts = splices.iter().flat_map(|splice| {
        let at = splice.position;
        let gone = Part::Gone {
            at,
            count: splice.delete,
        };
        let come = Part::Come {
            at,
            count: splice.insert.chars().count(),
            text: splice.insert.clone(),
        };
        [gone, come]
    });
    parts.filter(Part::is_something).collect()
}

fn splices(parts: Vec<Part>) -> Vec<Splice> {
    let splices = parts.into_iter().map(|part| match part {
        Part::Gone { at, count } => Splice {
            position: at,
            delete: count,
            insert: String::new(),
        },
        Part::Come { at, text, .. } => Splice {
            position: at,
            delete: 0,
            insert: text,
        },
    });
    splices.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::live::patch::Coded;

    /// Edits of a text of some length, as numbers to be taken modulo what there is.
    fn edits() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
        prop::collection::vec((any::<usize>(), 0..5_usize, "[a-c😀]{0,3}"), 0..6)
    }

    fn meant(text: &str, edits: &[(usize, usize, String)]) -> Vec<Splice> {
        let mut length = text.chars().count();
        let mut meant = Vec::new();
        for (at, delete, insert) in edits {
            let position = at % (length + 1);
            let delete = (*delete).min(length - position);
            length = length - delete + insert.chars().count();
            meant.push(Splice {
                position,
                delete,
                insert: insert.clone(),
            });
        }
        meant
    }

    fn made(text: &str, lists: [&[Splice]; 2]) -> String {
        let mut text = Coded::of(text);
        for list in lists {
            text.apply(list);
        }
        text.text()
    }

    proptest! {
        #[test]
        fn made_in_either_order_two_lists_lead_to_one_text(theirs in edits(), mine in edits()) {
            let text = "0123456789";
            let (theirs, mine) = (meant(text, &theirs), meant(text, &mine));
            let (theirs_then, mine_then) = cross(&theirs, &mine);
            let one = made(text, [&theirs, &mine_then]);
            prop_assert_eq!(&one, &made(text, [&mine, &theirs_then]));
            // What somebody put in goes only where they took it away again.
            let (theirs_alone, _) = cross(&theirs, &[]);
            prop_assert_eq!(made(text, [&theirs, &[]]), made(text, [&theirs_alone, &[]]));
        }
    }

    #[test]
    fn of_two_who_write_at_one_place_mine_stays_in_front_and_what_came_in_the_middle_stays() {
        let come = |at, text: &str| Splice {
            position: at,
            delete: 0,
            insert: text.to_owned(),
        };
        let gone = |at, count| Splice {
            position: at,
            delete: count,
            insert: String::new(),
        };
        let (theirs, mine) = cross(&[come(2, "their")], &[come(2, "mine")]);
        assert_eq!(
            (theirs, mine),
            (vec![come(6, "their")], vec![come(2, "mine")])
        );
        let (theirs, mine) = cross(&[gone(1, 4)], &[come(3, "x")]);
        assert_eq!(theirs, [gone(1, 2), gone(2, 2)]);
        assert_eq!(mine, [come(1, "x")]);
        let (theirs, mine) = cross(&[gone(0, 3)], &[gone(2, 3)]);
        assert_eq!((theirs, mine), (vec![gone(0, 2)], vec![gone(0, 2)]));
    }
}
