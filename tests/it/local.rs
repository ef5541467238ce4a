//! Local folders: their bytes as they are on the disk, and nothing from beside them.

use std::{
    fs::{self, File},
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use gate115::{
    config::{Delivery, Drive, Local},
    path::VirtualPath,
};
use rstest::rstest;
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use sim115::Content;
use tempfile::TempDir;

use crate::support::{TestApp, raw, world};

const SIZE: usize = 300_000;

struct Stage {
    t: TestApp,
    dir: TempDir,
}

fn bytes() -> Vec<u8> {
    (0..SIZE).map(|at| (at % 251) as u8).collect()
}

/// `root/a/film.mkv` and an empty `root/a/none.txt`, and a secret beside the root.
async fn stage() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("root/a")).unwrap();
    fs::create_dir_all(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("root/a/film.mkv"), bytes()).unwrap();
    fs::write(dir.path().join("root/a/none.txt"), "").unwrap();
    fs::write(dir.path().join("outside/film.mkv"), "secret").unwrap();
    let t = mount(&dir, |_| {}).await;
    t.mounted().await;
    Stage { t, dir }
}

async fn mount(dir: &TempDir, change: impl FnOnce(&mut PathBuf)) -> TestApp {
    let mut root = dir.path().join("root");
    change(&mut root);
    world(|_| {}).at_once().mount(move |mount, _| mount.drive = Drive::Local(Local { root })).start().await
}

impl Stage {
    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join("root").join(path)
    }

    async fn etag(&self) -> String {
        self.t.head("/d/115/a/film.mkv").send().await.is(200).header("etag").to_owned()
    }
}

