# What drift_look.py asks a host. Arguments: the script of the packet rules, units, sysctls, watched
# places, then planned files; "-" before a file's path asks for its hash alone.
rules=$1 units=$2 sysctls=$3 watched=$4
shift 4
exec 2>/dev/null

# cloud-init marks each module that it has run once, and later boots leave the marks alone: the last
# one is the end of the first boot. (Its file boot-finished is written anew at every boot.) What else
# it writes may be of the same second, so the second alone would not do.
since=$(stat -c %.Y /var/lib/cloud/instance/sem/* | sort -n | tail -n 1)
echo "== user-data"
zcat -f /var/lib/cloud/instance/user-data.txt | sha256sum

echo "== files"
for path in "$@"; do
  hidden=
  case $path in -*) hidden=yes path=${path#-} ;; esac
  about=$(stat -c '%a %U:%G %F' "$path") || continue
  sum=$(sha256sum <"$path" | cut -d' ' -f1)
  text=
  [ -n "$hidden" ] || text=$(base64 -w 0 <"$path")
  echo "$path|$about|$sum|$text"
done

echo "== touched"
changed() {
  find $watched \( -type f -o -type l -lname /dev/null \) -newerct "@$since" -printf '%C@|%y|%p\n'
}
if [ -n "$since" ]; then
  # A package's own file is no change by hand, also where an upgrade brought it later.
  brought=$(
    dpkg-query -W -f '${Conffiles}\n'
    cat /var/lib/ucf/hashfile
  )
  changed | sort | while IFS='|' read -r when kind path; do
    sum=$(md5sum <"$path" | cut -d' ' -f1)
    printf '%s\n' "$brought" | grep -qF -e " $path $sum" -e "$sum  $path" || echo "$when|$kind|$path"
  done
fi

echo "== units"
systemctl show --property=Id,UnitFileState,ActiveState $units
echo "== sysctls"
sysctl -e $sysctls

echo "== missing"
"$rules" check
# The script asks for each of its rules when it checks: here it asks a function that prints them.
echo "== ours"
sh -c 'iptables() { echo "rule $4 $*"; }; . "$0"' "$rules" check
echo "== rules"
for table in raw mangle nat filter; do
  echo "*$table"
  iptables -w 10 -t $table -S
done

echo "== packages"
if [ -n "$since" ]; then
  zcat -f $(ls -tr /var/log/dpkg.log*) </dev/null |
    awk -v from="$(date -d "@$since" '+%Y-%m-%d %H:%M:%S')" '
      $1 " " $2 > from && $3 ~ /^(install|upgrade|remove|purge)$/ {
        print $1 "T" $2, $3, $4, $5, $6
      }'
fi
# Unattended upgrades, and what fairway-setup installs: the step that runs it is marked when it begins.
echo "== unattended"
zcat -f $(ls -tr /var/log/apt/history.log*) </dev/null | awk '
  /^Start-Date:/ { start = $2 "T" $3; robot = 0 }
  /^Commandline:.*(unattended-upgrade|install docker-ce=)/ { robot = 1 }
  /^End-Date:/ && robot { print start, $2 "T" $3 }'

echo "== containers"
labels='{{.Label "com.docker.swarm.task.id"}}{{.Label "fairway.verify.run"}}'
docker ps -a --no-trunc --format "{{.Names}}|{{.Image}}|{{.Status}}|$labels"
echo "== networks"
docker network inspect --format '{{.Name}}|{{range .IPAM.Config}}{{.Subnet}} {{end}}' \
  $(docker network ls -q --no-trunc --filter scope=local)
echo "== keys"
cat /root/.ssh/authorized_keys /root/.ssh/authorized_keys2
echo "== docker"
docker version --format '{{.Server.Version}}'
echo "== pinned"
[ ! -e /etc/apt/sources.list.d/docker.list ] || echo yes
