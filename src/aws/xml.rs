//! Parses XML responses into elements, by local name.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// An element; keys may stand in it, so it does not print itself.
#[derive(Default)]
pub(super) struct XmlElement {
    name: String,
    text: String,
    children: Vec<XmlElement>,
}

impl XmlElement {
    /// The outermost element; none if this is not XML, is cut off, or is nested without end.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let (mut here, mut around) = (Self::default(), Vec::new());
        loop {
            match reader.read_event().ok()? {
                Event::Start(_) if around.len() == MOST_DEPTH => return None,
                Event::Start(tag) => around.push(std::mem::replace(&mut here, Self::named(&tag))),
                Event::End(_) => {
                    let parent = around.pop()?;
                    let child = std::mem::replace(&mut here, parent);
                    here.children.push(child);
                }
                Event::Text(text) => here.text.push_str(&text.xml10_content()),
                Event::CData(text) => here.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => here.text.push_str(&resolve(&reference)?),
                Event::Eof if around.is_empty() => return here.children.into_iter().next(),
                Event::Eof => return None,
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    fn named(tag: &BytesStart<'_>) -> Self {
        Self { name: tag.local_name().as_ref().to_owned(), ..Self::default() }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What it says itself, without the space around it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The children of a name, in their order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.all(name).next()
    }

    /// What the first child of a name says.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(Self::text)
    }
}

/// A character by its number, or one of the five that XML names.
fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref().ok()? {
        Some(character) => Some(character.to_string()),
        None => resolve_predefined_entity(reference).map(str::to_owned),
    }
}

/// No answer of AWS is nested half as deep.
const MOST_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_says_its_text_and_its_children() {
        let answer = XmlElement::parse(
            "<?xml version=\"1.0\"?><!-- c --><a:r xmlns:a=\"urn:x\"><set>\n <item> x&amp;y &#x41;<![CDATA[<z>]]> </item>\n <item/></set></a:r>",
        );
        let answer = answer.unwrap();
        assert_eq!(answer.name, "r");
        let items: Vec<_> = answer.child("set").unwrap().all("item").map(XmlElement::text).collect();
        assert_eq!(items, ["x&y A<z>", ""]);
        assert_eq!((answer.text_of("set"), answer.text_of("item")), (Some(""), None));
    }

    #[test]
    fn what_is_no_xml_says_nothing() {
        for text in
            ["", "no", "<a>", "<a><b></a>", "<a></b>", "</a>", "<a>&unknown;</a>", "<a>&#0;</a>", "<a", "<a>&amp</a>"]
        {
            assert!(XmlElement::parse(text).is_none(), "{text}");
        }
        let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(
            XmlElement::parse(&nested(MOST_DEPTH)).is_some() && XmlElement::parse(&nested(MOST_DEPTH + 1)).is_none()
        );
    }
}
