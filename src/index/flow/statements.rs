//! What a statement of SQL does, as far as its first words tell. Knows no database and no driver: what is asked is the text alone.

use crate::facts::model::{Body, Literal, Node, NodeId, Op};
use crate::index::Index;
use crate::index::calls::Site;
use crate::index::declared::defs::StaticId;

/// Upkeep that a database does again when it is next asked, or by itself.
const UPKEEP: [&str; 5] = ["vacuum", "analyze", "reindex", "checkpoint", "optimize"];

impl Index {
    /// Whether a text within a call, or within what its variables and constants were made from, satisfies a condition.
    pub fn states(&self, call: Site, says: &dyn Fn(&str) -> bool) -> bool {
        self.states_here(call, says) || self.made_behind_names(call).any(|made| self.states_here(made, says))
    }

    /// Whether a text that is written out within a call satisfies a condition.
    pub fn states_here(&self, call: Site, says: &dyn Fn(&str) -> bool) -> bool {
        let is_it = |n: &Node| matches!(&n.op, Op::Literal(Literal::Text(text)) if says(text));
        self.within(call).any(|(_, n)| is_it(n))
    }

    /// What the variables and constants within a call were made from.
    fn made_behind_names(&self, call: Site) -> impl Iterator<Item = Site> {
        let info = self.info(call.body);
        self.within(call).filter_map(move |(node, n)| match (&n.op, info.statics.get(&node)) {
            (Op::Local(local), _) => self.init_of(call.body, *local).map(|node| Site { node, ..call }),
            (_, Some(item)) => self.initial(*item),
            _ => None,
        })
    }

    /// What a static or constant is made from.
    fn initial(&self, item: StaticId) -> Option<Site> {
        let body = self.defs().init_of(item).filter(|body| self.is_linked(*body))?;
        Some(Site { body, node: self.body(body).region(Body::ROOT).value? })
    }

    /// Whether a call takes away a table that the same function makes for a session: it goes with that by itself.
    pub fn drops_what_goes(&self, call: Site) -> bool {
        if let Op::Await(of) | Op::Try(of) = self.node(call).op {
            return self.drops_what_goes(Site { node: of, ..call });
        }
        let callee = self.callee(call);
        let makes =
            |site: Site| callee.is_some() && self.callee(site) == callee && self.states(site, &makes_for_a_session);
        let beside = || self.bodies().map(|(body, ..)| body).filter(|body| body.file == call.body.file);
        self.states(call, &drops_if_there)
            && beside().any(|body| self.info(body).callees.keys().any(|node| makes(Site { body, node: *node })))
    }

    fn within(&self, whole: Site) -> impl Iterator<Item = (NodeId, &Node)> {
        let range = self.node(whole).range;
        self.body(whole.body).iter().filter(move |(_, node)| range.contains(node.range))
    }
}

/// Whether a statement adds what is not there yet, and fails or does nothing where it is.
pub fn only_adds(text: &str) -> bool {
    let words = words(text);
    let replaces = |word: &String| ["replace", "update"].contains(&word.as_str());
    words.first().is_some_and(|first| first == "insert") && !words.iter().any(replaces)
}

/// Whether a statement makes a part of a database's schema.
pub fn makes_a_part(text: &str) -> bool {
    let words = words(text);
    match words.first().map(String::as_str) {
        Some("create") => true,
        Some("alter") => words.iter().any(|word| word == "add"),
        _ => false,
    }
}

/// Whether a statement makes a part of a database's schema, and fails where that is there.
pub fn makes_once(text: &str) -> bool {
    let words = words(text);
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    makes_a_part(text) && !has("exists") && !(has("or") && has("replace"))
}

/// What statements begin with that change what is stored, and the calls of libraries that do.
const CHANGES: [&str; 9] = ["alter", "create", "delete", "drop", "execute", "insert", "replace", "save", "update"];

/// Whether a statement, or the name of a call, begins with what changes something.
pub fn changes(text: &str) -> bool {
    let first = text.split(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty());
    first.is_some_and(|first| CHANGES.contains(&first.to_ascii_lowercase().as_str()))
}

/// Whether a statement takes back what was done since a transaction began.
pub fn undoes(text: &str) -> bool {
    words(text).first().is_some_and(|word| word == "rollback")
}

