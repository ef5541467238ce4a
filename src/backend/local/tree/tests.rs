//! What is contained, what is listed, and what is never opened.

use std::{
    ffi::OsStr,
    io::read_to_string,
    os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rstest::rstest;
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use tempfile::TempDir;

use super::*;

/// `root/in/film.txt` holds "inside", `outside/film.txt` beside the root holds "secret".
pub(super) struct World {
    dir: TempDir,
    pub(super) tree: Tree,
}

pub(super) fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    for (folder, content) in [("root/in", "inside"), ("outside", "secret")] {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
        fs::write(dir.path().join(folder).join("film.txt"), content).unwrap();
    }
    let tree = Tree::open(&dir.path().join("root")).unwrap();
    World { dir, tree }
}

impl World {
    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// A link at `root/{at}`; `DIR` stands for the folder that holds the root.
    pub(super) fn link(&self, at: &str, to: &str) {
        symlink(to.replace("DIR", &self.dir.path().to_string_lossy()), self.at("root").join(at)).unwrap();
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = self.tree.list(&entry::handle(Path::new(folder))).unwrap();
        let mut names: Vec<_> = entries.iter().map(|entry| entry.name.to_string()).collect();
        names.sort();
        names
    }

    fn read(&self, path: &str) -> Result<String, Kind> {
        let opened = self.tree.file(&entry::handle(Path::new(path))).map_err(|error| error.kind())?;
        Ok(read_to_string(opened.file).unwrap())
    }

    fn find(&self, path: &str) -> Option<Entry> {
        let names: Vec<_> = path.split('/').map(str::to_owned).collect();
        self.tree.find(&names).unwrap()
    }
}

#[rstest]
#[case::to_a_file("../outside/film.txt", "")]
#[case::absolute("DIR/outside/film.txt", "")]
#[case::absolute_and_within("DIR/root/in/film.txt", "")]
#[case::out_and_in_again("../root/in/film.txt", "")]
#[case::to_a_folder("../outside", "/film.txt")]
#[case::through_the_kernel("/proc/self/root/etc", "/passwd")]
#[case::dangling("nowhere", "")]
#[case::to_itself("link", "")]
fn a_link_out_of_the_root_is_neither_listed_nor_followed(#[case] to: &str, #[case] below: &str) {
    let world = world();
    world.link("link", to);
    assert_eq!(world.names(""), ["in"]);
    assert_eq!(world.find(&format!("link{below}")), None);
    assert_eq!(world.read(&format!("link{below}")), Err(Kind::Gone));
}

#[test]
fn a_chain_of_links_counts_by_where_it_ends() {
    let world = world();
    world.link("a", "in/b");
    world.link("in/b", "../c");
    world.link("c", "../outside");
    world.link("good", "in/good");
    world.link("in/good", "film.txt");
    assert_eq!(world.names(""), ["good", "in"]);
    assert_eq!(world.names("in"), ["film.txt", "good"]);
    assert_eq!(world.read("good").as_deref(), Ok("inside"));
    assert_eq!(world.read("a/film.txt"), Err(Kind::Gone));
}

#[test]
fn a_link_within_the_root_is_followed() {
    let world = world();
    fs::create_dir(world.at("root/deep")).unwrap();
    world.link("deep/folder", "../in");
    assert_eq!(world.names("deep"), ["folder"]);
    assert_eq!(world.names("deep/folder"), ["film.txt"]);
    assert_eq!(world.read("deep/folder/film.txt").as_deref(), Ok("inside"));
    assert!(world.find("deep/folder").unwrap().is_folder());
}

#[rstest]
#[case("../outside/film.txt")]
#[case("in/../../outside/film.txt")]
#[case("/etc/passwd")]
#[case("in//../../outside/film.txt")]
fn a_forged_handle_stays_in_the_root(#[case] path: &str) {
    assert_eq!(world().read(path), Err(Kind::Gone));
    assert_eq!(world().tree.list(&entry::handle(Path::new("../outside"))).unwrap_err().kind(), Kind::NotFound);
}

