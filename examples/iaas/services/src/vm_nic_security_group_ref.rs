//! NICs of VMs in security groups.

use cascade_core::prelude::*;
use iaas_model::compute::{VmId, VmInstance};
use iaas_model::identity::{Account, AccountId};
use iaas_model::services::{VmNicSecurityGroupRef, VmNicSecurityGroupRefId};
use iaas_model::{Db, DbError, policy};

#[derive(Extension)]
struct VmNicSecurityGroupRefCascade {
    db: Db,
}

#[cascade(resource = "VmNicSecurityGroupRef", edges = [VmInstance, Account], batch = 500)]
impl VmNicSecurityGroupRefCascade {
    /// A VM with delayed deletion stays in its groups.
    #[affected(by = VmInstance)]
    async fn of_vms(
        &self,
        vms: &[VmId],
        cx: &FindContext,
    ) -> Result<Vec<(VmId, VmNicSecurityGroupRefId)>, DbError> {
        let all =
            "SELECT vm_instance_id, id FROM vm_nic_security_group_ref WHERE vm_instance_id IN rarray(?1)";
        let of_direct = "SELECT member.vm_instance_id, member.id
            FROM vm_nic_security_group_ref AS member JOIN vm_instance AS vm ON vm.id = member.vm_instance_id
            WHERE member.vm_instance_id IN rarray(?1) AND vm.deletion_policy = 'Direct'";
        self.db.pairs(vms, if policy::is_asked_for(cx) { of_direct } else { all }).await
    }

    /// The members of the account's groups, also VMs of other accounts. The groups are removed with the account
    /// itself.
    #[affected(by = Account)]
    async fn in_groups_of(
        &self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, VmNicSecurityGroupRefId)>, DbError> {
        let sql = "SELECT security_group.account_id, member.id
            FROM security_group JOIN vm_nic_security_group_ref AS member
                ON member.security_group_id = security_group.id
            WHERE security_group.account_id IN rarray(?1)";
        self.db.pairs(accounts, sql).await
    }

    #[on(Delete, from = [VmInstance, Account])]
    async fn leave(&self, members: &[VmNicSecurityGroupRefId]) -> Result<(), DbError> {
        self.db.change(members, ["DELETE FROM vm_nic_security_group_ref WHERE id IN rarray(?1)"]).await
    }
}
