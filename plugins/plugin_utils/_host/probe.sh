# shellcheck shell=sh
# shellcheck disable=SC2010,SC2012,SC2045 # ls tells mode, owner and target everywhere; find -printf, stat -c do not
# Print evidence about this host, one fact on each line: "key value". This decides nothing and writes no file.
# The action plugin sends it on one line (script.py says in which form it has to be), after values for NEWLINE,
# FLEET_ROOT, FLEET_LINKS (one path on each line), FLEET_VERIFY (quick; files: count them; deep: also compare each with its
# sha256) and two switches, each empty or not: FLEET_DETAIL (list the processes that run from homes, ask each tar and
# Python for its version) and FLEET_PREREQUISITES (list the prerequisites of an installation even if something is
# installed).
# Runs under dash, BusyBox ash, bash and ksh. The code has no single quotes, because every level that the command passes
# through (ssh, become, sh -c) would quote each of them again.
exec 2>/dev/null
# What a host sets for its users may change what ls and grep print.
unset TIME_STYLE QUOTING_STYLE BLOCK_SIZE LS_BLOCK_SIZE GREP_OPTIONS
LC_ALL=C
export LC_ALL
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# rows: expand variables into their lines from now on. words: as usual again
rows() {
  set -f
  IFS=$NEWLINE
}
words() {
  set +f
  unset IFS
}

# lines KEY TEXT: print "KEY LINE" for each line of the text that is not empty
lines() {
  [ -n "$2" ] || return 0
  rows
  # shellcheck disable=SC2059,SC2086 # the key is ours, printf repeats its format for each line
  printf "$1 %s\n" $2
  words
}

# levels TEXT: print "loader-level LINE" for each line of the text that begins with the name of a level
levels() {
  rows
  for line in $1; do
    line=${line#"${line%%[! ]*}"}
    case $line in
      x86-64-v[0-9]*) printf "loader-level %s\n" "$line" ;;
    esac
  done
  words
}

# listing PATH...: print "KEY <line of ls -ldn>" for each path that exists. The line has mode, owner and link target.
# A link in the root is one of its entries, and also a path if FLEET_LINKS names it. ls sorts, so duplicates are adjacent.
listing() {
  last=""
  rows
  for line in $(ls -ldn "$@"); do
    name=/${line#* /}
    name=${name%% -> *}
    [ "$name" != "$last" ] || continue
    last=$name
    case $NEWLINE$FLEET_LINKS$NEWLINE$made$NEWLINE in
      *"$NEWLINE$name$NEWLINE"*) say "path $line" ;;
    esac
    case $NEWLINE$above in
      *"$NEWLINE$name$NEWLINE"*) say "above $line" ;;
    esac
    case $name in
      */. | */..) ;;
      "$FLEET_ROOT"/*/.fleet-receipt) say "receipt-file $line" ;;
      "$FLEET_ROOT"/.staging/*) say "staging $line" ;;
      "$FLEET_ROOT"/*/*) ;;
      "$FLEET_ROOT"/*) say "entry $line" ;;
      "$at") say "at $line" ;;
      /lib*/ld[-.6]*so* | /lib/libgcompat.so*) say "loader $line" ;;
    esac
  done
  words
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
  command -v "$1" >/dev/null && path=$1
}

# same HOME: whether no directory of a home is newer than their list. Then no file has come or gone since, for that changes
# the time of its directory.
same() {
  file=$1/.fleet-directories
  [ -f "$file" ] && [ ! -h "$file" ] || return 1
  listed=$(head -c 65536 "$file")
  rows
  for line in $listed; do
    [ -d "$1/$line" ] && [ ! "$1/$line" -nt "$file" ] && continue
    listed=
    break
  done
  words
  [ -n "$listed" ]
}

# Begin with an empty line, since earlier output may not have ended its line.
say
say fleet-probe 1
# As from uname -srm, and the effective uid as from id -u. Each program less saves a tenth of the time of the probe. The
# kernel says its architecture there since 6.1.
if [ -r /proc/sys/kernel/arch ]; then
  read -r system </proc/sys/kernel/ostype
  read -r line </proc/sys/kernel/osrelease
  read -r machine </proc/sys/kernel/arch
  system="$system $line $machine"
else
  system=$(uname -srm)