/// Whether a statement leaves all that is stored as it is, and asks for none of it: `SELECT 1`, `VACUUM`, `PRAGMA wal_checkpoint(TRUNCATE)`.
pub fn stores_and_asks_nothing(text: &str) -> bool {
    let words = words(text);
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // A function may well do something: `SELECT setval(..)`.
        ["select", _, ..] => !words.iter().any(|word| word == "from" || word.contains('(')),
        ["pragma", setting, ..] => {
            let name = setting.rsplit('.').next().unwrap_or(setting);
            ["wal_checkpoint", "optimize", "busy_timeout", "incremental_vacuum"].iter().any(|it| name.starts_with(it))
        }
        [first, ..] => UPKEEP.contains(&first),
        [] => false,
    }
}

/// What SQLite tells of its schema: rows that it makes of what it has read already.
const OF_THE_SCHEMA: [&str; 7] =
    ["table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list"];

/// Whether a statement asks what tables, columns and indices a database has: `PRAGMA table_info(notes)`.
pub fn asks_for_the_schema(text: &str) -> bool {
    match words(text).iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["pragma", asked, ..] => {
            let name = asked.split(['(', '=']).next().unwrap_or(asked);
            OF_THE_SCHEMA.contains(&name.rsplit('.').next().unwrap_or(name))
        }
        _ => false,
    }
}

/// Whether a statement makes a table that is gone with the session: `CREATE TEMP TABLE notes AS SELECT ..`.
pub fn makes_for_a_session(text: &str) -> bool {
    let words = words(text);
    let mut rest = words.iter().map(String::as_str).filter(|word| !matches!(*word, "local" | "global"));
    rest.next() == Some("create") && matches!(rest.next(), Some("temp" | "temporary"))
}

/// Whether a statement takes away a table, if there is one.
pub fn drops_if_there(text: &str) -> bool {
    words(text).iter().map(String::as_str).take(4).eq(["drop", "table", "if", "exists"])
}

/// Whether a statement of a database asks for nothing but one value that is made of all rows there are, be it none.
pub fn always_has_a_row(statement: &str) -> bool {
    let words: String = statement.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let of_all = ["count", "exists", "max", "min", "sum", "avg", "total"];
    let asked = words.strip_prefix("select ").unwrap_or_default();
    let is_called = |name: &&str| asked.strip_prefix(*name).is_some_and(|rest| rest.trim_start().starts_with('('));
    of_all.iter().any(is_called) && !words.contains(" group by ") && !words.contains(" having ")
}

fn words(text: &str) -> Vec<String> {
    let bare = |word: &str| word.trim_end_matches(';').to_lowercase();
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_once_fails_the_second_time() {
        assert!(makes_once("CREATE INDEX i ON a (b)") && makes_once("alter table a add column b text"));
        assert!(!makes_once("CREATE TABLE IF NOT EXISTS a (b TEXT)") && !makes_once("CREATE OR REPLACE VIEW a AS b"));
        assert!(!makes_once("ALTER TABLE a DROP COLUMN b"));
    }

    #[test]
    fn pings_and_upkeep_store_and_ask_nothing() {
        for text in
            ["SELECT 1", " select 'heartbeat';", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "pragma main.optimize;"]
        {
            assert!(stores_and_asks_nothing(text), "{text}");
        }
        for text in [
            "SELECT a FROM b",
            "PRAGMA foreign_keys = ON",
            "DELETE FROM a",
            "SELECT setval('a', 1)",
            "select",
            "a vacuum",
            "",
        ] {
            assert!(!stores_and_asks_nothing(text), "{text}");
        }
    }

    #[test]
    fn a_schema_is_asked_for_by_its_pragmas() {
        assert!(asks_for_the_schema("PRAGMA table_info(notes)") && asks_for_the_schema("pragma main.index_list('a');"));
        assert!(!asks_for_the_schema("PRAGMA foreign_keys") && !asks_for_the_schema("SELECT table_info FROM a"));
    }

    #[test]
    fn a_temporary_table_is_gone_with_its_session() {
        assert!(
            makes_for_a_session("CREATE TEMP TABLE {} AS {}")
                && makes_for_a_session("create local temporary table a (b int)")
        );
        assert!(!makes_for_a_session("CREATE TABLE temp (a int)"));
        assert!(drops_if_there("DROP TABLE IF EXISTS {}") && !drops_if_there("DROP TABLE a"));
    }

    #[test]
    fn a_rollback_undoes() {
        assert!(undoes("ROLLBACK") && undoes("rollback;") && undoes("Rollback to savepoint a"));
        assert!(!undoes("COMMIT") && !undoes("rollbacks"));
    }
}
