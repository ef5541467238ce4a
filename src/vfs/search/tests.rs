//! What a word takes, and a search that nobody waits for.

use async_trait::async_trait;
use rstest::rstest;
use tokio::sync::Notify;

use super::*;
use crate::{
    drive::{Drive, Handle, Page, Search},
    path::Name,
    vfs::{
        Ages, Budget, Delivery, Keeping, MinLife, Policy, State,
        listing::tests::{file, folder},
    },
};

#[rstest]
#[case("film", true)]
#[case("FILM mkv", true)]
#[case("mkv a", true)]
#[case("film film", true)]
#[case("a/b", true)]
#[case("a／b", true)]
#[case(".", true)]
#[case("%", true)]
#[case("'\"", true)]
#[case("🎬", true)]
#[case("film avi", false)]
#[case("*", false)]
fn a_name_has_all_the_words(#[case] keywords: &str, #[case] taken: bool) {
    let film = file("A/b '\" 100% Film 🎬.mkv", "t", 1);
    assert_eq!(Wish::new(keywords, None).unwrap().takes(&film), taken);
    assert!(!Wish::new(keywords, Some(Only::Folders)).unwrap().takes(&film));
}

#[test]
fn a_wish_has_words_and_the_longest_is_said() {
    for nothing in ["", " ", "\t\u{3000}\n"] {
        assert_eq!(Wish::new(nothing, None), None);
    }
    let wish = Wish::new("a  Longest mkv", None).unwrap();
    assert_eq!((wish.said.as_str(), wish.words), ("Longest", vec!["a".to_owned(), "longest".into(), "mkv".into()]));
    assert!(Wish::new("x", Some(Only::Folders)).unwrap().takes(&folder("xy", "t", 1)));
}

/// A drive that looks through its folders for ever.
#[derive(Debug, Default)]
struct Endless {
    begun: Notify,
    left: Arc<Notify>,
}

struct Leaving(Arc<Notify>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[async_trait]
impl Drive for Endless {
    fn account(&self) -> &str {
        "endless"
    }

    async fn root(&self) -> Result<Entry> {
        Ok(folder("root", "root", 0))
    }

    async fn list(&self, _folder: &Entry, _from: Option<u64>, _asker: &Asker) -> Result<Page> {
        panic!("nobody asks for a listing")
    }

    fn search(&self) -> Option<&dyn Search> {
        Some(self)
    }
}

#[async_trait]
impl Search for Endless {
    fn is_index(&self) -> bool {
        false
    }

    async fn search(&self, _: &Handle, _: &str, _: Option<Only>, _: &[String], _: &Asker) -> Result<Vec<Found>> {
        let _leaving = Leaving(Arc::clone(&self.left));
        self.begun.notify_one();
        std::future::pending().await
    }

    async fn above(&self, _: &Found, _: &Asker) -> Result<Option<Vec<(Handle, Name)>>> {
        panic!("nothing was found")
    }
}

#[tokio::test]
async fn folders_are_looked_through_no_longer_than_somebody_waits() {
    let (clock, tasks, drive) = (Clock::default(), Tasks::here(), Arc::new(Endless::default()));
    let policy = Policy {
        driver: "local",
        delivery: Delivery::Local,
        ages: Ages { listing: LIFE, grace: LIFE },
        keeping: Keeping { at_most: LIFE, min_life: MinLife::Half },
    };
    let mount = Mount::new(VirtualPath::from_plain("/disk").unwrap(), policy.clone());
    let root = drive.root().await.unwrap();
    let of_mount: Arc<dyn Drive> = Arc::<Endless>::clone(&drive);
    let mounted = Mounted::new(of_mount, root, None, &policy, Arc::new(Budget::default()), &clock, &tasks);
    mount.set_state(State::Working(Arc::new(mounted)));
    let namespace = Arc::new(Namespace::new(vec![Arc::new(mount)], &clock, &tasks));
    let (path, wish) = (VirtualPath::from_plain("/disk").unwrap(), Wish::new("film", None).unwrap());
    for _ in 0..2 {
        let (namespace, path, wish) = (Arc::clone(&namespace), path.clone(), wish.clone());
        let asker = tokio::spawn(async move { search(&namespace, &path, &wish, &Asker::task()).await });
        drive.begun.notified().await;
        asker.abort();
        tokio::time::timeout(Duration::from_secs(60), drive.left.notified()).await.expect("nobody waits any more");
    }
    tasks.stop().await;
}
