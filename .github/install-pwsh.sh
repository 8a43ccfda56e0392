#!/bin/sh
# Installs the newest release of a PowerShell version, for a job of GitHub Actions: install-pwsh.sh 7.4
# A following step runs it as pwsh. For Linux (glibc and musl) and macOS.
set -eu

case "$(uname -s)" in
    Darwin) system=osx ;;
    *) if [ -e /etc/alpine-release ]; then system=linux-musl; else system=linux; fi ;;
esac

case "$(uname -m)" in
    arm64 | aarch64) machine=arm64 ;;
    *) machine=x64 ;;
esac

project=${POWERSHELL_REPOSITORY:-https://github.com/PowerShell/PowerShell}
version=$(git ls-remote --tags --refs --sort=-version:refname "$project" "refs/tags/v$1.*" | sed -n 's|.*refs/tags/v\([0-9.]*\)$|\1|p' | head -n 1)
if [ -z "$version" ]; then
    echo "There is no release of PowerShell $1." >&2
    exit 1
fi

folder=$HOME/.pwsh/$version
mkdir -p "$folder"
curl --fail --silent --show-error --location --retry 3 \
    "$project/releases/download/v$version/powershell-$version-$system-$machine.tar.gz" | tar -xz -C "$folder"
chmod +x "$folder/pwsh"
echo "$folder" >> "$GITHUB_PATH"
"$folder/pwsh" -NoProfile -Command '"PowerShell $($PSVersionTable.PSVersion) on $($PSVersionTable.OS)"'
