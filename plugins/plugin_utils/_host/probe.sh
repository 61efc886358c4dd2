# shellcheck shell=sh
# shellcheck disable=SC2010,SC2012,SC2045 # ls tells mode, owner and target everywhere; find -printf, stat -c do not
# Print evidence about this host, one fact on each line: "key value". This decides nothing and writes no file.
# The action plugin sends it as text, after lines that set FLEET_ROOT, FLEET_LINKS (one path on each line) and three
# switches, each empty or not: FLEET_DEEP (compare every file with its sha256), FLEET_DETAIL (list the processes that
# run from homes) and FLEET_PREREQUISITES (list the prerequisites of an installation even if something is installed).
# Runs under dash, BusyBox ash, bash and ksh. The code has no single quotes, because every level that the command passes
# through (ssh, become, sh -c) would quote each of them again.
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

# lines KEY TEXT: print "KEY LINE" for each line of the text that is not empty
lines() {
  [ -n "$2" ] || return 0
  set -f
  IFS=$newline
  # shellcheck disable=SC2059,SC2086 # the key is ours, printf repeats its format for each line
  printf "$1 %s\n" $2
  unset IFS
  set +f
}

# levels TEXT: print "loader-level LINE" for each line of the text that begins with the name of a level
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

# listing PATH...: print "KEY <line of ls -ldn>" for each path that exists. The line has mode, owner and link target.
# A link in the root is one of its entries, and also a path if FLEET_LINKS names it. ls sorts, so duplicates are adjacent.
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

# find_tool NAME: set $path to its place on PATH, without a substitution, which would fork. BusyBox may have applets
# without a file.
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

# Begin with an empty line, since earlier output may not have ended its line.
say
say fleet-probe 1
system=$(uname -srm)
say kernel "$system"
# The effective uid, as from id -u. Starting one program less saves a tenth of the time of the probe.
uid=
if [ -r /proc/self/status ]; then
  while read -r key _ uid _; do
    [ "$key" != Uid: ] || break
    uid=
  done </proc/self/status
fi
say uid "${uid:-$(id -u)}"
# The first processor in /proc/cpuinfo is enough. Stop at the first empty line after a match.
sed -nE "s/^(ID|VERSION_ID|PRETTY_NAME)=/os &/p
/^(flags|[Ff]eatures|CPU architecture|model name|cpu|isa|uarch|machine|Processor|system type)[[:space:]]*:/{s/^/cpu /p;h;}
/^\$/{x;/^cpu/q;x;}" /etc/os-release /proc/cpuinfo 2>/dev/null

# The userland: what the shell is built for, and its loader. If the shell is static, look at the next program.
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
# Ask the loader of the shell for its version. If the shell is static, ask the first loader on the disk that can run.
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
    # The loader lists the levels that the processor supports (glibc 2.33 and later).
    *GNU* | *GLIBC*)
      case $system in
        *x86_64) levels "$("$asked" --help 2>/dev/null)" ;;
      esac
      ;;
    # A loader of glibc before 2.33 has no --version. Its real file name (ld-2.31.so) or getconf has it.
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
# Anybody who may write to a folder above the root can replace what is in it. The same is true of link targets.
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

# What is installed: every entry of the root, our receipts, and the number of files that each home still has.
made=""
installed=""
# A small script whose arguments are the name of a home and a path in it. It reports a file of ours that has changed
# since the installation. A file that was added later is no damage.
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
    # A home is never a link, so do not count a link to a home.
    { [ -f "$home/.fleet-receipt" ] && [ ! -h "$home" ]; } || continue
    installed=yes
    # A power cut may leave an empty receipt. Report it too: the home is damaged.
    receipt=
    IFS= read -r receipt <"$home/.fleet-receipt"
    say receipt "${home##*/}" "$receipt"
    # Count the files and find those newer than the receipt in one pass, which takes most of the time of the probe.
    # Bytecode, packages and the programs of pip change in use, so leave them out, as module_utils/_archive/manifest.py
    # does.
    set -- "$home"/bin/pip*
    { [ -e "$1" ] || [ -h "$1" ]; } || shift
    { count=$(cd "$home" 2>/dev/null && find . -type d \( -name __pycache__ -o -name site-packages \) -prune \
      -o -type f -newer .fleet-receipt -exec sh -c "$tell_changed" sh "${home##*/}" {} \; -print \
      -o \( -type f -o -type l \) -print | wc -l); } 3>&1
    say files "${home##*/}" "$((${count:-0} - $#))"
    [ ! -x "$home/bin/python3" ] || say runs "${home##*/}"
    [ -n "$FLEET_DEEP" ] || continue
    command -v sha256sum >/dev/null && sums=sha256sum || sums="shasum -a 256"
    # If the check fails but names no file, the manifest itself is damaged.
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
# The prerequisites of an installation take a third of the time of the probe, and most runs have nothing to install.
# So skip them if something is installed. If a run then has more to install, it runs the probe again.
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
  # Leave links out: the loop finds their targets anyway, and our own links are no host Python.
  for python in /usr/bin/python[23]* /usr/local/bin/python[23].* /usr/libexec/platform-python[23].[0-9]*; do
    case $python in
      */python[23] | */python[23].[0-9] | */python[23].[0-9][0-9] | */platform-python*) ;;
      *) continue ;;
    esac
    [ -x "$python" ] && [ ! -h "$python" ] || continue
    case $system$python in
      # On macOS this is a stub. Without the developer tools, it opens a window that offers them.
      Darwin*/usr/bin/*) xcode-select -p >/dev/null 2>&1 || continue ;;
    esac
    say python "$python" "$("$python" -V 2>&1)"
  done
  disk=$(df -Pk "$at" 2>/dev/null)
  disk=${disk##*"$newline"}
  lines df "$disk"
  # The mount point follows the percentage.
  case $disk in
    *"% /"*) [ ! -r /proc/mounts ] || lines mount "$(grep -F " ${disk##*% } " /proc/mounts 2>/dev/null)" ;;
  esac
else
  say prerequisites-left-out yes
fi

# List everything with one ls, since starting a program takes as long as dozens of lines of this script.
set -f
IFS=$newline
# shellcheck disable=SC2086 # one path a line
set -- $FLEET_LINKS $made $above
unset IFS
set +f
# shellcheck disable=SC2086 # patterns, to be expanded
listing "$at" "$FLEET_ROOT"/* "$FLEET_ROOT"/.[!.]* "$FLEET_ROOT"/..?* "$FLEET_ROOT"/cpython-*/.fleet-receipt $loaders "$@"
say fleet-probe-end
