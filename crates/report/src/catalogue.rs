//! Sentences in the languages that a report is written in, from Fluent files; a language has every key that another has.
//!
//! Read by `fluent-syntax`, Project Fluent's own parser. Text and variables are all that is used of Fluent: its resolver brings the ICU tables of
//! number and plural rules, and the sentences here are put so that they need none.

use fluent_syntax::ast::{Entry, Expression, InlineExpression, PatternElement};
use std::collections::BTreeMap;

/// A language of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Ja];

    /// By its code, as in `--lang`.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// `en` or `ja`.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::En => include_str!("../locales/en.ftl"),
            Self::Ja => include_str!("../locales/ja.ftl"),
        }
    }
}

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(String),
}

/// A language's sentences.
#[derive(Debug, Clone)]
pub struct Catalogue {
    language: Language,
    sentences: BTreeMap<String, Vec<Piece>>,
}

impl Catalogue {
    /// Reads a language's sentences. What is no text or variable is left out; tests see to it that there is none.
    pub fn new(language: Language) -> Self {
        let resource = fluent_syntax::parser::parse(language.text()).unwrap_or_else(|(read, _)| read);
        let mut sentences = BTreeMap::new();
        for entry in resource.body {
            if let Entry::Message(message) = entry
                && let Some(pattern) = message.value
            {
                let pieces = pattern.elements.into_iter().filter_map(|element| match element {
                    PatternElement::TextElement { value } => Some(Piece::Text(value.to_owned())),
                    PatternElement::Placeable { expression: Expression::Inline(InlineExpression::VariableReference { id }) } => {
                        Some(Piece::Variable(id.name.to_owned()))
                    }
                    PatternElement::Placeable { .. } => None,
                });
                sentences.insert(message.id.name.to_owned(), pieces.collect());
            }
        }
        Self { language, sentences }
    }

    /// Which language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A sentence without variables; a key that there is none of stands for itself.
    pub fn text(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A sentence with its variables.
    pub fn with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let Some(pieces) = self.sentences.get(key) else { return key.to_owned() };
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Variable(name) => value(name),
            })
            .collect()
    }

    /// Whether there is such a sentence.
    pub fn has(&self, key: &str) -> bool {
        self.sentences.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn shape(catalogue: &Catalogue) -> BTreeMap<&str, BTreeSet<&str>> {
        catalogue
            .sentences
            .iter()
            .map(|(key, pieces)| {
                let names = pieces.iter().filter_map(|piece| if let Piece::Variable(name) = piece { Some(name.as_str()) } else { None });
                (key.as_str(), names.collect())
            })
            .collect()
    }

    #[test]
    fn languages_have_the_same_keys_and_variables() {
        let (en, ja) = (Catalogue::new(Language::En), Catalogue::new(Language::Ja));
        assert_eq!(shape(&en), shape(&ja));
        assert!(en.sentences.len() > 100);
    }

    #[test]
    fn files_hold_nothing_but_text_and_variables() {
        for language in Language::ALL {
            let resource = fluent_syntax::parser::parse(language.text()).unwrap_or_else(|(_, errors)| panic!("{language:?}: {errors:?}"));
            let mut seen = BTreeSet::new();
            for entry in &resource.body {
                match entry {
                    Entry::Message(message) => {
                        assert!(seen.insert(message.id.name), "{language:?}: {} stands twice", message.id.name);
                        assert!(message.attributes.is_empty());
                        for element in &message.value.as_ref().unwrap().elements {
                            let plain = matches!(
                                element,
                                PatternElement::TextElement { .. }
                                    | PatternElement::Placeable {
                                        expression: Expression::Inline(InlineExpression::VariableReference { .. })
                                    }
                            );
                            assert!(plain, "{language:?}: {}", message.id.name);
                        }
                    }
                    Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
                    other => panic!("{language:?}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn japanese_is_japanese_but_for_names() {
        let ja = Catalogue::new(Language::Ja);
        let latin_alone = ja.sentences.iter().filter(|(_, pieces)| {
            let text: String = pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.as_str() } else { "" }).collect();
            text.is_ascii()
        });
        assert_eq!(latin_alone.map(|(key, _)| key.as_str()).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn variables_are_filled_in() {
        let en = Catalogue::new(Language::En);
        assert!(en.with("page-period", &[("from", "A"), ("until", "B"), ("zone", "C")]).contains('A'));
        assert_eq!(en.text("no-such-key"), "no-such-key");
    }
}
