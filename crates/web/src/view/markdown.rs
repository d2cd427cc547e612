//! What people write in Markdown, as nodes of the page.
//!
//! The parser's events become elements one by one; text is escaped, HTML is text, images are not loaded, and links
//! lead to sites and mailboxes only.

use maud::{Markup, html};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::part::outer_link;
use crate::limits::MARKDOWN_DEPTH_MAX;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Text(String),
    Code(String),
    Break,
    Rule,
    Checkbox(bool),
    Element(Kind, Vec<Node>),
}

/// What an element is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Paragraph,
    Heading(u8),
    Quote,
    Block,
    Bullets,
    Numbers(u64),
    Item,
    Emphasis,
    Strong,
    Struck,
    Link(String),
    Table,
    Row,
    Cell,
    /// Something that is shown as what is in it.
    Plain,
}

/// Draws a text. Headings begin below those of the page.
pub(crate) fn markdown(text: &str) -> Markup {
    let options =
        Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_TABLES;
    let nodes = read(Parser::new_ext(text, options));
    html! { @for node in &nodes { (draw(node)) } }
}

fn read<'a>(events: impl Iterator<Item = Event<'a>>) -> Vec<Node> {
    let mut open: Vec<(Kind, Vec<Node>)> = vec![(Kind::Plain, Vec::new())];
    // Elements beyond the depth that is drawn: their text goes to the last one.
    let mut beyond = 0_usize;
    for event in events {
        match event {
            Event::Start(_) if beyond > 0 || open.len() > MARKDOWN_DEPTH_MAX => beyond += 1,
            Event::Start(tag) => open.push((kind_of(tag), Vec::new())),
            Event::End(_) if beyond > 0 => beyond -= 1,
            Event::End(TagEnd::MetadataBlock(_)) => {}
            Event::End(_) => close(&mut open),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                add(&mut open, Node::Text(text.into_string()));
            }
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                add(&mut open, Node::Code(text.into_string()));
            }
            Event::SoftBreak => add(&mut open, Node::Text("\n".to_owned())),
            Event::HardBreak => add(&mut open, Node::Break),
            Event::Rule => add(&mut open, Node::Rule),
            Event::TaskListMarker(done) => add(&mut open, Node::Checkbox(done)),
            Event::FootnoteReference(name) => add(&mut open, Node::Text(format!("[{name}]"))),
        }
    }
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().map(|(_, nodes)| nodes).unwrap_or_default()
}

fn add(open: &mut [(Kind, Vec<Node>)], node: Node) {
    if let Some((_, nodes)) = open.last_mut() {
        nodes.push(node);
    }
}

fn close(open: &mut Vec<(Kind, Vec<Node>)>) {
    if open.len() > 1
        && let Some((kind, nodes)) = open.pop()
    {
        add(open, Node::Element(kind, nodes));
    }
}

fn kind_of(tag: Tag<'_>) -> Kind {
    match tag {
        Tag::Paragraph => Kind::Paragraph,
        Tag::Heading { level, .. } => Kind::Heading(match level {
            HeadingLevel::H1 | HeadingLevel::H2 => 3,
            HeadingLevel::H3 => 4,
            HeadingLevel::H4 => 5,
            _ => 6,
        }),
        Tag::BlockQuote(_) => Kind::Quote,
        Tag::CodeBlock(_) => Kind::Block,
        Tag::List(None) => Kind::Bullets,
        Tag::List(Some(first)) => Kind::Numbers(first),
        Tag::Item => Kind::Item,
        Tag::Emphasis => Kind::Emphasis,
        Tag::Strong => Kind::Strong,
        Tag::Strikethrough => Kind::Struck,
        // A picture would be loaded from elsewhere, so it is a link to it.
        Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
            Kind::Link(dest_url.into_string())
        }
        Tag::Table(_) => Kind::Table,
        Tag::TableHead | Tag::TableRow => Kind::Row,
        Tag::TableCell => Kind::Cell,
        _ => Kind::Plain,
    }
}

