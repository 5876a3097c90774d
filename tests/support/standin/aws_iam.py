"""aws:iam/role, rolePolicyAttachment and instanceProfile: IAM, which knows no region."""

from __future__ import annotations

import json
import re
from typing import ClassVar, Final
from urllib.parse import unquote

from provider.wire import Values
from tests.support.standin.aws_api import Row
from tests.support.standin.aws_kind import AwsKind, Rules, differs, known
from tests.support.standin.kind import Change, Refused
from tests.support.standin.table import Table

_LONGEST_ROLE: Final = 64
_LONGEST_PROFILE: Final = 128


class Role(AwsKind):
    """A role; its policies are resources of their own."""

    token = "aws:iam/role:Role"
    named = "name"
    more = "arn createDate uniqueId"
    recorded_only = True
    args = Table(
        required="assume_role_policy",
        replace="name name_prefix path",
        update="assume_role_policy description force_detach_policies inline_policies"
        " managed_policy_arns max_session_duration permissions_boundary tags",
        computed="inline_policies managed_policy_arns name name_prefix",
        shapes={
            "flag": "force_detach_policies",
            "list": "inline_policies managed_policy_arns",
            "number": "max_session_duration",
            "map": "tags",
        },
        conflicts={"name": "name_prefix"},
    ).args()

    def rules(self, inputs: Values) -> Rules:
        told = _bad_name(inputs, _LONGEST_ROLE)
        if inputs.get("inlinePolicies") or inputs.get("managedPolicyArns"):
            told.append("'managedPolicyArns': this stand-in knows policies as resources alone")
        if known(inputs, "assumeRolePolicy") and _policy(inputs["assumeRolePolicy"]) is None:
            told.append("'assumeRolePolicy' contains an invalid JSON policy")
        return told

    def changes(self, old: Values, new: Values) -> dict[str, Change]:
        """Policies are compared by what they say."""
        found, name = super().changes(old, new), "assumeRolePolicy"
        if known(new, name) and _policy(old.get(name, "")) == _policy(new[name]):
            found.pop(name, None)
        return found

    def make(self, name: str, inputs: Values) -> str:
        words = {"RoleName": inputs["name"], "AssumeRolePolicyDocument": inputs["assumeRolePolicy"]}
        optional = {
            "Path": "path",
            "Description": "description",
            "MaxSessionDuration": "maxSessionDuration",
            "PermissionsBoundary": "permissionsBoundary",
        }
        words |= {word: inputs[each] for word, each in optional.items() if each in inputs}
        self.api.ask("iam:CreateRole", **words, **_tag_list(self.all_tags(inputs)))
        return str(inputs["name"])

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        self.api.note("iam:ListRolePolicies", "iam:ListAttachedRolePolicies")
        try:
            row: Row = self.api.ask("iam:GetRole", RoleName=id)["Role"]
        except Refused as refused:
            if refused.code != "NoSuchEntity":
                raise
            return None
        return row

    def show(self, row: Row, outputs: Values) -> Values:
        document = row["AssumeRolePolicyDocument"]
        text = json.dumps(document) if isinstance(document, dict) else unquote(document)
        given = outputs.get("assumeRolePolicy", "")
        return {
            "arn": row["Arn"],
            "assumeRolePolicy": given if _policy(given) == _policy(text) else text,
            "createDate": str(row["CreateDate"]),
            "description": row.get("Description", ""),
            "maxSessionDuration": row.get("MaxSessionDuration", 3600),
            "name": row["RoleName"],
            "path": row["Path"],
            "uniqueId": row["RoleId"],
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        if differs(old, new, "assumeRolePolicy"):
            words = {"RoleName": id, "PolicyDocument": new["assumeRolePolicy"]}
            self.api.ask("iam:UpdateAssumeRolePolicy", **words)
        if differs(old, new, "description") or differs(old, new, "maxSessionDuration"):
            words = {"RoleName": id, "Description": new.get("description", "")}
            duration = new.get("maxSessionDuration", 3600)
            self.api.ask("iam:UpdateRole", **words, MaxSessionDuration=duration)

    def retag(self, id: str, old: Row, new: Row) -> None:  # type: ignore[override] # noqa: A002 - as above
        _retag(self, "Role", id, old, new)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        asked = "iam:ListInstanceProfilesForRole", "InstanceProfiles"
        for profile in self.api.rows(*asked, RoleName=id):
            words = {"InstanceProfileName": profile["InstanceProfileName"], "RoleName": id}
            self.api.ask("iam:RemoveRoleFromInstanceProfile", **words)
        work = lambda: self.api.ask("iam:DeleteRole", RoleName=id)  # noqa: E731 - one expression
        self.cloud.patiently(work, "DeleteConflict")


class RolePolicyAttachment(AwsKind):
    """A managed policy of a role; all of it is replaced."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    recorded_only = True
    args = Table(required="policy_arn role", replace="policy_arn role").args()

    def make(self, name: str, inputs: Values) -> str:
        words = {"RoleName": inputs["role"], "PolicyArn": inputs["policyArn"]}
        self.api.ask("iam:AttachRolePolicy", **words)
        return f"{inputs['role']}/{inputs['policyArn']}"

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        asked = "iam:ListAttachedRolePolicies", "AttachedPolicies"
        try:
            rows = self.api.rows(*asked, RoleName=outputs["role"])
        except Refused:
            return None
        return next((row for row in rows if row["PolicyArn"] == outputs["policyArn"]), None)

    def show(self, row: Row, outputs: Values) -> Values:
        return {"policyArn": row["PolicyArn"], "role": outputs["role"]}

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        words = {"RoleName": outputs["role"], "PolicyArn": outputs["policyArn"]}
        self.api.ask("iam:DetachRolePolicy", **words)


class InstanceProfile(AwsKind):
    """What an instance carries its role in."""

    token = "aws:iam/instanceProfile:InstanceProfile"
    named = "name"
    more = "arn createDate uniqueId"
    recorded_only = True
    args = Table(
        replace="name name_prefix path",
        update="role tags",
        computed="name name_prefix",
        shapes={"map": "tags"},
        conflicts={"name": "name_prefix"},
    ).args()
    quota: ClassVar = 1  # roles of one profile

    def rules(self, inputs: Values) -> Rules:
        return _bad_name(inputs, _LONGEST_PROFILE)

    def make(self, name: str, inputs: Values) -> str:
        words = {"InstanceProfileName": inputs["name"], "Path": inputs.get("path", "/")}
        self.api.ask("iam:CreateInstanceProfile", **words, **_tag_list(self.all_tags(inputs)))
        made = str(inputs["name"])
        with self.building(made, inputs):
            self._carry(made, inputs.get("role"))
        return made

    def look(self, id: str, outputs: Values) -> Row | None:  # noqa: A002 - the engine's word
        try:
            asked = {"InstanceProfileName": id}
            row: Row = self.api.ask("iam:GetInstanceProfile", **asked)["InstanceProfile"]
        except Refused as refused:
            if refused.code != "NoSuchEntity":
                raise
            return None
        return row

    def show(self, row: Row, outputs: Values) -> Values:
        role = _role_of(row)
        return {
            "arn": row["Arn"],
            "createDate": str(row["CreateDate"]),
            "name": row["InstanceProfileName"],
            "path": row["Path"],
            "uniqueId": row["InstanceProfileId"],
            **({"role": role} if role or "role" in outputs else {}),
        }

    def alter(self, id: str, old: Values, new: Values) -> None:  # noqa: A002 - the engine's word
        if differs(old, new, "role"):
            self._drop(id, old.get("role"))
            self._carry(id, new["role"])

    def retag(self, id: str, old: Row, new: Row) -> None:  # type: ignore[override] # noqa: A002 - as above
        _retag(self, "InstanceProfile", id, old, new)

    def take(self, id: str, outputs: Values) -> None:  # noqa: A002 - as above
        self._drop(id, _role_of(self.look(id, outputs) or {}))
        self.api.ask("iam:DeleteInstanceProfile", InstanceProfileName=id)

    def _carry(self, profile: str, role: str | None) -> None:
        if role:
            self.api.note("iam:PassRole")  # a right that AddRoleToInstanceProfile needs
            words = {"InstanceProfileName": profile, "RoleName": role}
            self.api.ask("iam:AddRoleToInstanceProfile", **words)

    def _drop(self, profile: str, role: str | None) -> None:
        if role:
            words = {"InstanceProfileName": profile, "RoleName": role}
            self.api.ask("iam:RemoveRoleFromInstanceProfile", **words)


def _role_of(profile: Row) -> str:
    roles = profile.get("Roles", ())
    return str(roles[0]["RoleName"]) if roles else ""


def _bad_name(inputs: Values, most: int) -> list[str]:
    if not known(inputs, "name") or re.fullmatch(rf"[\w+=,.@-]{{1,{most}}}", inputs["name"]):
        return []
    return [f"argument 'name': 1 to {most} of letters, digits and _+=,.@- wanted"]


def _policy(text: str) -> object | None:
    try:
        found: object = json.loads(text)
    except ValueError:
        return None
    return found


def _tag_list(tags: Row) -> Row:
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}


def _retag(kind: AwsKind, what: str, name: str, old: Row, new: Row) -> None:
    """IAM's own way to tag: one pair of actions for each of its kinds."""
    words = {f"{what}Name": name}
    gone = [key for key in old if key not in new]
    if gone:
        kind.api.ask(f"iam:Untag{what}", **words, TagKeys=gone)
    kind.api.ask(f"iam:Tag{what}", **words, **_tag_list(new))
