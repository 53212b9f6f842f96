//! Wording that messages share: lists of names, the name that was probably meant. Knows only words.

/// `` `a`, `b` and `c` ``: names in backticks, the last one after `conjunction`.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>, conjunction: &str) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The known name closest to `word`, if one is close enough to have been meant: at most a third of its letters differ.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(word, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(list([], "or"), "");
        assert_eq!(list(["a"], "or"), "`a`");
        assert_eq!(list(["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }

    #[test]
    fn only_what_is_close_was_meant() {
        let known = ["unclosed-global", "per-call-pool", "duplicate-pool"];
        assert_eq!(nearest("per-cal-pool", known), Some("per-call-pool"));
        assert_eq!(nearest("unclosed_global", known), Some("unclosed-global"));
        assert_eq!(nearest("swallowed-error", known), None);
        assert_eq!(nearest("", known), None);
    }
}
