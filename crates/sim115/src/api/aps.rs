//! The fast listing `aps…/natsort/files.php`: always by name, and of the beginning of a folder only (docs/115.md, §3.1).

use super::call::Call;
use super::files::{envelope, read};
use super::reply::Reply;
use crate::sim::Sim;

/// The most entries of a page, and about as many as the service knows of a folder.
const LIMIT: u64 = 1200;

/// `o` and `custom_order` are heeded by nobody, `asc` and `fc_mix` are.
pub(super) fn natsort(sim: &Sim, call: &Call) -> Reply {
    let (mut page, mut ask) = match read(call) {
        Ok(asked) => asked,
        Err(what) => return super::misused(sim, &format!("natsort: {what}")),
    };
    let world = sim.0.world.lock();
    if !world.is_folder(ask.cid) {
        ask.cid = 0;
    }
    page.limit = page.limit.min(LIMIT);
    ask.order.by = "file_name".to_owned();
    ask.order.mix = call.query.of("fc_mix") == Some("1");
    ask.natural = true;
    // Quirk 11: past the entries it knows the service starts over instead of ending.
    if page.offset >= LIMIT + page.limit {
        page.offset = 0;
        ask.order.mix = true;
    }
    envelope(sim, &world, &page, &ask)
}
