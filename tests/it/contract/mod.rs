//! What every drive must do, whatever stands behind it: one suite, run for each.

mod cloud;
mod local;
mod open;
mod share;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use gate115::{
    drive::{Asker, Audience, Drive, Entry, Kind as EntryKind, Only},
    error::{Kind, Result},
    path::MIN_TAG,
};
use http::{HeaderValue, header};

/// A drive of some kind over a world that the suite fills.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The drive, started.
    async fn drive(&self) -> Arc<dyn Drive>;
    /// Puts a file there, below the drive's root; parents are made.
    fn put(&self, path: &str, content: &'static [u8]);
    /// Makes an empty folder.
    fn folder(&self, path: &str);
    /// Takes an entry away behind the drive's back.
    fn remove(&self, path: &str);
    /// Lets the service fail from now on, or no more.
    fn fail(&self, failing: bool);
}

/// Runs the suite; each rule gets a world of its own.
pub async fn holds<F: Fixture>(world: impl AsyncFn() -> F) {
    lists_what_is_there(&world().await).await;
    lists_every_page_once(&world().await).await;
    gives_links_to_the_right_bytes(&world().await).await;
    says_what_is_missing(&world().await).await;
    fails_when_the_service_fails(&world().await).await;
    finds_folders_by_path(&world().await).await;
    finds_files_by_pickcode(&world().await).await;
    finds_entries_by_a_word_in_their_names(&world().await).await;
}

async fn all(drive: &dyn Drive, folder: &Entry) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut from = None;
    for _ in 0..100 {
        let page = drive.list(folder, from, &Asker::task()).await.unwrap();
        entries.extend(page.entries);
        from = page.next;
        if from.is_none() {
            return entries;
        }
    }
    panic!("the folder never ends");
}

async fn child(drive: &dyn Drive, folder: &Entry, name: &str) -> Entry {
    let found = all(drive, folder).await.into_iter().find(|entry| entry.name.as_str() == name);
    found.unwrap_or_else(|| panic!("there is no {name}"))
}

async fn lists_what_is_there<F: Fixture>(world: &F) {
    world.put("/a/one.txt", b"one");
    world.put("/two.txt", b"two!");
    world.folder("/empty");
    let drive = world.drive().await;
    let root = drive.root().await.unwrap();
    assert!(root.is_folder());
    let entries: BTreeMap<_, _> =
        all(&*drive, &root).await.into_iter().map(|entry| (entry.name.as_str().to_owned(), entry)).collect();
    assert_eq!(entries.keys().collect::<Vec<_>>(), ["a", "empty", "two.txt"]);
    assert!(entries["a"].is_folder() && entries["empty"].is_folder());
    assert!(matches!(entries["two.txt"].kind, EntryKind::File { size: 4, complete: true, .. }));
    assert!(entries["two.txt"].modified > 1_500_000_000);
    assert_eq!(all(&*drive, &entries["empty"]).await, []);
    assert_eq!(all(&*drive, &entries["a"]).await.len(), 1);
    let tags: BTreeSet<_> = entries.values().map(|entry| &entry.tag).collect();
    assert!(
        tags.len() == 3
            && tags.iter().all(|tag| tag.len() >= MIN_TAG && tag.bytes().all(|b| b.is_ascii_alphanumeric())),
        "{tags:?}"
    );
}

async fn lists_every_page_once<F: Fixture>(world: &F) {
    for n in 0..2500 {
        world.put(&format!("/many/{n:04}"), b"x");
    }
    let drive = world.drive().await;
    let many = child(&*drive, &drive.root().await.unwrap(), "many").await;
    let mut names: Vec<_> = all(&*drive, &many).await.into_iter().map(|entry| entry.name.as_str().to_owned()).collect();
    names.sort();
    assert_eq!(names, (0..2500).map(|n| format!("{n:04}")).collect::<Vec<_>>());
}

