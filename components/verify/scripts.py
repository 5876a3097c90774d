"""The shell texts that run inside probe containers and on hosts.

Everything uses the applets of one static busybox. `wget` is left alone: its static build
looks a port name up through the C library's loadable modules and dies where they differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

OPEN_PORTS = (81, 60606)  # unpublished, low and high: every port must do
PUBLISHED_PORT = 8080
PADDING = 20000  # bytes in an answer: several full-sized packets
LIFETIME = 600  # seconds after which a forgotten probe ends by itself

SERVE = f"""\
#!/bin/busybox sh
for port in {OPEN_PORTS[0]} {OPEN_PORTS[1]} {PUBLISHED_PORT}; do
  /bin/busybox httpd -p $port -h /www
done
/bin/busybox sleep {LIFETIME}
"""

ANSWER = f"""\
#!/bin/busybox sh
printf 'Content-Type: text/plain\\n\\n%s\\n%0{PADDING}d\\n' "$REMOTE_ADDR" 0
"""

# Reads lines `KEY KIND ADDRESS PORT`, asks 64 at a time, and prints `KEY WORD DETAIL`.
# An answer's words are: HTTP/1.x 200 OK Content-Type: text/plain ADDRESS PADDING.
ASK = f"""\
#!/bin/busybox sh
IFS=$(printf ' \\t\\r\\n_'); IFS=${{IFS%_}}
B=/bin/busybox
# Refused is said at once, perhaps by a server that only begins. Of the rest one is asked again: a
# busy host may take longer than 4 s to answer.
tcp() {{
  key=$1 there=$2 port=$3
  for again in 1 2 3; do
    answer=$($B timeout 4 $B nc -w 3 $there $port 2>&1 <<REQUEST
GET /cgi-bin/seen HTTP/1.0

REQUEST
    )
    set -- $answer
    [ "${{#7}}" != {PADDING} ] || break
    case $answer in *refused*) $B sleep 0.3 ;; *) [ $again = 1 ] || break ;; esac
  done
  if [ "${{#7}}" = {PADDING} ]; then address=${{6#"[::ffff:"}}; echo "$key seen ${{address%"]"}}"
  elif [ "$2" = 200 ]; then echo "$key stalled"
  else echo "$key lost" ${{answer:-no answer in 4 s}}; fi
}}
# Where many ask at once a ping may lose an answer that came: its socket holds few. One more try.
echo_of() {{ $B ping -q -c 1 -W $1 -s $2 $3 >/dev/null 2>&1; }}
ping() {{
  if echo_of 1 56 $2 || echo_of 3 56 $2; then echo "$1 ok"; else echo "$1 lost" no echo in 4 s; fi
}}
mtu() {{
  read -r mtu < /sys/class/net/eth0/mtu
  full=$((mtu - 28))
  if echo_of 1 $full $2; then echo "$1 ok"
  elif ! echo_of 1 56 $2 && ! echo_of 2 56 $2; then echo "$1 lost" no echo in 4 s
  elif echo_of 2 $full $2; then echo "$1 ok"
  else echo "$1 small" $mtu; fi
}}
count=0
while read -r key kind address port; do
  $kind $key $address $port &
  count=$((count + 1))
  [ $((count % 64)) != 0 ] || wait
done
wait
"""

# What asks a host's Docker. Without the site's packages Python starts in half the time.
ON_HOST: Final = (Path(__file__).parent / "on_host.py").read_text(encoding="utf-8")
_PYTHON: Final = 'python3 -I -S -c "$1"'
AWAIT_TASK: Final = f'exec {_PYTHON} await "$2" "$3"'
CLEAR: Final = f'exec {_PYTHON} clear "$2" "$3"'

# A busybox that needs libraries cannot live in the probe's image; its checksum is left out.
GATHER = f"""\
echo "== machine"; uname -m
echo "== busybox"; ldd /bin/busybox 2>&1 | grep -q '=>' || sha256sum /bin/busybox
echo "== docker"; {_PYTHON} look "$2" fairway-probe 2>&1
"""

# Starts one probe on every node by image id: by name the Swarm would try to pull it first.
# What an interrupted run left is removed when it is older than any run can be. Says which nodes an
# operator has closed to new tasks: nothing need be waited for there.
START = f"""\
now=$(date +%s)
for id in $(docker service ls -q --filter label=fairway.verify); do
  label='{{{{index .Spec.Labels "fairway.verify"}}}}'
  born=$(docker service inspect --format "$label" "$id") || continue
  [ $((now - born)) -lt {LIFETIME} ] || docker service rm "$id" >/dev/null
