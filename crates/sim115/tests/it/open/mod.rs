//! The Open Platform: calls with its headers, and nothing but what a test says.

mod budget;
mod codes;
mod device_code;
mod files;
mod info;
mod links;
mod manners;
mod refresh;
mod search;
mod user;

use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use crate::support::{Bench, OURS, json_of};

impl Bench {
    /// A GET of the file API with the token that is good now.
    pub(crate) fn open_get(&self, rest: &str) -> RequestBuilder {
        let get = self.http.get(self.url(&format!("proapi.115.com/open/{rest}")));
        get.header("user-agent", OURS).bearer_auth(self.sim.open_tokens().access)
    }

    /// A POST of the file API with the token that is good now.
    pub(crate) fn open_post(&self, rest: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let post = self.http.post(self.url(&format!("proapi.115.com/open/{rest}")));
        post.header("user-agent", OURS).bearer_auth(self.sim.open_tokens().access).form(form)
    }

    /// A POST of the authorisation host.
    pub(crate) async fn open_auth(&self, rest: &str, form: &[(&str, &str)]) -> reqwest::Result<Response> {
        let post = self.http.post(self.url(&format!("passportapi.115.com/open/{rest}")));
        post.header("user-agent", OURS).form(form).send().await
    }

    pub(crate) async fn open_auth_json(&self, rest: &str, form: &[(&str, &str)]) -> Value {
        json_of(self.open_auth(rest, form).await.unwrap()).await
    }

    pub(crate) async fn open_json(&self, rest: &str) -> Value {
        json_of(self.open_get(rest).send().await.unwrap()).await
    }

    /// A file call with any token.
    pub(crate) async fn as_token(&self, token: &str) -> Value {
        let get = self.http.get(self.url("proapi.115.com/open/user/info")).header("user-agent", OURS);
        json_of(get.bearer_auth(token).send().await.unwrap()).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Value {
        self.open_auth_json("refreshToken", &[("refresh_token", token)]).await
    }
}
