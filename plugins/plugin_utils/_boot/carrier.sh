# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # set for stage.sh or by elf.sh, or set by boot.sh
# The sh that a carrier begins with, which boot.sh goes on with: have an interpreter, and let it run the carrier.
# After elf.sh, a function "stage" that is stage.sh, and values for FLEET_ROWS (the candidates, best level first: loader,
# level, path below a source, sha256, top, program, triple), FLEET_LEVELS (a level and its flags on each line), FLEET_NEEDED
# (Python modules), FLEET_PINNED (triples, for messages), FLEET_LIBC (auto, gnu or musl).
staged=""

drop_stage() {
  [ -n "$staged" ] || return 0
  made=""
  [ ! -f "$staged/made-root" ] || made=yes
  rm -rf "$staged"
  staged=""
  rmdir "$FLEET_ROOT/.staging" 2>/dev/null
  [ -n "$made" ] || return 0
  # shellcheck disable=SC2012 # a dot and a word
  [ "$(ls -A "$FLEET_ROOT" 2>/dev/null)" != .lock ] || rm -f "$FLEET_ROOT/.lock"
  rmdir "$FLEET_ROOT" 2>/dev/null
}

# listed PATH: set mode, owner and group as ls shows them
listed() {
  set -f
  # shellcheck disable=SC2046 # words are what is wanted
  set -- $(ls -ldn "$1" 2>/dev/null)
  set +f
  mode=${1-} owner=${3-} group=${4-}
}

