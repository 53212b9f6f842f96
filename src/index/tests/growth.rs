//! Collections that live on: which of them only ever grow, and how many different things are put in.

use super::{Linked, program};
use crate::facts::model::Op;
use crate::index::calls::Site;
use crate::index::flow::variety::Variety;

const MAPS: &str = "use std::collections::HashMap; use std::sync::{Arc, LazyLock, Mutex}; ";

fn growing(code: &Linked) -> Vec<String> {
    code.index.growing().iter().map(|growing| code.index.keeper_words(growing.keeper)).collect()
}

#[test]
fn what_is_added_to_and_never_taken_from_grows() {
    let code = program(&format!(
        "{MAPS} static GROWS: LazyLock<Mutex<HashMap<String, u8>>> = LazyLock::new(Default::default); \
         static CLEARED: Mutex<Vec<u8>> = Mutex::new(Vec::new()); \
         struct App {{ kept: HashMap<u8, u8>, swapped: Vec<u16>, checked: Vec<u32>, replaced: Vec<u64> }} \
         fn add(key: String) {{ GROWS.lock().unwrap().insert(key, 1); CLEARED.lock().unwrap().push(2); }} \
         fn clear() {{ let mut all = CLEARED.lock().unwrap_or_else(|e| e.into_inner()); all.clear(); }} \
         impl App {{ fn add(&mut self) {{ self.kept.insert(1, 2); self.swapped.push(1); self.replaced.push(1); \
             if self.checked.len() < 9 {{ self.checked.push(3); }} }} \
             fn flush(&mut self) -> Vec<u16> {{ self.replaced = Vec::new(); std::mem::take(&mut self.swapped) }} }} fn main() {{}}"
    ));
    assert_eq!(growing(&code), ["GROWS", "App::kept"]);
}

#[test]
fn the_type_of_the_keys_may_say_that_there_are_few() {
    let code = program(&format!(
        "{MAPS} static BY_BYTE: LazyLock<Mutex<HashMap<u8, String>>> = LazyLock::new(Default::default); \
         static BY_NAME: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Default::default); \
         fn add(frame: radio::Frame) {{ BY_BYTE.lock().unwrap().insert(frame.sender(), frame.text()); \
             BY_NAME.lock().unwrap().insert(frame.name(), frame.text()); }} fn main() {{}}"
    ));
    let variety = |call: &str| code.index.added_variety(code.site(call));
    assert_eq!(variety("BY_BYTE.lock().unwrap().insert(frame.sender(), frame.text())"), Variety::Few);
    assert_eq!(variety("BY_NAME.lock().unwrap().insert(frame.name(), frame.text())"), Variety::Unknown);
}

#[test]
fn a_name_that_a_function_makes_up_is_another_one_each_time() {
    let code = program(
        "use std::path::{Path, PathBuf}; use std::sync::atomic::{AtomicU64, Ordering}; static NEXT: AtomicU64 = AtomicU64::new(0); \
         fn fresh(path: &Path) -> PathBuf { let next = NEXT.fetch_add(1, Ordering::Relaxed); path.with_extension(format!(\"tmp.{next}\")) } \
         fn fixed(path: &Path) -> PathBuf { path.with_extension(\"tmp\") } \
         fn timed(path: &Path) -> PathBuf { if std::time::Instant::now().elapsed().as_secs() > 1 { path.with_extension(\"old\") } else { path.with_extension(\"new\") } } \
         fn keep<T>(_: T) {} fn main() { let path = Path::new(\"state\"); keep(fresh(path)); keep(fixed(path)); keep(timed(path)); }",
    );
    let variety = |call: &str| {
        let site = code.site(call);
        let Op::Call { arguments, .. } = &code.index.node(site).op else { panic!("no call") };
        code.index.variety(Site { node: arguments[0], ..site })
    };
    assert_eq!(variety("keep(fresh(path))"), Variety::Endless);
    assert_eq!(variety("keep(fixed(path))"), Variety::Few);
    assert_eq!(variety("keep(timed(path))"), Variety::Few);
}

#[test]
fn what_shrinks_further_in_bounds_nothing_around_it() {
    let code = program(&format!(
        "{MAPS} struct Outer {{ lists: HashMap<String, Vec<u8>> }} struct Inner {{ lists: HashMap<u8, Vec<u16>> }} \
         impl Outer {{ fn add(&mut self, key: String) {{ let list = self.lists.entry(key).or_default(); list.clear(); list.push(1); }} }} \
         impl Inner {{ fn add(&mut self) {{ self.lists.get_mut(&1).unwrap().push(1); }} fn end(&mut self) {{ self.lists.remove(&1); }} }} \
         fn main() {{}}"
    ));
    assert_eq!(growing(&code), ["Outer::lists"]);
}

