-- The inventory of a small cloud. Every resource has one table, its id is readable (`vm-42`).
--
-- `deleted` marks a removed row, which only the cleanup still sees and deletes. Tables without this column lose their
-- rows at once. `protected` stands for the checks of a real cloud before it removes an instance.

CREATE TABLE account (id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('System', 'Normal'))) WITHOUT ROWID;

-- Compute.

CREATE TABLE zone (
    id TEXT PRIMARY KEY, state TEXT NOT NULL DEFAULT 'Enabled',
    protected INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE cluster (
    id TEXT PRIMARY KEY, zone_id TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'Enabled',
    protected INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX cluster_zone ON cluster (zone_id);

CREATE TABLE host (
    id TEXT PRIMARY KEY, cluster_id TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'Enabled',
    protected INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX host_cluster ON host (cluster_id);

CREATE TABLE host_allocated_cpu (id TEXT PRIMARY KEY, host_id TEXT NOT NULL, cpu INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX host_allocated_cpu_host ON host_allocated_cpu (host_id);

CREATE TABLE host_numa_node (id TEXT PRIMARY KEY, host_id TEXT NOT NULL, node INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX host_numa_node_host ON host_numa_node (host_id);

CREATE TABLE instance_offering (
    id TEXT PRIMARY KEY, account_id TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX instance_offering_account ON instance_offering (account_id);

-- `host_id` is set while the VM is on a host; `last_host_id` is the host of a stopped VM. A VM that could not be stopped before
-- its host was removed is `Unknown`.
CREATE TABLE vm_instance (
    id TEXT PRIMARY KEY, account_id TEXT NOT NULL, zone_id TEXT NOT NULL, cluster_id TEXT, host_id TEXT,
    last_host_id TEXT, instance_offering_id TEXT, image_id TEXT, default_l3_id TEXT,
    state TEXT NOT NULL CHECK (state IN ('Running', 'Paused', 'Stopped', 'Destroyed', 'Unknown')),
    deletion_policy TEXT NOT NULL DEFAULT 'Direct' CHECK (deletion_policy IN ('Direct', 'Delay')),
    protected INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX vm_instance_account ON vm_instance (account_id);
CREATE INDEX vm_instance_cluster ON vm_instance (cluster_id);
CREATE INDEX vm_instance_host ON vm_instance (host_id);
CREATE INDEX vm_instance_last_host ON vm_instance (last_host_id);
CREATE INDEX vm_instance_offering ON vm_instance (instance_offering_id);
CREATE INDEX vm_instance_image ON vm_instance (image_id);
CREATE INDEX vm_instance_default_l3 ON vm_instance (default_l3_id);

CREATE TABLE vm_instance_numa_node (
    id TEXT PRIMARY KEY, vm_instance_id TEXT NOT NULL, node INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX vm_instance_numa_node_vm ON vm_instance_numa_node (vm_instance_id);

-- Virtual routers.
CREATE TABLE appliance_vm (
    id TEXT PRIMARY KEY, account_id TEXT NOT NULL, zone_id TEXT NOT NULL, cluster_id TEXT, host_id TEXT,
    last_host_id TEXT, virtual_router_offering_id TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('VirtualRouter', 'VpcRouter')),
    state TEXT NOT NULL CHECK (state IN ('Running', 'Stopped', 'Unknown')),
    deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX appliance_vm_account ON appliance_vm (account_id);
CREATE INDEX appliance_vm_cluster ON appliance_vm (cluster_id);
CREATE INDEX appliance_vm_host ON appliance_vm (host_id);
CREATE INDEX appliance_vm_last_host ON appliance_vm (last_host_id);
CREATE INDEX appliance_vm_offering ON appliance_vm (virtual_router_offering_id);

CREATE TABLE virtual_router_offering (
    id TEXT PRIMARY KEY, management_l3_id TEXT NOT NULL, public_l3_id TEXT NOT NULL, image_id TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX virtual_router_offering_management ON virtual_router_offering (management_l3_id);
CREATE INDEX virtual_router_offering_public ON virtual_router_offering (public_l3_id);
CREATE INDEX virtual_router_offering_image ON virtual_router_offering (image_id);

-- Storage.

CREATE TABLE primary_storage (
    id TEXT PRIMARY KEY, zone_id TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'Enabled',
    protected INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX primary_storage_zone ON primary_storage (zone_id);

CREATE TABLE primary_storage_cluster_ref (
    primary_storage_id TEXT NOT NULL, cluster_id TEXT NOT NULL, PRIMARY KEY (primary_storage_id, cluster_id)
) WITHOUT ROWID;
CREATE INDEX primary_storage_cluster_ref_cluster ON primary_storage_cluster_ref (cluster_id);

CREATE TABLE disk_offering (
    id TEXT PRIMARY KEY, account_id TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX disk_offering_account ON disk_offering (account_id);

-- `owner_id` is the VM or the router to which the volume is attached; `host_id` the host that mounts it.
CREATE TABLE volume (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('Root', 'Data')), account_id TEXT NOT NULL,
    primary_storage_id TEXT NOT NULL, owner_id TEXT, host_id TEXT, disk_offering_id TEXT,
    status TEXT NOT NULL DEFAULT 'Ready' CHECK (status IN ('Ready', 'Destroyed')),
    deletion_policy TEXT NOT NULL DEFAULT 'Direct' CHECK (deletion_policy IN ('Direct', 'Delay')),
    deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX volume_account ON volume (account_id);
CREATE INDEX volume_primary_storage ON volume (primary_storage_id);
CREATE INDEX volume_owner ON volume (owner_id);
CREATE INDEX volume_host ON volume (host_id);
CREATE INDEX volume_disk_offering ON volume (disk_offering_id);

CREATE TABLE volume_snapshot (
    id TEXT PRIMARY KEY, volume_id TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX volume_snapshot_volume ON volume_snapshot (volume_id);

CREATE TABLE backup_storage (
    id TEXT PRIMARY KEY, state TEXT NOT NULL DEFAULT 'Enabled',
    protected INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE backup_storage_zone_ref (
    backup_storage_id TEXT NOT NULL, zone_id TEXT NOT NULL, PRIMARY KEY (backup_storage_id, zone_id)
) WITHOUT ROWID;
CREATE INDEX backup_storage_zone_ref_zone ON backup_storage_zone_ref (zone_id);

CREATE TABLE image (
    id TEXT PRIMARY KEY, account_id TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'Enabled',
    deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX image_account ON image (account_id);

CREATE TABLE image_backup_storage_ref (
    image_id TEXT NOT NULL, backup_storage_id TEXT NOT NULL, PRIMARY KEY (image_id, backup_storage_id)
) WITHOUT ROWID;
CREATE INDEX image_backup_storage_ref_storage ON image_backup_storage_ref (backup_storage_id);

-- Network.

-- A VXLAN network belongs to a pool, which is itself a row of this table.
CREATE TABLE l2_network (
    id TEXT PRIMARY KEY, account_id TEXT NOT NULL, zone_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('NoVlan', 'Vlan', 'VxlanPool', 'Vxlan')), pool_id TEXT,
    protected INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX l2_network_account ON l2_network (account_id);
CREATE INDEX l2_network_zone ON l2_network (zone_id);
CREATE INDEX l2_network_pool ON l2_network (pool_id);

CREATE TABLE l2_network_cluster_ref (
    l2_network_id TEXT NOT NULL, cluster_id TEXT NOT NULL, PRIMARY KEY (l2_network_id, cluster_id)
) WITHOUT ROWID;
CREATE INDEX l2_network_cluster_ref_cluster ON l2_network_cluster_ref (cluster_id);

CREATE TABLE l3_network (
    id TEXT PRIMARY KEY, account_id TEXT NOT NULL, l2_network_id TEXT NOT NULL,
    protected INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX l3_network_account ON l3_network (account_id);
CREATE INDEX l3_network_l2 ON l3_network (l2_network_id);

CREATE TABLE l3_network_service_ref (
    l3_network_id TEXT NOT NULL, service TEXT NOT NULL, PRIMARY KEY (l3_network_id, service)
) WITHOUT ROWID;

CREATE TABLE ip_range (
    id TEXT PRIMARY KEY, l3_network_id TEXT NOT NULL, version INTEGER NOT NULL CHECK (version IN (4, 6)),
    kind TEXT NOT NULL DEFAULT 'Normal' CHECK (kind IN ('Normal', 'AddressPool')),
    deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX ip_range_l3 ON ip_range (l3_network_id);

-- The NICs of VMs and of routers. `role` is the purpose of the network for a router; it is NULL for a VM.
-- `address` is the main address of the NIC.
CREATE TABLE nic (
    id TEXT PRIMARY KEY, owner_id TEXT NOT NULL, l3_network_id TEXT NOT NULL, address TEXT,
    role TEXT CHECK (role IN ('Guest', 'Public', 'Management', 'Additional'))
) WITHOUT ROWID;
CREATE INDEX nic_owner ON nic (owner_id);
CREATE INDEX nic_l3 ON nic (l3_network_id);

-- An address of a range that is in use, by a NIC or by a VIP.
CREATE TABLE used_ip (
    id TEXT PRIMARY KEY, ip_range_id TEXT NOT NULL, user_id TEXT NOT NULL, address TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX used_ip_range ON used_ip (ip_range_id);
CREATE INDEX used_ip_user ON used_ip (user_id);

CREATE TABLE sdn_controller (id TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX sdn_controller_account ON sdn_controller (account_id);

CREATE TABLE vtep (
    id TEXT PRIMARY KEY, l2_network_id TEXT NOT NULL, cluster_id TEXT NOT NULL, host_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX vtep_l2 ON vtep (l2_network_id);
CREATE INDEX vtep_host ON vtep (host_id);

CREATE TABLE remote_vtep (
    id TEXT PRIMARY KEY, l2_network_id TEXT NOT NULL, cluster_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX remote_vtep_l2 ON remote_vtep (l2_network_id);
CREATE INDEX remote_vtep_cluster ON remote_vtep (cluster_id);

-- Network services.

CREATE TABLE vip (
    id TEXT PRIMARY KEY, account_id TEXT NOT NULL, l3_network_id TEXT NOT NULL, ip_range_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX vip_account ON vip (account_id);
CREATE INDEX vip_l3 ON vip (l3_network_id);
CREATE INDEX vip_range ON vip (ip_range_id);

CREATE TABLE eip (id TEXT PRIMARY KEY, vip_id TEXT NOT NULL, nic_id TEXT) WITHOUT ROWID;
CREATE INDEX eip_vip ON eip (vip_id);
CREATE INDEX eip_nic ON eip (nic_id);

CREATE TABLE port_forwarding_rule (id TEXT PRIMARY KEY, vip_id TEXT NOT NULL, nic_id TEXT) WITHOUT ROWID;
CREATE INDEX port_forwarding_rule_vip ON port_forwarding_rule (vip_id);
CREATE INDEX port_forwarding_rule_nic ON port_forwarding_rule (nic_id);

CREATE TABLE access_control_list (id TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX access_control_list_account ON access_control_list (account_id);

CREATE TABLE load_balancer (id TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX load_balancer_account ON load_balancer (account_id);

CREATE TABLE load_balancer_vip_ref (
    load_balancer_id TEXT NOT NULL, vip_id TEXT NOT NULL, PRIMARY KEY (load_balancer_id, vip_id)
) WITHOUT ROWID;
CREATE INDEX load_balancer_vip_ref_vip ON load_balancer_vip_ref (vip_id);

CREATE TABLE load_balancer_listener (id TEXT PRIMARY KEY, load_balancer_id TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX load_balancer_listener_load_balancer ON load_balancer_listener (load_balancer_id);

CREATE TABLE listener_acl_ref (
    listener_id TEXT NOT NULL, access_control_list_id TEXT NOT NULL,
    PRIMARY KEY (listener_id, access_control_list_id)
) WITHOUT ROWID;
CREATE INDEX listener_acl_ref_acl ON listener_acl_ref (access_control_list_id);

CREATE TABLE certificate (id TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX certificate_account ON certificate (account_id);

CREATE TABLE security_group (id TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX security_group_account ON security_group (account_id);

CREATE TABLE vm_nic_security_group_ref (
    id TEXT PRIMARY KEY, nic_id TEXT NOT NULL, vm_instance_id TEXT NOT NULL, security_group_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX vm_nic_security_group_ref_nic ON vm_nic_security_group_ref (nic_id);
CREATE INDEX vm_nic_security_group_ref_vm ON vm_nic_security_group_ref (vm_instance_id);
CREATE INDEX vm_nic_security_group_ref_group ON vm_nic_security_group_ref (security_group_id);