/// What comes of asking for a file's bytes.
async fn reach(drive: &dyn Drive, file: &Entry) -> Result<()> {
    match drive.local() {
        Some(local) => local.open(file).await.map(drop),
        None => drive.link(file, &Audience::Gateway, &Asker::task()).await.map(drop),
    }
}

async fn gives_links_to_the_right_bytes<F: Fixture>(world: &F) {
    world.put("/a/one.txt", b"the bytes of one");
    let drive = world.drive().await;
    let folder = child(&*drive, &drive.root().await.unwrap(), "a").await;
    let file = child(&*drive, &folder, "one.txt").await;
    if let Some(local) = drive.local() {
        let mut opened = local.open(&file).await.unwrap();
        assert_eq!(std::io::read_to_string(&mut opened.file).unwrap(), "the bytes of one");
        assert_eq!(opened.entry, file, "the file is what was listed");
        assert_eq!(drive.link(&file, &Audience::Gateway, &Asker::task()).await.unwrap_err().kind(), Kind::Internal);
        return;
    }
    let client = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
    let agent = HeaderValue::from_static("Player/1");
    for audience in [Audience::Gateway, Audience::Client(Some(agent.clone())), Audience::Client(None)] {
        let link = drive.link(&file, &audience, &Asker::task()).await.unwrap();
        let mut headers = link.headers.clone();
        match &audience {
            Audience::Client(Some(agent)) => drop(headers.insert(header::USER_AGENT, agent.clone())),
            Audience::Client(None) => drop(headers.remove(header::USER_AGENT)),
            Audience::Gateway => {}
        }
        let reply = client.get(link.url.to_str().unwrap()).headers(headers).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{audience:?}");
        assert_eq!(&reply.bytes().await.unwrap()[..], b"the bytes of one");
        assert!(!format!("{link:?}").contains(link.url.to_str().unwrap()), "a link does not show its URL");
    }
}

async fn says_what_is_missing<F: Fixture>(world: &F) {
    world.put("/a/one.txt", b"one");
    let drive = world.drive().await;
    let folder = child(&*drive, &drive.root().await.unwrap(), "a").await;
    let file = child(&*drive, &folder, "one.txt").await;
    world.remove("/a/one.txt");
    assert_eq!(reach(&*drive, &file).await.unwrap_err().kind(), Kind::Gone);
    world.remove("/a");
    assert_eq!(drive.list(&folder, None, &Asker::task()).await.unwrap_err().kind(), Kind::NotFound);
}

async fn fails_when_the_service_fails<F: Fixture>(world: &F) {
    world.put("/a/one.txt", b"one");
    let drive = world.drive().await;
    let root = drive.root().await.unwrap();
    let file = child(&*drive, &child(&*drive, &root, "a").await, "one.txt").await;
    world.fail(true);
    assert!(drive.list(&root, None, &Asker::task()).await.unwrap_err().kind().is_unreachable());
    assert!(reach(&*drive, &file).await.unwrap_err().kind().is_unreachable());
    world.fail(false);
    assert_eq!(all(&*drive, &root).await.len(), 1);
}

async fn finds_folders_by_path<F: Fixture>(world: &F) {
    world.put("/a/b c/中/one.txt", b"one");
    let drive = world.drive().await;
    let root = drive.root().await.unwrap();
    let Some(locate) = drive.locate() else { return };
    assert!(locate.can_say(&["a", "b c", "中"]));
    let found = locate.find(&["a", "b c", "中"], &Asker::task()).await.unwrap().expect("the folder");
    assert_eq!(all(&*drive, &found).await.len(), 1);
    let above = child(&*drive, &child(&*drive, &root, "a").await, "b c").await;
    assert_eq!(found.handle, child(&*drive, &above, "中").await.handle);
    assert_eq!(locate.find(&["a", "x"], &Asker::task()).await.unwrap(), None);
    let file = locate.find(&["a", "b c", "中", "one.txt"], &Asker::task()).await.unwrap();
    let listed = child(&*drive, &found, "one.txt").await;
    assert_eq!(file, locate.finds_files().then_some(listed));
}

