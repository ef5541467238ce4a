//! The scenario's stage: a simulator, a gateway on it, and a client that looks at everything.

mod drives;
mod raw;
pub mod signs;
pub mod users;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use gate115::{
    app::{self, App, Deps},
    clock::Clock,
    config::{Cache, Config, Delivery, MinLife, Mount, Server},
    deliver::{Cdn, Patience},
    http::Limits,
    identity::{Auth, Guest},
    path::VirtualPath,
    store::{Memory, Store},
    vfs,
};
use reqwest::{Method, StatusCode, header::HeaderMap};
use sim115::{Builder, Running, Sim};
use tokio_util::sync::CancellationToken;

pub use drives::{Service, bind_per_client, cloud_of, open_of, share_of};
pub use raw::raw;

/// A gateway at work on a simulator of its own. When it goes, the simulator must have seen nothing that 115 would not like.
pub struct TestApp {
    pub sim: Sim,
    pub app: Arc<App>,
    pub address: SocketAddr,
    pub clock: Clock,
    pub config: Config,
    pub store: Arc<dyn Store>,
    /// How far the clock was pushed.
    pushed: parking_lot::Mutex<Duration>,
    client: reqwest::Client,
    running: Option<Running>,
    stop: CancellationToken,
    server: Option<tokio::task::JoinHandle<()>>,
    strict: bool,
    service: Service,
}

type Fill = Box<dyn FnOnce(&Sim) + Send>;
type Change = Box<dyn FnOnce(&mut Mount, &Sim) + Send>;
type Write = Box<dyn FnOnce(&mut Config) + Send>;

/// How a scenario starts.
pub struct Stage {
    service: Service,
    sim: Builder,
    fill: Fill,
    mount: Change,
    config: Write,
    patience: Patience,
    limits: Limits,
    store: Option<Arc<dyn Store>>,
    wait: bool,
    strict: bool,
}

/// The world of a scenario: what the simulator holds.
pub fn world(fill: impl FnOnce(&Sim) + Send + 'static) -> Stage {
    Stage {
        service: Service::Cloud,
        sim: Sim::builder(),
        fill: Box::new(fill),
        mount: Box::new(|_, _| {}),
        config: Box::new(|_| {}),
        patience: Patience {
            head: Duration::from_secs(3),
            idle: Duration::from_millis(400),
            refused: Duration::from_millis(50),
        },
        limits: Limits::default(),
        store: None,
        wait: true,
        strict: true,
    }
}

impl Stage {
    /// The mount is a drive of this service, of the same files.
    pub fn of(mut self, service: Service) -> Self {
        self.service = service;
        self
    }

    pub fn sim(mut self, change: impl FnOnce(Builder) -> Builder) -> Self {
        self.sim = change(self.sim);
        self
    }

    pub fn mount(mut self, change: impl FnOnce(&mut Mount, &Sim) + Send + 'static) -> Self {
        let before = self.mount;
        self.mount = Box::new(|mount, sim| {
            before(mount, sim);
            change(mount, sim);
        });
        self
    }

    pub fn config(mut self, change: impl FnOnce(&mut Config) + Send + 'static) -> Self {
        let before = self.config;
        self.config = Box::new(|config| {
            before(config);
            change(config);
        });
        self
    }

    /// Who may come in, and how the gateway is seen from outside.
    pub fn access(self, change: impl FnOnce(&mut Auth, &mut Server) + Send + 'static) -> Self {
        self.config(|config| change(&mut config.auth, &mut config.server))
    }

    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What survives a restart is kept here.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Does not wait for the mount to work.
    pub fn at_once(mut self) -> Self {
        self.wait = false;
        self
    }

