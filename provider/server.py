"""The plugin's gRPC face: translates the engine's calls into the resource types' operations."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from components.errors import ConfigError, FairwayError
from provider import wire
from provider.operations import CancelledError, EngineLog, Operations
from provider.resource import Call, Made, PartlyMadeError, ResourceType

VERSION: Final = "0.1.0"
T = TypeVar("T")
Function = Callable[[wire.Values], wire.Values]


class FairwayProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves the given resource types and functions to one engine."""

    def __init__(
        self, types: Mapping[str, ResourceType], functions: Mapping[str, Function]
    ) -> None:
        self._types = types
        self._functions = functions
        self._operations = Operations()
        self._log: EngineLog | None = None

    # -- the plugin itself

    def Handshake(  # noqa: N802
        self, request: provider_pb2.ProviderHandshakeRequest, context: Any
    ) -> provider_pb2.ProviderHandshakeResponse:
        self.attach(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def attach(self, engine_address: str) -> None:
        """Log to this engine from now on."""
        self._log = EngineLog(engine_address)

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: Any
    ) -> provider_pb2.CheckResponse:
        """Keep no configuration: every resource carries what it needs.

        Project and package share their name, so the engine sends the whole stack's configuration
        here and would store what is returned in the state.
        """
        kept = {k: v for k, v in wire.read(request.news).values.items() if k == "version"}
        return provider_pb2.CheckResponse(inputs=wire.write(kept))

    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:  # noqa: N802
        """Say "some": after "none" the engine would configure the plugin with old values."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_SOME)

    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:  # noqa: N802
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False
        )

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:  # type: ignore[name-defined] # noqa: N802
        self._operations.cancel()
        return empty_pb2.Empty()  # type: ignore[attr-defined]

    # -- resources

    def Check(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: Any
    ) -> provider_pb2.CheckResponse:
        kind, call = self._opened(request.urn)
        old, new = wire.read(request.olds), wire.read(request.news)
        where = f"{kind.urn_type.rsplit(':', 1)[-1]} {call.name}"
        inputs, errors = self._answer(
            context, call, lambda: kind.check(where, old.values, new.values)
        )
        # An empty property name: a nested one would be printed as "{map[...]}".
        failures = [provider_pb2.CheckFailure(property="", reason=str(e)) for e in errors]
        secrets = ((new.secrets & inputs.keys()) | kind.secrets) - kind.hashed
        return provider_pb2.CheckResponse(inputs=wire.write(inputs, secrets), failures=failures)

    def Diff(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: Any
    ) -> provider_pb2.DiffResponse:
        kind, call = self._opened(request.urn)
        old, outputs, new = (
            wire.read(part).values for part in (request.old_inputs, request.olds, request.news)
        )
        changes = self._answer(context, call, lambda: kind.changes(old, outputs, new))
        kept = {name: rule for name, rule in changes.items() if name not in request.ignoreChanges}
        return _diff_response(kept, old, new)

    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: Any
    ) -> provider_pb2.CreateResponse:
        kind, call = self._opened(request.urn, request.timeout)
        inputs = wire.read(request.properties).values
        if request.preview:
            return provider_pb2.CreateResponse(
                properties=wire.write(kind.preview(inputs, None), kind.secrets)
            )
        made = self._answer(context, call, lambda: kind.create(call, inputs))
        return provider_pb2.CreateResponse(
            id=made.id,
            properties=wire.write(made.outputs, kind.secrets),
            refresh_before_update=kind.drifts,
        )

    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: Any
    ) -> provider_pb2.ReadResponse:
        kind, call = self._opened(request.urn)
        old, outputs = wire.read(request.inputs), wire.read(request.properties)
        made = Made(request.id, outputs.values)
        seen = self._answer(context, call, lambda: _read(kind, call, made, old.values))
        if seen is None:
            return provider_pb2.ReadResponse()
        inputs, found = seen
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=wire.write(found, kind.secrets),
            inputs=wire.write(inputs, old.secrets | kind.secrets),
            refresh_before_update=kind.drifts,
        )

    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: Any
    ) -> provider_pb2.UpdateResponse:
        kind, call = self._opened(request.urn, request.timeout)
        made = Made(request.id, wire.read(request.olds).values)
        inputs = wire.read(request.news).values
        if request.preview:
            outputs = kind.preview(inputs, made.outputs)
        else:
            call.note(made)
            outputs = self._answer(context, call, lambda: kind.update(call, made, inputs))
        return provider_pb2.UpdateResponse(
            properties=wire.write(outputs, kind.secrets), refresh_before_update=kind.drifts
        )

    def Delete(self, request: provider_pb2.DeleteRequest, context: Any) -> empty_pb2.Empty:  # type: ignore[name-defined] # noqa: N802
        kind, call = self._opened(request.urn, request.timeout)
        made = Made(request.id, wire.read(request.properties).values)
        inputs = wire.read(request.old_inputs).values
        self._answer(context, call, lambda: kind.delete(call, made, inputs))
        return empty_pb2.Empty()  # type: ignore[attr-defined]

    def Invoke(  # noqa: N802
        self, request: provider_pb2.InvokeRequest, context: Any
    ) -> provider_pb2.InvokeResponse:
        call = Call(urn="", report=lambda _: None)
        function = self._functions[request.tok]
        arguments = wire.read(request.args).values
        result = self._answer(context, call, lambda: function(arguments))
        return provider_pb2.InvokeResponse(**{"return": wire.write(result)})

    # -- plumbing

    def _opened(self, urn: str, timeout: float = 0) -> tuple[ResourceType, Call]:
        """Find the type in `urn:pulumi:<stack>::<project>::<type path>::<name>`."""
        token = urn.split("::")[2].rsplit("$", 1)[-1]
        report = self._log.progress(urn) if self._log else lambda _: None
        return self._types[token], Call(urn=urn, report=report, timeout=timeout)

    def _answer(self, context: Any, call: Call, work: Callable[[], T]) -> T:
        """Run the work; turn what it raises into what the user is to read."""
        try:
            return self._operations.run(call, work)
        except PartlyMadeError as partly:
            self._fail_partly(context, call, partly)
        except CancelledError:
            context.abort(grpc.StatusCode.CANCELLED, "cancelled before anything was made")
        except FairwayError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:  # noqa: BLE001 - the border: the engine gets one line
            if self._log:
                self._log.debug(traceback.format_exc(), call.urn)
            line = f"{type(error).__name__}: {error}".splitlines()[0]
            context.abort(
                grpc.StatusCode.UNKNOWN,
                f"a fault of Fairway's own, please report it: {line}; the traceback is in the"
                " log of `pulumi up --debug`",
            )
        raise AssertionError  # abort raises

    def _fail_partly(self, context: Any, call: Call, partly: PartlyMadeError) -> None:
        kind, _ = self._opened(call.urn)
        detail = any_pb2.Any()  # type: ignore[attr-defined]
        detail.Pack(
            provider_pb2.ErrorResourceInitFailed(
                id=partly.made.id,
                properties=wire.write(partly.made.outputs, kind.secrets),
                reasons=list(partly.reasons),
                refresh_before_update=kind.drifts,
            )
        )
        status = status_pb2.Status(
            code=grpc.StatusCode.UNKNOWN.value[0], message=partly.reasons[0], details=[detail]
        )
        packed: bytes = status.SerializeToString()  # type: ignore[no-untyped-call]
        context.set_trailing_metadata((("grpc-status-details-bin", packed),))
        context.abort(grpc.StatusCode.UNKNOWN, partly.reasons[0])


def _read(
    kind: ResourceType, call: Call, made: Made, inputs: wire.Values
) -> tuple[wire.Values, wire.Values] | None:
    if not inputs:
        raise ConfigError(
            where=call.name,
            what="a Fairway resource cannot be imported",
            hint="let `pulumi up` create it: it adopts what already exists",
        )
    return kind.read(call, made, inputs)


def _diff_response(
    changes: Mapping[str, str], old: wire.Values, new: wire.Values
) -> provider_pb2.DiffResponse:
    response = provider_pb2.DiffResponse
    replaces = [name for name, rule in changes.items() if rule == "replace"]
    return response(
        changes=response.DIFF_SOME if changes else response.DIFF_NONE,
        diffs=list(changes),
        replaces=replaces,
        deleteBeforeReplace=bool(replaces),
        detailedDiff={name: _property_diff(name, rule, old, new) for name, rule in changes.items()},
        hasDetailedDiff=True,
    )


def _property_diff(
    name: str, rule: str, old: wire.Values, new: wire.Values
) -> provider_pb2.PropertyDiff:
    of_inputs = name in old or name in new
    verb = "UPDATE"
    if of_inputs and name not in old:
        verb = "ADD"
    elif of_inputs and name not in new:
        verb = "DELETE"
    kind = verb + ("_REPLACE" if rule == "replace" else "")
    return provider_pb2.PropertyDiff(
        kind=provider_pb2.PropertyDiff.Kind.Value(kind), inputDiff=of_inputs
    )
