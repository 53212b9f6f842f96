//! `watertight inventory` of one small service: what is alive at its end, as each format shows it.

use std::fs;
use std::process::Command;

use insta::assert_snapshot;

const MANIFEST: &str = r#"
[package]
name = "shelf"
version = "0.1.0"
edition = "2024"

[dependencies]
axum = "0.8"
rdkafka = "0.38"
reqwest = "0.12"
sqlx = "0.8"
tokio = "1"
tokio-util = "0.7"
tracing-appender = "0.2"
"#;

const MAIN: &str = r#"
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::{Router, extract::State, routing::get};
use rdkafka::producer::FutureProducer;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

static PRODUCER: OnceLock<FutureProducer> = OnceLock::new();

struct App {
    pool: PgPool,
    http: reqwest::Client,
}

impl App {
    async fn new() -> sqlx::Result<App> {
        let pool = PgPool::connect("postgres://localhost").await?;
        Ok(App { pool, http: reqwest::Client::new() })
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

async fn shelf(State(app): State<Arc<App>>) -> String {
    let transaction = app.pool.begin().await.unwrap();
    transaction.commit().await.unwrap();
    let once = tokio::fs::File::open("shelf").await.unwrap();
    format!("{} {once:?} {:?}", app.http.get("http://shelf").send().await.is_ok(), PRODUCER.get().is_some())
}

async fn beat() {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn tidy(token: CancellationToken) {
    loop {
        tokio::select! {
            _ = token.cancelled() => break,
            _ = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

async fn told_to_stop() {
    tokio::signal::ctrl_c().await.unwrap();
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (_writer, _guard) = tracing_appender::non_blocking(std::io::stdout());
    let app = Arc::new(App::new().await?);
    let token = CancellationToken::new();
    tokio::spawn(beat());
    let tidying = tokio::spawn(tidy(token.clone()));
    let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await?;
    let router = Router::new().route("/", get(shelf)).with_state(app.clone());
    axum::serve(listener, router).with_graceful_shutdown(told_to_stop()).await?;
    token.cancel();
    tidying.await?;
    app.close().await;
    Ok(())
}
"#;

fn inventory(format: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("Cargo.toml"), MANIFEST).unwrap();
    fs::write(folder.path().join("src/main.rs"), MAIN).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_watertight"));
    let output = command.args(["inventory", "--format", format]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn table() {
    assert_snapshot!(inventory("table"));
}

#[test]
fn markdown() {
    assert_snapshot!(inventory("markdown"));
}

#[test]
fn mermaid() {
    assert_snapshot!(inventory("mermaid"));
}

#[test]
fn json() {
    assert_snapshot!(inventory("json"));
}
