//! The expectations of the original's tests, on this cloud. Each test names its original case (zstackio/zstack @ 5a29293,
//! described in our own words); tests without a name are additional.
//!
//! A test that lists changes lists all of them: other rows are unchanged.
//!
//! Left out:
//!
//! | case of the original | why |
//! | --- | --- |
//! | TestCascadeDeletion 11, 28, 29, 35 | outdated: they start a VM that the original no longer stops. The successors of 10, 27, 31 and 33 are tested |
//! | TestCascadeDeletion 5, 12, 13, 16, 23, 26, 34 | there are no such cases |
//! | TestDeleteZone2 | it is about the synchronous interface, which nothing else uses |
//! | TestChangeZoneStateCascadeTo… | a zone's state spreads by events, not by a cascade |
//! | AsyncBranchCascadeExtensionPointCase, BranchCascadeTest | a plug-in that replaces another's effect: there is none here, on purpose, since two that claim one rule are an error |
//! | DeleteHostCase (its local storage), DeleteHostWhenLocalStorage{Attached,Detached}Case | local storage destroys VMs from a hook outside of the graph; the storages of this cloud are shared |
//! | DeleteNormalAccountCase (its lost owners) | here an owner is a column of the row, and cannot be lost |
//! | AccountCase (who may delete) | this cloud has no sessions; that the admin's account stays is tested |
//! | TestAsyncCascade 1 to 3 and section 4's small graphs | they need no cloud: they are tests of the engine |

mod accounts;
mod conformance;
mod graph;
mod hosts;
mod images;
mod integrity;
mod networks;
mod primary_storages;
mod routers;
mod services;
mod vms;
mod zone;
