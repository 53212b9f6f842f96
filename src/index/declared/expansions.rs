//! Where code stands that a macro of the workspace wrote: at the macro's definition, and by its call in the code around. Knows ranges only;
//! what macros write has ranges behind the end of the file ([`Expansion`]).

use crate::facts::model::{Expansion, FileFacts};
use crate::index::Index;
use crate::source::{Range, Span};

impl Index {
    /// Where what a span says is written: of what a macro wrote by itself, in its definition.
    pub fn place_written(&self, span: Span) -> Span {
        self.placed(span, &|facts, expansion, range| {
            let inside = [range.start, range.end].iter().all(|offset| writer(facts, *offset) == Some(expansion));
            let expansion = &facts.expansions[expansion];
            inside.then(|| expansion.defined(range).in_file(expansion.file.unwrap_or(span.file)))
        })
    }

    /// Where a span stands in the code that is no macro's: of what a macro wrote, the call of the macro.
    pub fn place_called(&self, span: Span) -> Span {
        self.placed(span, &|_, _, _| None)
    }

    /// A place that `answer` has for a span that some expansion wrote, or one of the file's own text, calls standing for what they expand to.
    fn placed(&self, span: Span, answer: &dyn Fn(&FileFacts, usize, Range) -> Option<Span>) -> Span {
        let Some(facts) = self.defs().file(span.file) else { return span };
        let mut range = span.range();
        // Calls come before what they expand to, so that this ends.
        while let Some(innermost) = writer(facts, range.start).max(writer(facts, range.end)) {
            if let Some(found) = answer(facts, innermost, range) {
                return found;
            }
            let call = facts.expansions[innermost].call;
            let is_inside = |offset| writer(facts, offset) == Some(innermost);
            range = match (is_inside(range.start), is_inside(range.end)) {
                (true, true) => call,
                (true, false) => Range { start: call.start, end: range.end.max(call.start) },
                (false, _) => Range { start: range.start.min(call.end), end: call.end },
            };
        }
        range.in_file(span.file)
    }
}

/// The expansion that wrote what stands at an offset.
fn writer(facts: &FileFacts, offset: u32) -> Option<usize> {
    facts.expansions.partition_point(|Expansion { range, .. }| range.start <= offset).checked_sub(1)
}
