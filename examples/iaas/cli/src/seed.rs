//! `iaas seed`

use std::path::Path;

use iaas_model::seed::{Size, fill};
use iaas_model::{Db, Overwrite};

use crate::args::SeedArgs;
use crate::cloud::{journal_beside, size_text};
use crate::failure::Failure;
use crate::print::print;

pub(crate) fn run(path: &Path, SeedArgs { vms, zones, force }: SeedArgs) -> Result<(), Failure> {
    let size = Size { vms, zones };
    let overwrite = if force { Overwrite::Yes } else { Overwrite::No };
    Db::create(path, overwrite, |transaction| fill(transaction, size))?;
    forget_runs(path)?;
    print(format_args!("{}: a cloud with {}\n", path.display(), size_text(size)))
}

/// The runs of a replaced cloud are meaningless, so they are deleted.
fn forget_runs(path: &Path) -> Result<(), Failure> {
    let journal = journal_beside(path);
    for suffix in ["", "-wal", "-shm"] {
        let mut file = journal.clone().into_os_string();
        file.push(suffix);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Failure::failed(error)),
            _ => {}
        }
    }
    Ok(())
}
