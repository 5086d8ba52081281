//! Two extensions that own one resource.

use cascade_core::prelude::*;
use cascade_tests_resources::Host;

cascade_core::link!(cascade_tests_hosts);
cascade_core::assert_handled!(Host);

#[derive(Extension)]
struct OtherHosts;

#[cascade(resource = Host)]
impl OtherHosts {}

fn main() {}
