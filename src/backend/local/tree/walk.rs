//! Looking for words in the names below a folder: folder by folder, the nearest first, and only so far.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use cap_std::fs::MetadataExt as _;
use tokio::time::Instant;

use super::{Tree, entry, of_folder};
use crate::{
    drive::{Found, Handle, Only, folded},
    error::{Error, Kind, Result},
};

/// How far a search goes. What is found by then is the answer.
#[derive(Debug, Clone, Copy)]
pub(in crate::backend::local) struct Bounds {
    /// Entries that are looked at.
    pub(super) entries: usize,
    /// Folders that are gone through.
    pub(super) folders: usize,
    /// Levels below the folder that was asked for.
    pub(super) depth: usize,
    pub(super) hits: usize,
    pub(super) time: Duration,
}

pub(in crate::backend::local) const BOUNDS: Bounds =
    Bounds { entries: 500_000, folders: 50_000, depth: 64, hits: 200, time: Duration::from_secs(5) };

/// What is looked for.
#[derive(Debug)]
pub(in crate::backend::local) struct Wish {
    /// As [`looked_for`](crate::drive::looked_for) gives them.
    pub(in crate::backend::local) words: Vec<String>,
    pub(in crate::backend::local) only: Option<Only>,
    /// Paths below the folder that was asked for, with slashes between names: something else stands there.
    pub(in crate::backend::local) hidden: Vec<String>,
}

impl Wish {
    /// Whether something else stands where this name is in the folder at this path.
    fn hides(&self, at: &str, name: &str) -> bool {
        self.hidden.iter().any(|hidden| match at {
            "" => hidden == name,
            at => hidden.strip_prefix(at).and_then(|rest| rest.strip_prefix('/')) == Some(name),
        })
    }
}

/// A folder to be gone through.
struct Next {
    folder: Handle,
    /// Its path from the folder that was asked for.
    at: String,
    depth: usize,
}

/// One search under way.
struct Walk<'a, G> {
    wish: &'a Wish,
    bounds: &'a Bounds,
    /// False once nobody waits any more.
    going: G,
    begun: Instant,
    entries: usize,
    left: VecDeque<Next>,
    /// Device and inode of each folder gone through: links and mounts may lead to one by several ways, and in circles.
    had: HashSet<(u64, u64)>,
    found: Vec<Found>,
    /// Something was not looked at, for a bound.
    cut: bool,
}

impl Tree {
    /// What is below the folder and has the words in its name. A folder further in that cannot be read is passed over.
    pub(in crate::backend::local) fn search(
        &self,
        folder: &Handle,
        wish: &Wish,
        bounds: &Bounds,
        going: impl Fn() -> bool,
    ) -> Result<Vec<Found>> {
        let mut walk = Walk {
            wish,
            bounds,
            going,
            begun: Instant::now(),
            entries: 0,
            left: VecDeque::new(),
            had: HashSet::new(),
            found: Vec::new(),
            cut: false,
        };
        let mut failed = None;
        walk.through(self, &Next { folder: folder.clone(), at: String::new(), depth: 0 })?;
        while !walk.is_over()
            && let Some(next) = walk.left.pop_front()
        {
            match walk.through(self, &next) {
                Ok(()) => {}
                Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Forbidden) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let cut = walk.cut || !walk.left.is_empty();
        match failed {
            _ if !walk.found.is_empty() => Ok(walk.found),
            Some(error) => Err(error),
            // That there is none cannot be said.
            None if cut => {
                let what = "There is more below this folder than one search looks through, and nothing was found so far. \
                            Search in a folder further in.";
                Err(Error::new(Kind::Timeout, what).op("local"))
            }
            None => Ok(Vec::new()),
        }
    }
}

impl<G: Fn() -> bool> Walk<'_, G> {
    fn is_over(&self) -> bool {
        self.entries >= self.bounds.entries
            || self.found.len() >= self.bounds.hits
            || self.begun.elapsed() >= self.bounds.time
            || !(self.going)()
    }

