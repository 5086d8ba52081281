//! Every declaration has the source location of the user's code, so that errors at run time can show it.

use cascade_core::prelude::*;
use cascade_core::{Declare, Place};
use cascade_tests_resources::{Error, Folder, Host, HostId, VmId, VmInstance};

#[derive(Extension)]
struct VmCascade;

const ATTRIBUTE: u32 = line!() + 2;

#[cascade(
    resource = VmInstance,
    edges = [
        Host,
    ],
    after = [Folder],
)]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, _hosts: &[HostId]) -> Result<Vec<VmId>, Error> {
        Ok(Vec::new())
    }

    #[check(Delete)]
    async fn may_be_removed(&self, _vms: &[VmId]) -> Result<Vec<Veto<VmId>>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Host])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Resource)]
#[resource(id = String)]
struct Volume;
const VOLUME: u32 = line!() - 1;

#[track_caller]
fn check_line(place: Place, line: u32) {
    assert_eq!((place.package, place.file, place.line), ("cascade-tests", file!(), line));
}

#[test]
fn places_are_the_lines_of_the_users_code() {
    let declaration = VmCascade::declare();
    let descriptor = declaration.descriptor();
    check_line(descriptor.edges[0].place, ATTRIBUTE + 3);
    check_line(descriptor.after[0].place, ATTRIBUTE + 5);
    check_line(descriptor.place, ATTRIBUTE + 7);
    check_line(descriptor.finders[0].place, ATTRIBUTE + 8);
    check_line(descriptor.checks[0].place, ATTRIBUTE + 13);
    check_line(descriptor.effects[0].place, ATTRIBUTE + 19);
    check_line(Volume::DESCRIPTOR.place(), VOLUME);
}

/// A documented resource.
///
/// The text has several paragraphs.
#[derive(Resource)]
#[resource(id = String, name = "With a name")]
struct Documented;

/// Optimised programs read a descriptor from its text.
#[test]
fn a_descriptor_read_from_text_equals_the_constant() {
    fn check<R: Resource>() {
        let (read, constant) = (R::descriptor_from_text(), R::DESCRIPTOR);
        assert_eq!(format!("{read:?}"), format!("{constant:?}"));
        assert_eq!(
            (read.name(), read.docs(), read.place()),
            (constant.name(), constant.docs(), constant.place())
        );
    }
    check::<Documented>();
    check::<Volume>();
    check::<Host>();
    assert_eq!(
        Documented::descriptor_from_text().docs(),
        "A documented resource.\n\nThe text has several paragraphs."
    );
}
