//! Is the login alive? Asked where asking has no side effect (`docs/115.md` §1.6).

use crate::call::Call;
use crate::error::{Error, Kind};
use crate::gate::Gate;
use crate::wire::MY;

/// Never `check/sso`, which looks the same and logs out other sessions of the same device class.
pub(crate) async fn alive(gate: &Gate) -> Result<bool, Error> {
    let call = Call::get("status", MY, "/").query("ct", "guide").query("ac", "status").probe();
    match gate.send(&call).await {
        Ok(reply) => reply.envelope.state.ok_or_else(|| reply.error(Kind::Undecodable, "the reply has no state")),
        Err(error) if error.kind == Kind::Session => Ok(false),
        Err(error) => Err(error),
    }
}
