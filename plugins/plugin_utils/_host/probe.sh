# shellcheck shell=sh
# shellcheck disable=SC2010,SC2012,SC2045 # ls tells mode, owner and target everywhere; find -printf, stat -c do not
# Evidence about this host, one fact a line: "key value". It decides nothing and writes no file.
# Sent as text by the action plugin, after lines that set FLEET_ROOT, FLEET_LINKS (one path a line) and, each of them
# empty or not, FLEET_DEEP (compare every file with its sha256), FLEET_DETAIL (tell which processes run from homes) and
# FLEET_PREREQUISITES (tell also where something is installed what an installation has to work with).
# Runs under dash, BusyBox ash, bash and ksh. No single quote stands in the code: each one would be
# quoted again at every level that the command passes on its way (ssh, become, sh -c).
LC_ALL=C
export LC_ALL
for directory in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
  case :$PATH: in
    *":$directory:"*) ;;
    *) PATH=${PATH:+$PATH:}$directory ;;
  esac
done
newline="
"

# lines KEY TEXT: "KEY LINE" for each line of the text that is not empty
lines() {
  [ -n "$2" ] || return 0
  set -f
  IFS=$newline
  # shellcheck disable=SC2059,SC2086 # the key is ours, printf repeats its format for each line
  printf "$1 %s\n" $2
  unset IFS
  set +f
}

# levels TEXT: "loader-level LINE" for each line of the text that begins with the name of a level
levels() {
  set -f
  IFS=$newline
  for line in $1; do
    line=${line#"${line%%[! ]*}"}
    case $line in
      x86-64-v[0-9]*) printf "loader-level %s\n" "$line" ;;
    esac
  done
  unset IFS
  set +f
}

# listing PATH...: "KEY <line of ls -ldn>" for each that exists; it names owner, mode and link target. A link in the root
# is one of its entries, and a path where it is asked for; ls sorts, so what is named twice stands together.
listing() {
  last=""
  set -f
  IFS=$newline
  for line in $(ls -ldn "$@" 2>/dev/null); do
    name=/${line#* /}
    name=${name%% -> *}
    [ "$name" != "$last" ] || continue
    last=$name
    case $newline$FLEET_LINKS$newline$made$newline in
      *"$newline$name$newline"*) say "path $line" ;;
    esac
    case $newline$above in
      *"$newline$name$newline"*) say "above $line" ;;
    esac
    case $name in
      "$FLEET_ROOT"/*/.fleet-receipt) say "receipt-file $line" ;;
      "$FLEET_ROOT"/*/*) ;;
      "$FLEET_ROOT"/*) say "entry $line" ;;
      "$at") say "at $line" ;;
      /lib*/ld[-.6]*so* | /lib/libgcompat.so*) say "loader $line" ;;
    esac
  done
  unset IFS
  set +f
}

# find_tool NAME: where it is on PATH, into $path. No substitution, which forks; BusyBox may know applets without a file.
find_tool() {
  path=
  IFS=:
  for directory in $PATH; do
    if [ -f "$directory/$1" ] && [ -x "$directory/$1" ]; then
      path=$directory/$1
      break
    fi
  done
  unset IFS
  [ -z "$path" ] || return 0
  command -v "$1" >/dev/null 2>&1 && path=$1
}

# An empty line first: what was printed before may not have ended its line.
say
say fleet-probe 1
system=$(uname -srm)
say kernel "$system"
# The effective one, as id -u says it: each program that need not be started is a tenth of the probe's time.
uid=
if [ -r /proc/self/status ]; then
  while read -r key _ uid _; do
    [ "$key" != Uid: ] || break
    uid=
  done </proc/self/status
fi
say uid "${uid:-$(id -u)}"
# Of /proc/cpuinfo the first processor is enough: the first empty line after something was found ends it.
sed -nE "s/^(ID|VERSION_ID|PRETTY_NAME)=/os &/p
/^(flags|[Ff]eatures|CPU architecture|model name|cpu|isa|uarch|machine|Processor|system type)[[:space:]]*:/{s/^/cpu /p;h;}
/^\$/{x;/^cpu/q;x;}" /etc/os-release /proc/cpuinfo 2>/dev/null

# The userland: what the shell is built for, and by which loader it runs. Where it is static, the next.
for program in /bin/sh /usr/bin/env /bin/ls /bin/cat /sbin/init; do
  case $program$system in
    /bin/sh*) ;;
    *Darwin*) break ;;
    *) [ ! "$program" -ef /bin/sh ] || continue ;;
  esac
  elf "$program"
  [ -z "$interp" ] || break
