//! What the wire says went wrong with a login by tokens, with advice; the rest is as for every drive of 115.

use std::time::Duration;

use p115::{Cause, Kind as Wire};

use crate::{
    backend::cloud,
    drive::Pause,
    error::{Error, Kind},
};

const LOG_IN: &str = "run `gate115 login` for the mount with an `app_id` of your own; or put a new pair of tokens into the configuration (`access_token`, `refresh_token`) and reload (SIGHUP) or restart";

pub(crate) fn translate(cause: &p115::Error) -> Error {
    let kind = match cause.kind {
        Wire::Session
        | Wire::Token
        | Wire::TokensLost
        | Wire::App
        | Wire::Paused { cause: Cause::Session | Cause::TokensLost | Cause::App } => Kind::Session,
        Wire::Renewals | Wire::Paused { cause: Cause::Renewals } => Kind::Paused,
        Wire::Keeper => Kind::Storage,
        _ if cause.meaning().is_some() => cloud::error::translate(cause).kind(),
        _ => return cloud::error::translate(cause),
    };
    let what = match (cause.kind, cause.meaning()) {
        (Wire::TokensLost | Wire::Paused { cause: Cause::TokensLost }, _) => {
            "115 refuses the refresh token. A renewal was begun earlier and its reply never arrived, so 115 has exchanged the tokens and the new ones are lost"
        }
        (_, Some(meaning)) => meaning,
        (Wire::Keeper, None) => "the tokens cannot be read or kept",
        (Wire::Renewals | Wire::Paused { cause: Cause::Renewals }, None) => {
            "115 says that the tokens are renewed too often"
        }
        _ => "115 does not accept the tokens",
    };
    let own = cause.advice().unwrap_or("try again in a moment");
    let dead = matches!(
        cause.kind,
        Wire::Session | Wire::TokensLost | Wire::Paused { cause: Cause::Session | Cause::TokensLost }
    );
    let advice = match cause.meaning() {
        Some(_) if dead => format!("{own}: {LOG_IN}"),
        None if dead => LOG_IN.to_owned(),
        _ => own.to_owned(),
    };
    let code = cause.code.map(|code| format!(" ({code})")).unwrap_or_default();
    let message = format!("{}{code}. {}.", cloud::error::capital(what), cloud::error::capital(&advice));
    Error::new(kind, message).op(cause.call).retry_after(cause.retry_after).source(cause.clone())
}

pub(super) fn pause(pause: &p115::Pause, now: Duration) -> Pause {
    match pause.cause {
        Cause::Session | Cause::Renewals | Cause::TokensLost | Cause::App => {
            let reason = match pause.cause {
                Cause::Renewals => {
                    "115 says that the tokens are renewed too often; nothing is asked until the pause is over."
                        .to_owned()
                }
                Cause::App => "115 does not let the app of these tokens ask: see to it at open.115.com.".to_owned(),
                _ => format!("The tokens are dead: {LOG_IN}."),
            };
            Pause {
                cause: cloud::error::word(pause.cause),
                reason,
                left: pause.until.map(|until| until.saturating_sub(now)),
            }
        }
        _ => cloud::error::pause(pause, now),
    }
}