async fn finds_files_by_pickcode<F: Fixture>(world: &F) {
    world.put("/a/one.txt", b"one");
    world.put("/b/two.txt", b"two!");
    let drive = world.drive().await;
    let root = drive.root().await.unwrap();
    let Some(codes) = drive.by_pickcode() else { return };
    let asker = Asker::task();
    let (a, b) = (child(&*drive, &root, "a").await, child(&*drive, &root, "b").await);
    for (folder, name) in [(&a, "one.txt"), (&b, "two.txt")] {
        let listed = child(&*drive, folder, name).await;
        let code = codes.pickcode(&listed).expect("a pickcode");
        assert!(!code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{code}");
        let found = codes.file(code, &asker).await.unwrap().expect("the file");
        assert_eq!(found, listed, "as it is listed, its times included");
    }
    assert_eq!(codes.pickcode(&a), None, "a folder has none that leads anywhere");
    for code in [&*a.tag, "", "x", "../a", "0123456789abcdefg", "a0123456789abcdef0"] {
        assert_eq!(codes.file(code, &asker).await.unwrap(), None, "{code:?}");
    }
    let one = child(&*drive, &a, "one.txt").await;
    world.fail(true);
    let failed = codes.file(codes.pickcode(&one).unwrap(), &asker).await.unwrap_err();
    assert!(failed.kind().is_unreachable(), "{failed:?}");
    world.fail(false);
    world.remove("/a/one.txt");
    assert_eq!(codes.file(codes.pickcode(&one).unwrap(), &asker).await.unwrap(), None);
    assert!(reach(&*drive, &child(&*drive, &b, "two.txt").await).await.is_ok());
}

async fn finds_entries_by_a_word_in_their_names<F: Fixture>(world: &F) {
    world.put("/a/one.txt", b"one");
    world.put("/b/c d/ONE 中 & 2%.txt", b"two");
    world.folder("/b/ones");
    let drive = world.drive().await;
    let root = drive.root().await.unwrap();
    let Some(search) = drive.search() else { return };
    let task = Asker::task();
    let names = async |folder: &Entry, word: &str, only| {
        let found = search.search(&folder.handle, word, only, &[], &task).await.unwrap();
        let mut names: Vec<_> = found.into_iter().map(|found| found.entry.name.as_str().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&root, "one", None).await, ["ONE 中 & 2%.txt", "one.txt", "ones"]);
    assert_eq!(names(&root, "one", Some(Only::Folders)).await, ["ones"]);
    assert_eq!(names(&root, "one", Some(Only::Files)).await, ["ONE 中 & 2%.txt", "one.txt"]);
    assert_eq!(names(&root, "2%", None).await, ["ONE 中 & 2%.txt"]);
    assert_eq!(names(&root, "nothing", None).await, Vec::<String>::new());
    let b = child(&*drive, &root, "b").await;
    assert_eq!(names(&b, "one", None).await, ["ONE 中 & 2%.txt", "ones"]);

    let found = search.search(&root.handle, "中", None, &[], &task).await.unwrap().remove(0);
    let c = child(&*drive, &b, "c d").await;
    assert_eq!((&found.folder, &found.entry), (&c.handle, &child(&*drive, &c, "ONE 中 & 2%.txt").await));
    let above = search.above(&found, &task).await.unwrap().expect("a place");
    let above: Vec<_> = above.iter().map(|(folder, name)| (folder, name.as_str())).collect();
    assert_eq!(above, [(&b.handle, "b"), (&c.handle, "c d")], "the root of the drive is not among them");
    world.remove("/b/c d/ONE 中 & 2%.txt");
    assert!(search.above(&found, &task).await.unwrap().is_none());
    world.fail(true);
    assert!(search.search(&root.handle, "one", None, &[], &task).await.unwrap_err().kind().is_unreachable());
    assert!(search.above(&found, &task).await.unwrap_err().kind().is_unreachable());
}
