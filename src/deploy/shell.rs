//! Shell texts: which commands they run, with the place of every word. Expands nothing; knows the grammar of POSIX shells as far as needed to tell
//! commands apart.

use super::model::{Call, Script, Setting, Text, Then};
use crate::source::Span;

/// Where a shell text stands in its file.
#[derive(Debug, Clone, Copy)]
pub enum Origin {
    /// Letter by letter, from this place on.
    Verbatim(Span),
    /// Written otherwise, as with escapes: all of it stands for each part.
    Rewritten(Span),
}

impl Origin {
    fn span(self, start: usize, end: usize) -> Span {
        match self {
            Origin::Verbatim(span) => Span { start: span.start + start as u32, end: span.start + end as u32, ..span },
            Origin::Rewritten(span) => span,
        }
    }
}

/// Words in front of a command that belong to the grammar.
const KEYWORDS: &[&str] = &["if", "then", "else", "elif", "while", "until", "do", "{", "!", "time"];
/// Words that stand for the end of a compound command.
const ENDS: &[&str] = &["fi", "done", "esac", "}", "in", "case", "for"];

/// The commands of a text.
pub fn script(text: &str, origin: Origin) -> Script {
    let mut reader = Reader { text, origin, at: 0, operators: true, heredocs: Vec::new() };
    let mut script = Script::default();
    let mut call = Draft::default();
    loop {
        match reader.next() {
            Some(Token::Word(word)) => call.word(word),
            Some(Token::Redirection) => call.redirect(),
            Some(Token::Operator(operator)) => std::mem::take(&mut call).finish(then(operator), &mut script),
            None => break,
        }
    }
    call.finish(Then::End, &mut script);
    // `a; b; fi` has nothing behind `b`.
    if let Some(last) = script.calls.last_mut().filter(|call| call.then == Then::Next) {
        last.then = Then::End;
    }
    script
}

/// The words of a text that is split as a shell would, but run without one.
pub fn words(text: &str, origin: Origin) -> Vec<Text> {
    let mut reader = Reader { text, origin, at: 0, operators: false, heredocs: Vec::new() };
    std::iter::from_fn(|| reader.next())
        .filter_map(|token| match token {
            Token::Word(word) => Some(word),
            _ => None,
        })
        .collect()
}

fn then(operator: &str) -> Then {
    match operator {
        "|" | "|&" => Then::Pipe,
        "&" => Then::Background,
        _ => Then::Next,
    }
}

/// A command in the making.
#[derive(Default)]
struct Draft {
    settings: Vec<Setting>,
    words: Vec<Text>,
    redirected: bool,
    /// The next word is a file's name.
    awaits_target: bool,
}

impl Draft {
    fn redirect(&mut self) {
        self.redirected = true;
        self.awaits_target = true;
    }

    fn word(&mut self, word: Text) {
        if std::mem::take(&mut self.awaits_target) {
            return;
        }
        if self.words.is_empty() {
            if KEYWORDS.contains(&word.text.as_str()) {
                return;
            }
            if let Some((name, value)) = assignment(&word.text) {
                let value = Text { text: value.to_owned(), span: word.span };
                self.settings.push(Setting { name: name.to_owned(), value });
                return;
            }
        }
        self.words.push(word);
    }

    fn finish(self, then: Then, script: &mut Script) {
        let Some(first) = self.words.first() else { return };
        if ENDS.contains(&first.text.as_str()) {
            return;
        }
        script.traps |= first.text == "trap";
        script.calls.push(Call { settings: self.settings, words: self.words, redirected: self.redirected, then });
    }
}

/// `NAME=value`.
pub fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, value))
}

enum Token<'t> {
    Word(Text),
    Operator(&'t str),
    /// Its target comes next.
    Redirection,
}

struct Reader<'t> {
    text: &'t str,
    origin: Origin,
    at: usize,
    /// Whether `;`, `|`, `>` and comments mean something.
    operators: bool,
    /// Ends of the here-documents whose text begins on the next line.
    heredocs: Vec<String>,
}

