#!/usr/bin/env bash
# A throw-away S3 server on loopback: Ceph's RADOS gateway with one monitor and one store in memory. All of it is under DIR.
# usage: start.sh DIR [OWNER_PID]     ends by stop.sh DIR, or when the process OWNER_PID is gone
# needs: radosgw ceph-mon ceph-osd ceph-common (Debian's packages), about 250 MB of memory and 1.5 s
# Writes DIR/s3.env and prints it: PIPELINE_TEST_S3='Endpoint=...;AccessKey=...;SecretKey=...'
set -eu
dir=$1 owner=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
key=testaccesskey secret=testsecretkey0123456789

# Sets free to a port that nobody has and that was not taken before; in this shell, since random numbers of subshells may be the same.
taken=" "
free_port() {
  while :; do
    free=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    case "$taken" in *" $free "*) continue ;; esac
    (exec 3<>"/dev/tcp/127.0.0.1/$free") 2>/dev/null && continue
    taken="$taken$free "
    return
  done
}

mkdir -p "$dir/mon" "$dir/osd" "$dir/run" "$dir/log" "$dir/rgw"
fsid=$(cat /proc/sys/kernel/random/uuid)
free_port
port=$free
free_port
monitor=$free

# Waiting is what costs time in so small a cluster: proposals every 50 ms, no checksums of the monitor's clients (else it hangs), no replicas.
cat > "$dir/ceph.conf" <<CONF
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$monitor/0]
mon initial members = a
public addr = 127.0.0.1
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
ms bind ipv4 = true
ms bind msgr1 = false
ms mon client mode = crc
ms mon service mode = crc
ms mon cluster mode = crc
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = true
paxos propose interval = 0.05
paxos min wait = 0.01
mon osd prime pg temp = false
mon max pg per osd = 1000
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data avail crit = 1
mon osd full ratio = 0.99
mon osd nearfull ratio = 0.98
mon osd backfillfull ratio = 0.98
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
log file = $dir/log/\$name.log
log to stderr = false
err to stderr = true
run dir = $dir/run
admin socket = $dir/run/\$name.asok
pid file = $dir/run/\$name.pid
keyring = $dir/keyring
crash dir = $dir/crash
[mon.a]
host = localhost
mon data = $dir/mon
mon cluster log file = $dir/log/cluster.log
[osd.0]
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd memory target = 939524096
osd class load list = *
osd class default list = *
osd op num shards = 2
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw data = $dir/rgw
rgw enable ops log = false
rgw enable usage log = false
rgw run sync thread = false
rgw enable quota threads = false
rgw thread pool size = 64
CONF
: > "$dir/keyring"
export CEPH_CONF="$dir/ceph.conf"

# Whatever of it came up goes down again when a step fails.
trap '[ $? -eq 0 ] || "$here/stop.sh" "$dir"' EXIT
monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$monitor]" --clobber "$dir/monmap" > /dev/null
ceph-mon -c "$CEPH_CONF" --mkfs -i a --monmap "$dir/monmap"
ceph-mon -c "$CEPH_CONF" -i a
osd=$(cat /proc/sys/kernel/random/uuid)
ceph -c "$CEPH_CONF" osd new "$osd" > /dev/null
ceph-osd -c "$CEPH_CONF" -i 0 --mkfs --osd-uuid "$osd"
ceph-osd -c "$CEPH_CONF" -i 0
radosgw -c "$CEPH_CONF" -n client.rgw
tries=0
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  tries=$((tries + 1))
  if [ $tries -gt 300 ]; then
    echo "The gateway does not listen after 60 s; its log is $dir/log/client.rgw.log." >&2
    exit 1
  fi
  sleep 0.2
done

# Whoever listens there has to be the gateway.
if ! kill -0 "$(cat "$dir/run/client.rgw.pid" 2>/dev/null)" 2>/dev/null; then
  echo "The gateway ended; its log is $dir/log/client.rgw.log." >&2
  exit 1
fi
radosgw-admin -c "$CEPH_CONF" -n client.admin user create --uid=test --display-name=test --access-key="$key" --secret-key="$secret" > /dev/null

if [ -n "$owner" ]; then
  (
    trap - EXIT
    while [ -e "$dir/run/client.rgw.pid" ]; do
      sleep 1
      kill -0 "$owner" 2>/dev/null && continue
      "$here/stop.sh" "$dir"
      rm -rf "$dir"
    done
  ) > /dev/null 2>&1 < /dev/null &
fi
echo "PIPELINE_TEST_S3='Endpoint=http://127.0.0.1:$port;AccessKey=$key;SecretKey=$secret'" | tee "$dir/s3.env"