#[rstest]
#[tokio::test]
async fn the_bytes_come_at_both_doors(#[values("/d", "/p")] door: &str) {
    let s = stage().await;
    let at = UNIX_EPOCH + Duration::from_secs(784_111_777);
    File::options().write(true).open(s.at("a/film.mkv")).unwrap().set_modified(at).unwrap();
    let reply = s.t.get(&format!("{door}/115/a/film.mkv")).send().await.is(200);
    assert_eq!(reply.bytes(), bytes());
    for (name, value) in [
        ("content-type", "video/x-matroska"),
        ("content-length", "300000"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-cache"),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    assert!(reply.header("content-disposition").starts_with("inline; "));
    let head = s.t.head(&format!("{door}/115/a/film.mkv")).send().await.is(200);
    assert_eq!((head.header("content-length"), head.bytes().len()), ("300000", 0));
    assert_eq!(s.t.get(&format!("{door}/115/a/none.txt")).send().await.is(200).header("content-length"), "0");
    assert_eq!(s.t.api_calls(), 0);
}

#[rstest]
#[case("bytes=0-99", 206, "bytes 0-99/300000", 0, 100)]
#[case("bytes=65535-65536", 206, "bytes 65535-65536/300000", 65535, 65537)]
#[case("bytes=100-250000", 206, "bytes 100-250000/300000", 100, 250_001)]
#[case("bytes=-10", 206, "bytes 299990-299999/300000", 299_990, 300_000)]
#[case("bytes=0-1,5-9", 200, "", 0, 300_000)]
#[tokio::test]
async fn ranges(
    #[case] range: &str,
    #[case] status: u16,
    #[case] content_range: &str,
    #[case] first: usize,
    #[case] end: usize,
) {
    let s = stage().await;
    let reply = s.t.get("/d/115/a/film.mkv").range(range).send().await.is(status);
    assert_eq!(reply.header("content-range"), content_range);
    assert_eq!(reply.bytes(), &bytes()[first..end]);
    let outside = s.t.get("/d/115/a/film.mkv").range("bytes=300000-").send().await.is(416);
    assert_eq!(outside.header("content-range"), "bytes */300000");
}

#[tokio::test]
async fn conditions_are_weighed_against_the_file_as_it_is_now() {
    let s = stage().await;
    let etag = s.etag().await;
    s.t.get("/d/115/a/film.mkv").with("if-none-match", &etag).send().await.is(304);
    s.t.get("/d/115/a/film.mkv").range("bytes=1-2").with("if-range", &etag).send().await.is(206);
    s.t.get("/p/115/a/film.mkv").with("if-match", "\"other\"").send().await.is(412);
    tokio::time::sleep(Duration::from_millis(20)).await;
    fs::write(s.at("a/film.mkv"), vec![b'x'; SIZE]).unwrap();
    s.t.get("/d/115/a/film.mkv").with("if-match", &etag).send().await.is(412);
    let reply = s.t.get("/d/115/a/film.mkv").range("bytes=1-2").with("if-range", &etag).send().await.is(200);
    assert_eq!(reply.bytes(), vec![b'x'; SIZE]);
    assert_ne!(s.etag().await, etag);
}

#[tokio::test]
async fn a_change_shows_at_the_next_look() {
    let s = stage().await;
    assert!(!s.t.get("/115/a").send().await.is(200).text().contains("new.txt"));
    s.t.get("/d/115/a/new.txt").send().await.is(404);
    fs::write(s.at("a/new.txt"), "1").unwrap();
    assert_eq!(s.t.get("/d/115/a/new.txt").send().await.is(200).text(), "1");
    assert!(s.t.get("/115/a").send().await.is(200).text().contains("new.txt"));
    fs::write(s.at("a/new.txt"), "longer").unwrap();
    assert_eq!(s.t.get("/d/115/a/new.txt").send().await.is(200).text(), "longer");
    fs::remove_file(s.at("a/new.txt")).unwrap();
    s.t.get("/d/115/a/new.txt").send().await.is(404);
    assert!(!s.t.get("/115/a").send().await.is(200).text().contains("new.txt"));
    fs::rename(s.at("a"), s.at("b")).unwrap();
    s.t.get("/115/a").send().await.is(404);
    s.t.get("/d/115/b/film.mkv").send().await.is(200);
}

#[tokio::test]
async fn nothing_beside_the_root_can_be_reached() {
    let s = stage().await;
    symlink("../outside", s.at("out")).unwrap();
    symlink(s.dir.path().join("outside/film.mkv"), s.at("secret.mkv")).unwrap();
    symlink("a/film.mkv", s.at("good.mkv")).unwrap();
    let page = s.t.get("/115").send().await.is(200).text();
    assert!(page.contains("good.mkv") && !page.contains("secret.mkv") && !page.contains("/115/out"), "{page}");
    for path in ["/d/115/out/film.mkv", "/p/115/secret.mkv", "/115/out"] {
        assert!(!s.t.get(path).send().await.is(404).text().contains("secret\n"));
    }
    assert_eq!(s.t.get("/d/115/good.mkv").send().await.is(200).bytes(), bytes());
    // As no well-behaved client sends it.
    for path in ["/d/115/../outside/film.mkv", "/d/115/%2e%2e/outside/film.mkv", "/d/115/..%2foutside/film.mkv"] {
        let answer =
            raw(s.t.address, format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(!answer.contains("secret"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_exchanged_for_a_link_while_it_serves_gives_nothing_away() {
    let s = stage().await;
    symlink("../outside", s.at("link")).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let swapping = std::thread::spawn({
        let (folder, link, stop) = (s.at("a"), s.at("link"), Arc::clone(&stop));
        move || {
            while !stop.load(Ordering::Relaxed) {
                renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        }
    });
    let (mut whole, mut refused) = (0, 0);
    for _ in 0..300 {
        let reply = s.t.get("/d/115/a/film.mkv").send().await;
        match reply.status.as_u16() {
            200 => {
                assert_eq!(reply.bytes(), bytes());
                whole += 1;
            }
            404 | 410 => refused += 1,
            other => panic!("{other}: {}", reply.text()),
        }
        assert!(!s.t.get("/115/a").send().await.text().contains("6 B"), "the secret is not listed");
    }
    stop.store(true, Ordering::Relaxed);
    swapping.join().unwrap();
    assert!(whole > 0 && refused > 0, "both were met: {whole}, {refused}");
}

#[tokio::test]
async fn a_pipe_is_not_there_and_holds_nobody_up() {
    let s = stage().await;
    mknodat(CWD, s.at("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let asked = async {
        s.t.get("/d/115/pipe").send().await.is(404);
        assert!(!s.t.get("/115").send().await.is(200).text().contains("pipe"));
    };
    tokio::time::timeout(Duration::from_secs(5), asked).await.expect("nobody waits for a writer");
}

#[tokio::test]
async fn names_that_are_no_text_are_links_that_work() {
    let s = stage().await;
    fs::create_dir(s.at("odd")).unwrap();
    for name in [&b"a\xff.txt"[..], b"a\xfe.txt"] {
        fs::write(s.at("odd").join(std::ffi::OsStr::from_bytes(name)), name).unwrap();
    }
    let page = s.t.get("/115/odd").send().await.is(200).text();
    let links: Vec<_> = page.split("href=\"").skip(1).filter_map(|link| link.split('"').next()).collect();
    let mut contents = Vec::new();
    for link in links.iter().filter(|link| link.starts_with("/d/115/odd/")) {
        contents.push(s.t.get(link).send().await.is(200).bytes().to_vec());
    }
    contents.sort();
    assert_eq!(contents, [&b"a\xfe.txt"[..], b"a\xff.txt"], "{links:?}");
}

#[tokio::test]
async fn a_file_that_becomes_shorter_ends_in_a_cut_and_never_in_made_up_bytes() {
    let s = stage().await;
    let size = 256 << 20;
    File::create(s.at("long.bin")).unwrap().set_len(size).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
    let mut reply = client.get(s.t.url("/d/115/long.bin")).send().await.unwrap();
    assert_eq!(reply.content_length(), Some(size));
    let mut got = reply.chunk().await.unwrap().unwrap().len() as u64;
    File::options().write(true).open(s.at("long.bin")).unwrap().set_len(4096).unwrap();
    let end = loop {
        match reply.chunk().await {
            Ok(Some(chunk)) => got += chunk.len() as u64,
            end => break end,
        }
    };
    assert!(end.is_err(), "it looks whole after {got} bytes");
    assert!(got < size);
    s.t.get("/d/115/long.bin").range("bytes=0-4095").send().await.is(206);
}

#[tokio::test]
async fn a_client_that_leaves_leaves_no_open_file() {
    let s = stage().await;
    File::create(s.at("long.bin")).unwrap().set_len(256 << 20).unwrap();
    let path = fs::canonicalize(s.at("long.bin")).unwrap();
    let open = || {
        let descriptors = fs::read_dir("/proc/self/fd").unwrap();
        descriptors.filter(|fd| fs::read_link(fd.as_ref().unwrap().path()).is_ok_and(|to| to == path)).count()
    };
    let client = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
    let mut reply = client.get(s.t.url("/d/115/long.bin")).send().await.unwrap();
    reply.chunk().await.unwrap();
    assert_eq!(open(), 1);
    drop((reply, client));
    for _ in 0..100 {
        if open() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is still open");
}

#[tokio::test]
async fn a_root_that_cannot_be_shown_is_a_reason_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let t = mount(&dir, |_| {}).await;
    let error = t.failed().await;
    assert!(error.message().contains("The folder that `root` names is not there"), "{error}");
    let text = t.get("/115").send().await.is(502).text();
    assert!(!text.contains(&*dir.path().to_string_lossy()), "guests need not know where it is: {text}");

    fs::write(dir.path().join("file"), "").unwrap();
    let t = mount(&dir, |root| root.set_file_name("file")).await;
    assert!(t.failed().await.message().contains("names a file, not a folder"));
}

#[tokio::test]
async fn a_root_that_is_exchanged_is_taken_up_when_a_person_says_so() {
    let s = stage().await;
    fs::rename(s.dir.path().join("root"), s.dir.path().join("away")).unwrap();
    let text = s.t.get("/d/115/a/film.mkv").send().await.is(502).text();
    assert!(text.contains("Is its disk mounted"), "{text}");
    fs::create_dir(s.dir.path().join("root")).unwrap();
    fs::write(s.dir.path().join("root/other.txt"), "other").unwrap();
    assert!(s.t.get("/d/115/other.txt").send().await.is(502).text().contains("SIGHUP"));
    s.t.app.reload(&s.t.config);
    assert_eq!(s.t.get("/d/115/other.txt").send().await.is(200).text(), "other");
}

#[tokio::test]
async fn a_local_folder_stands_beside_a_drive_of_115() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("here.txt"), "here").unwrap();
    let root = dir.path().to_owned();
    let t = world(|sim| {
        sim.file("/film.mkv", Content::bytes("far"));
    })
    .start()
    .await;
    let mut config = t.config.clone();
    let mut second = config.mounts[0].clone();
    second.path = VirtualPath::from_plain("/115/local").unwrap();
    second.drive = Drive::Local(Local { root });
    second.delivery = Delivery::Proxy;
    config.mounts.push(second);
    t.app.reload(&config);
    t.works(1).await;
    assert_eq!(t.get("/d/115/local/here.txt").send().await.is(200).text(), "here");
    t.get("/d/115/film.mkv").send().await.is(302);
    assert_eq!(t.get("/d/115/local/none.txt").send().await.status.as_u16(), 404);
}