# distrusted: why nothing below the root may be run by this user; nothing where it may. The plan looks again, at more
# (_plan/trust.py); this is for what runs before the plan is made.
distrusted() {
  me=$(id -u)
  nearest=$FLEET_ROOT
  while [ ! -e "$nearest" ] && [ ! -h "$nearest" ]; do
    nearest=${nearest%/*}
    nearest=${nearest:-/}
  done
  for at in "$nearest" "$(cd "$nearest" 2>/dev/null && pwd -P)"; do
    ours=""
    [ "$nearest" != "$FLEET_ROOT" ] || ours=yes
    while :; do
      listed "$at"
      why=""
      case $owner in
        0 | "$me") ;;
        *) why="it belongs to uid $owner" ;;
      esac
      # What is above may be sticky, such as /tmp, or of a group, of which the plan warns.
      case $mode in
        l*) ;;
        ????????w[tT]*) [ -z "$ours" ] || why="anybody may write it" ;;
        ????????w*) why="anybody may write it" ;;
        ?????w*)
          case $ours$group in
            "" | [0-9]* | yes0 | "yes$owner") ;;
            *) why="the group $group may write it" ;;
          esac
          ;;
      esac
      if [ -n "$why" ]; then
        printf "%s cannot be trusted by uid %s: %s (owner %s, mode %s), who could change what is run from %s" \
          "$at" "$me" "$why" "$owner" "$mode" "$FLEET_ROOT"
        return
      fi
      ours=""
      [ "$at" != / ] || break
      at=${at%/*}
      at=${at:-/}
    done
  done
}

# find_own: set python to an installed interpreter that can run the carrier
find_own() {
  python=""
  for program in "$FLEET_ROOT"/3.*/bin/python3; do
    [ -x "$program" ] || continue
    listed "$(cd "${program%/bin/*}" && pwd -P)"
    case $owner in
      0 | "$(id -u)") ;;
      *) continue ;;
    esac
    case $mode in
      ????????w*) continue ;;
    esac
    "$program" -I -B -c "import sys, zlib, $FLEET_NEEDED; sys.exit(sys.version_info < (3, 11))" >/dev/null 2>&1 </dev/null ||
      continue
    python=$program
    break
  done
}

# find_level: set level to the x86-64 level that /proc/cpuinfo shows. The plan looks closer.
find_level() {
  level=1
  flags=" $(sed -n "/^flags[[:space:]]*:/{s/^[^:]*://p;q;}" /proc/cpuinfo 2>/dev/null) "
  while read -r number needed; do
    for flag in $needed; do
      case $flags in
        *" $flag "*) ;;
        *) return 0 ;;
      esac
    done
    level=$number
  done <<EOF
$FLEET_LEVELS
EOF
}

# next_row: set loader, path and so on to the best candidate that this host may run and that has not failed
next_row() {
  while read -r loader needs path sha256 top program triple; do
    case " $crashed " in
      *" $triple "*) continue ;;
    esac
    [ "$needs" -le "$level" ] || continue
    # Where the shell is static, or another libc was asked for, see which loader is there.
    case $FLEET_LIBC$interp in
      auto) [ -e "$loader" ] || continue ;;
      auto*) [ "$loader" = "$interp" ] || continue ;;
      *) [ -e "$loader" ] || continue ;;
    esac
    return 0
  done <<EOF
$FLEET_ROWS
EOF
  return 1
}

# stage_next: stage a candidate, and set python to its interpreter. Fails where it is to be tried again.
stage_next() {
  next_row || {
    found="${interp:-no loader that the lock has builds for}"
    refuse "${failed:-no pin of the lock fits this host, $(uname -m) with $found. It pins builds for $FLEET_PINNED. Add this host with: ansible-playbook fleet.python.lock}"
  }
  FLEET_STAGE=boot-$$-$(below 1000000000)
  FLEET_SHA256=$sha256 FLEET_TOP=$top FLEET_PROGRAM=$program FLEET_FILE="" FLEET_PULL=yes FLEET_ORDER=$work/order
  { printf "\nfleet-order\n" && pull_file "$(lines_of url "$FLEET_SOURCES" "/$path")"; } >"$FLEET_ORDER"
  answer=$(stage)
  reason=$(printf "\n%s\n" "$answer" | sed "1,/^fleet-failed /d;/^fleet-end\$/d")
  case $answer in
    *fleet-staged*) ;;
    *fleet-swept*)
      swept=$((swept + 1))
      [ "$swept" -lt 20 ] || refuse "other runs on this host have swept what was staged, again and again"
      return 1
      ;;
    *"fleet-failed unreached"*)
      pause || refuse "$reason"
      return 1
      ;;
    *"fleet-failed try"*"illegal instruction"*)
      crash "$reason"
      return 1
      ;;
    *) refuse "${reason:-the stage did not end: $answer}" ;;
  esac
  staged=$FLEET_ROOT/.staging/$FLEET_STAGE
  python=$staged/tree/$program
  {
    printf "stage %s\npath %s\n" "$FLEET_STAGE" "$path"
    printf "%s\n" "$answer" | sed -n "s/^fleet-source /source /p;s/^fleet-skipped /skipped /p;s/^fleet-pulled /pulled /p"
  } >"$work/staged"
}

# crash REASON: go on with a candidate for a lower level
crash() {
  failed=$1
  crashed="$crashed $triple"
  printf "%s\n" "$triple" >>"$work/crashed"
}

said=$(distrusted)
[ -z "$said" ] || refuse "$said"
elf /bin/sh >/dev/null 2>&1
find_level
crashed="" failed="" swept=0
while :; do
  find_own
  : >"$work/staged"
  [ -n "$python" ] || stage_next || continue
  pull_file "$(lines_of url "$FLEET_SOURCES" "")" >"$work/access"
  "$python" -I -B "$work/carrier" "$work" </dev/null
  status=$?
  [ "$status" -ne 132 ] || [ -z "$staged" ] || {
    drop_stage
    crash "the interpreter dies with an illegal instruction: it is built for a higher CPU level"
    continue
  }
  drop_stage
  case $status in
    0 | 1) ;;
    75) continue ;;
    76)
      ! pause || continue
      cat "$work/failed"
      status=1
      ;;
    *) refuse "the interpreter that runs the carrier ended with exit status $status" \
      "What it had done until then stays on the host, and the next run goes on from there: run again" ;;
  esac
  tidy
  exit "$status"
done
