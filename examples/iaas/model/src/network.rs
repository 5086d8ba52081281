//! Networks: a layer-2 network carries layer-3 networks, which have ranges of addresses.

use cascade_core::Resource;

use crate::id::string_id;
use crate::table::Stored;

/// A layer-2 network, or a pool of VXLAN networks. Attached to clusters.
#[derive(Debug, Resource)]
#[resource(id = L2NetworkId)]
pub struct L2Network;

string_id! {
    /// Names a [`L2Network`].
    L2NetworkId
}

impl Stored for L2Network {
    const TABLE: &'static str = "l2_network";
    const SOFT_DELETED: bool = true;
}

/// A layer-3 network, to which NICs are connected.
#[derive(Debug, Resource)]
#[resource(id = L3NetworkId)]
pub struct L3Network;

string_id! {
    /// Names a [`L3Network`].
    L3NetworkId
}

impl Stored for L3Network {
    const TABLE: &'static str = "l3_network";
    const SOFT_DELETED: bool = true;
}

/// A range of addresses of a layer-3 network.
#[derive(Debug, Resource)]
#[resource(id = IpRangeId)]
pub struct IpRange;

string_id! {
    /// Names a [`IpRange`].
    IpRangeId
}

impl Stored for IpRange {
    const TABLE: &'static str = "ip_range";
    const SOFT_DELETED: bool = true;
}

/// A controller of software-defined networks.
#[derive(Debug, Resource)]
#[resource(id = SdnControllerId)]
pub struct SdnController;

string_id! {
    /// Names a [`SdnController`].
    SdnControllerId
}

impl Stored for SdnController {
    const TABLE: &'static str = "sdn_controller";
    const SOFT_DELETED: bool = false;
}

/// A tunnel endpoint of a host in a VXLAN pool.
#[derive(Debug, Resource)]
#[resource(id = VtepId)]
pub struct Vtep;

string_id! {
    /// Names a [`Vtep`].
    VtepId
}

impl Stored for Vtep {
    const TABLE: &'static str = "vtep";
    const SOFT_DELETED: bool = false;
}

/// A tunnel endpoint outside of the cloud.
#[derive(Debug, Resource)]
#[resource(id = RemoteVtepId)]
pub struct RemoteVtep;

string_id! {
    /// Names a [`RemoteVtep`].
    RemoteVtepId
}

impl Stored for RemoteVtep {
    const TABLE: &'static str = "remote_vtep";
    const SOFT_DELETED: bool = false;
}
