//! What would change, for a person to read.

use std::fmt::Write as _;

use crate::error::escaped;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;
/// The largest table of common lines; what is larger is shown as replaced altogether.
const MOST_CELLS: usize = 4_000_000;
/// Settings whose values nobody has to see.
const SECRETS: [&str; 2] = ["aws_secret_access_key", "aws_session_token"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change<'a> {
    Same(&'a [u8]),
    Gone(&'a [u8]),
    New(&'a [u8]),
}

/// A unified diff; secrets are left out, and what could drive a terminal is escaped. Empty where nothing changes.
pub fn diff(name: &str, before: &[u8], after: &[u8]) -> String {
    let changes = changes(&split(before), &split(after));
    let mut text = String::new();
    let mut next = 0;
    while let Some(first) = (next..changes.len()).find(|place| !is_same(changes[*place])) {
        let mut end = first;
        // A hunk goes on as long as the next change is near.
        while let Some(near) = (end..changes.len().min(end + 2 * CONTEXT + 1)).find(|at| !is_same(changes[*at])) {
            end = near + 1;
        }
        let hunk = first.saturating_sub(CONTEXT).max(next)..changes.len().min(end + CONTEXT);
        if text.is_empty() {
            let name = escaped(name);
            let _ = writeln!(text, "--- {name}\n+++ {name}");
        }
        write_hunk(&mut text, &changes, &hunk);
        next = hunk.end;
    }
    text
}

fn write_hunk(text: &mut String, changes: &[Change<'_>], hunk: &std::ops::Range<usize>) {
    let count = |changes: &[Change<'_>], other: fn(&Change<'_>) -> bool| changes.iter().filter(|c| !other(c)).count();
    let is_new: fn(&Change<'_>) -> bool = |change| matches!(change, Change::New(_));
    let is_gone: fn(&Change<'_>) -> bool = |change| matches!(change, Change::Gone(_));
    let side = |other| {
        let (before, within) = (count(&changes[..hunk.start], other), count(&changes[hunk.clone()], other));
        format!("{},{within}", before + usize::from(within > 0))
    };
    let _ = writeln!(text, "@@ -{} +{} @@", side(is_new), side(is_gone));
    for change in &changes[hunk.clone()] {
        let (sign, line) = match change {
            Change::Same(line) => (' ', line),
            Change::Gone(line) => ('-', line),
            Change::New(line) => ('+', line),
        };
        let _ = writeln!(text, "{sign}{}", shown(line));
        if !line.ends_with(b"\n") {
            text.push_str("\\ No newline at end of file\n");
        }
    }
}

fn is_same(change: Change<'_>) -> bool {
    matches!(change, Change::Same(_))
}

fn split(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

fn shown(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end_matches(['\r', '\n']);
    let line = match line.split_once('=') {
        Some((key, _)) if SECRETS.iter().any(|secret| key.to_ascii_lowercase().trim_end().ends_with(secret)) => {
            format!("{key}= …")
        }
        _ => line.to_owned(),
    };
    line.split('\t').map(escaped).collect::<Vec<_>>().join("\t")
}

/// The shortest way from one list of lines to the other, by the longest list that both have in common.
fn changes<'a>(before: &[&'a [u8]], after: &[&'a [u8]]) -> Vec<Change<'a>> {
    let head = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let (before_rest, after_rest) = (&before[head..], &after[head..]);
    let tail = before_rest.iter().rev().zip(after_rest.iter().rev()).take_while(|(one, other)| one == other).count();
    let (before_middle, after_middle) =
        (&before_rest[..before_rest.len() - tail], &after_rest[..after_rest.len() - tail]);
    let same = |lines: &[&'a [u8]]| lines.iter().map(|line| Change::Same(line)).collect::<Vec<_>>();
    let mut all = same(&before[..head]);
    all.extend(middle(before_middle, after_middle));
    all.extend(same(&before_rest[before_rest.len() - tail..]));
    all
}

fn middle<'a>(before: &[&'a [u8]], after: &[&'a [u8]]) -> Vec<Change<'a>> {
    let width = after.len() + 1;
    let replaced = |one: &[&'a [u8]], other: &[&'a [u8]]| -> Vec<Change<'a>> {
        one.iter().map(|line| Change::Gone(line)).chain(other.iter().map(|line| Change::New(line))).collect()
    };
    if (before.len() + 1).saturating_mul(width) > MOST_CELLS {
        return replaced(before, after);
    }
    // How many lines the ends of both have in common.
    let mut common = vec![0_u32; (before.len() + 1) * width];
    for i in (0..before.len()).rev() {
        for j in (0..after.len()).rev() {
            common[i * width + j] = if before[i] == after[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut all) = (0, 0, Vec::new());
    while i < before.len() && j < after.len() {
        if before[i] == after[j] {
            all.push(Change::Same(before[i]));
            (i, j) = (i + 1, j + 1);
        } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
            all.push(Change::Gone(before[i]));
            i += 1;
        } else {
            all.push(Change::New(after[j]));
            j += 1;
        }
    }
    all.extend(replaced(&before[i..], &after[j..]));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_unified() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\ni\n";
        let after = "a\nb\nc\nd\nE\nf\ng\nh\ni\nj";
        assert_eq!(
            diff("f", before.as_bytes(), after.as_bytes()),
            "--- f\n+++ f\n@@ -2,8 +2,9 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n i\n+j\n\\ No newline at end of file\n"
        );
        assert_eq!(diff("f", b"x\n", b"x\n"), "");
        assert_eq!(diff("f", b"", b"x\n"), "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+x\n");
    }

    #[test]
    fn far_changes_are_hunks_of_their_own() {
        let line = |n: usize| format!("{n}\n");
        let before: String = (0..30).map(line).collect();
        let after: String = std::iter::once("x\n".to_owned()).chain((0..30).map(line)).collect::<String>() + "y\n";
        let shown = diff("f", before.as_bytes(), after.as_bytes());
        assert_eq!(shown.matches("@@ -").count(), 2, "{shown}");
        assert!(shown.contains("@@ -1,3 +1,4 @@\n+x\n 0\n 1\n 2\n@@ -28,3 +29,4 @@\n 27\n 28\n 29\n+y\n"), "{shown}");
    }

    #[test]
    fn nothing_secret_and_nothing_dangerous_is_shown() {
        let shown = diff("f", b"# aws_secret_access_key = hush\naws_session_token=hush\n\x1b[2J\tx\r\n", b"");
        assert!(!shown.contains("hush") && !shown.contains('\u{1b}'), "{shown}");
        assert!(shown.contains("-# aws_secret_access_key = …\n-aws_session_token= …\n-\\u{1b}[2J\tx\n"), "{shown}");
    }
}