fi
say kernel "$system"
uid=
if [ -r /proc/self/status ]; then
  while read -r key _ uid _; do
    [ "$key" != Uid: ] || break
    uid=
  done </proc/self/status
fi
say uid "${uid:-$(id -u)}"
# The first processor in /proc/cpuinfo is enough. Stop at the first empty line after a match.
sed -nE -e "s/^(ID|VERSION_ID|PRETTY_NAME)=/os &/p" \
  -e "/^(flags|[Ff]eatures|CPU architecture|model name|cpu|isa|uarch|machine|Processor|system type)[[:space:]]*:/{s/^/cpu /p;h;}" \
  -e "/^\$/{x;/^cpu/q;x;}" /etc/os-release /proc/cpuinfo

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
glibc=
# shellcheck disable=SC2086 # patterns, to be expanded
for asked in ${interp:-$loaders}; do
  [ -x "$asked" ] || continue
  says=$("$asked" --version 2>&1)
  case $says in
    *musl* | *GNU* | *GLIBC*) ;;
    *) [ -n "$interp" ] || continue ;;
  esac
  say loader-asked "$asked"
  second=${says#*"$NEWLINE"}
  [ "$second" != "$says" ] || second=
  lines loader-says "${says%%"$NEWLINE"*}$NEWLINE${second%%"$NEWLINE"*}"
  case $says in
    *musl*) ;;
    *GNU* | *GLIBC*) glibc=$asked ;;
    # A loader of glibc before 2.33 has no --version. Its real file name (ld-2.31.so) or getconf has it.
    *)
      say loader-file "$(readlink -f "$asked")"
      say getconf "$(getconf GNU_LIBC_VERSION)"
      ;;
  esac
  break
done
if [ -x /usr/bin/sw_vers ]; then
  say darwin "$(sw_vers -productVersion)"
  say darwin-arm64 "$(sysctl -n hw.optional.arm64)"
  say darwin-translated "$(sysctl -n sysctl.proc_translated)"
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
  above=$above$folder$NEWLINE
done
if [ -n "$links" ]; then
  folder=$(cd "$at" && pwd -P)
  while [ -n "$folder" ] && [ "$folder" != "$at" ]; do
    above=$above$folder$NEWLINE
    folder=${folder%/*}
  done
fi
[ ! -d "$at" ] || say folder "$at"
[ ! -w "$at" ] || say writable "$at"
if [ -r /sys/fs/selinux/enforce ]; then
  read -r enforce </sys/fs/selinux/enforce
  say selinux "$enforce"
fi

# Where a new link cannot be made: the nearest folder above it is none, or this user may not write there. For root, test
# of BusyBox looks at the mode alone. rmdir(2) says first that a file system is read-only, and then that nothing is there.
rows
for line in $FLEET_LINKS; do
  folder=${line%/*}
  while [ ! -e "${folder:=/}" ] && [ ! -h "$folder" ]; do
    folder=${folder%/*}
  done
  { [ -d "$folder" ] && [ -w "$folder" ]; } || say "closed $line"
  [ -h "$line" ] || case $(rmdir "$folder/.fleet-none" 2>&1) in
    *ead-only*) say "closed $line" ;;
  esac
done
words

# What is installed: every entry of the root, our receipts, and the number of files that each home still has.
made=""
installed=""
command -v sha256sum >/dev/null && sums=sha256sum || sums="shasum -a 256"
# A small script that gets the name of a home and files in it. It reports those that differ from the installed ones. A
# file that was added later is no damage, and neither is one with another time. grep also finds files with longer names.
# It does no harm to compare these too.
tell_changed="printf \"%s\n\" \"\$@\" | sed \"s|^./|  |\" | grep -Ff /dev/stdin .fleet-manifest | $sums -c -"
tell_changed="$tell_changed | sed -n \"s/\(.*\): FAILED.*/changed \$0 \1/p\" >&3"
if [ -d "$FLEET_ROOT" ]; then
  if [ -f "$FLEET_ROOT/.links" ] && [ -r "$FLEET_ROOT/.links" ]; then
    while IFS= read -r line || [ -n "$line" ]; do made=$made$line$NEWLINE; done <"$FLEET_ROOT/.links"
  fi
  lines made-link "$made"
  for home in "$FLEET_ROOT"/cpython-*; do
    # A home is never a link, so do not count a link to a home.
    { [ -f "$home/.fleet-receipt" ] && [ ! -h "$home" ]; } || continue
    installed=yes
    # A power cut may leave an empty receipt. Report it too: the home is damaged.
    receipt=
    IFS= read -r receipt <"$home/.fleet-receipt"
    name=${home##*/}
    say receipt "$name" "$receipt"
    [ ! -x "$home/bin/python3" ] || say runs "$name"
    [ "$FLEET_VERIFY" != quick ] || ! same "$home" || continue
    # Count the files and find those newer than the receipt in one pass. Bytecode, packages and the programs of pip change
    # in use, so leave them out, as module_utils/_archive/manifest.py does.
    set -- "$home"/bin/pip*
    { [ -e "$1" ] || [ -h "$1" ]; } || shift
    { count=$(cd "$home" && find . -type d \( -name __pycache__ -o -name site-packages \) -prune \
      -o -type f -newer .fleet-receipt -exec sh -c "$tell_changed" "$name" {} + -print \
      -o \( -type f -o -type l \) -print | wc -l); } 3>&1
    say files "$name" "$((${count:-0} - $#))"
    [ "$FLEET_VERIFY" = deep ] || continue
    # If the check fails but names no file, the manifest itself is damaged.
    compared=$(cd "$home" && $sums -c .fleet-manifest) || case $compared in
      *": FAILED"*) ;;
      *) compared=".fleet-manifest: FAILED" ;;
    esac
    say "$compared" | sed -n "s/: FAILED.*//p" | while IFS= read -r file; do say changed "$name" "$file"; done
  done
  if [ -f "$FLEET_ROOT/.level" ] && [ -r "$FLEET_ROOT/.level" ]; then
    read -r level <"$FLEET_ROOT/.level"
    say level "$level"
  fi
  [ -z "$FLEET_DETAIL" ] || ls -ln /proc/[0-9]*/exe | grep -F " -> $FLEET_ROOT/" | sed "s/^/running /"
