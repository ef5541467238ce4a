//! A running simulator and a client that sends exactly what a test says.

use std::time::{SystemTime, UNIX_EPOCH};

use p115::cipher::m115::{ClientKey, PublicKey, decode_reply, encode_request};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::{Value, json};
use sim115::{Builder, Running, Sim};

/// What API calls identify themselves as.
pub(crate) const OURS: &str = "Mozilla/5.0 115Browser/35.6.0.3";
/// What a player identifies itself as.
pub(crate) const PLAYER: &str = "VLC/3.0.20 LibVLC/3.0.20";

pub(crate) struct Bench {
    pub(crate) sim: Sim,
    pub(crate) http: Client,
    pub(crate) running: Running,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Sim::builder()).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        let sim = builder.build();
        let running = sim.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { sim, http, running }
    }

    pub(crate) fn url(&self, rest: &str) -> String {
        format!("{}/{rest}", self.running.base_url())
    }

    /// A GET with our cookie and User-Agent.
    pub(crate) fn get(&self, rest: &str) -> RequestBuilder {
        self.http.get(self.url(rest)).header("cookie", self.sim.cookie()).header("user-agent", OURS)
    }

    pub(crate) async fn json(&self, rest: &str) -> Value {
        json_of(self.get(rest).send().await.unwrap()).await
    }

    /// A sealed POST; the User-Agent header is absent for `None`.
    pub(crate) async fn app(&self, path: &str, inner: &Value, user_agent: Option<&str>) -> Response {
        self.app_with(path, inner, user_agent, &ClientKey::from([7; 16])).await
    }

    async fn app_with(&self, path: &str, inner: &Value, user_agent: Option<&str>, ck: &ClientKey) -> Response {
        let key = PublicKey::from_hex(self.sim.root_modulus_hex()).unwrap();
        let data = encode_request(&key, ck, inner.to_string().as_bytes());
        let t = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let post = self
            .http
            .post(self.url(&format!("proapi.115.com{path}?t={t}")))
            .header("cookie", self.sim.cookie())
            .form(&[("data", data)]);
        let post = user_agent.into_iter().fold(post, |post, name| post.header("user-agent", name));
        post.send().await.unwrap()
    }

    /// An answer on the way to a login, as nobody: no cookie is sent.
    pub(crate) async fn anyone(&self, rest: &str) -> Value {
        json_of(self.http.get(self.url(rest)).header("user-agent", OURS).send().await.unwrap()).await
    }

    /// A new QR code: its uid, and the path of its poll.
    pub(crate) async fn code(&self) -> (String, String) {
        let token = self.anyone("qrcodeapi.115.com/api/1.0/web/1.0/token/").await;
        let of = |key: &str| token["data"][key].as_str().map_or_else(|| token["data"][key].to_string(), str::to_owned);
        let poll = format!(
            "qrcodeapi.115.com/get/status/?uid={}&time={}&sign={}&_=1700000000",
            of("uid"),
            of("time"),
            of("sign")
        );
        (of("uid"), poll)
    }

    /// Step 4: a code for a cookie.
    pub(crate) async fn exchange(&self, uid: &str, app: &str, user_agent: &str) -> Response {
        let post = self.http.post(self.url(&format!("passportapi.115.com/app/1.0/{app}/1.0/login/qrcode/")));
        post.header("user-agent", user_agent).form(&[("account", uid), ("app", app)]).send().await.unwrap()
    }

    /// The whole login, by a phone that says yes. Answers the cookie.
    pub(crate) async fn log_in(&self, app: &str) -> String {
        let (uid, _) = self.code().await;
        assert!(self.sim.qr_scan(&uid) && self.sim.qr_confirm(&uid));
        let body = json_of(self.exchange(&uid, app, OURS).await).await;
        let part = |name: &str| format!("{name}={}", body["data"]["cookie"][name].as_str().unwrap());
        ["UID", "CID", "SEID", "KID"].map(part).join("; ")
    }

    /// A GET with another cookie than ours.
    pub(crate) async fn json_as(&self, cookie: &str, rest: &str) -> Value {
        let get = self.http.get(self.url(rest)).header("cookie", cookie).header("user-agent", OURS);
        json_of(get.send().await.unwrap()).await
    }

    /// A GET as the page of a share makes it, with a cookie or without.
    pub(crate) fn on_share_page(&self, code: &str, rest: &str, cookie: Option<&str>) -> RequestBuilder {
        let page = format!("https://115cdn.com/s/{code}?password=ab12&");
        let get = self.http.get(self.url(rest)).header("user-agent", OURS).header("referer", page);
        cookie.into_iter().fold(get, |get, cookie| get.header("cookie", cookie))
    }

    /// A folder of the share `code` as anybody sees it.
    pub(crate) async fn snap(&self, code: &str, more: &str) -> Value {
        let url = format!("webapi.115.com/share/snap?share_code={code}&{more}");
        json_of(self.on_share_page(code, &url, None).send().await.unwrap()).await
    }

    /// Opens a sealed answer.
    pub(crate) fn unsealed(&self, outer: &Value) -> Value {
        let key = PublicKey::from_hex(self.sim.root_modulus_hex()).unwrap();
        let data = outer["data"].as_str().unwrap_or_else(|| panic!("no sealed data in {outer}"));
        serde_json::from_slice(&decode_reply(&key, &ClientKey::from([7; 16]), data).unwrap()).unwrap()
    }

    /// A link by `app/chrome/downurl` and, for f=3, its cookie.
    pub(crate) async fn chrome(&self, code: &str, user_agent: Option<&str>) -> (String, Option<String>) {
        let response = self.app("/app/chrome/downurl", &json!({ "pickcode": code }), user_agent).await;
        let cookie = cookie_of(&response);
        let inner = self.unsealed(&json_of(response).await);
        let entry = inner.as_object().unwrap().values().next().unwrap();
        (entry["url"]["url"].as_str().unwrap().to_owned(), cookie)
    }

    /// A link by the android way.
    pub(crate) async fn android(&self, code: &str, user_agent: Option<&str>) -> String {
        let response = self.app("/android/2.0/ufile/download", &json!({ "pick_code": code }), user_agent).await;
        self.unsealed(&json_of(response).await)["url"].as_str().unwrap().to_owned()
    }

    /// A free link to a new file.
    pub(crate) async fn free_link(&self, path: &str, content: &sim115::Content) -> String {
        let id = self.sim.file(path, content.clone());
        self.chrome(&self.sim.pickcode(id).unwrap(), None).await.0
    }

    /// Nothing but what a good client does has happened.
    pub(crate) fn clean(&self) {
        assert_eq!(self.sim.ledger().violations(), Vec::<String>::new());
    }
}

pub(crate) async fn json_of(response: Response) -> Value {
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// `name=value` of the first Set-Cookie.
pub(crate) fn cookie_of(response: &Response) -> Option<String> {
    let cookie = response.headers().get("set-cookie")?.to_str().unwrap();
    Some(cookie.split(';').next().unwrap().to_owned())
}

/// A JSON number or numeric string.
pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

/// The error number wherever it stands (quirk 5).
pub(crate) fn errno(body: &Value) -> i64 {
    ["errno", "errNo", "errcode", "errCode", "code", "msg_code"]
        .iter()
        .filter_map(|key| body.get(*key))
        .filter(|value| **value != json!(""))
        .map(number)
        .find(|number| *number != 0)
        .unwrap_or(0)
}

pub(crate) fn names(listing: &Value) -> Vec<String> {
    listing["data"].as_array().unwrap().iter().map(|entry| entry["n"].as_str().unwrap().to_owned()).collect()
}

/// One parameter of a link.
pub(crate) fn param(url: &str, key: &str) -> String {
    let query = url.split_once('?').unwrap().1;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).next().unwrap()
}