done
image=$(docker image inspect --format '{{{{.Id}}}}' "$1") || exit
docker service create --detach --quiet --name "$2" --mode global --endpoint-mode dnsrr \\
  --label "fairway.verify=$now" --container-label "fairway.verify.run=$2" \\
  --restart-condition none --no-resolve-image --network "$3" \\
  --publish mode=host,target={PUBLISHED_PORT} "$image" >/dev/null || exit
docker node ls --format '{{{{.Availability}}}} {{{{.Hostname}}}}' | sed -nE 's/^(Drain|Pause) //p'
"""

# Says why tasks do not run: the service's tasks, then the Swarm's nodes, as JSON lines.
WHY_NOT = """\
echo "== tasks"; docker service ps --no-trunc --format '{{json .}}' "$1"
echo "== nodes"; docker node ls --format '{{json .}}'
"""

# In the probe's own network and files, as `docker exec` would be, for a twentieth of its work.
ASK_FROM_CONTAINER = """\
exec nsenter --target "$1" --net --mount /bin/busybox sh /probe/ask
"""

# The host itself asks; where it has no busybox, a container without a network of its own.
ASK_FROM_HOST = """\
[ ! -x /bin/busybox ] || exec /bin/busybox sh -c "$1"
exec docker run --rm -i --network host --label "fairway.verify.run=$3" \\
  --entrypoint /bin/busybox "$2" sh /probe/ask
"""

# A port of docker0 such as containers have, for a twelfth of a container's work. Its address is
# the range's first, which Docker gives to nobody (a plain one since Linux 5.14). It goes at the end
# or, where the process is killed, with it. With another MTU it would change the bridge's own.
PLUG = """\
set -e
nsenter --target 1 --net sh -e -c '
  ip link add "$port" mtu "$mtu" type veth peer name eth0 mtu "$mtu" netns "$1"
  ip link set "$port" master docker0 up' sh "$$"
ip address add "$range" dev eth0
ip link set eth0 up
ip route add default via "$gateway"
exec /bin/busybox sh -c "$ask"
"""

# Whatever does not go well there is asked again from a container on docker0: that one is believed.
ASK_FROM_BRIDGE = """\
questions=$(cat)
export ask="$2" port="fairway$$" mtu range gateway
read -r mtu </sys/class/net/docker0/mtu
range=$(ip -4 route show dev docker0 proto kernel | cut -d' ' -f1)
gateway=$(ip -4 -o address show dev docker0 | sed 's/.* inet \\([0-9.]*\\).*/\\1/')
answers=$(echo "$questions" | unshare --net sh -c "$1" 2>/dev/null)
ip link delete "$port" 2>/dev/null
well=$(echo "$answers" | grep -c -e ' ok$' -e ' seen ')
if [ "$well" = "$(echo "$questions" | wc -l)" ]; then echo "$answers"; exit; fi
echo "$questions" | docker run --rm -i --label "fairway.verify.run=$4" \\
  --entrypoint /bin/busybox "$3" sh /probe/ask
"""

LOOK = """\
echo "== ip_forward"; cat /proc/sys/net/ipv4/ip_forward
echo "== iptables"; iptables-save 2>&1
echo "== routes"; ip -4 -j route show
echo "== rules"
if [ -x "$1" ]; then said=$("$1" check 2>&1) || echo "$said"; else echo "no $1 on this host"; fi
"""

# A host's own part of the network, whether or not anything fails: rules, network, bridge.
HOST = """\
echo "== rules"
if [ -x "$1" ]; then said=$("$1" check 2>&1) || echo "$said"; else echo "no $1 on this host"; fi
echo "== network"
docker network inspect --format '{"Ranges":{{json .IPAM.Config}},"Options":{{json .Options}}}' "$2"
echo "== bridge"; ip -4 -j address show to "$3"
"""


def sections(text: str) -> dict[str, str]:
    """Split an answer of GATHER or LOOK at its `== NAME` lines."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if line.startswith("== "):
            current = found.setdefault(line[3:], [])
        else:
            current.append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}
