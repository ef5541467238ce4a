//! What a search by name finds, web and Open alike: one index, which comes after the fact (docs/115.md, §3.8 and §10.4).

use crate::clock::shanghai;
use crate::listing::{kind, suffix};
use crate::sim::Sim;
use crate::world::{Node, World};

/// `offset` and `limit` together reach no further.
pub(crate) const REACH: u64 = 10_000;

/// A search as asked for, after its parameters were read.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// In lower case.
    pub(crate) name: String,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    /// 1 folders, 2 files.
    pub(crate) fc: u64,
    pub(crate) kind: u64,
    pub(crate) suffix: String,
}

/// Every hit below a folder.
pub(crate) fn hits<'w>(sim: &Sim, world: &'w World, within: u64, wanted: &Wanted) -> Vec<&'w Node> {
    let lag = sim.open_knobs().search_lag.as_secs();
    let indexed = sim.0.clock.now_unix().saturating_sub(lag);
    let mut found = Vec::new();
    collect(world, within, wanted, indexed, &mut found);
    found
}

/// `indexed`: unix seconds; the index knows nothing younger.
fn collect<'w>(world: &'w World, cid: u64, wanted: &Wanted, indexed: u64, found: &mut Vec<&'w Node>) {
    for node in world.children(cid) {
        if node.created <= indexed && wanted.takes(node) {
            found.push(node);
        }
        if node.is_dir() {
            collect(world, node.id, wanted, indexed, found);
        }
    }
}

impl Wanted {
    fn takes(&self, node: &Node) -> bool {
        let (day, ico) = (&shanghai(node.created)[..10], suffix(&node.name));
        let of_kind = match self.fc {
            1 => node.is_dir(),
            2 => !node.is_dir(),
            _ => true,
        };
        node.name.to_lowercase().contains(&self.name)
            && of_kind
            && self.from.as_deref().is_none_or(|from| from <= day)
            && self.to.as_deref().is_none_or(|to| day <= to)
            && (self.kind == 0 || !node.is_dir() && kind(&ico) == self.kind)
            && (self.suffix.is_empty() || !node.is_dir() && ico == self.suffix)
    }
}
