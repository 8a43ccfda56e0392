#!/bin/bash
# Runs the tests and the console sample under another Linux kernel, in QEMU without acceleration.
# See `run.sh --help` for the options, and README.md for the rest.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)

kernel=linux-image-cloud-amd64
filter='FullyQualifiedName!~HeaderLayoutTests&FullyQualifiedName!~MacOSHeaderTests&FullyQualifiedName!~Pester'
log=
minutes=60
memory=4096
modules=()
keep=no

usage() {
    cat <<EOF
Usage: run.sh [--kernel KERNEL] [--filter FILTER] [--module NAME]... [--log FILE] [--minutes N] [--memory MIB] [--keep]
  --kernel KERNEL  a kernel image, a .deb file, or a Debian package to download ($kernel)
  --filter FILTER  the tests to run, as for dotnet test --filter ($filter)
  --module NAME    a module of the kernel's package to load first, such as unix_diag; by default none
  --log FILE       receives everything that the machine prints (artifacts/old-kernel/<kernel>.log)
  --minutes N      ends the machine after N minutes ($minutes)
  --memory MIB     the machine's memory ($memory)
  --keep           keeps the temporary folder, and prints its name
Exit status: 0 when the sample and every test that was not skipped passed, 1 when one failed, 2 when the machine could not
be made or did not finish.
EOF
}

fail() { echo "run.sh: $*" >&2; exit 2; }

while [ $# -gt 0 ]; do
    case $1 in
        --kernel) kernel=${2:?}; shift 2 ;;
        --filter) filter=${2:?}; shift 2 ;;
        --module) modules+=("${2:?}"); shift 2 ;;
        --log) log=${2:?}; shift 2 ;;
        --minutes) minutes=${2:?}; shift 2 ;;
        --memory) memory=${2:?}; shift 2 ;;
        --keep) keep=yes; shift ;;
        --help | -h) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done

for tool in qemu-system-x86_64:qemu-system-x86 cpio:cpio busybox:busybox-static dotnet:dotnet-sdk dpkg-deb:dpkg setpriv:util-linux; do
    command -v "${tool%%:*}" >/dev/null || fail "${tool%%:*} is not installed (Debian: ${tool##*:})."
done
[ "$(uname -m)" = x86_64 ] || fail "the virtual machine is made from the files of an x86-64 system."
busybox=$(command -v busybox)
file_type=$(LC_ALL=C ldd "$busybox" 2>&1 || true)
case $file_type in *"not a dynamic executable"*) ;; *) fail "$busybox is not static (Debian: busybox-static)." ;; esac

tests=$root/artifacts/bin/PSFdPass.Core.Tests/debug
[ -f "$tests/PSFdPass.Core.Tests.dll" ] || fail "the tests are not built: dotnet build tests/PSFdPass.Core.Tests"

