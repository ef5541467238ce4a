//! The suite for 115 Cloud.

use std::sync::Arc;

use async_trait::async_trait;
use gate115::{
    backend::cloud::{Cloud, Options},
    drive::Drive,
};
use p115::cipher::m115::PublicKey;
use sim115::{Content, Fault, On, Running, Sim, Times};

use super::Fixture;

struct World {
    sim: Sim,
    running: Running,
    root: u64,
}

#[async_trait]
impl Fixture for World {
    async fn drive(&self) -> Arc<dyn Drive> {
        let wire = p115::Wire::production()
            .with_endpoints(p115::Endpoints::base(&self.running.base_url()).unwrap())
            .with_m115(PublicKey::from_hex(self.sim.root_modulus_hex()).unwrap());
        let http = p115::http_client().tls_certs_only([]).build().unwrap();
        let cookie = p115::Cookie::parse(&self.sim.cookie()).unwrap();
        let clock = p115::Clock::system();
        let client = p115::Client::new(http, Arc::new(wire), cookie, p115::Limits { rate: 1000.0 }, clock.clone());
        let drive = Cloud::new(&client, clock, Options { root: self.root, page_size: 1150, unbound_links: true });
        drive.root().await.unwrap();
        Arc::new(drive)
    }

    fn put(&self, path: &str, content: &'static [u8]) {
        self.sim.file(&format!("/home{path}"), Content::bytes(content));
    }

    fn folder(&self, path: &str) {
        self.sim.folder(&format!("/home{path}"));
    }

    fn remove(&self, path: &str) {
        assert!(self.sim.remove(self.sim.id_of(&format!("/home{path}")).unwrap()));
    }

    fn fail(&self, failing: bool) {
        if failing {
            self.sim.fault(On::AnyApi, Times::Always, Fault::Status(500, ""));
        } else {
            self.sim.clear_faults();
        }
    }
}

async fn world() -> World {
    let sim = Sim::builder().build();
    let root = sim.folder("/home").0;
    let running = sim.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    World { sim, running, root }
}

#[tokio::test]
async fn cloud_is_a_drive() {
    super::holds(world).await;
}
