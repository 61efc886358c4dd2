# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # set for fetch.sh, or by it
# The beginning of a boot script: get the carrier, verify it, and go on with the sh that it begins with (carrier.sh).
# After downloaders.sh and fetch.sh, and values for FLEET_ROOT, FLEET_CARRIER (the sha256 of the carrier), FLEET_NAME (its
# name), FLEET_CARRIER_SOURCES and FLEET_SOURCES (a base URL on each line), FLEET_ACCESS (the lines of a pull file but its
# URLs), FLEET_AUTHORITIES (PEM), FLEET_DELAY, FLEET_SPREAD (seconds) and FLEET_RETRIES.
push="run the role with transfer: push"

# tidy: remove what this script keeps for itself, and what it has staged
tidy() {
  cd /
  drop_stage
  rm -rf "$work"
}
# carrier.sh has another one.
drop_stage() { :; }

# in_json: the text that comes, as the inside of a JSON text
in_json() {
  tr "\011" " " | tr -cd "\012\040-\176" | sed "s/[\"\\\\]/\\\\&/g" | {
    between=""
    while IFS= read -r line; do
      printf "%s%s" "$between" "$line"
      between="\\n"
    done
  }
}

# refuse REASON STATE: say what failed in one line of JSON, and leave the host as it was, unless another state is given
refuse() {
  tidy
  kept=""
  for part in "$FLEET_ROOT/.staging"/part-*; do
    [ ! -d "$part" ] || kept=", but for what has come of a file, with which the next run goes on"
  done
  printf "{\"changed\": false, \"failed\": true, \"msg\": \"%s\"}\n" \
    "$(printf "%s: %s. %s\n" "$(uname -n)" "$1" \
      "${2:-The host is as it was$kept. Mend what is named, then run again}" | in_json)"
  exit 1
}

# below NUMBER: a random number below it, another one on each host and each time
below() {
  draw=$({ cat /proc/sys/kernel/random/uuid || date; uname -n; printf "%s" "$$"; } 2>/dev/null | cksum)
  printf "%s" "$((${draw%% *} % $1))"
}

# pause: wait before another try, for a random time that grows with each, so that hosts that begin together do not ask
# together. Fails after the last try.
pause() {
  [ "$tries" -lt "$FLEET_RETRIES" ] || return 1
  tries=$((tries + 1))
  longest=$((longest * 2))
  [ "$longest" -le 600 ] || longest=600
  sleep "$(below "$((longest + 1))")"
}

# lines_of WORD BASES PATH: a line with the word and the URL for each of the base URLs
lines_of() {
  printf "%s\n" "$2" | sed "s|\$|$3|;s|^|$1 |"
}
# pull_file LINES: all that fetch.sh needs, with these lines of URLs
pull_file() {
  printf "%s\n%s\n\n%s" "$FLEET_ACCESS" "$1" "$FLEET_AUTHORITIES"
}

# need WHAT PROGRAM...: refuse a host that has none of these programs
need() {
  what=$1
  shift
  for program; do
    ! command -v "$program" >/dev/null || return 0
  done
  refuse "this host has no $what ($*): install one with its package manager"
}

get_carrier() {
  archive=$work/carrier stage=$work
  kept=$FLEET_ROOT/.boot
  # An earlier run has kept it. What counts is its digest.
  [ ! -f "$kept" ] || head -c 8388608 "$kept" >"$archive"
  [ ! -f "$archive" ] || [ "$(digest "$archive")" != "$FLEET_CARRIER" ] || return 0
  rm -f "$archive"
  need "program that downloads" curl wget
  [ "$FLEET_DELAY" -eq 0 ] || sleep "$(below "$((FLEET_DELAY + 1))")"
  while :; do
    FLEET_PULL=$work/order FLEET_SHA256=$FLEET_CARRIER
    pull_file "$(lines_of url "$FLEET_CARRIER_SOURCES" "/$FLEET_NAME")" >"$FLEET_PULL"
    # In a process of its own: it sets proxies for itself.
    said=$(pull || { printf "%s" "${refused:+refused }$failures"; exit 1; }) && return 0
    case $said in
      refused*) refuse "no source gave the carrier:${said#refused }" ;;
    esac
    pause || refuse "no source gave the carrier:$said"
  done
}

boot() {
  LC_ALL=C
  export LC_ALL
  PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  umask 077
  tries=0 longest=$FLEET_SPREAD
  name=fleet-boot-$$-$(below 1000000000)
  # While a machine boots, its /tmp is emptied. mkdir takes nothing that is there, and follows no link.
  for folder in ${TMPDIR:+"$TMPDIR"} /run /tmp none; do
    work=$folder/$name
    [ "$folder" != none ] || refuse "no directory can be made in /run or /tmp"
    ! mkdir "$work" 2>/dev/null || break
  done
  trap "tidy; exit 1" HUP INT TERM
  need "program for SHA-256" sha256sum shasum openssl
  need tar tar
  need gzip gzip
  get_carrier
  sed "/^# fleet-carrier-ends\$/q" "$work/carrier" >"$work/carrier.sh"
  # shellcheck disable=SC1091 # it is verified, and checked as a file of its own
  . "$work/carrier.sh"
}