work=$(mktemp -d)
machine=
cleanup() {
    [ -z "$machine" ] || kill "$machine" 2>/dev/null || true
    if [ $keep = yes ]; then echo "Kept: $work"; else rm -rf "$work"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# The kernel: unpacked, never installed.
if [ -f "$kernel" ] && [ "${kernel%.deb}" = "$kernel" ]; then
    image=$kernel
    [ ${#modules[@]} -eq 0 ] || fail "--module needs the kernel's package, not its image."
else
    deb=$kernel
    if [ ! -f "$kernel" ]; then
        # A meta-package depends on the package of the newest kernel.
        package=$(apt-cache depends "$kernel" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
        (cd "$work" && apt-get download -q "${package:-$kernel}" >download.log 2>&1) || fail "apt-get download ${package:-$kernel}: $(cat "$work/download.log")"
        deb=$(echo "$work"/*.deb)
    fi
    mkdir "$work/kernel"
    dpkg-deb -x "$deb" "$work/kernel"
    image=$(echo "$work"/kernel/boot/vmlinuz-*)
    [ -f "$image" ] || fail "there is no boot/vmlinuz-* in $deb."
fi
name=$(basename "$image")
name=${name#vmlinuz-}
log=${log:-$root/artifacts/old-kernel/$name.log}
mkdir -p "$(dirname "$log")"

# The machine's root: everything it needs, copied from this machine.
tree=$work/tree
mkdir -p "$tree"/{dev,proc,sys,tmp,run,etc,root,modules} "$tree"/usr/{bin,sbin,lib,lib32,lib64}
chmod 1777 "$tree/tmp"
for folder in bin sbin lib lib32 lib64; do ln -s "usr/$folder" "$tree/$folder"; done

# Copies files, and the targets of links.
copy() {
    local file
    for file in "$@"; do
        if [ -e "$file" ] && [ ! -e "$tree$file" ]; then
            mkdir -p "$tree$(dirname "$file")"
            cp -a "$file" "$tree$file"
            if [ -L "$file" ]; then copy "$(readlink -f "$file")"; fi
        fi
    done
}

# Copies programs and shared objects with the libraries that they are linked to.
copy_linked() {
    local file
    for file in "$@"; do
        copy "$file"
        # Statically linked files have none.
        for library in $( (LC_ALL=C ldd "$file" 2>/dev/null || true) | grep -o '/[^ ]*' || true); do copy "$library"; done
    done
}

# Copies the files of installed Debian packages, without their documentation. A package that is not installed is left out:
# the tests that need it are skipped.
copy_packages() {
    local package
    for package in "$@"; do
        if dpkg -s "$package" >/dev/null 2>&1; then
            dpkg -L "$package" | grep -Ev '^/usr/share|^/\.$|/(test|idlelib|lib2to3|ensurepip|__pycache__)(/|$)' >"$work/files" || true
            while IFS= read -r file; do
                if [ -f "$file" ]; then
                    case $file in
                        */bin/* | */lib/gcc/*/cc1 | */collect2 | */lto-wrapper | *.so | *.so.*) copy_linked "$file" ;;
                        *) copy "$file" ;;
                    esac
                fi
            done <"$work/files"
        fi
    done
}

# The newest SDK and runtime, as in `10.0.100 [/usr/share/dotnet/sdk]`.
newest() { sed -n "s/^$1\([^ ]*\) \[\(.*\)\]\$/\2\/\1/p" | tail -n 1; }
sdk=$(dotnet --list-sdks | newest '')
runtime=$(dotnet --list-runtimes | newest 'Microsoft\.NETCore\.App ')
dotnet=${sdk%/sdk/*}
[ -x "$dotnet/dotnet" ] || fail "there is no dotnet above $sdk."
copy_linked "$dotnet/dotnet" "$dotnet"/host/fxr/*/libhostfxr.so
mkdir -p "$tree$runtime" "$tree$sdk/Extensions"
cp -a "$runtime/." "$tree$runtime/"
for library in "$runtime"/*.so; do copy_linked "$library"; done
cp -a "$sdk"/vstest.console* "$sdk"/Microsoft.TestPlatform*.dll "$sdk"/Microsoft.VisualStudio.TestPlatform*.dll \
    "$sdk"/Newtonsoft.Json.dll "$sdk"/Microsoft.Extensions.*.dll "$sdk"/NuGet.*.dll "$sdk"/System.*.dll "$tree$sdk/" 2>/dev/null || true
cp -a "$sdk"/Extensions/*.dll "$tree$sdk/Extensions/"
ln -sf "$dotnet/dotnet" "$tree/usr/bin/dotnet"

# env and setpriv of busybox lack options that the tests use.
copy_linked "$(command -v setpriv)" "$(command -v bash)"
copy_packages coreutils util-linux python3 python3-minimal python3.11 python3.11-minimal libpython3-stdlib libpython3.11-minimal libpython3.11-stdlib \
    python3.12-minimal libpython3.12-minimal libpython3.12-stdlib python3.13-minimal libpython3.13-minimal libpython3.13-stdlib \
    gcc gcc-12 gcc-13 gcc-14 gcc-12-x86-64-linux-gnu gcc-13-x86-64-linux-gnu gcc-14-x86-64-linux-gnu \
    cpp cpp-12 cpp-13 cpp-14 binutils binutils-x86-64-linux-gnu libgcc-12-dev libgcc-13-dev libgcc-14-dev libc6-dev linux-libc-dev libc6 libgcc-s1
# Finally, busybox for the programs that are still missing.
cp -a "$busybox" "$tree/usr/bin/busybox"
for applet in $("$busybox" --list); do
    [ -e "$tree/usr/bin/$applet" ] || [ -L "$tree/usr/bin/$applet" ] || ln -s busybox "$tree/usr/bin/$applet"
done

# The repository, without its history, and what was built of it.
mkdir -p "$tree/psfdpass"
(cd "$root" && git ls-files -z --cached --others --exclude-standard | grep -zEv '^docs/.*\.(png|svg)$' |
    cpio -0 -pdm --quiet "$tree/psfdpass" 2>/dev/null)
for folder in PSFdPass.Core.Tests EchoDemo PassFile; do
    mkdir -p "$tree/psfdpass/artifacts/bin/$folder"
    cp -a "$root/artifacts/bin/$folder/debug" "$tree/psfdpass/artifacts/bin/$folder/"
done

for module in "${modules[@]}"; do
    file=$(find "$work/kernel/lib/modules" -name "$module.ko*" | head -n 1)
    [ -n "$file" ] || fail "the kernel's package has no module $module."
    cp "$file" "$tree/modules/"
done

cat >"$tree/etc/passwd" <<EOF
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
EOF
cat >"$tree/etc/group" <<EOF
root:x:0:
daemon:x:1:
nogroup:x:65534:
EOF
echo '127.0.0.1 localhost' >"$tree/etc/hosts"
cp "$here/init.sh" "$tree/init"
chmod +x "$tree/init"
{
    printf 'vstest=%q\n' "$sdk/vstest.console.dll"
    printf 'filter=%q\n' "$filter"
} >"$tree/etc/campaign"

(cd "$tree" && find . -print0 | cpio -0 -o -H newc --quiet) >"$work/initramfs"
echo "Kernel $name, initramfs of $(($(stat -c %s "$work/initramfs") / 1048576)) MiB, log: $log"

start=$SECONDS
status=0
mkfifo "$work/console"
sed -u 's/\r$//' <"$work/console" | tee "$log" &
timeout "${minutes}m" qemu-system-x86_64 \
    -accel tcg,thread=multi -cpu max -smp 2 -m "$memory" -nodefaults -no-reboot -display none \
    -kernel "$image" -initrd "$work/initramfs" \
    -append 'console=ttyS0 panic=-1 quiet' -serial stdio </dev/null >"$work/console" &
machine=$!
wait "$machine" || status=$?
machine=
wait

result=$(sed -n 's/^CAMPAIGN-STATUS \([0-9]*\)$/\1/p' "$log" | tail -n 1)
echo "Kernel $name: $((SECONDS - start)) s, status ${result:-none}"
[ -n "$result" ] || fail "the machine did not finish (QEMU's status: $status). See $log."
[ "$result" = 0 ] || exit 1
