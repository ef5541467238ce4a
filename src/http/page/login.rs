//! The page with the form to log in.

use maud::html;

use super::shell;

/// What the form says.
#[derive(Debug, Clone, Copy)]
pub struct LoginPage<'a> {
    /// What stands before every path of ours.
    pub base: &'a str,
    /// Where to go then; given back as it is.
    pub next: &'a str,
    /// Why the last try did not succeed, as a sentence.
    pub failed: Option<&'a str>,
}

pub fn login(page: &LoginPage<'_>) -> String {
    let body = html! {
        main.login {
            h1 { "Log in" }
            @if let Some(why) = page.failed { p.notice role="alert" { (why) } }
            form method="post" action={ (page.base) "/-/login" } {
                label for="name" { "Name" }
                input #name name="name" autocomplete="username" autocapitalize="none" required autofocus;
                label for="password" { "Password" }
                input #password name="password" type="password" autocomplete="current-password" required;
                input name="next" type="hidden" value=(page.next);
                button { "Log in" }
            }
        }
    };
    shell(page.base, "Log in", body).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_name_and_password_and_keeps_where_to_go() {
        let page = login(&LoginPage { base: "/x", next: "/x/\"><script>", failed: Some("Wrong <b>.") });
        for part in [
            r#"<form method="post" action="/x/-/login">"#,
            r#"type="password" autocomplete="current-password""#,
            r#"value="/x/&quot;&gt;&lt;script&gt;""#,
            r#"<p class="notice" role="alert">Wrong &lt;b&gt;.</p>"#,
            r#"href="/x/-/page.css"#,
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!login(&LoginPage { base: "", next: "", failed: None }).contains("notice"));
    }
}
