//! YAML as a table of nodes with their places: what serves to read a few keys. Aliases stand for the node they name, so that no document grows, and depth is
//! bounded.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScanError, Span as Marked};

use super::{Document, Unreadable};
use crate::source::{Range, Span};

/// Deeper documents are refused.
const DEEPEST: usize = 64;

/// All nodes of a file's first document.
pub struct Yaml {
    nodes: Vec<Node>,
    root: Option<usize>,
}

struct Node {
    span: Span,
    data: Data,
}

enum Data {
    Scalar(String),
    Sequence(Vec<usize>),
    /// Keys and values, in their order.
    Mapping(Vec<(usize, usize)>),
}

/// A node of a document.
#[derive(Clone, Copy)]
pub struct Value<'y> {
    yaml: &'y Yaml,
    at: usize,
}

impl Yaml {
    /// Reads the first document.
    ///
    /// # Errors
    /// The first place that is no YAML, or too deep.
    pub fn read(document: Document) -> Result<Yaml, Unreadable> {
        let mut loader = Loader::new(document);
        for event in Parser::new_from_str(document.text) {
            let (event, place) = event.map_err(|error| loader.unreadable(&error))?;
            if matches!(event, Event::DocumentEnd) {
                break;
            }
            loader.take(event, place)?;
        }
        Ok(loader.yaml)
    }

    pub fn root(&self) -> Option<Value<'_>> {
        self.root.map(|at| Value { yaml: self, at })
    }
}

impl<'y> Value<'y> {
    fn node(self) -> &'y Node {
        &self.yaml.nodes[self.at]
    }

    fn with(self, at: usize) -> Self {
        Value { at, ..self }
    }

    pub fn span(self) -> Span {
        self.node().span
    }

    /// A scalar as text, whatever type it has.
    pub fn text(self) -> Option<&'y str> {
        match &self.node().data {
            Data::Scalar(text) => Some(text),
            _ => None,
        }
    }

    pub fn items(self) -> Option<Vec<Value<'y>>> {
        match &self.node().data {
            Data::Sequence(items) => Some(items.iter().map(|at| self.with(*at)).collect()),
            _ => None,
        }
    }

    /// Keys with their values, in their order; those merged in by `<<` come last.
    pub fn entries(self) -> Vec<(Value<'y>, Value<'y>)> {
        self.merged(4)
    }

    fn merged(self, depth: usize) -> Vec<(Value<'y>, Value<'y>)> {
        let Data::Mapping(entries) = &self.node().data else { return Vec::new() };
        let entries = || entries.iter().map(|(key, value)| (self.with(*key), self.with(*value)));
        let is_merge = |key: &Value| key.text() == Some("<<");
        let own = entries().filter(|(key, _)| !is_merge(key));
        let merges = entries().filter(|(key, _)| depth > 0 && is_merge(key)).flat_map(|(_, value)| {
            let sources = value.items().unwrap_or_else(|| vec![value]);
            sources.into_iter().flat_map(|source| source.merged(depth - 1)).collect::<Vec<_>>()
        });
        own.chain(merges).collect()
    }

    pub fn get(self, key: &str) -> Option<Value<'y>> {
        self.entries().into_iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }
}

struct Loader<'t> {
    document: Document<'t>,
    yaml: Yaml,
    /// What is being filled.
    open: Vec<Open>,
    anchors: HashMap<usize, usize>,
    /// Bytes by characters: the last pair looked up, since places only grow.
    place: (usize, usize),
}

struct Open {
    at: usize,
    key: Option<usize>,
}

impl<'t> Loader<'t> {
    fn new(document: Document<'t>) -> Self {
        let yaml = Yaml { nodes: Vec::new(), root: None };
        Loader { document, yaml, open: Vec::new(), anchors: HashMap::new(), place: (0, 0) }
    }

    fn take(&mut self, event: Event, place: Marked) -> Result<(), Unreadable> {
        let (data, anchor) = match event {
            Event::Alias(anchor) => {
                if let Some(at) = self.anchors.get(&anchor).copied() {
                    self.put(at);
                }
                return Ok(());
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(place);
                return Ok(());
            }
            Event::Scalar(text, _, anchor, _) => (Data::Scalar(text.into_owned()), anchor),
            Event::SequenceStart(anchor, _) => (Data::Sequence(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => (Data::Mapping(Vec::new()), anchor),
            _ => return Ok(()),
        };
        let is_container = !matches!(data, Data::Scalar(_));
        let span = self.span(place);
        if is_container && self.open.len() == DEEPEST {
            return Err(Unreadable { message: "nested too deep".to_owned(), range: span.range() });
        }
        let at = self.yaml.nodes.len();
        self.yaml.nodes.push(Node { span, data });
        self.put(at);
        if is_container {
            self.open.push(Open { at, key: None });
        }
        // 0 stands for none.
        if anchor > 0 {
            self.anchors.insert(anchor, at);
        }
        Ok(())
    }

    /// Hangs a node where the next one belongs.
    fn put(&mut self, at: usize) {
        let Some(open) = self.open.last_mut() else {
            self.yaml.root = self.yaml.root.or(Some(at));
            return;
        };
        match &mut self.yaml.nodes[open.at].data {
            Data::Sequence(items) => items.push(at),
            Data::Mapping(entries) => match open.key.take() {
                Some(key) => entries.push((key, at)),
                None => open.key = Some(at),
            },
            Data::Scalar(_) => {}
        }
    }

    fn close(&mut self, place: Marked) {
        let end = self.byte(place.end);
        if let Some(open) = self.open.pop() {
            let span = &mut self.yaml.nodes[open.at].span;
            let inside = &self.document.text[span.start as usize..end.max(span.start as usize)];
            span.end = span.start + inside.trim_end().len() as u32;
        }
    }

    fn span(&mut self, place: Marked) -> Span {
        let start = self.byte(place.start);
        let end = self.byte(place.end).max(start);
        // A block scalar ends behind its last line break.
        let inside = &self.document.text[start..end];
        self.document.span(start..start + inside.trim_end().len())
    }

    /// The byte of a place that is told in characters.
    fn byte(&mut self, marker: Marker) -> usize {
        if marker.index() < self.place.0 {
            self.place = (0, 0);
        }
        let (characters, bytes) = self.place;
        let passed: usize =
            self.document.text[bytes..].chars().take(marker.index() - characters).map(char::len_utf8).sum();
        self.place = (marker.index(), bytes + passed);
        self.place.1
    }

    fn unreadable(&mut self, error: &ScanError) -> Unreadable {
        let at = self.byte(*error.marker()).min(self.document.text.len()) as u32;
        Unreadable { message: format!("no YAML: {}", error.info()), range: Range { start: at, end: at } }
    }
}