    fn through(&mut self, tree: &Tree, Next { folder, at, depth }: &Next) -> Result<()> {
        let path = entry::path(folder)?;
        let dir = tree.dir.open_dir(&path).map_err(of_folder)?;
        let metadata = dir.dir_metadata().map_err(of_folder)?;
        if !self.had.insert((metadata.dev(), metadata.ino())) {
            return Ok(());
        }
        for seen in dir.entries().map_err(of_folder)? {
            let seen = seen.map_err(of_folder)?;
            if self.is_over() {
                self.cut = true;
                return Ok(());
            }
            let shown = entry::shown(&seen.file_name());
            if self.wish.hides(at, shown.as_str()) {
                continue;
            }
            self.entries += 1;
            let name = folded(&shown);
            let wanted = self.wish.words.iter().all(|word| name.contains(word.as_str()));
            // Most are files of another name, and to look closer at each would take a while on a cold disk.
            if !wanted && seen.file_type().is_ok_and(|kind| kind.is_file()) {
                continue;
            }
            let Some(entry) = tree.seen(&path, &seen).map_err(of_folder)? else { continue };
            if entry.is_folder() {
                let at = if at.is_empty() { shown.as_str().to_owned() } else { format!("{at}/{shown}") };
                self.later(Next { folder: entry.handle.clone(), at, depth: depth + 1 });
            }
            if wanted && self.wish.only.is_none_or(|only| only.takes(&entry)) {
                self.found.push(Found { mark: entry.handle.clone(), entry, folder: folder.clone() });
            }
        }
        Ok(())
    }