done
loaders="/lib/ld[-.6]*so* /lib32/ld[-.6]*so* /lib64/ld[-.6]*so* /libx32/ld[-.6]*so* /libo32/ld[-.6]*so* \
  /lib/libgcompat.so*"
# The loader of the shell says its version; where the shell is static, the first one on the disk that can run.
# shellcheck disable=SC2086 # patterns, to be expanded
for asked in ${interp:-$loaders}; do
  [ -x "$asked" ] || continue
  says=$("$asked" --version 2>&1)
  case $says in
    *musl* | *GNU* | *GLIBC*) ;;
    *) [ -n "$interp" ] || continue ;;
  esac
  say loader-asked "$asked"
  second=${says#*"$newline"}
  [ "$second" != "$says" ] || second=
  lines loader-says "${says%%"$newline"*}$newline${second%%"$newline"*}"
  case $says in
    *musl*) ;;
    # Its own list of what the processor can do (glibc 2.33 and later).
    *GNU* | *GLIBC*)
      case $system in
        *x86_64) levels "$("$asked" --help 2>/dev/null)" ;;
      esac
      ;;
    # A glibc before 2.33 has no --version: the name behind the link and getconf tell (ld-2.31.so).
    *)
      say loader-file "$(readlink -f "$asked" 2>/dev/null)"
      say getconf "$(getconf GNU_LIBC_VERSION 2>/dev/null)"
      ;;
  esac
  break
done
if [ -x /usr/bin/sw_vers ]; then
  say darwin "$(sw_vers -productVersion 2>/dev/null)"
  say darwin-arm64 "$(sysctl -n hw.optional.arm64 2>/dev/null)"
  say darwin-translated "$(sysctl -n sysctl.proc_translated 2>/dev/null)"
fi

at=$FLEET_ROOT
while [ ! -e "$at" ] && [ ! -h "$at" ]; do
  at=${at%/*}
  [ -n "$at" ] || at=/
done
# Whoever may write a folder above the root may change what is in it; where a link leads, that counts too.
above=
folder=$at
links=
while :; do
  [ ! -h "$folder" ] || links=yes
  [ "$folder" != / ] || break
  folder=${folder%/*}
  folder=${folder:-/}
  above=$above$folder$newline
done
if [ -n "$links" ]; then
  folder=$(cd "$at" 2>/dev/null && pwd -P)
  while [ -n "$folder" ] && [ "$folder" != "$at" ]; do
    above=$above$folder$newline
    folder=${folder%/*}
  done
fi
[ ! -d "$at" ] || say folder "$at"
[ ! -w "$at" ] || say writable "$at"
if [ -r /sys/fs/selinux/enforce ]; then
  read -r enforce </sys/fs/selinux/enforce
  say selinux "$enforce"
fi

# What is installed: every entry of the root, our receipts, and how many files each home still has.
made=""
installed=""
# A small script, of a name and a path in the home of that name: what was changed since its installation, and is ours;
# what was added later is no damage.
tell_changed="! grep -qF \"  \${2#./}\" .fleet-manifest || printf \"changed %s %s\\n\" \"\$1\" \"\${2#./}\" >&3"
if [ -d "$FLEET_ROOT" ]; then
  for left in "$FLEET_ROOT"/.staging/* "$FLEET_ROOT"/.staging/.[!.]*; do
    [ -e "$left" ] || [ -h "$left" ] || continue
    lines staging "$(ls -lan "$FLEET_ROOT/.staging/" 2>/dev/null)"
    break
  done
  if [ -f "$FLEET_ROOT/.links" ] && [ -r "$FLEET_ROOT/.links" ]; then
    while IFS= read -r line || [ -n "$line" ]; do made=$made$line$newline; done <"$FLEET_ROOT/.links"
  fi
  lines made-link "$made"
  for home in "$FLEET_ROOT"/cpython-*; do
    # Homes are no links: what somebody has led to one of them is not one more.
    { [ -f "$home/.fleet-receipt" ] && [ ! -h "$home" ]; } || continue
    installed=yes
    # An empty one, as a power cut leaves it, is a receipt too: a damaged one.
    receipt=
    IFS= read -r receipt <"$home/.fleet-receipt"
    say receipt "${home##*/}" "$receipt"
    # How many files there are, and which are newer than the receipt: looked for in one go, for it takes most of the
    # probe's time. Bytecode, packages and the programs of pip come and go (module_utils/_archive/manifest.py leaves out the same).
    set -- "$home"/bin/pip*
    { [ -e "$1" ] || [ -h "$1" ]; } || shift
    { count=$(cd "$home" 2>/dev/null && find . -type d \( -name __pycache__ -o -name site-packages \) -prune \
      -o -type f -newer .fleet-receipt -exec sh -c "$tell_changed" sh "${home##*/}" {} \; -print \
      -o \( -type f -o -type l \) -print | wc -l); } 3>&1
    say files "${home##*/}" "$((${count:-0} - $#))"
    [ ! -x "$home/bin/python3" ] || say runs "${home##*/}"
    [ -n "$FLEET_DEEP" ] || continue
    command -v sha256sum >/dev/null && sums=sha256sum || sums="shasum -a 256"
    # With nothing to compare it fails and names no file: then the list itself is damaged.
    compared=$(cd "$home" && $sums -c .fleet-manifest 2>/dev/null) || case $compared in
      *": FAILED"*) ;;
      *) compared=".fleet-manifest: FAILED" ;;
    esac
    say "$compared" | sed -n "s/: FAILED.*//p" | while IFS= read -r file; do say changed "${home##*/}" "$file"; done
  done
  if [ -f "$FLEET_ROOT/.level" ] && [ -r "$FLEET_ROOT/.level" ]; then
    read -r level <"$FLEET_ROOT/.level"
    say level "$level"
  fi
  [ -z "$FLEET_DETAIL" ] || ls -ln /proc/[0-9]*/exe 2>/dev/null | grep -F " -> $FLEET_ROOT/" | sed "s/^/running /"
