//! Forms that work as plain HTML: each carries its token and where it stands, and shows again what was typed where it
//! went wrong.

use maud::{Markup, html};

use crate::form::WAS;
use crate::serve::FORM_TOKEN;
use crate::visit::Visit;

/// A form on a screen.
pub(crate) struct FormView<'a> {
    visit: &'a Visit,
    action: String,
    prefix: String,
    edits: bool,
}

/// One field.
#[derive(Default)]
pub(crate) struct Field<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What it is called.
    pub(crate) label: &'a str,
    /// What helps to fill it in.
    pub(crate) hint: Option<String>,
    /// What stands in it.
    pub(crate) value: &'a str,
    /// Whether it has to say something.
    pub(crate) is_required: bool,
}

impl<'a> FormView<'a> {
    /// Makes a form that is sent to `action`.
    pub(crate) fn new(visit: &'a Visit, action: impl Into<String>) -> Self {
        let action = action.into();
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        };
        let prefix = action.chars().map(plain).collect();
        Self {
            visit,
            action,
            prefix,
            edits: false,
        }
    }

    /// Makes a form that changes what is there: each field goes with what stood in it when the form was drawn, and one
    /// that nobody touched is not sent on, so that it never takes back what somebody else wrote meanwhile.
    pub(crate) fn editing(visit: &'a Visit, action: impl Into<String>) -> Self {
        Self {
            edits: true,
            ..Self::new(visit, action)
        }
    }

    /// Returns the id of a field, for labels that stand elsewhere.
    pub(crate) fn id(&self, name: &str) -> String {
        format!("f{}-{name}", self.prefix)
    }

    /// Tells whether it was sent and went wrong.
    pub(crate) fn went_wrong(&self) -> bool {
        let flash = self.visit.flash.as_ref();
        flash.is_some_and(|flash| flash.is_error && flash.action == self.action)
    }

    /// Tells whether one of several boxes was ticked in a form that went wrong.
    pub(crate) fn ticked(&self, name: &str, value: &str) -> bool {
        let flash = self.visit.flash.as_ref().filter(|_| self.went_wrong());
        flash.is_some_and(|flash| flash.typed.all(name).iter().any(|one| one == value))
    }

    fn value(&self, field: &Field<'_>) -> String {
        self.visit.typed(&self.action, field.name, field.value)
    }

    /// Returns what had been chosen in a form that went wrong, else what is usual.
    pub(crate) fn typed(&self, name: &str, usual: &str) -> String {
        self.visit.typed(&self.action, name, usual)
    }

    /// Puts the fields into the form.
    pub(crate) fn wrap(&self, class: &str, fields: &Markup) -> Markup {
        let back = self.visit.here();
        html! {
            form class=(class) method="post" action=(self.action) {
                input type="hidden" name=(FORM_TOKEN) value=(self.visit.standing.form_token);
                input type="hidden" name="back" value=(back);
                @if let Some(flash) = self.visit.flash.as_ref().filter(|_| self.went_wrong()) {
                    p class="error" role="alert" tabindex="-1" {
                        (super::icon::icon("warn"))
                        span { (flash.message) @if let Some(hint) = &flash.hint { " " (super::part::without_commands(hint)) } }
                    }
                }
                (fields)
            }
        }
    }

    /// A button alone.
    pub(crate) fn button(&self, class: &str, label: &str) -> Markup {
        self.wrap(
            "act",
            &html! { button class=(class) type="submit" { (label) } },
        )
    }

    /// A hidden field.
    pub(crate) fn hidden(name: &str, value: &str) -> Markup {
        html! { input type="hidden" name=(name) value=(value); }
    }

    /// A hidden field that says what stood there when the form was drawn: where it went wrong it stays as it was
    /// sent, since what was typed belongs to that.
    pub(crate) fn base(&self, name: &str, value: &str) -> Markup {
        Self::hidden(name, &self.visit.typed(&self.action, name, value))
    }

    /// A line of text.
    pub(crate) fn text(&self, field: &Field<'_>) -> Markup {
        self.input("text", field)
    }

    /// A day.
    pub(crate) fn day(&self, field: &Field<'_>) -> Markup {
        self.input("date", field)
    }

    /// A number.
    pub(crate) fn number(&self, field: &Field<'_>) -> Markup {
        let id = self.id(field.name);
        self.labelled(field, &html! {
            input type="text" inputmode="decimal" id=(id) name=(field.name) value=(self.value(field))
                required[field.is_required] aria-describedby=[self.described(field)] autocomplete="off";
        })
    }

    /// A day and a time.
    pub(crate) fn moment(&self, field: &Field<'_>) -> Markup {
        self.input("datetime-local", field)
    }

    /// A passphrase; it is never shown again.
    pub(crate) fn secret(&self, field: &Field<'_>, autocomplete: &str) -> Markup {
        let id = self.id(field.name);
        self.labelled(
            field,
            &html! {
                input type="password" id=(id) name=(field.name) required[field.is_required]
                    aria-describedby=[self.described(field)] autocomplete=(autocomplete);
            },
        )
    }

    fn input(&self, kind: &str, field: &Field<'_>) -> Markup {
        let id = self.id(field.name);
        self.labelled(field, &html! {
            input type=(kind) id=(id) name=(field.name) value=(self.value(field)) required[field.is_required]
                aria-describedby=[self.described(field)] autocomplete="off";
        })
    }

    /// Several lines of text.
    pub(crate) fn area(&self, field: &Field<'_>) -> Markup {
        self.area_of(field, 4)
    }

    /// Several lines of text, of a given height.
    pub(crate) fn area_of(&self, field: &Field<'_>, rows: u32) -> Markup {
        let id = self.id(field.name);
        self.labelled(
            field,
            &html! {
                textarea id=(id) name=(field.name) rows=(rows) required[field.is_required]
                    aria-describedby=[self.described(field)] { "\n" (self.value(field)) }
            },
        )
    }

    /// One of several values.
    pub(crate) fn select(&self, field: &Field<'_>, choices: &[(String, String)]) -> Markup {
        let id = self.id(field.name);
        let chosen = self.value(field);
        self.labelled(
            field,
            &html! {
                select id=(id) name=(field.name) aria-describedby=[self.described(field)] {
                    @for (value, label) in choices {
                        option value=(value) selected[*value == chosen] { (label) }
                    }
                }
            },
        )
    }

    /// What makes sure that it is the owner: a passphrase, or a box to tick.
    pub(crate) fn confirmation(&self, what: &str) -> Markup {
        let visit = self.visit;
        if visit.app.locks() {
            if visit.standing.is_confirmed {
                return html! {};
            }
            return self.secret(
                &Field {
                    name: "passphrase",
                    label: &visit.say("passphrase"),
                    hint: Some(visit.say("passphrase-why")),
                    is_required: true,
                    ..Field::default()
                },
                "current-password",
            );
        }
        html! {
            label class="choice" for=(self.id("sure")) {
                input type="checkbox" id=(self.id("sure")) name="sure" value="yes" required;
                span { (what) }
            }
        }
    }

    fn described(&self, field: &Field<'_>) -> Option<String> {
        field
            .hint
            .as_ref()
            .map(|_| format!("{}-hint", self.id(field.name)))
    }

    fn labelled(&self, field: &Field<'_>, input: &Markup) -> Markup {
        let id = self.id(field.name);
        html! {
            div class="field" {
                label for=(id) { (field.label) }
                @if let Some(hint) = &field.hint { span class="hint" id={ (id) "-hint" } { (hint) } }
                (input)
                @if self.edits { (self.base(&format!("{WAS}{}", field.name), field.value)) }
            }
        }
    }
}