    fn later(&mut self, next: Next) {
        if next.depth > self.bounds.depth || self.had.len() + self.left.len() >= self.bounds.folders {
            self.cut = true;
        } else {
            self.left.push_back(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, ffi::OsStr, fs, os::unix::ffi::OsStrExt, path::Path};

    use rstest::rstest;

    use super::{
        super::tests::{World, world},
        *,
    };
    use crate::drive::looked_for;

    fn search_in(world: &World, folder: &str, words: &str, bounds: &Bounds) -> Result<Vec<String>> {
        let wish = Wish { words: words.split(' ').map(looked_for).collect(), only: None, hidden: Vec::new() };
        let found = world.tree.search(&entry::handle(Path::new(folder)), &wish, bounds, || true)?;
        let at = |found: Found| {
            assert_eq!(entry::path(&found.mark).unwrap().parent().unwrap(), {
                let folder = entry::path(&found.folder).unwrap();
                if folder == Path::new(".") { Path::new("").to_owned() } else { folder }
            });
            entry::path(&found.entry.handle).unwrap().to_string_lossy().into_owned()
        };
        let mut paths: Vec<_> = found.into_iter().map(at).collect();
        paths.sort();
        Ok(paths)
    }

    fn search(world: &World, words: &str) -> Vec<String> {
        search_in(world, "", words, &BOUNDS).unwrap()
    }

    /// `root/{path}`, with its folders.
    fn put(world: &World, path: impl AsRef<Path>) {
        let at = world.at("root").join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, "x").unwrap();
    }

    #[test]
    fn names_are_found_at_any_depth_whatever_their_case() {
        let world = world();
        for path in ["a/b/c/d/FILM 2.mkv", "a/ÉTÉ.mkv", "filmed/other.txt"] {
            put(&world, path);
        }
        assert_eq!(search(&world, "Film"), ["a/b/c/d/FILM 2.mkv", "filmed", "in/film.txt"]);
        assert_eq!(search(&world, "été"), ["a/ÉTÉ.mkv"]);
        assert_eq!(search(&world, "MKV film"), ["a/b/c/d/FILM 2.mkv"]);
        assert_eq!(search(&world, "nothing"), Vec::<String>::new());
        assert_eq!(search_in(&world, "a", "film", &BOUNDS).unwrap(), ["a/b/c/d/FILM 2.mkv"]);
    }

    #[test]
    fn what_is_hidden_is_neither_found_nor_counted_nor_a_way() {
        let world = world();
        for n in 0..300 {
            put(&world, format!("top/shadow/film {n}.mkv"));
        }
        put(&world, "top/shadow 2/shadow/film.mkv");
        put(&world, "top/sub/deep/film.mkv");
        std::os::unix::fs::symlink("sub", world.at("root").join("top/sub link")).unwrap();
        let hidden = ["shadow", "sub link", "sub/none"].map(str::to_owned).to_vec();
        let wish = Wish { words: vec!["film".into()], only: None, hidden };
        let found = world.tree.search(&entry::handle(Path::new("top")), &wish, &BOUNDS, || true).unwrap();
        let mut paths: Vec<_> = found.iter().map(|found| entry::path(&found.entry.handle).unwrap()).collect();
        paths.sort();
        assert_eq!(paths, [Path::new("top/shadow 2/shadow/film.mkv"), Path::new("top/sub/deep/film.mkv")]);
        let hidden = vec!["sub/deep".to_owned()];
        let wish = Wish { words: vec!["film".into()], only: None, hidden };
        assert!(world.tree.search(&entry::handle(Path::new("top/sub")), &wish, &BOUNDS, || true).unwrap().len() == 1);
        assert!(!wish.hides("sub/deep", "deep") && wish.hides("sub", "deep") && !wish.hides("su", "b/deep"));
    }

    #[test]
    fn names_are_found_as_they_are_shown() {
        let world = world();
        put(&world, "a\u{1}b.txt");
        put(&world, OsStr::from_bytes(b"odd\xff/odd\xfe.txt"));
        assert_eq!(search(&world, "a\u{1}b").len(), 1);
        assert_eq!(search(&world, "\u{2401}b").len(), 1);
        assert_eq!(search(&world, "odd\u{fffd}").len(), 2);
    }

    #[test]
    fn nothing_outside_of_the_root_is_found_and_a_circle_of_links_ends() {
        let world = world();
        world.link("out", "../outside");
        world.link("film of others.txt", "../outside/film.txt");
        world.link("in/up", "..");
        world.link("in/here", ".");
        world.link("film again.txt", "in/film.txt");
        world.link("in/films", "../in");
        assert_eq!(search(&world, "film"), ["film again.txt", "in/film.txt", "in/films"]);
        for gone in ["out", "../outside", "nowhere", "in/film.txt"] {
            assert_eq!(search_in(&world, gone, "film", &BOUNDS).unwrap_err().kind(), Kind::NotFound, "{gone}");
        }
    }

    #[test]
    fn folders_alone_or_files_alone() {
        let world = world();
        put(&world, "films/film.mkv");
        world.link("film link", "films");
        let of = |only| {
            let wish = Wish { words: vec!["film".into()], only: Some(only), hidden: Vec::new() };
            world.tree.search(&entry::root().handle, &wish, &BOUNDS, || true).unwrap().len()
        };
        assert_eq!((of(Only::Folders), of(Only::Files)), (2, 2));
    }

    #[rstest]
    #[case::entries(Bounds { entries: 3, ..BOUNDS })]
    #[case::folders(Bounds { folders: 2, ..BOUNDS })]
    #[case::depth(Bounds { depth: 1, ..BOUNDS })]
    #[case::time(Bounds { time: Duration::ZERO, ..BOUNDS })]
    fn where_a_bound_ends_it_nothing_found_is_no_answer(#[case] bounds: Bounds) {
        let world = world();
        put(&world, "in/deep/deeper/last.txt");
        let error = search_in(&world, "", "last", &bounds).unwrap_err();
        assert!(error.kind() == Kind::Timeout && error.message().contains("further in"), "{error:?}");
        assert_eq!(search(&world, "last"), ["in/deep/deeper/last.txt"]);
    }

    #[test]
    fn what_was_found_until_a_bound_ended_it_is_the_answer() {
        let world = world();
        for n in 0..300 {
            put(&world, format!("many/show {n}.mkv"));
        }
        assert_eq!(search(&world, "show").len(), 200);
        put(&world, "in/deep/film.txt");
        let shallow = search_in(&world, "", "film", &Bounds { depth: 1, ..BOUNDS });
        assert_eq!(shallow.unwrap(), ["in/film.txt"]);
    }

    #[test]
    fn it_ends_where_nobody_waits_any_more() {
        let world = world();
        for n in 0..50 {
            put(&world, format!("many/{n}.txt"));
        }
        let asked = Cell::new(0);
        let wish = Wish { words: vec!["none".into()], only: None, hidden: Vec::new() };
        let going = || asked.replace(asked.get() + 1) < 10;
        assert!(world.tree.search(&entry::root().handle, &wish, &BOUNDS, going).is_err());
        assert!(asked.get() < 20, "it went on: {}", asked.get());
    }
}
