//! Who is who in a notebook: each person has one colour everywhere.

use maud::{Markup, html};

use crate::data::Data;

/// The members of a notebook, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct People(Vec<Member>);

/// A member.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// The person's id.
    pub(crate) person: String,
    /// What they are called.
    pub(crate) name: String,
    /// Their role's word.
    pub(crate) role: String,
    /// Whether it is the reader.
    pub(crate) is_me: bool,
}

impl People {
    /// Reads them off a notebook.
    pub(crate) fn of(notebook: Data<'_>) -> Self {
        let member = |data: Data<'_>| Member {
            person: data.text("person").to_owned(),
            name: data.text("name").to_owned(),
            role: data.text("role").to_owned(),
            is_me: data.is("me"),
        };
        let mut all = notebook.list("members");
        all.sort_by_key(|data| data.text("added_at").to_owned());
        Self(all.into_iter().map(member).collect())
    }

    /// Returns them.
    pub(crate) fn all(&self) -> &[Member] {
        &self.0
    }

    /// Returns the reader.
    pub(crate) fn me(&self) -> Option<&Member> {
        self.0.iter().find(|member| member.is_me)
    }

    /// Returns the others.
    pub(crate) fn others(&self) -> impl Iterator<Item = &Member> {
        self.0.iter().filter(|member| !member.is_me)
    }

    /// Tells whether the reader may write.
    pub(crate) fn may_write(&self) -> bool {
        self.me().is_some_and(|me| me.role != "observer")
    }

    /// Returns the class of a person's colour.
    pub(crate) fn class(&self, person: &str) -> &'static str {
        let at = self.0.iter().position(|member| member.person == person);
        match at.map(|at| at % 2) {
            Some(0) => "name-a",
            Some(_) => "name-b",
            None => "name",
        }
    }

    /// Draws a name that the engine gave with its person.
    pub(crate) fn name(&self, who: Data<'_>) -> Markup {
        let class = self.class(who.text("person"));
        html! { bdi class=(class) { (who.text("name")) } }
    }

    /// Draws the names of several people.
    pub(crate) fn names(&self, who: &[Data<'_>]) -> Markup {
        html! {
            @for (at, one) in who.iter().enumerate() { @if at > 0 { ", " } (self.name(*one)) }
        }
    }

    /// Returns the choices of a list of people, by id.
    pub(crate) fn choices(&self) -> Vec<(String, String)> {
        let choice = |member: &Member| (member.person.clone(), member.name.clone());
        self.0.iter().map(choice).collect()
    }
}
