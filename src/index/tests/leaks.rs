//! Values that are given up: by which calls, and whether somebody takes them back.

use super::{Linked, program};

fn leaked(code: &Linked) -> Vec<String> {
    let text = |leaked: &crate::index::resources::leaks::Leaked| {
        let span = code.index.span(leaked.site);
        code.sources.get(span.file).slice(span.range()).to_owned()
    };
    code.index.leaked().iter().map(text).collect()
}

#[test]
fn what_nobody_takes_back_is_leaked() {
    let code = program(
        "use std::os::fd::{FromRawFd, IntoRawFd}; use tokio::sync::Semaphore; \
         fn word(given: String) -> usize { let kept: &'static str = Box::leak(given.into_boxed_str()); kept.len() } \
         fn name(given: String) -> &'static str { given.leak() } fn caller() { println!(\"{}\", name(String::new())); } \
         fn fd(file: std::fs::File) { unsafe { libc::ioctl(file.into_raw_fd(), 1); } } \
         fn folder() -> std::io::Result<()> { let path = tempfile::tempdir()?.keep(); std::fs::write(path.join(\"a\"), \"b\")?; Ok(()) } \
         async fn permit(slots: &Semaphore) { let permit = slots.acquire().await.unwrap(); permit.forget(); } \
         fn forget(slots: &std::sync::Mutex<u8>) { let lock = slots.lock().unwrap(); std::mem::forget(lock); } fn main() {}",
    );
    assert_eq!(
        leaked(&code),
        [
            "Box::leak(given.into_boxed_str())",
            "given.leak()",
            "file.into_raw_fd()",
            "tempfile::tempdir()?.keep()",
            "permit.forget()",
            "std::mem::forget(lock)"
        ]
    );
}

#[test]
fn what_may_come_back_is_not_leaked() {
    let code = program(
        "use std::collections::HashMap; use std::os::fd::{FromRawFd, IntoRawFd, RawFd}; use std::sync::Mutex; use tokio::sync::Semaphore; \
         static NAMES: Mutex<Vec<&'static str>> = Mutex::new(Vec::new()); struct Word(&'static str); struct Owner { fd: RawFd } \
         fn interned(given: String) -> &'static str { let kept: &'static str = Box::leak(given.into_boxed_str()); \
             NAMES.lock().unwrap().push(kept); kept } \
         fn looked_up(names: &mut HashMap<String, &'static str>, given: String) -> &'static str { \
             names.entry(given.clone()).or_insert_with(|| given.leak()) } \
         fn stored(given: String) -> Word { Word(given.leak()) } \
         fn socket(file: std::fs::File) -> std::net::TcpStream { unsafe { std::net::TcpStream::from_raw_fd(file.into_raw_fd()) } } \
         fn fd(file: std::fs::File) -> Owner { Owner { fd: file.into_raw_fd() } } fn given(file: std::fs::File) { elsewhere(file.into_raw_fd()); } \
         fn elsewhere(fd: RawFd) { unsafe { libc::close(fd); } } \
         fn folder() -> std::io::Result<()> { let path = tempfile::tempdir()?.keep(); std::fs::remove_dir_all(&path) } \
         fn moved() -> std::io::Result<std::path::PathBuf> { Ok(tempfile::tempdir()?.keep()) } \
         async fn permit(slots: &Semaphore) { slots.acquire().await.unwrap().forget(); slots.add_permits(1); } \
         fn borrowed(fd: RawFd) { let file = std::mem::ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(fd) }); drop(file.metadata()); } \
         fn plain(numbers: Vec<u8>) { std::mem::forget(numbers); } fn main() {}",
    );
    assert_eq!(leaked(&code), [""; 0]);
}