const OPERATORS: &[&str] = &["&&", "||", "|&", ";;", ";", "|", "&", "(", ")", "\n"];
const REDIRECTIONS: &[&str] = &["<<-", "<<<", "<<", "&>>", "&>", ">>", ">&", "<&", "<>", ">|", ">", "<"];

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn next(&mut self) -> Option<Token<'t>> {
        self.skip_blanks();
        let rest = self.rest();
        rest.chars().next()?;
        if !self.operators {
            return Some(Token::Word(self.word()));
        }
        // A descriptor's number belongs to the redirection behind it.
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if let Some(sign) = REDIRECTIONS.iter().find(|sign| rest[digits..].starts_with(**sign)) {
            self.at += digits + sign.len();
            if matches!(*sign, "<<" | "<<-") {
                self.skip_blanks();
                let end = self.word().text;
                self.heredocs.push(end);
                return self.next();
            }
            return Some(Token::Redirection);
        }
        if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
            self.at += operator.len();
            if *operator == "\n" {
                self.skip_heredocs();
            }
            return Some(Token::Operator(operator));
        }
        Some(Token::Word(self.word()))
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blank = |c: char| c.is_whitespace() && (c != '\n' || !self.operators);
            let skipped = rest.len() - rest.trim_start_matches(blank).len();
            let skipped = match &rest[skipped..] {
                tail if tail.starts_with("\\\n") => skipped + 2,
                tail if tail.starts_with("\\\r\n") => skipped + 3,
                tail if self.operators && tail.starts_with('#') => skipped + tail.find('\n').unwrap_or(tail.len()),
                _ => skipped,
            };
            if skipped == 0 {
                return;
            }
            self.at += skipped;
        }
    }

    fn skip_heredocs(&mut self) {
        for end in std::mem::take(&mut self.heredocs) {
            while self.at < self.text.len() {
                let line = self.rest().split_inclusive('\n').next().unwrap_or_default();
                self.at += line.len();
                if line.trim() == end {
                    break;
                }
            }
        }
    }

    /// A word without its quotes. What it is expanded to is not known, so substitutions stay as they are written.
    fn word(&mut self) -> Text {
        let start = self.at;
        let mut text = String::new();
        while let Some(c) = self.rest().chars().next() {
            match c {
                '\'' => self.until('\'', &mut text),
                '"' => self.double_quoted(&mut text),
                '\\' => {
                    self.at += 1;
                    self.take(&mut text);
                }
                '$' if self.rest().starts_with("$(") => self.substitution(&mut text),
                '`' if self.operators => {
                    text.push('`');
                    self.until('`', &mut text);
                }
                _ if c.is_whitespace() => break,
                _ if self.operators && ";|&()<>".contains(c) => break,
                _ => self.take(&mut text),
            }
        }
        // Nothing was read: a bracket that opens or closes nothing is a word of its own.
        if self.at == start {
            self.take(&mut text);
        }
        Text { text, span: self.origin.span(start, self.at) }
    }

    fn take(&mut self, text: &mut String) {
        if let Some(c) = self.rest().chars().next() {
            text.push(c);
            self.at += c.len_utf8();
        }
    }

    /// From a quote to the next one of its kind.
    fn until(&mut self, quote: char, text: &mut String) {
        let inside = &self.rest()[1..];
        let length = inside.find(quote).unwrap_or(inside.len());
        text.push_str(&inside[..length]);
        self.at = (self.at + length + 2).min(self.text.len());
    }

    fn double_quoted(&mut self, text: &mut String) {
        self.at += 1;
        while let Some(c) = self.rest().chars().next() {
            match c {
                '"' => {
                    self.at += 1;
                    return;
                }
                '\\' => {
                    self.at += 1;
                    self.take(text);
                }
                '$' if self.rest().starts_with("$(") => self.substitution(text),
                _ => self.take(text),
            }
        }
    }

    /// `$( … )` with what is nested in it.
    fn substitution(&mut self, text: &mut String) {
        let mut depth = 0;
        while let Some(c) = self.rest().chars().next() {
            self.take(text);
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 && c == ')' {
                return;
            }
        }
    }
}
