"""A stand-in's gRPC face: the provider protocol of a bridged provider, as the engine uses it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from provider import wire
from provider.wire import Values
from tests.support.standin.kind import Kind, Refused

T = TypeVar("T")
Function = Callable[[Values], Values]


class Standin(provider_pb2_grpc.ResourceProviderServicer):
    """Serves some resource types of another provider, in its name and version.

    Secrets come and go in plain, as with bridged providers: the engine marks an output as secret
    when the input of that name was, or when the program says so.
    """

    def __init__(self, version: str, kinds: Iterable[Kind], functions: Mapping[str, Function]):
        self._version = version
        self._kinds = {kind.token: kind for kind in kinds}
        self._functions = functions
        self.configure: Callable[[Values], None] = lambda _: None

    def attach(self, engine_address: str) -> None:
        """Nothing is logged: a stand-in says what the API would."""

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo(version=self._version)

    def CheckConfig(self, request: Any, context: Any) -> provider_pb2.CheckResponse:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:  # noqa: N802
        changed = wire.read(request.olds).values != wire.read(request.news).values
        response = provider_pb2.DiffResponse
        return response(changes=response.DIFF_SOME if changed else response.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:  # noqa: N802
        self.configure(wire.read(request.args).values)
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:  # type: ignore[name-defined] # noqa: N802
        return empty_pb2.Empty()  # type: ignore[attr-defined]

    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:  # noqa: N802
        kind, name = self._of(request.urn)
        old, new = wire.read(request.olds).values, _tidy(wire.read(request.news).values)
        faults = self._answer(context, lambda: kind.faults(new))
        failures = [provider_pb2.CheckFailure(property="", reason=fault) for fault in faults]
        inputs = new if faults else kind.completed(name, old, new)
        return provider_pb2.CheckResponse(inputs=wire.write(inputs), failures=failures)

    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:  # noqa: N802
        kind, _ = self._of(request.urn)
        old, new = (_tidy(wire.read(p).values) for p in (request.old_inputs, request.news))
        changes = self._answer(context, lambda: kind.changes(old, new))
        kept = {k: v for k, v in changes.items() if k not in request.ignoreChanges}
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if kept else response.DIFF_NONE,
            diffs=list(kept),
            replaces=[name for name, change in kept.items() if change == "replace"],
        )

    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:  # noqa: N802
        kind, name = self._of(request.urn)
        inputs = _tidy(wire.read(request.properties).values)
        if request.preview:
            return provider_pb2.CreateResponse(properties=wire.write(kind.preview(inputs)))
        made = self._answer(context, lambda: kind.create(name, inputs))
        outputs = {**inputs, **made.outputs}
        return provider_pb2.CreateResponse(id=made.id, properties=wire.write(outputs))

    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:  # noqa: N802
        kind, _ = self._of(request.urn)
        outputs, inputs = (wire.read(p).values for p in (request.properties, request.inputs))
        seen = self._answer(context, lambda: kind.read(request.id, outputs))
        if seen is None:
            return provider_pb2.ReadResponse()
        found = {**outputs, **seen}
        given = {name: found.get(name, value) for name, value in inputs.items()}
        return provider_pb2.ReadResponse(
            id=request.id, properties=wire.write(found), inputs=wire.write(given)
        )

    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:  # noqa: N802
        kind, _ = self._of(request.urn)
        outputs, inputs = (_tidy(wire.read(p).values) for p in (request.olds, request.news))
        if request.preview:
            return provider_pb2.UpdateResponse(properties=wire.write({**outputs, **inputs}))
        changed = self._answer(context, lambda: kind.update(request.id, outputs, inputs))
        kept = {k: v for k, v in outputs.items() if k not in kind.args}
        return provider_pb2.UpdateResponse(properties=wire.write({**kept, **inputs, **changed}))

    def Delete(self, request: Any, context: Any) -> empty_pb2.Empty:  # type: ignore[name-defined] # noqa: N802
        kind, _ = self._of(request.urn)
        outputs = wire.read(request.properties).values
        self._answer(context, lambda: kind.delete(request.id, outputs))
        return empty_pb2.Empty()  # type: ignore[attr-defined]

    def Invoke(self, request: Any, context: Any) -> provider_pb2.InvokeResponse:  # noqa: N802
        arguments = wire.read(request.args).values
        result = self._answer(context, lambda: self._functions[request.tok](arguments))
        return provider_pb2.InvokeResponse(**{"return": wire.write(result)})

    def _of(self, urn: str) -> tuple[Kind, str]:
        *_, kind, name = urn.split("::", 3)
        return self._kinds[kind.rsplit("$", 1)[-1]], name

    def _answer(self, context: Any, work: Callable[[], T]) -> T:
        try:
            return work()
        except Refused as refused:
            context.abort(grpc.StatusCode.UNKNOWN, f"the cloud's API answered {refused}")
        except Exception:  # noqa: BLE001 - the border: a test reads the whole of it
            context.abort(grpc.StatusCode.UNKNOWN, f"stand-in fault: {traceback.format_exc()}")
        raise AssertionError  # abort raises


def _tidy(values: Values) -> Values:
    """Leave out what the engine adds for providers written in other ways."""
    return {k: v for k, v in values.items() if k not in {"__defaults", "id"} and v is not None}
