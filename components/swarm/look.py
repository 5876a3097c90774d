"""Looking: the machine, all planned managers at once, and the Swarm as a standing one tells it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from components.errors import CommandFailed, DeadlineExceeded, HostUnreachable, SwarmError
from components.host.names import GWBRIDGE, ROUTED_CONFIG, ROUTED_NETWORK
from components.remote.endpoint import Endpoint, Session
from components.remote.session import PATIENCE, Sessions
from components.swarm import facts
from components.swarm.facts import Entry, LocalNetwork, Row
from components.swarm.managers import CALL, LEADER, NEAR, Managers
from components.swarm.model import SWARM_PORT, NodePlan
from components.swarm.seen import Machine, Seen, SwarmView

SILENT = (HostUnreachable, CommandFailed, DeadlineExceeded, SwarmError)


def look(plan: NodePlan, sessions: Sessions, *, deadline: float = PATIENCE) -> Seen:
    """See all that a decision on this node needs. Peers that do not answer are seen as such.

    Raises:
        HostUnreachable: The machine itself does not answer for `deadline` seconds.
        CommandFailed: Its Docker does not answer.
    """
    session = sessions.to(plan.endpoint, deadline=deadline)
    me = ask(plan.endpoint, session)
    networks = local_networks(session)
    return _seen(plan, sessions, me, networks, survey(plan.others, sessions))


def look_past(plan: NodePlan, sessions: Sessions) -> Seen:
    """As `look`, where the machine itself may be silent: `me.engine` is None then."""
    me, *peers = survey((plan.endpoint, *plan.others), sessions)
    try:
        networks = local_networks(sessions.to(plan.endpoint, deadline=NEAR)) if me.engine else {}
    except SILENT:
        networks = {}
    return _seen(plan, sessions, me, networks, peers)


def ask(endpoint: Endpoint, session: Session) -> Machine:
    """What the machine's own engine says of its membership."""
    engine = facts.read_engine(session.run(facts.INFO, timeout=CALL).stdout)
    marker = facts.read_marker(session.run(facts.MARKER, ok=(0, 1)).stdout)
    return Machine(name=endpoint.name, engine=engine, marker=marker)


def ask_or_note(endpoint: Endpoint, sessions: Sessions, *, deadline: float = NEAR) -> Machine:
    try:
        return ask(endpoint, sessions.to(endpoint, deadline=deadline))
    except SILENT as error:
        return Machine(name=endpoint.name, engine=None, problem=str(error))


def survey(
    endpoints: Sequence[Endpoint], sessions: Sessions, *, deadline: float = NEAR
) -> tuple[Machine, ...]:
    """Ask all at once; takes as long as the slowest, `deadline` plus one command at most."""
    if not endpoints:
        return ()
    with ThreadPoolExecutor(len(endpoints)) as pool:
        return tuple(pool.map(lambda one: ask_or_note(one, sessions, deadline=deadline), endpoints))


def standing(
    plan: NodePlan, machines: Sequence[Machine], sessions: Sessions, *, patience: float = LEADER
) -> Managers:
    """Those of `machines` that can act for this cluster's Swarm, as one."""
    names = [machine.name for machine in machines if machine.stands(plan.cluster)]
    known = {endpoint.name: endpoint for endpoint in (plan.endpoint, *plan.managers)}
    return Managers([known[name] for name in names], sessions, patience=patience)


def _seen(
    plan: NodePlan,
    sessions: Sessions,
    me: Machine,
    networks: dict[str, LocalNetwork],
    peers: Sequence[Machine],
) -> Seen:
    seen = Seen(me=me, networks=networks, peers=tuple(peers), swarm=None)
    acting = seen.standing(plan.cluster)
    if not acting:
        return seen
    swarm = _view(plan, me, acting, standing(plan, acting, sessions))
    return Seen(me=me, networks=networks, peers=seen.peers, swarm=swarm)


def _view(plan: NodePlan, me: Machine, acting: Sequence[Machine], managers: Managers) -> SwarmView:
    engines = [machine.engine for machine in acting if machine.engine]
    rows = facts.read_rows(managers.run(facts.NODES).stdout)
    return SwarmView(
        id=engines[0].swarm_id,
        rows=rows,
        entries=_entries(plan, me, rows, managers),
        routed=_routed(managers),
        doors=tuple(
            f"{engine.address}:{SWARM_PORT}" for engine in engines if engine is not me.engine
        ),
    )


def _entries(
    plan: NodePlan, me: Machine, rows: Sequence[Row], managers: Managers
) -> tuple[Entry, ...]:
    own = me.engine.node_id if me.engine else ""
    ids = [row.id for row in rows if row.id == own or row.hostname in (plan.name, "")]
    entries = [entry for node_id in ids for entry in entry_of(node_id, managers)]
    # An entry without a name is a join that is under way or died: the address tells whose. It may
    # have got its name since the list was read.
    return tuple(entry for entry in entries if entry.id == own or _of_slot(entry, plan))


def _of_slot(entry: Entry, plan: NodePlan) -> bool:
    if entry.hostname:
        return entry.hostname == plan.name
    return entry.address == plan.address


def entry_of(node_id: str, managers: Managers) -> tuple[Entry, ...]:
    """The managers' entry of this node, or nothing if it has gone meanwhile."""
    try:
        return facts.read_entries(managers.run(facts.inspect_node(node_id)).stdout)
    except CommandFailed as error:
        if missing(error):
            return ()
        raise


def _routed(managers: Managers) -> LocalNetwork | None:
    try:
        text = managers.run(facts.inspect_networks(ROUTED_NETWORK)).stdout
    except CommandFailed as error:
        if missing(error):
            return None
        raise
    return facts.read_networks(text).get(ROUTED_NETWORK)


def local_networks(session: Session) -> dict[str, LocalNetwork]:
    """The networks that a machine keeps for itself, by name."""
    command = facts.inspect_networks(ROUTED_CONFIG, GWBRIDGE)
    result = session.run(command, ok=(0, 1))
    if result.status and not _says_missing(result.stderr):
        session.run(command)  # raises with what Docker says
    return facts.read_networks(result.stdout)


def missing(error: CommandFailed) -> bool:
    """Whether Docker refused because what was named is not there."""
    return _says_missing(error.stderr)


def _says_missing(text: str) -> bool:
    said = text.lower()
    return "not found" in said or "no such" in said