#[test]
fn what_may_be_the_same_collection_shrinks_too() {
    let code = program(&format!(
        "{MAPS} struct Shop {{ shared: Arc<Mutex<HashMap<u8, u8>>> }} struct Cleaner {{ theirs: Arc<Mutex<HashMap<u8, u8>>> }} \
         struct Own {{ passed: HashMap<u16, u8> }} struct Getter {{ inner: HashMap<u32, u8> }} \
         impl Shop {{ fn add(&self) {{ self.shared.lock().unwrap().insert(1, 1); }} }} \
         impl Cleaner {{ fn clean(&self) {{ self.theirs.lock().unwrap().clear(); }} }} \
         impl Own {{ fn add(&mut self) {{ self.passed.insert(1, 1); prune(&mut self.passed); }} }} \
         fn prune(map: &mut HashMap<u16, u8>) {{ map.remove(&1); }} \
         impl Getter {{ fn all(&mut self) -> &mut HashMap<u32, u8> {{ &mut self.inner }} fn add(&mut self) {{ self.all().insert(1, 1); }} \
             fn end(&mut self) {{ self.all().clear(); }} }} fn main() {{}}"
    ));
    assert_eq!(growing(&code), [""; 0]);
}

#[test]
fn what_is_shared_before_it_is_kept_shrinks_too() {
    let code = program(&format!(
        "{MAPS} use std::collections::HashSet; struct Seen {{ set: Arc<Mutex<HashSet<String>>> }} struct Own {{ set: HashSet<u8> }} \
         impl Default for Seen {{ fn default() -> Self {{ let set: Arc<Mutex<HashSet<String>>> = Default::default(); \
             let theirs = Arc::downgrade(&set.clone()); std::thread::spawn(move || while let Some(set) = theirs.upgrade() {{ \
                 let mut all = set.lock().unwrap(); all.retain(|key| key.len() > 3); }}); Seen {{ set }} }} }} \
         impl Seen {{ fn add(&self, key: String) {{ self.set.lock().unwrap().insert(key); }} }} \
         impl Own {{ fn add(&mut self) {{ self.set.insert(1); let mut other: HashSet<u8> = HashSet::new(); other.clear(); }} }} fn main() {{}}"
    ));
    assert_eq!(growing(&code), ["Own::set"]);
}

#[test]
fn only_what_may_be_given_back_decides_how_many_values_there_are() {
    let code = program(
        "use axum::{Router, extract::Path, routing::get}; struct Site { name: String } struct All { sites: Vec<Site> } \
         fn among<'a>(position: usize, sites: &'a [Site]) -> Vec<&'a Site> { match position { 0 => sites.iter().collect(), n => vec![&sites[n]] } } \
         fn joined(sites: &str, word: &str) -> String { sites.replace('x', word) } \
         impl All { fn named(&self, name: &str) -> Result<&Site, String> { \
                 self.sites.iter().find(|site| site.name == name).ok_or_else(|| format!(\"no {name}\")) } \
             fn use_all(&self, word: &str) { keep(among(word.len(), &self.sites)); keep(self.named(word)); keep(joined(&self.sites[0].name, word)); } } \
         async fn handle(Path(asked): Path<String>) { let all = All { sites: Vec::new() }; all.use_all(&asked); } fn keep<T>(t: T) {} \
         fn main() { let _: Router = Router::new().route(\"/\", get(handle)); }",
    );
    let variety = |call: &str| {
        let site = code.site(call);
        let crate::facts::model::Op::Call { arguments, .. } = &code.index.node(site).op else { panic!("{call}") };
        code.index.variety(Site { node: arguments[0], ..site })
    };
    assert_eq!(variety("keep(among(word.len(), &self.sites))"), Variety::Few);
    assert_eq!(variety("keep(self.named(word))"), Variety::Few);
    assert_eq!(variety("keep(joined(&self.sites[0].name, word))"), Variety::Endless);
}

#[test]
fn a_value_is_one_of_few_or_ever_new() {
    let code = program(
        "use axum::{Router, extract::Path, routing::get}; #[derive(Clone, Copy)] enum Kind { A, B } struct Settings { name: String } \
         async fn handle(Path(asked): Path<String>) { note(asked.trim()); } fn note(word: &str) { keep(word); } fn keep<T>(t: T) {} \
         impl Settings { fn all(&self, kind: Kind) { keep(&self.name); keep(kind); keep(\"literal\"); } } \
         fn alone(somebody: String) { keep(somebody); } fn now() { keep(std::time::Instant::now()); } \
         struct Grade(u8); struct Name(String); struct Event { name: String, at: std::time::Instant } \
         fn graded(Path(n): Path<u8>) { keep(Grade(n)); keep(Name(n.to_string())); } \
         fn timed() { keep(Event { name: String::new(), at: std::time::Instant::now() }); } \
         fn main() { let _: Router = Router::new().route(\"/\", get(handle)); }",
    );
    let variety = |call: &str| {
        let site = code.site(call);
        let crate::facts::model::Op::Call { arguments, .. } = &code.index.node(site).op else { panic!("{call}") };
        code.index.variety(Site { node: arguments[0], ..site })
    };
    for (call, expected) in [
        ("keep(word)", Variety::Endless),
        ("keep(std::time::Instant::now())", Variety::Endless),
        ("keep(&self.name)", Variety::Few),
        ("keep(kind)", Variety::Few),
        ("keep(\"literal\")", Variety::Few),
        ("keep(somebody)", Variety::Unknown),
        ("keep(Grade(n))", Variety::Few),
        ("keep(Event { name: String::new(), at: std::time::Instant::now() })", Variety::Few),
    ] {
        assert_eq!(variety(call), expected, "{call}");
    }
}

