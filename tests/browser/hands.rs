//! Hands on a keyboard: what somebody does on the page with keys alone, and nothing that a mouse or a script would do.

use hearth_e2e::{Browser, Key};
use serde_json::{Value, json};

/// How many times Tab is pressed at most until what is looked for has the focus.
const TABS_MAX: usize = 250;

/// Somebody at a browser, without a mouse.
pub(crate) struct Hands {
    pub(crate) browser: Browser,
}

impl Hands {
    pub(crate) const fn on(browser: Browser) -> Self {
        Self { browser }
    }

    /// Asks something of what has the focus.
    fn ask(&self, question: &str, arguments: &[Value]) -> Value {
        let script = format!("const at = document.activeElement; return {question}");
        self.browser.run(&script, arguments)
    }

    /// Presses Tab until something has the focus of which `is_there` is true.
    #[track_caller]
    pub(crate) fn reach(&self, what: &str, is_there: &str, arguments: &[Value]) {
        for _ in 0..TABS_MAX {
            if self.ask(is_there, arguments) == json!(true) {
                return;
            }
            self.browser.keys(&[Key::Tab]);
        }
        panic!(
            "Tab never gets to {what} at {}:\n{}",
            self.browser.path(),
            self.browser.said()
        );
    }

    /// Presses a button, opens a fold or follows a link on the sheet by its words.
    #[track_caller]
    pub(crate) fn press(&self, words: &str) {
        self.press_of("main", words);
    }

    /// The same, of a part of the screen.
    #[track_caller]
    pub(crate) fn press_of(&self, part: &str, words: &str) {
        let is_there =
            "['BUTTON', 'SUMMARY', 'A'].includes(at.tagName) && !!at.closest(arguments[0]) &&
            at.textContent.trim().replace(/\\s+/g, ' ') === arguments[1]";
        self.reach(words, is_there, &[json!(part), json!(words)]);
        self.browser.keys(&[Key::Enter]);
    }

    /// Comes to a field by a selector.
    #[track_caller]
    pub(crate) fn come_to(&self, css: &str) {
        self.reach(css, "at.matches(arguments[0])", &[json!(css)]);
    }

    /// Types into a field, in place of what stands there.
    #[track_caller]
    pub(crate) fn fill(&self, css: &str, text: &str) {
        self.come_to(css);
        self.browser.keys(&[Key::Ctrl('a')]);
        self.browser.write(text);
        assert_eq!(self.ask("at.value", &[]), text, "{css}");
    }

    /// Sends the form of the field that has the focus.
    #[track_caller]
    pub(crate) fn send(&self) {
        self.browser.keys(&[Key::CtrlEnter]);
    }

    /// Goes from one of several to the next until one of them is chosen: radio buttons, or a list.
    #[track_caller]
    pub(crate) fn choose(&self, name: &str, value: &str) {
        let is_there =
            "at.name === arguments[0] && (at.type === 'radio' || at.tagName === 'SELECT')";
        self.reach(name, is_there, &[json!(name)]);
        for key in std::iter::repeat_n(Key::Down, 12).chain(std::iter::repeat_n(Key::Up, 12)) {
            if self.ask("at.value", &[]) == value {
                // Of radio buttons that nobody chose yet, the first has the focus and is not chosen.
                if self.ask("at.type !== 'radio' || at.checked", &[]) != json!(true) {
                    self.browser.keys(&[Key::Space]);
                }
                return;
            }
            self.browser.keys(&[key]);
        }
        panic!("{name} is never {value} at {}", self.browser.path());
    }

    /// Shows that it is the owner, in the form of an address, and presses its button: by the passphrase where it is asked
    /// for, else by the box that says sure.
    #[track_caller]
    pub(crate) fn sure(&self, action: &str) {
        let of = |field: &str| format!("form[action$='{action}'] [name={field}]");
        if self.browser.has(&of("sure")) {
            self.come_to(&of("sure"));
            self.browser.keys(&[Key::Space]);
        } else if self.browser.has(&of("passphrase")) {
            self.fill(&of("passphrase"), PASSPHRASE);
        }
        self.come_to(&format!("form[action$='{action}'] button"));
        self.browser.keys(&[Key::Enter]);
    }

    /// Goes to a place by its letters, and waits until it is there.
    #[track_caller]
    pub(crate) fn go(&self, letters: &str, path: &str) {
        let keys: Vec<Key> = letters.chars().map(Key::Letter).collect();
        self.browser.keys(&keys);
        self.is_at(path);
    }

    /// Goes to a place by the palette.
    #[track_caller]
    pub(crate) fn look_up(&self, words: &str, path: &str) {
        const TRIES_MAX: usize = 10;
        let is_open = "return !!document.activeElement.closest('dialog') && document.activeElement.type === 'search'";
        // A key that is pressed while one page gives way to the next reaches neither: a person presses it again.
        let opens = || {
            self.browser.keys(&[Key::Ctrl('k')]);
            self.browser.comes_true(is_open)
        };
        assert!((0..TRIES_MAX).any(|_| opens()), "the palette does not open");
        self.browser.write(words);
        self.browser.keys(&[Key::Enter]);
        self.is_at(path);
    }

    /// Waits for a screen, by the end of its address.
    #[track_caller]
    pub(crate) fn is_at(&self, path: &str) {
        self.browser.wait_for(
            &format!("the screen {path}"),
            "return location.pathname === arguments[0] && document.readyState === 'complete'",
            &[json!(path)],
        );
    }

    /// Fails where the browser complained of anything.
    #[track_caller]
    pub(crate) fn is_quiet(&self, who: &str) {
        let said = self.browser.console();
        assert!(said.is_empty(), "{who}: {said:#?}");
    }
}

/// The passphrase of whoever chose one.
pub(crate) const PASSPHRASE: &str = "a lamp on the table";
