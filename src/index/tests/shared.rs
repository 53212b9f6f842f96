//! Where values live that many share: what frameworks hand to handlers, and statics of every form. Names of libraries are only spelt here;
//! what they mean stands in the catalogue.

use ustr::ustr;

use super::program;

const STATE: &str = "struct Shared { pool: deadpool_postgres::Pool }";

/// Per framework: the parameter of a handler, and how the pool in the state is reached.
const HANDLERS: &[(&str, &str, &str)] = &[
    ("axum: pattern", "axum::extract::State(state): axum::extract::State<Shared>", "state.pool"),
    ("axum: name", "state: axum::extract::State<std::sync::Arc<Shared>>", "state.pool"),
    ("axum: field", "state: axum::extract::State<Shared>", "state.0.pool"),
    ("axum: extension", "axum::Extension(state): axum::Extension<std::sync::Arc<Shared>>", "state.pool"),
    ("axum: request", "request: http::Request<axum::body::Body>", "request.extensions().get::<Shared>().unwrap().pool"),
    ("actix", "state: actix_web::web::Data<Shared>", "state.pool"),
    ("actix: inside", "state: actix_web::web::Data<std::sync::Arc<Shared>>", "state.get_ref().pool"),
    ("actix: thin", "state: actix_web::web::ThinData<Shared>", "state.pool"),
    (
        "actix: request",
        "request: actix_web::HttpRequest",
        "request.app_data::<actix_web::web::Data<Shared>>().unwrap().pool",
    ),
    ("rocket", "state: &rocket::State<Shared>", "state.pool"),
    ("rocket: inner", "state: &rocket::State<Shared>", "state.inner().pool"),
    ("rocket: request", "request: &rocket::Request<'_>", "request.rocket().state::<Shared>().unwrap().pool"),
    ("poem", "state: poem::web::Data<&Shared>", "state.pool"),
    ("poem: request", "request: &poem::Request", "request.data::<Shared>().unwrap().pool"),
    ("salvo", "depot: &mut salvo::Depot", "depot.obtain::<Shared>().unwrap().pool"),
    ("tide", "request: tide::Request<Shared>", "request.state().pool"),
    ("tauri", "state: tauri::State<'_, Shared>", "state.pool"),
    ("tauri: handle", "app: tauri::AppHandle", "app.state::<Shared>().pool"),
    ("async-graphql", "context: &async_graphql::Context<'_>", "context.data::<Shared>().unwrap().pool"),
    ("ntex", "state: ntex::web::types::State<Shared>", "state.pool"),
    ("tonic", "request: tonic::Request<()>", "request.extensions().get::<Shared>().unwrap().pool"),
];

#[test]
fn a_pool_in_the_state_of_an_application_is_known_in_a_handler() {
    let handlers = HANDLERS.iter().enumerate().map(|(at, (_, parameter, pool))| {
        format!("async fn handler{at}({parameter}) {{ let taken{at} = {pool}.clone(); taken{at}; }}\n")
    });
    let code = program(&format!("{STATE}\n{}fn main() {{}}", handlers.collect::<String>()));
    for (at, (name, ..)) in HANDLERS.iter().enumerate() {
        assert_eq!(code.ty(&format!("taken{at}")), "deadpool_postgres::Pool", "{name}");
    }
}

#[test]
fn the_type_a_call_is_given_is_no_type_it_makes() {
    let code = program(&format!(
        "{STATE} fn handler(depot: &salvo::Depot) {{ depot.obtain::<deadpool_postgres::Pool>(); depot.obtain(); }} fn main() {{}}"
    ));
    assert_eq!(
        code.ty("depot.obtain::<deadpool_postgres::Pool>()"),
        "std::result::Result<&deadpool_postgres::Pool, ?>"
    );
    assert_eq!(code.ty("depot.obtain()"), "std::result::Result<&?, ?>");
    assert_eq!(code.index.constructions(|_| true).count(), 0);
}

