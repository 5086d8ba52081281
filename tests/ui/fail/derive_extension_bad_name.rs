//! Names of provided values that cannot be read.

use cascade_core::prelude::*;

#[derive(Clone)]
struct Db;

#[derive(Extension)]
struct ZoneCascade {
    #[provided]
    none: Db,
    #[provided()]
    empty: Db,
    #[provided = "primary"]
    value: Db,
    #[provided(nam = "a")]
    misspelled: Db,
    #[provided(name = "")]
    blank: Db,
    #[provided(name = primary)]
    no_text: Db,
    #[provided(name = "b")]
    #[provided(name = "c")]
    twice: Db,
    #[provided(name = "d", name = "e")]
    two_names: Db,
}

fn main() {}
