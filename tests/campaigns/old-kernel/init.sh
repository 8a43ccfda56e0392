#!/bin/sh
# The first process of the machine that run.sh makes: runs the sample and the tests, prints their status, and ends the machine.
export PATH=/usr/bin:/bin:/sbin HOME=/root TMPDIR=/tmp
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_TieredPGO=0

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
ln -sf /proc/self/fd /dev/fd
ip link set lo up

# The kernel's default for the first process is too low for tests with thousands of descriptors.
ulimit -n 20000
hostname old-kernel
# Sets vstest and filter.
. /etc/campaign

for module in /modules/*; do
    [ -f "$module" ] && insmod "$module"
done

echo "Linux $(uname -r), $(dotnet --list-runtimes | head -n 1 | cut -d' ' -f1,2), up $(cut -d' ' -f1 /proc/uptime) s"
grep -q unix_diag /proc/modules && echo 'unix_diag is loaded.' || echo 'unix_diag is not loaded.'

status=0
cd /tmp || exit
echo '== The console sample'
if dotnet /psfdpass/artifacts/bin/EchoDemo/debug/EchoDemo.dll All --port 0 --say hello >demo.log 2>&1; then
    echo "Passed, up $(cut -d' ' -f1 /proc/uptime) s"
else
    echo "Failed with status $?"
    status=1
fi
cat demo.log
grep -q hello demo.log || status=1

echo '== The tests'
cd /psfdpass/artifacts/bin/PSFdPass.Core.Tests/debug || exit
dotnet exec "$vstest" PSFdPass.Core.Tests.dll "--TestCaseFilter:$filter" '--logger:console;verbosity=normal' \
    -- xUnit.DiagnosticMessages=true xUnit.LongRunningTestSeconds=120 || status=1

echo "Up $(cut -d' ' -f1 /proc/uptime) s"
echo "CAMPAIGN-STATUS $status"
poweroff -f
