//! The page that says what went wrong, for browsers.

use maud::html;

use super::shell;

/// A small page: the status with its title, what went wrong in plain words, where to go from here (`href`, already
/// percent-encoded, and its text), and the id by which the log knows the request (empty: not shown).
pub fn error(
    base: &str,
    status: u16,
    title: &str,
    message: &str,
    hint: Option<(&str, &str)>,
    request_id: &str,
) -> String {
    let body = html! {
        main.failure {
            p.status aria-hidden="true" { (status) }
            h1 { (title) }
            p { (message) }
            p.hints {
                @if let Some((href, text)) = hint {
                    a href=(href) { (text) }
                }
                @if hint.is_none_or(|(href, _)| href.strip_prefix(base) != Some("/")) {
                    a href={ (base) "/" } { "All drives" }
                }
            }
            @if !request_id.is_empty() {
                p.request { "Request " code { (request_id) } }
            }
        }
    };
    shell(base, &format!("{status} {title}"), body).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_where_to_go_and_whom_to_ask() {
        let page =
            error("", 404, "Not a file", "\"/115/<b>\" is a folder.", Some(("/115/%3Cb%3E", "Browse it")), "r-1f");
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{page}");
        for part in [
            "<title>404 Not a file</title>",
            "<h1>Not a file</h1>",
            "<p>&quot;/115/&lt;b&gt;&quot; is a folder.</p>",
            r#"<a href="/115/%3Cb%3E">Browse it</a>"#,
            r#"<a href="/">All drives</a>"#,
            "<code>r-1f</code>",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(page.len() < 1500, "an error page is small: {}", page.len());
    }

    #[test]
    fn says_no_more_than_it_knows() {
        let page = error("", 500, "Our own mistake", "It is in the log.", Some(("/", "All drives")), "");
        assert!(!page.contains("Request"), "{page}");
        assert_eq!(page.matches("<a ").count(), 1, "{page}");
    }
}
