//! The description of the API is true: what is in it answers, as it says.

use serde_json::{Value, json};

use super::{TOKEN, closed, data, envelope};

#[tokio::test]
async fn everything_described_is_there_and_answers_as_described() {
    let t = closed().start().await;
    let reply = t.get("/api/openapi.json").send().await.is(200);
    let document: Value = serde_json::from_slice(reply.bytes()).unwrap();
    assert_eq!((&document["openapi"], &document["servers"][0]["url"]), (&json!("3.1.0"), &json!("/api")));
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 60, "{}", paths.len());
    for (path, item) in paths {
        let Some(operation) = item.get("post") else {
            assert!(matches!(path.as_str(), "/openapi.json" | "/fs/m3u"), "{path}");
            continue;
        };
        let open = operation["security"] == json!([]);
        let stranger = envelope(t.post(&format!("/api{path}")).json("{}").send().await);
        assert_eq!(stranger["code"] == 401, !open, "{path}: {stranger}");
        // A field of another type than it says is refused; what is not said at all is not.
        for (field, schema) in
            operation["requestBody"]["content"]["application/json"]["schema"]["properties"].as_object().unwrap()
        {
            // Passwords of folders, second factors and methods of others are not looked at.
            if open || matches!(field.as_str(), "password" | "otp_code" | "method") || path == "/fs/other" {
                continue;
            }
            let wrong = json!({ field: [], "keywords": "x" });
            let wrong = if field == "keywords" { json!({ field: [] }) } else { wrong };
            let call = t.post(&format!("/api{path}")).with("authorization", TOKEN);
            let refused = envelope(call.json(&wrong.to_string()).send().await);
            assert_eq!(refused["code"], 400, "{path} {field} {schema}: {refused}");
        }
    }
    // The other way round: nothing that answers is left out.
    for route in ["/fs/list", "/fs/get", "/fs/dirs", "/fs/search", "/fs/link", "/auth/login", "/me", "/public/settings"]
    {
        assert!(paths.contains_key(route), "{route}");
    }
    data(&t, TOKEN, "/me", &json!({})).await;
}
