//! What the management pages of the frontend load.

use gate115::{
    config::{Drive, Local},
    identity::Guest,
};
use serde_json::json;
use sim115::{Fault, On, Times};

use super::{TOKEN, closed, data, failure, films, login};
use crate::support::{signs, world};

#[tokio::test]
async fn mounts_are_shown_with_how_they_do_and_without_their_logins() {
    let t = closed().start().await;
    let list = data(&t, TOKEN, "/admin/storage/list", &json!({})).await;
    assert_eq!(
        list,
        json!({ "total": 1, "content": [{
            "id": 1, "mount_path": "/115", "order": 0, "driver": "115 Cloud", "cache_expiration": 30,
            "custom_cache_policies": "", "status": "work", "addition": "{}", "remark": "",
            "modified": "1970-01-01T00:00:00.000000Z", "disabled": false, "disable_index": false, "enable_sign": true,
            "order_by": "name", "order_direction": "asc", "extract_folder": "front", "web_proxy": false,
            "webdav_policy": "302_redirect", "proxy_range": false, "down_proxy_url": "", "disable_proxy_sign": false,
        }] })
    );
    t.sim.fault(On::AnyApi, Times::Next(1), Fault::Waf);
    failure(&t, TOKEN, "/fs/list", &json!({ "path": "/115/Movies" })).await;
    let one = data(&t, TOKEN, "/admin/storage/get", &json!({ "id": "1" })).await;
    let status = one["status"].as_str().unwrap();
    assert!(status != "work" && !status.is_empty(), "{status}");
    let (code, message) = failure(&t, TOKEN, "/admin/storage/get", &json!({ "id": 9 })).await;
    assert!(code == 500 && message.ends_with("storage not found"), "{message}");
}

#[tokio::test]
async fn a_local_folder_is_said_to_be_given_as_the_bytes_that_it_is_given_as() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    let t = closed().mount(move |mount, _| mount.drive = Drive::Local(Local { root })).start().await;
    let mount = &data(&t, TOKEN, "/admin/storage/list", &json!({})).await["content"][0];
    assert_eq!((&mount["web_proxy"], &mount["webdav_policy"]), (&json!(true), &json!("native_proxy")), "{mount}");
}