fi
# The prerequisites of an installation take a third of the time of the probe, and most runs have nothing to install.
# So skip them if something is installed. If a run then has more to install, it runs the probe again.
if [ -n "$FLEET_PREREQUISITES" ] || [ -z "$installed" ]; then
  # The loader lists the levels that the processor supports (glibc 2.33 and later).
  case $glibc$system in
    /*x86_64) levels "$("$glibc" --help)" ;;
  esac
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
    elif [ "$path" = "$name" ] || { [ "$name" = tar ] && [ -n "$FLEET_DETAIL" ]; }; then
      says=$("$path" --version 2>&1 </dev/null)
      second=${says#*"$NEWLINE"}
      [ "$second" != "$says" ] || second=
      says="${says%%"$NEWLINE"*} ${second%%"$NEWLINE"*}"
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
      Darwin*/usr/bin/*) xcode-select -p >/dev/null || continue ;;
    esac
    case $FLEET_DETAIL$python in
      # The name says enough.
      /*[23].*) say python "$python" "Python ${python##*python}" ;;
      *) say python "$python" "$("$python" -V 2>&1)" ;;
    esac
  done
  disk=$(df -Pk "$at")
  disk=${disk##*"$NEWLINE"}
  lines df "$disk"
  # The mount point follows the percentage.
  case $disk in
    *"% /"*)
      point=${disk##*% }
      # /proc/mounts has " " as "\040" (fstab(5)). Other marks of regular expressions match more lines than needed.
      case $point in
        *[].*^\$[\ ]*) point=$(say "$point" | sed "s/[].*^\$[]/./g; s/ /.040/g") ;;
      esac
      lines mount "$(grep " $point " /proc/mounts)"
      ;;
  esac
else
  say prerequisites-left-out yes
fi

# List everything with one ls, since starting a program takes as long as dozens of lines of this script.
rows
# shellcheck disable=SC2086 # one path a line
set -- $FLEET_LINKS $made $above
words
# shellcheck disable=SC2086 # patterns, to be expanded
listing "$at" "$FLEET_ROOT"/* "$FLEET_ROOT"/.* "$FLEET_ROOT"/.staging/* "$FLEET_ROOT"/.staging/.* \
  "$FLEET_ROOT"/cpython-*/.fleet-receipt $loaders "$@"
say fleet-probe-end
