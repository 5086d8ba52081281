//! Fields that would get the same value: of one type without a name, and of one type under one name.

use cascade_core::prelude::*;
use cascade_tests_resources::{ZoneId, Zone};

#[derive(Clone)]
struct Db;

#[derive(Extension)]
struct ZoneCascade {
    primary: Db,
    replica: Db,
    #[provided(name = "archive")]
    archive: Db,
}

#[cascade(resource = Zone)]
impl ZoneCascade {
    #[on(Delete)]
    async fn remove(&self, _: &[ZoneId]) -> Result<(), StepError> {
        let _ = (&self.primary, &self.replica, &self.archive);
        Ok(())
    }
}

#[derive(Extension)]
struct Unnamed(Db, u64, Db);

#[derive(Extension)]
struct OneName {
    #[provided(name = "db")]
    one: Db,
    #[provided(name = "db")]
    other: Db,
}

fn main() {}
