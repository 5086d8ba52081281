//! Every declaration knows the line on which the user wrote it, so that errors at run time can say it.

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
    async fn may_go(&self, _vms: &[VmId]) -> Result<Vec<Veto<VmId>>, Error> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Host])]
    async fn destroy(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }
}

#[derive(Resource)]
#[resource(id = String)]
struct Here;
const HERE: u32 = line!() - 1;

#[track_caller]
fn check(place: Place, line: u32) {
    assert_eq!((place.package, place.file, place.line), ("cascade-tests", file!(), line));
}

#[test]
fn places_are_where_the_user_wrote() {
    let declaration = VmCascade::declare();
    let descriptor = declaration.descriptor();
    check(descriptor.edges[0].place, ATTRIBUTE + 3);
    check(descriptor.after[0].place, ATTRIBUTE + 5);
    check(descriptor.place, ATTRIBUTE + 7);
    check(descriptor.finders[0].place, ATTRIBUTE + 8);
    check(descriptor.checks[0].place, ATTRIBUTE + 13);
    check(descriptor.effects[0].place, ATTRIBUTE + 19);
    check(Here::DESCRIPTOR.place(), HERE);
}

/// What it says of itself.
///
/// On several lines.
#[derive(Resource)]
#[resource(id = String, name = "With a name")]
struct Told;

/// An optimised program reads descriptors from text, and they are the same.
#[test]
fn the_text_of_a_resource_tells_all_of_its_descriptor() {
    fn check<R: Resource>() {
        let (told, written) = (R::told(), R::DESCRIPTOR);
        assert_eq!(format!("{told:?}"), format!("{written:?}"));
        assert_eq!(
            (told.name(), told.docs(), told.place()),
            (written.name(), written.docs(), written.place())
        );
    }
    check::<Told>();
    check::<Here>();
    check::<Host>();
    assert_eq!(Told::told().docs(), "What it says of itself.\n\nOn several lines.");
}
