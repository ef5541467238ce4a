//! `gate115 passwd`: a password becomes the hash that the configuration may hold in its place.

use std::io::{self, BufRead, IsTerminal as _, Read as _, Write};

use secrecy::{ExposeSecret, SecretString};

use super::Failure;
use crate::identity::{MAX_PASSWORD, Password, StaticHash};

/// Asks for it twice at a terminal; else takes the first line that comes.
pub(super) fn passwd() -> Result<(), Failure> {
    let stdin = io::stdin();
    let password = if stdin.is_terminal() {
        let first = SecretString::from(rpassword::prompt_password("Password: ")?);
        let again = SecretString::from(rpassword::prompt_password("Once more: ")?);
        if first.expose_secret() != again.expose_secret() {
            return Err(Failure::Password("these are two different passwords; try again".to_owned()));
        }
        first
    } else {
        first_line(&mut stdin.lock())?
    };
    print(&password, &mut io::stdout())
}

fn first_line(from: &mut impl BufRead) -> Result<SecretString, Failure> {
    let mut line = String::new();
    // What is too long is seen to be, without being read to its end.
    from.take(MAX_PASSWORD as u64 + 3).read_line(&mut line)?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).into())
}

fn print(password: &SecretString, out: &mut impl Write) -> Result<(), Failure> {
    let text = password.expose_secret();
    if text.starts_with("$argon2") {
        return Err(Failure::Password("this looks like a hash already; write the password itself".to_owned()));
    }
    Password::read(text).map_err(|error| Failure::Password(format!("this is no password: {error}")))?;
    // In the quotes that YAML wants around a dollar sign.
    Ok(writeln!(out, "\"{}\"", StaticHash::of(text).hash().as_phc())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(input: &str) -> Result<String, String> {
        let mut out = Vec::new();
        let password = first_line(&mut input.as_bytes()).map_err(|failure| failure.to_string())?;
        print(&password, &mut out).map_err(|failure| failure.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_is_printed_can_be_pasted_into_the_configuration() {
        let printed = hashed("pass word \r\nanother line\n").unwrap();
        let text: String = serde_yaml::from_str(&printed).unwrap();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        assert!(Password::read(&text).is_ok());
        assert!(!printed.contains("pass word"));
    }

    #[test]
    fn what_is_no_password_is_said_and_not_hashed() {
        for (input, want) in [
            ("", "it is empty"),
            ("\n", "it is empty"),
            (&"x".repeat(MAX_PASSWORD + 1), "it is longer than"),
            ("$argon2id$v=19$", "looks like a hash already"),
        ] {
            let said = hashed(input).unwrap_err();
            assert!(said.contains(want), "{said}");
        }
        assert!(hashed(&"x".repeat(MAX_PASSWORD)).is_ok());
    }
}
