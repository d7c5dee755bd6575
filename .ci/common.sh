# SPDX-License-Identifier: MIT
# What the scripts beside this file share. Sourced, never run.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

heading() { printf '\n==> %s\n' "$*"; }

fail() {
  printf '\nerror: %s\n' "$1" >&2
  shift
  if (($#)); then printf '       %s\n' "$@" >&2; fi
  exit 1
}

# Prints the path of the first Swift toolchain that is new enough: on PATH, or where the
# installers of swift.org put it.
find_swift() {
  local candidate output version seen=none
  for candidate in "$(command -v swift || true)" "$HOME/.local/share/swiftly/bin/swift" \
    /opt/swift/usr/bin/swift /usr/local/swift/usr/bin/swift; do
    [[ -n $candidate && -x $candidate ]] || continue
    output=$("$candidate" --version 2>&1 || true)
    version=$(sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' <<<"$output" | head -n 1)
    if [[ -n $version && $(printf '%s\n' 6.2 "$version" | sort --version-sort | head -n 1) == 6.2 ]]; then
      printf '%s\n' "$candidate"
      return
    fi
    seen="$candidate, ${version:-which does not start: ${output%%$'\n'*}}"
  done
  fail "data_store is built with Swift 6.2 or newer. Found: $seen" \
    "Install a toolchain, with the packages that it asks for, as https://www.swift.org/install/linux/" \
    "tells for Debian 12. When 'swift --version' works, run this command again."
}
