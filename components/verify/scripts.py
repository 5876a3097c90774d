"""The shell texts that run inside probe containers and on hosts.

Everything uses the applets of one static busybox. `wget` is left alone: its static build
looks a port name up through the C library's loadable modules and dies where they differ.
"""

from __future__ import annotations

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
tcp() {{
  key=$1
  for again in 1 2 3; do
    answer=$(printf 'GET /cgi-bin/seen HTTP/1.0\\r\\n\\r\\n' | $B timeout 4 $B nc -w 3 $2 $3 2>&1)
    case $answer in *refused*) $B sleep 0.3 ;; *) break ;; esac
  done
  set -- $answer
  if [ "${{#7}}" = {PADDING} ]; then address=${{6#"[::ffff:"}}; echo "$key seen ${{address%"]"}}"
  elif [ "$2" = 200 ]; then echo "$key stalled"
  else echo "$key lost" ${{answer:-no answer in 4 s}}; fi
}}
ping() {{
  if $B ping -q -c 1 -W 2 $2 >/dev/null 2>&1 || $B ping -q -c 1 -W 2 $2 >/dev/null 2>&1
  then echo "$1 ok"; else echo "$1 lost" no echo in 4 s; fi
}}
mtu() {{
  read -r mtu < /sys/class/net/eth0/mtu
  $B ping -q -c 1 -W 2 $2 >/dev/null 2>&1 || $B ping -q -c 1 -W 2 $2 >/dev/null 2>&1 ||
    {{ echo "$1 lost" no echo in 4 s; return; }}
  for again in 1 2; do
    if $B ping -q -c 1 -W 2 -s $((mtu - 28)) $2 >/dev/null 2>&1; then echo "$1 ok"; return; fi
  done
  echo "$1 small" $mtu
}}
count=0
while read -r key kind address port; do
  $kind $key $address $port &
  count=$((count + 1))
  [ $((count % 64)) != 0 ] || wait
done
wait
"""

# A busybox that needs libraries cannot live in the probe's image; its checksum is left out.
GATHER = """\
echo "== machine"; uname -m
echo "== busybox"; ldd /bin/busybox 2>&1 | grep -q '=>' || sha256sum /bin/busybox
echo "== version"; docker version --format '{{.Server.Version}}' 2>&1
echo "== swarm"; docker info --format '{{json .Swarm}}' 2>&1
echo "== images"; docker images --no-trunc --format '{{.Repository}}:{{.Tag}}' fairway-probe
echo "== subnet"; docker network inspect --format '{{(index .IPAM.Config 0).Subnet}}' "$1" 2>&1
"""

# Starts one probe on every node by image id: by name the Swarm would try to pull it first.
# What an interrupted run left is removed when it is older than any run can be.
START = f"""\
now=$(date +%s)
for id in $(docker service ls -q --filter label=fairway.verify); do
  label='{{{{index .Spec.Labels "fairway.verify"}}}}'
  born=$(docker service inspect --format "$label" "$id") || continue
  [ $((now - born)) -lt {LIFETIME} ] || docker service rm "$id"
done
image=$(docker image inspect --format '{{{{.Id}}}}' "$1") || exit
docker service create --detach --quiet --name "$2" --mode global --endpoint-mode dnsrr \\
  --label "fairway.verify=$now" --container-label "fairway.verify.run=$2" \\
  --restart-condition none --no-resolve-image --network "$3" \\
  --publish mode=host,target={PUBLISHED_PORT} "$image"
"""

# Waits for this host's own task: its container must run and have its address.
AWAIT_TASK = """\
end=$(($(date +%s) + $2))
while [ "$(date +%s)" -le "$end" ]; do
  id=$(docker ps -q --filter "label=fairway.verify.run=$1" | head -n 1)
  [ -z "$id" ] || { docker inspect "$id" && exit 0; }
  sleep 0.2
done
exit 3
"""

# Says why tasks do not run: the service's tasks, then the Swarm's nodes, as JSON lines.
WHY_NOT = """\
echo "== tasks"; docker service ps --no-trunc --format '{{json .}}' "$1"
echo "== nodes"; docker node ls --format '{{json .}}'
"""

# The host itself asks; where it has no busybox, a container without a network of its own.
ASK_FROM_HOST = """\
[ ! -x /bin/busybox ] || exec /bin/busybox sh -c "$1"
exec docker run --rm -i --network host --label "fairway.verify.run=$3" \\
  --entrypoint /bin/busybox "$2" sh /probe/ask
"""

# A container on docker0 that asks the questions on its standard input.
ASK_FROM_BRIDGE = """\
docker run --rm -i --label "fairway.verify.run=$2" --entrypoint /bin/busybox "$1" sh /probe/ask
"""

# Removes what is left of a run. After the service is gone Docker would do it too, in six seconds.
CLEAR = """\
end=$(($(date +%s) + $2))
while ids=$(docker ps -aq --filter "label=fairway.verify.run=$1") && [ -n "$ids" ]; do
  docker rm -f $ids 2>&1 || sleep 0.2
  [ "$(date +%s)" -le "$end" ] || exit 1
done
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