/// Per form of a static: its declaration, and how the pool in it is reached.
const STATICS: &[(&str, &str)] = &[
    ("static POOL: std::sync::OnceLock<Pool> = std::sync::OnceLock::new();", "POOL.get().unwrap()"),
    ("static POOL: std::sync::OnceLock<Pool> = std::sync::OnceLock::new();", "POOL.get_or_init(|| make())"),
    ("static POOL: std::sync::LazyLock<Pool> = std::sync::LazyLock::new(make);", "(*POOL)"),
    ("static POOL: once_cell::sync::OnceCell<Pool> = once_cell::sync::OnceCell::new();", "POOL.get().unwrap()"),
    ("static POOL: once_cell::sync::Lazy<Pool> = once_cell::sync::Lazy::new(make);", "(*POOL)"),
    ("static POOL: tokio::sync::OnceCell<Pool> = tokio::sync::OnceCell::const_new();", "POOL.get_or_init(later).await"),
    ("static POOL: async_lock::OnceCell<Pool> = async_lock::OnceCell::new();", "POOL.wait_blocking()"),
    (
        "static POOL: async_once_cell::OnceCell<Pool> = async_once_cell::OnceCell::new();",
        "POOL.get_or_init(later()).await",
    ),
    ("static POOL: smol::lock::OnceCell<Pool> = smol::lock::OnceCell::new();", "POOL.get().unwrap()"),
    ("static POOL: spin::Once<Pool> = spin::Once::new();", "POOL.call_once(make)"),
    ("static POOL: state::InitCell<Pool> = state::InitCell::new();", "POOL.get()"),
    ("static POOL: state::LocalInitCell<Pool> = state::LocalInitCell::new();", "POOL.get()"),
    (
        "static POOL: std::sync::Mutex<Option<Pool>> = std::sync::Mutex::new(None);",
        "POOL.lock().unwrap().as_ref().unwrap()",
    ),
    (
        "static POOL: std::sync::RwLock<Option<Pool>> = std::sync::RwLock::new(None);",
        "POOL.read().unwrap().as_ref().unwrap()",
    ),
    (
        "static POOL: parking_lot::Mutex<Option<Pool>> = parking_lot::const_mutex(None);",
        "POOL.lock().as_ref().unwrap()",
    ),
    (
        "static POOL: parking_lot::RwLock<Option<Pool>> = parking_lot::const_rwlock(None);",
        "POOL.read().as_ref().unwrap()",
    ),
    (
        "static POOL: arc_swap::ArcSwapOption<Pool> = arc_swap::ArcSwapOption::const_empty();",
        "POOL.load_full().unwrap()",
    ),
    ("static POOL: std::sync::LazyLock<arc_swap::ArcSwap<Pool>> = std::sync::LazyLock::new(swap);", "POOL.load()"),
    ("lazy_static::lazy_static! { static ref POOL: Pool = make(); }", "(*POOL)"),
    (
        "lazy_static::lazy_static! { static ref POOL: async_once::AsyncOnce<Pool> = async_once::AsyncOnce::new(later()); }",
        "POOL.get().await",
    ),
    ("thread_local! { static POOL: Pool = make(); }", "POOL.with(|pool| pool.clone())"),
    ("static mut POOL: Option<Pool> = None;", "unsafe { POOL.as_ref() }.unwrap()"),
];

const MAKERS: &str = "use deadpool_postgres::Pool; fn make() -> Pool { todo!() } async fn later() -> Pool { todo!() } \
                      fn swap() -> arc_swap::ArcSwap<Pool> { todo!() }";

#[test]
fn a_pool_in_a_static_of_any_form_is_owned_by_it_and_known_outside() {
    let pool = ustr("deadpool_postgres::Pool");
    let numbered = |text: &str, at: usize| text.replace("POOL", &format!("POOL{at}"));
    let parts = STATICS.iter().enumerate().map(|(at, (declaration, pool_in_it))| {
        let (declaration, pool_in_it) = (numbered(declaration, at), numbered(pool_in_it, at));
        format!("{declaration}\nasync fn take{at}() {{ let taken{at} = {pool_in_it}.clone(); taken{at}.get(); }}\n")
    });
    let code = program(&format!("{MAKERS}\n{}fn main() {{}}", parts.collect::<String>()));
    for (at, (declaration, pool_in_it)) in STATICS.iter().enumerate() {
        let ty = &code.index.signatures().statics[code.static_item(&format!("POOL{at}")).index()];
        assert!(code.index.owned_resources(ty).contains(&pool), "{declaration}");
        let callee = code.callee(&format!("taken{at}.get()"));
        assert_eq!(callee, "deadpool_postgres::Pool::get", "{pool_in_it} of {declaration}");
    }
}

#[test]
fn what_fills_a_static_runs_once() {
    let code = program(
        "use deadpool_postgres::Config; fn main() {} \
         static A: once_cell::sync::Lazy<Config> = once_cell::sync::Lazy::new(|| { loop { Config::new(); } }); \
         static B: state::InitCell<Config> = state::InitCell::new(); \
         fn handler(_: axum::extract::State<()>) { B.get_or_init(|| make_b()); } fn make_b() -> Config { Config::new() }",
    );
    let calls: Vec<_> = code.sites("Config::new()").collect();
    assert_eq!(calls.len(), 2);
    // The loop stands inside of what runs once; the handler only asks for what is there.
    assert!(code.index.repeated(calls[0]).is_some());
    assert!(code.index.repeated(calls[1]).is_none());
}
