//! The suite for 115 Share.

use std::sync::Arc;

use async_trait::async_trait;
use gate115::{
    backend::share::{Options, Share},
    drive::Drive,
};
use sim115::{Content, Fault, On, Running, Sim, Times};

use super::Fixture;

struct World {
    sim: Sim,
    share: sim115::Share,
    running: Running,
    root: u64,
}

#[async_trait]
impl Fixture for World {
    async fn drive(&self) -> Arc<dyn Drive> {
        let endpoints = p115::Endpoints::base(&self.running.base_url()).unwrap();
        let key = p115::cipher::m115::PublicKey::from_hex(self.sim.root_modulus_hex()).unwrap();
        let wire = Arc::new(p115::Wire::production().with_endpoints(endpoints).with_m115(key));
        let http = p115::http_client().tls_certs_only([]).build().unwrap();
        let clock = p115::Clock::system();
        let limits = p115::Limits { rate: 1000.0 };
        let cookie = p115::Cookie::parse(&self.sim.cookie()).unwrap();
        let client = p115::Client::new(http.clone(), Arc::clone(&wire), cookie, limits, clock.clone());
        let egress = p115::Egress::new(http, wire, limits, clock.clone());
        let options = Options { root: self.root, page_size: 1000, unbound_links: true };
        let drive = Share::new(egress, "sw3abcd1234-ab12".parse().unwrap(), Some(client), clock, options);
        drive.root().await.unwrap();
        Arc::new(drive)
    }

    fn put(&self, path: &str, content: &'static [u8]) {
        self.share.file(&format!("/home{path}"), Content::bytes(content));
    }

    fn folder(&self, path: &str) {
        self.share.folder(&format!("/home{path}"));
    }

    fn remove(&self, path: &str) {
        assert!(self.share.remove(self.share.id_of(&format!("/home{path}")).unwrap()));
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
    let share = sim.share("sw3abcd1234", "ab12");
    let root = share.folder("/home").0;
    let running = sim.serve(([127, 0, 0, 1], 0).into()).await.unwrap();
    World { sim, share, running, root }
}

#[tokio::test]
async fn a_share_is_a_drive() {
    super::holds(world).await;
}