#[test]
fn what_takes_its_entry_out_shrinks_the_collection() {
    let code = program(&format!(
        "{MAPS} use std::collections::hash_map::Entry; struct Seats {{ taken: HashMap<String, u8>, kept: HashMap<String, u16> }} \
         impl Seats {{ fn toggle(&mut self, who: String) {{ match self.taken.entry(who) {{ \
             Entry::Occupied(entry) => {{ entry.remove(); }} Entry::Vacant(entry) => {{ entry.insert(1); }} }} }} \
           fn keep(&mut self, who: String) {{ match self.kept.entry(who) {{ \
             Entry::Occupied(mut entry) => {{ entry.insert(2); }} Entry::Vacant(entry) => {{ entry.insert(1); }} }} }} }} fn main() {{}}"
    ));
    assert_eq!(growing(&code), ["Seats::kept"]);
}

#[test]
fn what_is_emptied_further_in_is_told_from_a_list_of_times() {
    let code = program(&format!(
        "{MAPS} use std::time::Instant; struct Hub {{ pipes: HashMap<String, Vec<Arc<str>>>, calls: HashMap<String, Vec<Instant>>, \
             sums: HashMap<String, Vec<u8>>, whole: HashMap<String, Vec<i8>> }} \
         impl Hub {{ fn add(&mut self, key: String, pipe: Arc<str>) {{ let all = self.pipes.entry(key).or_default(); \
                 all.retain(|other| other.len() > 1); all.push(pipe); }} \
             fn call(&mut self, key: String) {{ let all = self.calls.entry(key).or_default(); \
                 all.retain(|at| at.elapsed().as_secs() < 9); all.push(Instant::now()); }} \
             fn sum(&mut self, key: String) {{ let all = self.sums.entry(key).or_default(); all.clear(); all.push(1); }} \
             fn whole(&mut self, key: String) {{ self.whole.entry(key).or_default().push(1); }} }} fn main() {{}}"
    ));
    let all = code.index.growing();
    let of = |wanted: &dyn Fn(&crate::index::resources::growth::Growing) -> bool| -> Vec<String> {
        all.iter().filter(|growing| wanted(growing)).map(|growing| code.index.keeper_words(growing.keeper)).collect()
    };
    assert_eq!(of(&|_| true), ["Hub::pipes", "Hub::calls", "Hub::sums", "Hub::whole"]);
    assert_eq!(of(&|growing| growing.emptied), ["Hub::pipes"]);
    assert_eq!(of(&|growing| code.index.is_window(growing)), ["Hub::calls"]);
}

#[test]
fn what_a_wrapper_derefs_to_is_the_wrappers() {
    let code = program(&format!(
        "{MAPS} use std::ops::{{Deref, DerefMut}}; struct Ended(HashMap<String, u8>); struct Open(HashMap<String, u16>); \
         impl Deref for Ended {{ type Target = HashMap<String, u8>; fn deref(&self) -> &HashMap<String, u8> {{ &self.0 }} }} \
         impl DerefMut for Ended {{ fn deref_mut(&mut self) -> &mut HashMap<String, u8> {{ &mut self.0 }} }} \
         impl Ended {{ fn add(&mut self, key: String) {{ self.0.insert(key, 1); }} fn end(&mut self, key: &str) {{ self.remove(key); }} }} \
         impl Open {{ fn add(&mut self, key: String) {{ self.0.insert(key, 1); }} }} fn main() {{}}"
    ));
    assert_eq!(growing(&code), ["Open::0"]);
}

