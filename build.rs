//! Tells the program which commit it is made from: `GATE115_COMMIT`, else what git says, else nothing.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=GATE115_COMMIT");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/refs/heads");
    let told = std::env::var("GATE115_COMMIT").ok().filter(|commit| !commit.is_empty());
    let asked = || {
        let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
        let commit = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| commit.trim().to_owned())
    };
    if let Some(commit) = told.or_else(asked) {
        println!("cargo::rustc-env=GATE115_COMMIT={commit}");
    }
}
