#!/bin/busybox sh
# The first process of the machine that run.sh starts: mounts, runs the tests, says how they ended, switches off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin HOME=/root TMPDIR=/tmp LC_ALL=C.UTF-8
export CI=true TEXTGYM_SLOWNESS=20
busybox mkdir -p /proc /sys /dev /tmp /root /run
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
busybox mkdir -p /dev/shm /dev/pts
busybox mount -t tmpfs tmp /dev/shm
busybox mount -t devpts pts /dev/pts
busybox ln -sf /proc/self/fd /dev/fd
busybox ip link set lo up
cd /repository || exit 1
printf "/repository\n/repository/tasks\n/opt/site\n" >/usr/lib/python3/dist-packages/textgym.pth
busybox uname -srm
/usr/bin/python3 -m textgym.cli doctor
eval "/usr/bin/python3 -m pytest -p no:cacheprovider -n 2 $(busybox cat /arguments)"
echo "pytest ended with $?"
busybox poweroff -f
