//! The page that shows the request ledger: for each account what was asked of 115, by whom and how it ended.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{shell, units::Grouped};
use crate::ledger::{Column, Hours};

/// All that the page says.
#[derive(Debug, Clone, Copy)]
pub struct LedgerPage<'a> {
    /// What stands before every path of ours.
    pub base: &'a str,
    /// The last 24 hours.
    pub day: &'a Hours,
    /// The last thirty days.
    pub month: &'a Hours,
    /// Accounts that make no calls at the moment, and why.
    pub pauses: &'a BTreeMap<String, String>,
}

const TABLES: [(&str, Column); 5] = [
    ("Who asked", Column::Caller),
    ("Class", Column::Class),
    ("Outcome", Column::Outcome),
    ("Endpoint", Column::Call),
    ("Client", Column::Family),
];

/// The whole page.
pub fn ledger(page: &LedgerPage<'_>) -> String {
    let mut accounts: BTreeSet<&str> = page.month.accounts();
    accounts.extend(page.pauses.keys().map(String::as_str));
    let body = html! {
        header {
            nav aria-label="Breadcrumb" { ol { li { a href={ (page.base) "/" } { "All drives" } } } }
            h1 { "Requests" }
        }
        main {
            @for account in &accounts { (account_section(page, account)) }
            @if accounts.is_empty() { p.empty { "Nothing was asked of any account in the last thirty days." } }
        }
        footer {
            p { "Calls to 115 in whole hours, the one under way included. They are kept for thirty days." }
        }
    };
    shell(page.base, "Requests", body).into_string()
}

fn account_section(page: &LedgerPage<'_>, account: &str) -> Markup {
    let (day, month) = (page.day.total(account), page.month.total(account));
    html! {
        section {
            h2 { (account) }
            p.sum {
                strong { (Grouped(day.calls)) } " in 24 hours, "
                strong { (Grouped(month.calls)) } " in 30 days"
                @if let Some(mean) = month.ms.checked_div(month.calls) { ", " (Grouped(mean)) " ms each" }
            }
            @if let Some(why) = page.pauses.get(account) {
                p.notice role="status" { strong { "No calls go out now." } " " (why) }
            }
            @if month.calls > 0 {
                div.counts {
                    @for (head, column) in TABLES { (counts(page, account, head, column)) }
                }
            }
        }
    }
}

/// One table: a row for each label, the most frequent first.
fn counts(page: &LedgerPage<'_>, account: &str, head: &str, column: Column) -> Markup {
    let day: BTreeMap<_, _> = page.day.by(account, [column]).into_iter().collect();
    html! {
        table.count {
            thead { tr { th scope="col" { (head) } th scope="col" { "24 hours" } th scope="col" { "30 days" } } }
            tbody {
                @for ([label], month) in page.month.by(account, [column]) {
                    tr {
                        th scope="row" { (label) }
                        td { @if let Some(day) = day.get(&[label]) { (Grouped(day.calls)) } }
                        td { (Grouped(month.calls)) }
                    }
                }
            }
        }
    }
}
