//! What holds a shared handle of its own owner.

use super::{Linked, program};

const SHARED: &str = "use std::sync::{Arc, Mutex, Weak}; ";

fn cycles(code: &Linked) -> Vec<String> {
    let words = |cycle: &crate::index::resources::cycles::Cycle| {
        let owner = code.index.defs().type_def(cycle.owner).name;
        format!("{:?} in {owner}::{}", cycle.holder, cycle.field)
    };
    code.index.cycles().iter().map(words).collect()
}

#[test]
fn what_is_put_into_what_it_holds_is_a_cycle() {
    let code = program(&format!(
        "{SHARED} type Call = Box<dyn Fn() + Send + Sync>; struct Hub {{ calls: Mutex<Vec<Call>>, last: Mutex<Option<Call>>, name: String }} \
         impl Hub {{ fn on(&self, call: Call) {{ let mut last = self.last.lock().unwrap(); *last = Some(call); }} fn hear(&self) {{}} }} \
         fn start() -> Arc<Hub> {{ let hub = make(); let mine = Arc::clone(&hub); hub.on(Box::new(move || mine.hear())); \
             let again = hub.clone(); let call: Call = Box::new(move || again.hear()); hub.calls.lock().unwrap().push(call); hub }} \
         fn make() -> Arc<Hub> {{ todo!() }} \
         struct Tree {{ leaves: Mutex<Vec<Arc<Leaf>>> }} struct Leaf {{ tree: Arc<Tree> }} \
         fn grow(tree: Arc<Tree>) {{ let leaf = Arc::new(Leaf {{ tree: tree.clone() }}); tree.leaves.lock().unwrap().push(leaf); }} \
         struct Ticker {{ task: Mutex<Option<tokio::task::JoinHandle<()>>> }} impl Ticker {{ async fn tick(&self) {{}} }} \
         impl Drop for Ticker {{ fn drop(&mut self) {{ if let Some(task) = self.task.lock().unwrap().take() {{ task.abort(); }} }} }} \
         fn run(ticker: Arc<Ticker>) {{ let own = ticker.clone(); \
             let task = tokio::spawn(async move {{ loop {{ own.tick().await; tokio::time::sleep(std::time::Duration::from_secs(1)).await; }} }}); \
             *ticker.task.lock().unwrap() = Some(task); }} fn main() {{}}"
    ));
    assert_eq!(
        cycles(&code),
        ["Closure in Hub::last", "Closure in Hub::calls", "Value in Tree::leaves", "Task in Ticker::task"]
    );
}

#[test]
fn what_can_end_is_no_cycle() {
    let code = program(&format!(
        "{SHARED} type Call = Box<dyn Fn() + Send + Sync>; struct Hub {{ calls: Mutex<Vec<Call>>, last: Mutex<Option<Call>> }} \
         impl Hub {{ fn on(&self, call: Call) {{ *self.last.lock().unwrap() = Some(call); }} fn off(&self) {{ *self.last.lock().unwrap() = None; }} \
             fn hear(&self) {{}} fn each(&self, call: Call) {{ call(); }} }} \
         fn weak(hub: Arc<Hub>) {{ let mine = Arc::downgrade(&hub); \
             hub.calls.lock().unwrap().push(Box::new(move || if let Some(hub) = mine.upgrade() {{ hub.hear(); }})); }} \
         fn taken_out(hub: Arc<Hub>) {{ let mine = hub.clone(); hub.on(Box::new(move || mine.hear())); }} \
         fn not_kept(hub: Arc<Hub>) {{ let mine = hub.clone(); hub.each(Box::new(move || mine.hear())); }} \
         fn of_another(hub: Arc<Hub>, other: Arc<Hub>) {{ hub.calls.lock().unwrap().push(Box::new(move || other.hear())); }} \
         fn compared(hub: Arc<Hub>) {{ let mine = hub.clone(); hub.calls.lock().unwrap().iter().map(|_| mine.hear()).count(); }} \
         struct Ticker {{ task: Mutex<Option<tokio::task::JoinHandle<()>>> }} impl Ticker {{ async fn tick(&self) {{}} }} \
         fn once(ticker: Arc<Ticker>) {{ let own = ticker.clone(); *ticker.task.lock().unwrap() = Some(tokio::spawn(async move {{ own.tick().await; }})); }} \
         struct Tree {{ leaves: Mutex<Vec<Arc<Leaf>>> }} struct Leaf {{ tree: Weak<Tree> }} \
         fn grow(tree: Arc<Tree>) {{ let leaf = Arc::new(Leaf {{ tree: Arc::downgrade(&tree) }}); tree.leaves.lock().unwrap().push(leaf); }} fn main() {{}}"
    ));
    assert_eq!(cycles(&code), [""; 0]);
}
