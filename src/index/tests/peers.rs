//! What is received from a channel: whether it is written to a peer, and where the sending end is kept.

use super::{Linked, program};

fn written(code: &Linked, receive: &str) -> bool {
    code.index.written_to_a_peer(code.site(receive)).is_some()
}

#[test]
fn what_is_received_is_written_to_a_peer_directly_through_functions_or_all_at_once() {
    let code = program(
        "use futures::{SinkExt, StreamExt}; use tokio::io::AsyncWriteExt; use tokio::net::tcp::OwnedWriteHalf; use tokio::sync::mpsc::UnboundedReceiver; \
         use tokio_stream::wrappers::UnboundedReceiverStream; use axum::extract::ws::WebSocket; \
         async fn line(out: &mut OwnedWriteHalf, text: &str) { out.write_all(text.as_bytes()).await; } \
         async fn lines(mut out: OwnedWriteHalf, mut texts: UnboundedReceiver<String>) { while let Some(text) = texts.recv().await { line(&mut out, &text).await; } } \
         async fn socket(socket: WebSocket, mut frames: UnboundedReceiver<String>) { let (mut sink, _) = socket.split(); while let Some(text) = frames.recv().await { sink.send(text).await; } } \
         async fn all(socket: WebSocket, rest: UnboundedReceiver<String>) { let (sink, _) = socket.split(); UnboundedReceiverStream::new(rest).forward(sink).await; } \
         async fn file(mut out: tokio::fs::File, mut rows: UnboundedReceiver<String>) { while let Some(text) = rows.recv().await { out.write_all(text.as_bytes()).await; } } \
         async fn bounded(mut out: OwnedWriteHalf, mut late: UnboundedReceiver<String>) { while let Some(text) = late.recv().await { \
             tokio::time::timeout(std::time::Duration::from_secs(1), out.write_all(text.as_bytes())).await; } } \
         async fn other(mut pipe: tokio::sync::mpsc::Sender<WebSocket>, mut taken: UnboundedReceiver<WebSocket>) { while let Some(one) = taken.recv().await { pipe.send(one).await; } } fn main() {}",
    );
    assert!(written(&code, "texts.recv()"));
    assert!(written(&code, "frames.recv()"));
    assert!(written(&code, "UnboundedReceiverStream::new(rest).forward(sink)"));
    assert!(!written(&code, "rows.recv()"));
    assert!(!written(&code, "late.recv()"));
    assert!(!written(&code, "taken.recv()"));
}

#[test]
fn a_sender_is_kept_in_a_collection_or_in_an_entry_of_one() {
    let code = program(
        "use std::collections::HashMap; use std::sync::{Arc, Mutex}; use tokio::sync::mpsc::{self, UnboundedSender}; \
         struct Client { sender: Option<UnboundedSender<String>> } struct Clients(Arc<Mutex<HashMap<u8, Client>>>); \
         impl Clients { fn set(&self, id: u8, sender: UnboundedSender<String>) { let mut all = self.0.lock().unwrap(); let Some(client) = all.get_mut(&id) else { return }; client.sender = Some(sender); } \
             fn add(&self, id: u8, sender: UnboundedSender<String>) { self.0.lock().unwrap().insert(id, Client { sender: Some(sender) }); } } \
         fn set(all: &Clients) { let (set, _) = mpsc::unbounded_channel(); all.set(1, set); } fn add(all: &Clients) { let (added, _) = mpsc::unbounded_channel(); all.add(2, added); } \
         fn none() { let (own, mut received) = mpsc::unbounded_channel(); own.send(String::new()); received.try_recv(); } fn main() {}",
    );
    let channels = code.index.channels(&|entry| entry.kind.is_some_and(|kind| kind == "unbounded-sender"));
    let kept: Vec<usize> = channels.values().map(|channel| channel.kept.len()).collect();
    assert_eq!(kept, [1, 1, 0]);
}