/// Folder and link change places all the time, under whoever walks through them.
#[test]
fn a_link_swapped_in_during_the_walk_is_not_followed() {
    let world = world();
    world.link("link", "../outside");
    let (folder, link) = (world.at("root/in"), world.at("root/link"));
    let stop = Arc::new(AtomicBool::new(false));
    let swapping = std::thread::spawn({
        let stop = Arc::clone(&stop);
        move || {
            let mut swaps = 0;
            while !stop.load(Ordering::Relaxed) {
                renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).unwrap();
                swaps += 1;
            }
            swaps
        }
    });
    let (mut inside, mut refused) = (0, 0);
    for round in 0..200_000 {
        match world.read("in/film.txt") {
            Ok(content) => {
                assert_eq!(content, "inside");
                inside += 1;
            }
            Err(kind) => {
                assert_eq!(kind, Kind::Gone);
                refused += 1;
            }
        }
        match world.tree.list(&entry::handle(Path::new("in"))) {
            Ok(entries) => assert_eq!(entries.iter().map(Entry::size).collect::<Vec<_>>(), [6]),
            Err(error) => assert_eq!(error.kind(), Kind::NotFound),
        }
        if round > 3_000 && inside > 50 && refused > 50 {
            break;
        }
    }
    stop.store(true, Ordering::Relaxed);
    assert!(swapping.join().unwrap() > 100);
    assert!(inside > 50 && refused > 50, "both were met: {inside}, {refused}");
}

#[test]
fn pipes_sockets_and_devices_are_not_there() {
    let world = world();
    mknodat(CWD, world.at("root/pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = UnixListener::bind(world.at("root/socket")).unwrap();
    world.link("through", "pipe");
    assert_eq!(world.names(""), ["in"]);
    for name in ["pipe", "socket", "through"] {
        assert_eq!(world.find(name), None, "{name}");
        assert_eq!(world.read(name), Err(Kind::Gone), "{name}");
    }
    assert_eq!(world.read("in"), Err(Kind::Gone), "a folder is no file");
}

#[test]
fn names_that_are_no_text_are_shown_and_lead_to_the_right_file() {
    let world = world();
    for name in [&b"a\xff.txt"[..], b"a\xfe.txt"] {
        fs::write(world.at("root").join(OsStr::from_bytes(name)), name).unwrap();
    }
    let entries: Vec<_> = world.tree.list(&entry::root().handle).unwrap();
    let files: Vec<_> = entries.iter().filter(|entry| !entry.is_folder()).collect();
    assert_eq!(files.len(), 2);
    assert!(files.iter().all(|file| file.name.as_str() == "a\u{fffd}.txt"));
    assert_ne!(files[0].tag, files[1].tag);
    let mut contents: Vec<_> = files
        .iter()
        .map(|file| {
            let mut content = Vec::new();
            io::Read::read_to_end(&mut world.tree.file(&file.handle).unwrap().file, &mut content).unwrap();
            content
        })
        .collect();
    contents.sort();
    assert_eq!(contents, [&b"a\xfe.txt"[..], b"a\xff.txt"]);
}

#[test]
fn the_version_changes_with_the_content_even_where_size_and_time_are_set_back() {
    let world = world();
    let path = world.at("root/in/film.txt");
    let handle = entry::handle(Path::new("in/film.txt"));
    let first = world.tree.file(&handle).unwrap().version;
    assert_eq!(world.tree.file(&handle).unwrap().version, first);
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    // The disk's clock has ticks.
    std::thread::sleep(std::time::Duration::from_millis(20));
    fs::write(&path, "INSIDE").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
    assert_ne!(world.tree.file(&handle).unwrap().version, first);
}

#[test]
fn a_tag_stays_when_a_file_is_written_anew() {
    let world = world();
    let tag = world.find("in/film.txt").unwrap().tag;
    fs::remove_file(world.at("root/in/film.txt")).unwrap();
    fs::write(world.at("root/in/film.txt"), "anew").unwrap();
    assert_eq!(world.find("in/film.txt").unwrap().tag, tag);
}

#[test]
fn a_root_that_cannot_be_shown_says_why_without_its_path() {
    let world = world();
    for (root, reason) in [("nowhere", "is not there"), ("outside/film.txt", "names a file")] {
        let error = Tree::open(&world.at(root)).unwrap_err();
        assert!(error.message().contains(reason), "{error}");
        assert!(!error.message().contains(&*world.dir.path().to_string_lossy()), "{error}");
    }
}

#[test]
fn another_folder_at_the_roots_path_is_not_taken_for_it() {
    let world = world();
    world.tree.check().unwrap();
    fs::rename(world.at("root"), world.at("away")).unwrap();
    assert!(world.tree.check().unwrap_err().message().contains("is not there"));
    fs::create_dir(world.at("root")).unwrap();
    assert!(world.tree.check().unwrap_err().message().contains("SIGHUP"));
    fs::remove_dir(world.at("root")).unwrap();
    fs::rename(world.at("away"), world.at("root")).unwrap();
    world.tree.check().unwrap();
}
