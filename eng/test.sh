#!/usr/bin/env bash
# ./mallgram test: installs what the tests need, builds once, runs every test project, closes on `N passed, N failed`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }

# Debian packages, when this user may install them; the tests find Chromium and Redis by themselves otherwise.
install() {
  local missing=()
  command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing+=(chromium)
  command -v redis-server >/dev/null 2>&1 || missing+=(redis-server)
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "Installing ${missing[*]}"
    # The tests start their own Redis: the package's service must not take the port or the memory.
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d.mallgram
    local policy=()
    if [ ! -e /usr/sbin/policy-rc.d ]; then
      mv /usr/sbin/policy-rc.d.mallgram /usr/sbin/policy-rc.d && policy=(/usr/sbin/policy-rc.d)
    else
      rm -f /usr/sbin/policy-rc.d.mallgram
    fi
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log/apt.log" 2>&1 \
      || { tail -20 "$log/apt.log"; echo "Could not install ${missing[*]}." >&2; }
    [ ${#policy[@]} -gt 0 ] && rm -f "${policy[@]}"
  fi
}

log=artifacts/test-logs
rm -rf "$log"
mkdir -p "$log"
install

filter=()
if ! command -v redis-server >/dev/null 2>&1; then
  say "No redis-server on this machine and no right to install it: the tests of Redis itself are left out."
  filter+=("Needs!=redis")
fi
if ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1 && ! command -v google-chrome >/dev/null 2>&1; then
  say "No Chromium on this machine and no right to install it: the browser tests are left out."
  filter+=("Needs!=chromium")
fi
expression=$(IFS='&'; echo "${filter[*]:-}")

say "Building"
if ! dotnet build Mallgram.sln --nologo -v quiet -clp:ErrorsOnly >"$log/build.log" 2>&1; then
  cat "$log/build.log"
  echo "0 passed, 1 failed"
  exit 1
fi

passed=0
failed=0
broken=0
for project in Unit Integration WholeApp Browser; do
  say "$project tests"
  result="$log/$project.trx"
  dotnet test "tests/Mallgram.Tests.$project" --no-build --nologo -v quiet --logger "console;verbosity=minimal" --logger "trx;LogFileName=$PWD/$result" \
    --blame-hang-timeout 10m --results-directory "$log/$project" ${expression:+--filter "$expression"} 2>&1 | tee "$log/$project.log" | grep -vE '^(Results File|Test run for|A total of|Starting test|Data collector)' || true
  status=${PIPESTATUS[0]}
  counters=$(grep -oE '<Counters [^>]*' "$result" 2>/dev/null | head -1)
  p=$(sed -nE 's/.* passed="([0-9]+)".*/\1/p' <<<"$counters")
  f=$(sed -nE 's/.* failed="([0-9]+)".*/\1/p' <<<"$counters")
  passed=$((passed + ${p:-0}))
  failed=$((failed + ${f:-0}))
  # A runner that fell over without a failed test is a failure all the same.
  if [ "$status" -ne 0 ] && [ "${f:-0}" -eq 0 ]; then
    broken=1
    failed=$((failed + 1))
    echo "The $project tests ended with exit code $status; see $log/$project.log"
  fi
done

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$broken" -eq 0 ] && [ "$passed" -gt 0 ]