fi
# What an installation has to work with, where one may come. Most runs find that there is nothing to do, and this is a
# third of the probe's time: where something is to be installed beside what is there, the probe is asked again.
if [ -n "$FLEET_PREREQUISITES" ] || [ -z "$installed" ]; then
  find_tool busybox
  busybox=${path:-/bin/busybox}
  find_tool toybox
  toybox=${path:-/bin/toybox}
  for name in tar gzip zstd xz curl wget sha256sum shasum openssl ps; do
    find_tool "$name" || continue
    says=
    if [ "$path" -ef "$busybox" ]; then
      says=BusyBox
    elif [ "$path" -ef "$toybox" ]; then
      says=toybox
    elif [ "$name" = tar ] || [ "$path" = "$name" ]; then
      says=$("$path" --version 2>&1 </dev/null)
      second=${says#*"$newline"}
      [ "$second" != "$says" ] || second=
      says="${says%%"$newline"*} ${second%%"$newline"*}"
    fi
    say tool "$name" "$path" "$says"
  done
  # Links are left out: what they lead to is found by itself, and our own are not the host's Python.
  for python in /usr/bin/python[23]* /usr/local/bin/python[23].* /usr/libexec/platform-python[23].[0-9]*; do
    case $python in
      */python[23] | */python[23].[0-9] | */python[23].[0-9][0-9] | */platform-python*) ;;
      *) continue ;;
    esac
    [ -x "$python" ] && [ ! -h "$python" ] || continue
    case $system$python in
      # A stub of macOS: without the developer tools it opens a window that offers them.
      Darwin*/usr/bin/*) xcode-select -p >/dev/null 2>&1 || continue ;;
    esac
    say python "$python" "$("$python" -V 2>&1)"
  done
  disk=$(df -Pk "$at" 2>/dev/null)
  disk=${disk##*"$newline"}
  lines df "$disk"
  # The mount point is what follows the percentage.
  case $disk in
    *"% /"*) [ ! -r /proc/mounts ] || lines mount "$(grep -F " ${disk##*% } " /proc/mounts 2>/dev/null)" ;;
  esac
else
  say prerequisites-left-out yes
fi

# One ls for all that is to be listed: each program that is started takes as long as dozens of lines here.
set -f
IFS=$newline
# shellcheck disable=SC2086 # one path a line
set -- $FLEET_LINKS $made $above
unset IFS
set +f
# shellcheck disable=SC2086 # patterns, to be expanded
listing "$at" "$FLEET_ROOT"/* "$FLEET_ROOT"/.[!.]* "$FLEET_ROOT"/..?* "$FLEET_ROOT"/cpython-*/.fleet-receipt $loaders "$@"
say fleet-probe-end
