//! `iaas seed`

use std::path::Path;

use iaas_model::seed::{Size, fill};
use iaas_model::{Db, Overwrite};

use crate::args::SeedArgs;
use crate::cloud::in_words;
use crate::failure::Failure;
use crate::print::print;

pub(crate) fn run(path: &Path, SeedArgs { vms, zones, force }: SeedArgs) -> Result<(), Failure> {
    let size = Size { vms, zones };
    let overwrite = if force { Overwrite::Yes } else { Overwrite::No };
    Db::create(path, overwrite, |transaction| fill(transaction, size))?;
    print(format_args!("{}: a cloud with {}\n", path.display(), in_words(size)))
}