#[tokio::test]
async fn drivers_name_the_fields_of_a_login_and_say_nothing_of_what_is_in_them() {
    let t = closed().start().await;
    let all = data(&t, TOKEN, "/admin/driver/list", &json!({})).await;
    let names = |driver: &str, kind: &str| {
        let items = all[driver][kind].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (driver, login) in [
        ("115 Cloud", &["cookie", "qrcode_token", "qrcode_source"][..]),
        ("115 Open", &["access_token", "refresh_token", "app_id"]),
        ("115 Share", &["cookie", "qrcode_token", "qrcode_source", "share_code", "receive_code"]),
    ] {
        for name in login {
            let items = all[driver]["additional"].as_array().unwrap();
            let item = items.iter().find(|item| item["name"] == *name).unwrap_or_else(|| panic!("{driver} {name}"));
            assert_eq!((&item["type"], &item["default"]), (&json!("text"), &json!("")), "{driver} {name}");
        }
        assert!(names(driver, "additional").contains(&"page_size".to_owned()), "{driver}");
        for name in ["webdav_policy", "down_proxy_url", "cache_expiration"] {
            assert!(names(driver, "common").contains(&name.to_owned()), "{driver} {name}");
        }
    }
    assert_eq!(names("Local", "common"), ["mount_path", "webdav_policy"]);
}

#[tokio::test]
async fn drivers_say_what_they_want_to_know() {
    let t = closed().start().await;
    let names = data(&t, TOKEN, "/admin/driver/names", &json!({})).await;
    assert_eq!(names, json!(["115 Cloud", "115 Open", "115 Share", "Local"]));
    let all = data(&t, TOKEN, "/admin/driver/list", &json!({})).await;
    for name in names.as_array().unwrap() {
        let name = name.as_str().unwrap();
        for field in ["driver", "name"] {
            assert_eq!(data(&t, TOKEN, "/admin/driver/info", &json!({ field: name })).await, all[name]);
        }
        assert_eq!(all[name]["config"]["name"], name);
        for kind in ["common", "additional"] {
            for item in all[name][kind].as_array().unwrap() {
                assert!(item["default"].is_string() && item["options"].is_string() && item["required"].is_boolean());
            }
        }
    }
    assert_eq!(failure(&t, TOKEN, "/admin/driver/info", &json!({ "driver": "Else" })).await.0, 404);
}

#[tokio::test]
async fn settings_and_users_are_there_to_read() {
    let t = closed().start().await;
    let public = data(&t, "", "/public/settings", &json!({})).await;
    assert!(public.as_object().unwrap().values().all(serde_json::Value::is_string));
    assert_eq!((&public["version"], &public["search_index"]), (&json!("v4.2.6"), &json!("database")));
    assert_eq!(public["multipart_enabled"], "false");
    for group in [json!(1), json!("1")] {
        let site = data(&t, TOKEN, "/admin/setting/list", &json!({ "group": group })).await;
        let version = site.as_array().unwrap().iter().find(|item| item["key"] == "version").unwrap();
        assert_eq!((&version["value"], &version["group"], &version["flag"]), (&json!("v4.2.6"), &json!(1), &json!(2)));
    }
    for item in data(&t, TOKEN, "/admin/setting/list", &json!({})).await.as_array().unwrap() {
        let (value, options) = (item["value"].as_str().unwrap(), item["options"].as_str().unwrap());
        assert_eq!(
            item["type"] == "select",
            options.split(',').any(|option| option == value && !value.is_empty()),
            "{item}"
        );
    }
    assert_eq!(data(&t, TOKEN, "/admin/setting/list", &json!({ "groups": "5,0" })).await, json!([]));
    assert_eq!(data(&t, TOKEN, "/admin/setting/get", &json!({ "key": "version" })).await["value"], "v4.2.6");
    assert_eq!(failure(&t, TOKEN, "/admin/setting/get", &json!({ "key": "none" })).await.0, 404);
    let users = data(&t, TOKEN, "/admin/user/list", &json!({})).await;
    let names: Vec<_> = users["content"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(names, ["admin", "ann", "tv"]);
    let tv = data(&t, TOKEN, "/admin/user/get", &json!({ "id": 3 })).await;
    assert_eq!((&tv["base_path"], &tv["password"]), (&json!("/115/Movies"), &json!("")));
    assert_eq!(failure(&t, TOKEN, "/admin/user/get", &json!({ "id": 0 })).await.0, 404);
}

/// As python-alist-client does it.
#[tokio::test]
async fn a_program_of_an_admin_reads_the_token_and_makes_signs() {
    let (key, keys) = (json!({ "key": "token" }), json!({ "keys": "token" }));
    for configured in [Some(TOKEN), None] {
        let stage = world(films).access(move |auth, _| {
            auth.guest = Guest::Off;
            auth.token = configured.map(Into::into);
        });
        let t = stage.start().await;
        let admin = login(&t, "admin").await;
        let item = data(&t, &admin, "/admin/setting/get", &key).await;
        assert_eq!(data(&t, &admin, "/admin/setting/get", &keys).await, json!([item]));
        assert_eq!(
            (&item["key"], &item["type"], &item["group"], &item["flag"]),
            (&json!("token"), &json!("string"), &json!(0), &json!(1))
        );
        let token = item["value"].as_str().unwrap();
        assert!(configured.is_none_or(|configured| token == configured));
        let film = "/d/115/Movies/a%20b.mkv?sign=";
        let sign = signs::sign(token, "/115/Movies/a b.mkv", 0);
        t.get(&format!("{film}{sign}")).send().await.is(302);
        t.get(&format!("{film}{}", signs::sign("another", "/115/Movies/a b.mkv", 0))).send().await.is(401);
        // Nobody else hears of it, and nobody who has not asked.
        let tv = login(&t, "tv").await;
        for ask in [&key, &keys] {
            assert_eq!(failure(&t, &tv, "/admin/setting/get", ask).await.0, 403);
            assert_eq!(failure(&t, "", "/admin/setting/get", ask).await.0, 401);
        }
        let lists = [
            ("/admin/setting/list", json!({})),
            ("/admin/setting/list", json!({ "group": 0 })),
            ("/admin/setting/default", json!({ "group": 0 })),
            ("/admin/setting/get", json!({ "keys": "version" })),
            ("/public/settings", json!({})),
        ];
        for (route, ask) in lists {
            let list = data(&t, &admin, route, &ask).await.to_string();
            assert!(!list.contains(token) && !list.contains("\"token\""), "{route}: {list}");
        }
    }
    let t = world(films).access(|auth, _| auth.token = Some(TOKEN.into())).start().await;
    assert_eq!(failure(&t, "", "/admin/setting/get", &key).await.0, 403, "a guest");
}

#[tokio::test]
async fn there_are_no_tasks_and_lists_say_so() {
    let t = closed().start().await;
    for kind in ["upload", "copy", "move", "offline_download", "offline_download_transfer", "decompress"] {
        for list in ["undone", "done"] {
            assert_eq!(data(&t, TOKEN, &format!("/task/{kind}/{list}"), &json!({})).await, json!([]));
        }
    }
    assert_eq!(failure(&t, TOKEN, "/task/copy/info?tid=x", &json!({})).await, (404, "task not found".to_owned()));
    assert_eq!(failure(&t, TOKEN, "/admin/message/get", &json!({})).await, (404, "no message".to_owned()));
    let index = data(&t, TOKEN, "/admin/index/progress", &json!({})).await;
    assert!(index["error"].as_str().unwrap().contains("There is no index"), "{index}");
    for progress in [index, data(&t, TOKEN, "/admin/scan/progress", &json!({})).await] {
        assert_eq!((&progress["obj_count"], &progress["is_done"]), (&json!(0), &json!(true)));
    }
    for list in ["/admin/meta/list", "/share/list", "/me/sshkey/list", "/admin/user/sshkey/list"] {
        assert_eq!(data(&t, TOKEN, list, &json!({})).await, json!({ "content": [], "total": 0 }), "{list}");
    }
}
