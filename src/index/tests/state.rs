//! What state a handler is given: from the framework's wrapper through fields to the pool.

use super::program;

/// The types of expressions in one program.
fn types(text: &str, expected: &[(&str, &str)]) {
    let code = program(text);
    for (expression, ty) in expected {
        assert_eq!(code.ty(expression), *ty, "{expression}");
    }
}

#[test]
fn axum_state_and_extensions() {
    types(
        "use axum::{Extension, extract::State}; #[derive(Clone)] struct App { pool: sqlx::PgPool, inner: std::sync::Arc<Inner> } \
         struct Inner { client: reqwest::Client } \
         async fn a(State(app): State<App>) { app.pool; app.inner.client; } \
         async fn b(State(shared): State<std::sync::Arc<App>>) { shared.pool; } \
         async fn c(Extension(pool): Extension<sqlx::PgPool>) { pool; } async fn d(state: State<App>) { state.pool; state.0.pool; } fn main() {}",
        &[
            ("app.pool", "sqlx::Pool"),
            ("app.inner.client", "reqwest::Client"),
            ("shared.pool", "sqlx::Pool"),
            ("pool", "sqlx::Pool"),
            ("state.pool", "sqlx::Pool"),
            ("state.0.pool", "sqlx::Pool"),
        ],
    );
}

#[test]
fn actix_data_and_rocket_state() {
    types(
        "use actix_web::web; use rocket::State; struct App { pool: sqlx::PgPool } \
         async fn a(app: web::Data<App>) { app.pool; app.get_ref().pool; } async fn b(data: web::Data<sqlx::PgPool>) { data.get_ref(); } \
         async fn c(state: &State<App>) { state.pool; state.inner().pool; } fn main() {}",
        &[
            ("app.pool", "sqlx::Pool"),
            ("app.get_ref().pool", "sqlx::Pool"),
            ("data.get_ref()", "&sqlx::Pool"),
            ("state.pool", "sqlx::Pool"),
            ("state.inner().pool", "sqlx::Pool"),
        ],
    );
}

#[test]
fn poem_data_and_salvo_depot() {
    types(
        "use poem::web::Data; struct App { pool: sqlx::PgPool } \
         async fn a(Data(app): Data<&App>) { app.pool; } async fn b(data: Data<&App>) { data.0.pool; data.pool; } \
         async fn c(depot: &mut salvo::Depot) { let held = depot.obtain::<App>().unwrap(); held.pool; \
            let state = depot.obtain::<std::sync::Arc<App>>().unwrap(); state.pool; } fn main() {}",
        &[
            ("app.pool", "sqlx::Pool"),
            ("data.0.pool", "sqlx::Pool"),
            ("data.pool", "sqlx::Pool"),
            ("held.pool", "sqlx::Pool"),
            ("state.pool", "sqlx::Pool"),
        ],
    );
}

#[test]
fn services_and_jobs_hold_their_state_in_fields() {
    types(
        "struct Greeter { pool: sqlx::PgPool } #[tonic::async_trait] impl greeter_server::Greeter for Greeter { \
            async fn hello(&self, request: tonic::Request<Hello>) { self.pool; } } \
         async fn tide_handler(request: tide::Request<App>) { request.state().pool; } struct App { pool: sqlx::PgPool } \
         async fn job(number: u8, data: apalis::prelude::Data<sqlx::PgPool>) { data; *data; } fn main() {}",
        &[("self.pool", "sqlx::Pool"), ("request.state().pool", "sqlx::Pool"), ("*data", "sqlx::Pool")],
    );
}