fn draw(node: &Node) -> Markup {
    match node {
        Node::Text(text) => html! { (text) },
        Node::Code(text) => html! { code { (text) } },
        Node::Break => html! { br; },
        Node::Rule => html! { hr; },
        Node::Checkbox(done) => html! { span class="box" { @if *done { "☑ " } @else { "☐ " } } },
        Node::Element(kind, nodes) => element(kind, nodes),
    }
}

fn element(kind: &Kind, nodes: &[Node]) -> Markup {
    let inside = html! { @for node in nodes { (draw(node)) } };
    match kind {
        Kind::Paragraph => html! { p { (inside) } },
        Kind::Heading(3) => html! { h3 { (inside) } },
        Kind::Heading(4) => html! { h4 { (inside) } },
        Kind::Heading(5) => html! { h5 { (inside) } },
        Kind::Heading(_) => html! { h6 { (inside) } },
        Kind::Quote => html! { blockquote { (inside) } },
        Kind::Block => html! { pre tabindex="0" { code { (inside) } } },
        Kind::Bullets => html! { ul { (inside) } },
        Kind::Numbers(first) => html! { ol start=(first) { (inside) } },
        Kind::Item => html! { li { (inside) } },
        Kind::Emphasis => html! { em { (inside) } },
        Kind::Strong => html! { strong { (inside) } },
        Kind::Struck => html! { s { (inside) } },
        Kind::Link(address) => link(address, nodes),
        Kind::Table => html! { table { (inside) } },
        Kind::Row => html! { tr { (inside) } },
        Kind::Cell => html! { td { (inside) } },
        Kind::Plain => inside,
    }
}

fn link(address: &str, nodes: &[Node]) -> Markup {
    let mut label = String::new();
    words_of(nodes, &mut label);
    if label.trim().is_empty() {
        address.clone_into(&mut label);
    }
    outer_link(address, &label)
}

fn words_of(nodes: &[Node], into: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) | Node::Code(text) => into.push_str(text),
            Node::Element(_, nodes) => words_of(nodes, into),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> String {
        markdown(text).into_string()
    }

    #[test]
    fn what_people_write_is_shown() {
        assert_eq!(
            drawn("## Wins\n\n- *one*\n- **two**"),
            "<h3>Wins</h3><ul><li><em>one</em></li><li><strong>two</strong></li></ul>"
        );
        assert_eq!(
            drawn("- [x] done"),
            "<ul><li><span class=\"box\">☑ </span>done</li></ul>"
        );
        assert_eq!(
            drawn("[site](https://example.org)"),
            "<p><a href=\"https://example.org\" rel=\"noopener noreferrer\" target=\"_blank\">site</a></p>"
        );
    }

    #[test]
    fn html_is_text() {
        let shown = drawn("<script>alert(1)</script>\n\nx <img src=x onerror=alert(1)> y");
        assert!(
            !shown.contains("<script") && !shown.contains("<img"),
            "{shown}"
        );
        assert!(shown.contains("&lt;script&gt;"));
    }

    #[test]
    fn no_link_runs_anything_and_no_picture_is_loaded() {
        for bad in [
            "[x](javascript:alert(1))",
            "[x](data:text/html,y)",
            "![x](javascript:alert(1))",
            "<javascript:alert(1)>",
        ] {
            assert!(!drawn(bad).contains("href"), "{bad}");
        }
        let picture = drawn("![cat](https://example.org/cat.png)");
        assert!(
            !picture.contains("<img") && picture.contains("<a href"),
            "{picture}"
        );
    }

    #[test]
    fn a_thousand_levels_are_drawn_as_a_few() {
        let deep = "> ".repeat(1_000) + "words";
        let shown = drawn(&deep);
        assert!(shown.contains("words"));
        assert!(shown.matches("<blockquote>").count() <= MARKDOWN_DEPTH_MAX);
    }
}
