"""Alibaba Cloud: what pulumi-alicloud builds, and what its API is asked."""