#[test]
fn what_is_made_for_a_key_or_kept_in_numbers_is_not_made_once() {
    let code = program(&format!(
        "{MAPS} use axum::{{Router, routing::get}}; #[derive(Default)] struct State; struct Row {{ n: u8 }} struct Session {{ n: u8 }} \
         static SESSIONS: Mutex<Vec<Session>> = Mutex::new(Vec::new()); \
         fn rows() -> HashMap<u8, Row> {{ let mut all = HashMap::new(); all.entry(1).or_insert_with(|| Row {{ n: 1 }}); all }} \
         #[tokio::main] async fn main() {{ let _ = (State, rows()); SESSIONS.lock().unwrap().push(Session {{ n: 1 }}); \
         let listener = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap(); \
         let state = State::default(); axum::serve(listener, Router::new().route(\"/\", get(async || \"\"))).await.unwrap(); }}"
    ));
    let once = |name: &str| {
        let id = code.index.defs().type_ids().find(|id| code.index.defs().type_def(*id).name == name);
        code.index.is_made_once(id.expect("a type"))
    };
    assert_eq!([once("State"), once("Row"), once("Session")], [true, false, false]);
}

/// The functions that would expire what is in a map that grows per request, where nothing calls one; `more` is other code.
fn uncalled(more: &str) -> Vec<String> {
    let code = program(&format!(
        "{MAPS} use std::time::{{Duration, Instant}}; use axum::{{Router, routing::get}}; \
         static USED: LazyLock<Mutex<HashMap<u64, Instant>>> = LazyLock::new(Default::default); \
         async fn page() {{ USED.lock().unwrap().insert(key(), Instant::now()); }} fn key() -> u64 {{ 1 }} \
         fn expire() {{ USED.lock().unwrap().retain(|_, used| used.elapsed() < Duration::from_secs(9)); }} \
         fn forget(key: u64) {{ USED.lock().unwrap().remove(&key); }} {more} \
         #[tokio::main] async fn main() {{ forget(1); let listener = tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap(); \
         axum::serve(listener, Router::new().route(\"/\", get(page))).await.unwrap(); }}"
    ));
    code.index.uncalled_expiries().iter().map(|expiry| code.index.fn_name(expiry.function)).collect()
}

#[test]
fn expiry_counts_where_something_calls_it() {
    assert_eq!(uncalled(""), ["expire"]);
    assert_eq!(uncalled("#[test] fn tested() { expire(); }"), ["expire"]);
    assert_eq!(uncalled("fn often() { expire(); }"), [""; 0]);
    assert_eq!(uncalled("fn by_name(of: Unknown) { of.expire(); }"), [""; 0]);
    let other = "fn sweep() { let now = Instant::now(); USED.lock().unwrap().retain(|_, used| *used > now); } fn often() { sweep(); }";
    assert_eq!(uncalled(other), [""; 0]);
}

#[test]
fn a_key_may_have_to_be_known_before_it_is_added() {
    let code = program(
        "use std::collections::HashMap; struct Hub { tables: HashMap<String, u8>, channels: HashMap<String, u8> } \
         impl Hub { async fn known(&self, key: &str) -> Option<u8> { None } \
         async fn join(&mut self, key: String) { let Some(table) = self.known(&key).await else { return }; self.channels.insert(key.clone(), 1); } \
         async fn meet(&mut self, key: String) { let Some(table) = self.known(\"all\").await else { return }; self.channels.insert(key, 2); } } fn main() {}",
    );
    assert!(code.index.is_looked_up_first(code.site("self.channels.insert(key.clone(), 1)")));
    assert!(!code.index.is_looked_up_first(code.site("self.channels.insert(key, 2)")));
}

#[test]
fn a_collection_that_a_call_is_lent_is_there_for_others() {
    let code = program(&format!(
        "{MAPS} static ALL: Mutex<Vec<u8>> = Mutex::new(Vec::new()); \
         fn keep(given: Arc<Mutex<HashMap<u8, u8>>>, lent: &mut Vec<u8>) {{ ALL.lock().unwrap().push(1); given.lock().unwrap().insert(1, 2); lent.push(3); \
             let own = Arc::new(Mutex::new(Vec::new())); own.lock().unwrap().push(4); }} fn main() {{}}"
    ));
    let lasts = |call: &str| {
        let Op::Method { receiver, .. } = code.index.node(code.site(call)).op else { panic!("no call") };
        code.index.lasting_for_others(Site { node: receiver, ..code.site(call) })
    };
    assert!(lasts("ALL.lock().unwrap().push(1)"));
    assert!(lasts("given.lock().unwrap().insert(1, 2)"));
    assert!(!lasts("lent.push(3)"));
    assert!(!lasts("own.lock().unwrap().push(4)"));
}

#[test]
fn a_label_that_functions_hand_round_is_followed_once() {
    let code = program(
        "fn count(name: &str) { metrics::counter!(\"asked\", \"name\" => name.to_string()).increment(1); } \
         fn one(name: &str) { two(name); two(name); three(name); count(name); } \
         fn two(name: &str) { one(name); three(name); three(name); count(name); } \
         fn three(name: &str) { one(name); one(name); two(name); count(name); } fn main() { one(\"a\"); }",
    );
    assert!(code.index.endless_labels().is_empty());
}
