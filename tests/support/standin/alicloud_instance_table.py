"""The arguments of alicloud:ecs/instance, by the columns of the provider's schema."""

from __future__ import annotations

from typing import Final

from tests.support.standin.table import Table

ARGS: Final = Table(
    replace="availability_zone network_interface_id system_disk_category"
    " system_disk_storage_cluster_id system_disk_encrypted system_disk_kms_key_id"
    " system_disk_encrypt_algorithm network_interface_traffic_mode network_card_index"
    " queue_pair_number source_dest_check spot_strategy spot_price_limit"
    " security_enhancement_strategy hpc_cluster_id spot_interruption_behavior"
    " http_put_response_hop_limit ipv6_address_count dedicated_host_id launch_template_name"
    " launch_template_id launch_template_version",
    update="image_id instance_type credit_specification security_groups instance_name"
    " resource_group_id description internet_charge_type internet_max_bandwidth_out host_name"
    " password kms_encrypted_password kms_encryption_context password_inherit is_outdated"
    " system_disk_name system_disk_description system_disk_size system_disk_performance_level"
    " system_disk_auto_snapshot_policy_id system_disk_provisioned_iops"
    " system_disk_bursting_enabled data_disks network_interfaces vpc_id vswitch_id private_ip"
    " instance_charge_type period period_unit renewal_status auto_renew_period"
    " include_data_disks dry_run status user_data key_name deletion_protection force_delete tags"
    " volume_tags auto_release_time secondary_private_ips secondary_private_ip_address_count"
    " deployment_set_id operator_type stopped_mode maintenance_time maintenance_action"
    " maintenance_notify spot_duration http_tokens http_endpoint ipv6_addresses"
    " enable_jumbo_frame private_pool_options_match_criteria private_pool_options_id"
    " image_options enable_high_density_mode cpu_options enable_network_encryption"
    " instance_metadata_tags",
    # Where these are left out the cloud decides, and the provider sees no difference.
    computed="availability_zone network_interface_id system_disk_storage_cluster_id"
    " system_disk_encrypted system_disk_kms_key_id network_interface_traffic_mode"
    " network_card_index queue_pair_number source_dest_check spot_interruption_behavior"
    " http_put_response_hop_limit ipv6_address_count credit_specification resource_group_id"
    " host_name system_disk_performance_level system_disk_provisioned_iops"
    " network_interfaces vpc_id private_ip key_name volume_tags secondary_private_ips"
    " secondary_private_ip_address_count stopped_mode maintenance_time maintenance_action"
    " maintenance_notify http_tokens http_endpoint ipv6_addresses enable_jumbo_frame"
    " image_options cpu_options enable_network_encryption instance_metadata_tags",
    shapes={
        "number": "network_card_index queue_pair_number spot_price_limit"
        " http_put_response_hop_limit ipv6_address_count internet_max_bandwidth_out"
        " system_disk_size system_disk_provisioned_iops period auto_renew_period"
        " secondary_private_ip_address_count spot_duration",
        "flag": "system_disk_encrypted source_dest_check password_inherit is_outdated"
        " system_disk_bursting_enabled include_data_disks dry_run deletion_protection"
        " force_delete maintenance_notify enable_jumbo_frame enable_high_density_mode"
        " enable_network_encryption",
        "list": "security_groups data_disks secondary_private_ips ipv6_addresses",
        "map": "kms_encryption_context network_interfaces tags volume_tags maintenance_time"
        " image_options cpu_options",
    },
    one_of={
        "internet_charge_type": "PayByBandwidth PayByTraffic",
        "system_disk_category": "all cloud ephemeral_ssd cloud_essd cloud_efficiency cloud_ssd"
        " local_disk cloud_auto cloud_essd_entry",
        "system_disk_performance_level": "PL0 PL1 PL2 PL3",
        "network_interface_traffic_mode": "Standard HighPerformance",
        "instance_charge_type": "PrePaid PostPaid",
        "period_unit": "Week Month",
        "status": "Running Stopped",
        "spot_strategy": "NoSpot SpotAsPriceGo SpotWithPriceLimit",
        "operator_type": "upgrade downgrade",
        "stopped_mode": "StopCharging KeepCharging Not-applicable",
        "maintenance_action": "Stop AutoRecover AutoRedeploy",
        "spot_interruption_behavior": "Terminate Stop",
        "http_tokens": "optional required",
        "http_endpoint": "enabled disabled",
    },
    conflicts={
        "secondary_private_ips": "secondary_private_ip_address_count",
        "secondary_private_ip_address_count": "secondary_private_ips",
        "ipv6_address_count": "ipv6_addresses",
        "ipv6_addresses": "ipv6_address_count",
        "dedicated_host_id": "spot_strategy spot_price_limit",
    },
).args()