    /// The scenario makes the gateway look bad on purpose.
    pub fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    pub async fn start(self) -> TestApp {
        let sim = self.sim.build();
        (self.fill)(&sim);
        let running = sim.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let mut mount = Mount {
            path: VirtualPath::from_plain("/115").unwrap(),
            drive: self.service.drive(&sim, &running.base_url()),
            delivery: Delivery::Redirect,
            read_only: false,
            cache: Cache {
                listing: Duration::from_secs(1800),
                grace: Duration::from_secs(86400),
                link: Duration::from_secs(3600),
                min_life: MinLife::Half,
            },
        };
        (self.mount)(&mut mount, &sim);
        // Guests read unless the scenario says otherwise, and nobody is made up: that takes a while.
        let mut config = Config {
            server: Server { listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))], ..Server::default() },
            data_dir: "unused".into(),
            auth: Auth { guest: Guest::Read, users: users::all(), ..Auth::default() },
            mounts: vec![mount],
        };
        (self.config)(&mut config);
        let clock = Clock::default();
        let store = self.store.unwrap_or_else(|| Arc::new(Memory::new(clock.clone())));
        let deps = Deps {
            cdn: Cdn::without_tls(),
            clock: clock.clone(),
            patience: self.patience,
            limits: self.limits,
            tls: false,
            store: Arc::clone(&store),
        };
        let stop = CancellationToken::new();
        let (app, address, server) = serve(&config, deps, &stop).await;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only([])
            .no_gzip()
            .build()
            .unwrap();
        let test = TestApp {
            sim,
            app,
            address,
            clock,
            config,
            store,
            pushed: parking_lot::Mutex::default(),
            client,
            running: Some(running),
            stop,
            server: Some(server),
            strict: self.strict,
            service: self.service,
        };
        if self.wait {
            test.mounted().await;
            test.sim.ledger().reset();
        }
        test
    }
}

/// A gateway at work, and where.
async fn serve(
    config: &Config,
    deps: Deps,
    stop: &CancellationToken,
) -> (Arc<App>, SocketAddr, tokio::task::JoinHandle<()>) {
    let app = App::build(config, deps);
    let listeners = gate115::http::bind(&config.server.listen).await.unwrap();
    let address = app::addresses(&listeners)[0];
    let (front, made_up) = app.open().await.unwrap();
    assert!(made_up.is_none());
    app.spawn();
    let server = tokio::spawn({
        let (app, stop) = (Arc::clone(&app), stop.clone());
        async move { app.serve(listeners, front, stop).await }
    });
    (app, address, server)
}

impl TestApp {
    /// The world of another gateway, on the same 115 and by the same clock.
    pub fn deps(&self, store: Arc<dyn Store>) -> Deps {
        Deps {
            cdn: Cdn::without_tls(),
            clock: self.clock.clone(),
            patience: Patience::default(),
            limits: Limits::default(),
            tls: false,
            store,
        }
    }

    /// Waits until the mount works.
    pub async fn mounted(&self) {
        self.works(0).await;
    }

    /// Waits until the mount of this number works.
    pub async fn works(&self, number: usize) {
        for _ in 0..500 {
            match self.app.namespace().mounts()[number].state() {
                vfs::State::Working(_) => return,
                vfs::State::Failed(error) => panic!("the mount failed: {error:?}"),
                vfs::State::Starting => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        panic!("the mount never started");
    }

    /// Waits until the mount has failed, and says why.
    pub async fn failed(&self) -> gate115::error::Error {
        for _ in 0..500 {
            match self.app.namespace().mounts()[0].state() {
                vfs::State::Failed(error) => return error,
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        panic!("the mount never failed");
    }

    /// Both clocks at once: time passes everywhere.
    pub fn advance(&self, by: Duration) {
        *self.pushed.lock() += by;
        self.clock.advance(by);
        self.sim.clock().advance(by);
    }

    /// Another process on the same store, with this configuration and a clock of its own. Waits for nothing.
    pub async fn restart(&mut self) {
        self.shut_down().await;
        self.clock = Clock::default();
        self.clock.advance(*self.pushed.lock());
        self.stop = CancellationToken::new();
        let (app, address, server) = serve(&self.config, self.deps(Arc::clone(&self.store)), &self.stop).await;
        (self.app, self.address, self.server) = (app, address, Some(server));
    }

    /// At the next start, the machine's clock is where it was at first.
    pub fn wind_back(&self) {
        *self.pushed.lock() = Duration::ZERO;
    }

    /// From here on the gateway is made to look bad on purpose.
    pub fn lenient(&mut self) {
        self.strict = false;
    }

    /// As [`Self::restart`], of a mount that works.
    pub async fn restart_well(&mut self) {
        self.restart().await;
        self.mounted().await;
        self.sim.ledger().reset();
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, &self.url(path))
    }

    pub fn head(&self, path: &str) -> Call<'_> {
        self.call(Method::HEAD, &self.url(path))
    }

    pub fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, &self.url(path))
    }

