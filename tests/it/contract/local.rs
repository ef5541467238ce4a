//! The suite for a folder of this machine.

use std::{fs, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use gate115::{backend::local::Local, drive::Drive};
use tempfile::TempDir;

use super::Fixture;

struct World(TempDir);

impl World {
    fn root(&self) -> PathBuf {
        self.0.path().join("root")
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root().join(&path[1..])
    }
}

#[async_trait]
impl Fixture for World {
    async fn drive(&self) -> Arc<dyn Drive> {
        let drive = Local::new(self.root());
        drive.root().await.unwrap();
        Arc::new(drive)
    }

    fn put(&self, path: &str, content: &'static [u8]) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), content).unwrap();
    }

    fn folder(&self, path: &str) {
        fs::create_dir_all(self.at(path)).unwrap();
    }

    fn remove(&self, path: &str) {
        let at = self.at(path);
        if at.is_dir() { fs::remove_dir_all(at).unwrap() } else { fs::remove_file(at).unwrap() }
    }

    /// As when its disk is unmounted.
    fn fail(&self, failing: bool) {
        let away = self.0.path().join("away");
        if failing { fs::rename(self.root(), away).unwrap() } else { fs::rename(away, self.root()).unwrap() }
    }
}

async fn world() -> World {
    let world = World(tempfile::tempdir().unwrap());
    fs::create_dir(world.root()).unwrap();
    world
}

#[tokio::test]
async fn local_is_a_drive() {
    super::holds(world).await;
}
