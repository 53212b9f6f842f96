//! How long a program gives itself to stop, where the sources say so in plain numbers.

use std::time::Duration;

use ustr::Ustr;

use crate::catalogue::Calls;
use crate::facts::model::{Body, Literal, NodeId, Op, Operator};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::programs::Program;

/// Constants and locals are followed so far.
const FUEL: u32 = 4;

/// What one number stands for.
const CONSTRUCTORS: &[(&str, Duration)] = &[
    ("std::time::Duration::from_secs", Duration::from_secs(1)),
    ("std::time::Duration::from_millis", Duration::from_millis(1)),
    ("std::time::Duration::from_mins", Duration::from_secs(60)),
    ("std::time::Duration::from_hours", Duration::from_secs(60 * 60)),
];

impl Index {
    /// The longest time that a program allows for its own shutdown, with the place that says so: given to a call that ends within it, or around a wait that
    /// comes when the program was told to stop.
    pub fn shutdown_deadline(&self, program: &Program) -> Option<(Duration, Site)> {
        let mut bodies: Vec<_> = program.reach.iter().copied().filter(|body| !self.is_test(*body)).collect();
        bodies.sort_unstable();
        let sites = bodies.into_iter().flat_map(|body| {
            let sites = self.body(body).iter().map(move |(node, _)| Site { body, node });
            sites.filter(|site| self.bounds_shutdown(program, *site))
        });
        let deadlines = sites.filter_map(|site| Some((self.duration_argument(site)?, site)));
        deadlines.max_by_key(|(duration, site)| (*duration, std::cmp::Reverse(*site)))
    }

    /// Whether a call bounds the shutdown of the program: it ends the whole within a time, or a wait that the program comes to when it is told to stop.
    fn bounds_shutdown(&self, program: &Program, site: Site) -> bool {
        let Some(path) = self.external(site) else { return false };
        self.catalogue().lists(Calls::EndsWithin, path)
            || self.catalogue().lists(Calls::Deadlines, path)
                && self.runs_at_shutdown(program, site)
                && self.runs_the_program(site.body, &|node| node < site.node)
                && self.loops_around(site).is_empty()
    }

    /// Whether a program drops the runtime that its `main` runs in when that returns, and nothing in it gives up what still runs there or ends the process.
    pub fn drops_its_runtime(&self, program: &Program) -> bool {
        let ends = |site: Site| {
            let lists = |path| [Calls::EndsWithin, Calls::Exits].iter().any(|list| self.catalogue().lists(*list, path));
            self.external(site).is_some_and(lists)
        };
        let is_entry = |path: Ustr| self.catalogue().is_entry_attribute(path);
        let runs = self.defs().body_of(program.main).filter(|_| self.attribute_of(program.main, &is_entry).is_some());
        runs.is_some_and(|main| !self.call_sites(main).any(ends))
    }

    /// The first argument that is a time; a bare number is seconds.
    pub fn duration_argument(&self, site: Site) -> Option<Duration> {
        let arguments = match &self.node(site).op {
            Op::Call { arguments, .. } | Op::Method { arguments, .. } => arguments,
            _ => return None,
        };
        let first = Site { node: *arguments.first()?, ..site };
        self.literal_duration(first).or_else(|| Some(Duration::from_secs(self.literal_number(first, FUEL)?)))
    }

    /// A time that is written out in numbers.
    pub fn literal_duration(&self, site: Site) -> Option<Duration> {
        self.duration_within(site, FUEL)
    }

    fn duration_within(&self, site: Site, fuel: u32) -> Option<Duration> {
        let (from, fuel) = self.behind_names(site, fuel)?;
        let Op::Call { arguments, .. } = &self.node(from).op else { return None };
        let [argument] = arguments[..] else { return None };
        let argument = Site { node: argument, ..from };
        let path = self.external(from)?;
        if path == "std::option::Option::Some" {
            return self.duration_within(argument, fuel.checked_sub(1)?);
        }
        let (_, unit) = CONSTRUCTORS.iter().find(|(constructor, _)| path == *constructor)?;
        unit.checked_mul(u32::try_from(self.literal_number(argument, fuel)?).ok()?)
    }

    /// A whole number that is written out, perhaps under a name.
    pub fn written_number(&self, site: Site) -> Option<u64> {
        self.literal_number(site, FUEL)
    }

    /// A whole number that is written out, or the product of such.
    fn literal_number(&self, site: Site, fuel: u32) -> Option<u64> {
        let (from, fuel) = self.behind_names(site, fuel)?;
        let digits = match &self.node(from).op {
            Op::Literal(Literal::Number(digits, _)) => digits,
            Op::Binary { left, right, operator: Operator::Product } => {
                let factor = |node: NodeId| self.literal_number(Site { node, ..from }, fuel.checked_sub(1)?);
                return factor(*left)?.checked_mul(factor(*right)?);
            }
            _ => return None,
        };
        let plain = digits.replace('_', "");
        let end = plain.find(|c: char| !c.is_ascii_digit()).unwrap_or(plain.len());
        let is_typed = plain[end..].is_empty() || plain[end..].starts_with(['u', 'i']);
        plain[..end].parse().ok().filter(|_| is_typed)
    }

    /// The value behind the names of constants and locals.
    fn behind_names(&self, site: Site, fuel: u32) -> Option<(Site, u32)> {
        let inner = match &self.node(site).op {
            Op::Local(local) => Site { node: self.init_of(site.body, *local)?, ..site },
            Op::Path(_) => {
                let item = self.info(site.body).statics.get(&site.node)?;
                let body = self.defs().init_of(*item).filter(|body| self.is_linked(*body))?;
                Site { body, node: self.body(body).region(Body::ROOT).value? }
            }
            _ => return Some((site, fuel)),
        };
        self.behind_names(inner, fuel.checked_sub(1)?)
    }
}