    pub fn call(&self, method: Method, url: &str) -> Call<'_> {
        Call { request: self.client.request(method, url), agent: Some("TestPlayer/1"), app: self }
    }

    /// Asks until the answer is like this, and gives it.
    pub async fn until(&self, path: &str, like: impl Fn(&Reply) -> bool) -> Reply {
        for _ in 0..1000 {
            let reply = self.get(path).send().await;
            if like(&reply) {
                return reply;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{path} never became what it should");
    }

    /// How often an endpoint of 115 was called since the ledger was last read anew.
    pub fn calls(&self, label: &str) -> u64 {
        self.sim.ledger().count(label)
    }

    pub fn service(&self) -> Service {
        self.service
    }

    /// How often 115 was asked for a link, in any way, since then.
    pub fn link_calls(&self) -> u64 {
        self.service.link_calls().iter().map(|label| self.calls(label)).sum()
    }

    /// All calls of 115's APIs since then.
    pub fn api_calls(&self) -> u64 {
        self.sim.ledger().api_total()
    }

    /// Stops as on SIGTERM, and waits for the end.
    pub async fn shut_down(&mut self) {
        self.stop.cancel();
        if let Some(server) = self.server.take() {
            server.await.unwrap();
        }
    }

    /// No more 115: its port is closed.
    pub async fn lose_115(&mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown().await;
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(server) = self.server.take() {
            server.abort();
        }
        if self.strict && !std::thread::panicking() {
            assert_eq!(
                self.sim.ledger().violations(),
                Vec::<String>::new(),
                "the simulator saw calls that 115 would not like"
            );
        }
    }
}

/// A request about to be made.
pub struct Call<'a> {
    request: reqwest::RequestBuilder,
    agent: Option<&'static str>,
    app: &'a TestApp,
}

impl Call<'_> {
    pub fn agent(mut self, agent: &'static str) -> Self {
        self.agent = Some(agent);
        self
    }

    pub fn no_agent(mut self) -> Self {
        self.agent = None;
        self
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn range(self, range: &str) -> Self {
        self.with("range", range)
    }

    /// With a form's fields, already encoded.
    pub fn form(self, body: &str) -> Self {
        let mut call = self.with("content-type", "application/x-www-form-urlencoded");
        call.request = call.request.body(body.to_owned());
        call
    }

    /// With a JSON text, and its content type.
    pub fn json(self, body: &str) -> Self {
        self.with("content-type", "application/json").body(body.to_owned())
    }

    /// With these bytes, whatever they are.
    pub fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }

    /// Sends it and reads the whole answer, which may break off.
    pub async fn send(self) -> Reply {
        let request = match self.agent {
            Some(agent) => self.request.header("user-agent", agent),
            None => self.request,
        };
        let response =
            tokio::time::timeout(Duration::from_secs(30), request.send()).await.expect("an answer").expect("a head");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = tokio::time::timeout(Duration::from_secs(30), response.bytes()).await.expect("a body");
        Reply { status, headers, body: body.map(|body| body.to_vec()).map_err(|error| error.to_string()) }
    }

    /// Sends it and goes on to where it is redirected to, as the same client.
    pub async fn follow(self) -> Reply {
        let (app, agent) = (self.app, self.agent);
        let range = self
            .request
            .try_clone()
            .and_then(|request| request.build().ok())
            .and_then(|request| request.headers().get("range").cloned());
        let reply = self.send().await;
        assert_eq!(reply.status, StatusCode::FOUND, "{:?}", reply.text());
        let mut next = app.call(Method::GET, reply.header("location"));
        next.agent = agent;
        if let Some(range) = range {
            next.request = next.request.header("range", range);
        }
        next.send().await
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Result<Vec<u8>, String>,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn bytes(&self) -> &[u8] {
        self.body.as_deref().expect("a whole body")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{:?}",
            self.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned())
        );
        self
    }
}
