//! Which entries a listing shows and in what order, by the rules of `files` (docs/115.md, §3.2, §3.3 and §3.7).

use std::cmp::Ordering;

use crate::world::{Node, Order, World};

/// The orders `o` can name.
pub(crate) const ORDERS: [&str; 6] = ["file_name", "file_size", "file_type", "user_ptime", "user_utime", "user_otime"];

/// A listing as asked for, after its parameters were read.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) cid: u64,
    pub(crate) order: Order,
    pub(crate) show_dir: bool,
    pub(crate) cur: bool,
    pub(crate) no_files: bool,
    pub(crate) kind: u64,
    pub(crate) suffix: String,
    pub(crate) natural: bool,
}

/// Every match, ordered; pages are cut from it.
pub(crate) fn matches<'w>(world: &'w World, ask: &Ask) -> Vec<&'w Node> {
    let filtered = ask.kind != 0 || !ask.suffix.is_empty();
    // Quirk 13: without directories and without "this directory only" the list is of everything below.
    let deep = !ask.cur && (!ask.show_dir || filtered) || !ask.suffix.is_empty();
    let mut found = Vec::new();
    collect(world, ask, ask.cid, deep, &mut found);
    sort(&mut found, &ask.order, ask.natural);
    found
}

fn collect<'w>(world: &'w World, ask: &Ask, cid: u64, deep: bool, found: &mut Vec<&'w Node>) {
    for node in world.children(cid) {
        if node.is_dir() {
            if deep {
                collect(world, ask, node.id, deep, found);
            } else if ask.show_dir && ask.suffix.is_empty() && (ask.kind == 0 || ask.cur) {
                found.push(node);
            }
        } else if !ask.no_files && wanted(node, ask) {
            found.push(node);
        }
    }
}

fn wanted(node: &Node, ask: &Ask) -> bool {
    let suffix = suffix(&node.name);
    (ask.suffix.is_empty() || suffix == ask.suffix) && (ask.kind == 0 || ask.kind == 99 || kind(&suffix) == ask.kind)
}

/// Extension in lower case, as `ico` shows it.
pub(crate) fn suffix(name: &str) -> String {
    name.rsplit_once('.').map_or_else(String::new, |(_, suffix)| suffix.to_ascii_lowercase())
}

/// The number `type` filters by.
pub(crate) fn kind(suffix: &str) -> u64 {
    match suffix {
        "txt" | "pdf" | "doc" | "docx" | "md" => 1,
        "jpg" | "jpeg" | "png" | "gif" | "webp" => 2,
        "mp3" | "flac" | "ape" | "wav" | "m4a" => 3,
        "mkv" | "mp4" | "avi" | "ts" | "mov" | "iso" => 4,
        "zip" | "rar" | "7z" | "gz" => 5,
        "exe" | "apk" | "dmg" => 6,
        "epub" | "mobi" => 7,
        "srt" | "ass" | "ssa" => 16,
        _ => 8,
    }
}

pub(crate) fn sort(found: &mut [&Node], order: &Order, natural: bool) {
    found.sort_by(|a, b| {
        let plain = match order.by.as_str() {
            "file_name" if natural => natural_cmp(&a.name, &b.name),
            "file_name" => a.name.cmp(&b.name),
            "file_size" => a.size().cmp(&b.size()),
            "file_type" => suffix(&a.name).cmp(&suffix(&b.name)),
            "user_utime" => a.modified.cmp(&b.modified),
            _ => a.created.cmp(&b.created),
        }
        // Ids grow with creation, so equal seconds still have an order.
        .then(a.id.cmp(&b.id));
        let turned = if order.asc { plain } else { plain.reverse() };
        if order.mix { turned } else { b.is_dir().cmp(&a.is_dir()).then(turned) }
    });
}

/// Runs of digits compare as numbers, the rest as text.
fn natural_cmp(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (x, y) = match (a.chars().next(), b.chars().next()) {
            (Some(x), Some(y)) => (x, y),
            (x, y) => return x.is_some().cmp(&y.is_some()),
        };
        let (digits_a, digits_b) = (digits(a), digits(b));
        let (here, step_a, step_b) = if digits_a > 0 && digits_b > 0 {
            let (n, m) = (a[..digits_a].trim_start_matches('0'), b[..digits_b].trim_start_matches('0'));
            (n.len().cmp(&m.len()).then_with(|| n.cmp(m)), digits_a, digits_b)
        } else {
            (x.cmp(&y), x.len_utf8(), y.len_utf8())
        };
        if here != Ordering::Equal {
            return here;
        }
        (a, b) = (&a[step_a..], &b[step_b..]);
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natural_order_reads_numbers() {
        let mut names = ["e10", "e2", "e1", "f", "e", "e02b", "中10", "中9"];
        names.sort_by(|a, b| natural_cmp(a, b));
        assert_eq!(names, ["e", "e1", "e2", "e02b", "e10", "f", "中9", "中10"]);
    }
}
