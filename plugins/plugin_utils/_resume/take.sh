# shellcheck shell=sh
# shellcheck disable=SC2010,SC2012 # ls tells mode and links everywhere; find -printf and stat -c do not
# shellcheck disable=SC2034,SC2154 # staging and key are set by the scripts around it, which read made_root
# What transfers that broke off have left of a file on this host, in the staging: the folder part-KEY, or the stage
# pull-KEY-... of a process that is dead. Each holds the beginning of the file as "archive". KEY is that of its sha256.
# Sent before stage.sh, append.sh and sweep.sh, in the form that command_of wants. No single quote stands in the code.

# lives STAGE: whether the process that makes it still runs, by process id, start and boot as it wrote them (stage.sh)
lives() {
  maker="" start="" boot="" stat=""
  [ ! -f "$1/maker" ] || read -r maker start boot <"$1/maker"
  [ -n "$boot" ] && [ -r "/proc/$maker/stat" ] || return 1
  read -r booted </proc/sys/kernel/random/boot_id
  read -r stat <"/proc/$maker/stat"
  # shellcheck disable=SC2086 # the fields after the name, of which the third of proc(5) is the first
  set -- ${stat##*") "}
  [ "$boot" = "$booted" ] && [ "$start" = "${20}" ] && [ "$1" != Z ]
}

# sound FOLDER: whether it and the archive in it are what we make: a folder and a plain file of this user alone
sound() {
  # shellcheck disable=SC3067 # -O is in dash, BusyBox, bash, ksh and zsh
  [ -d "$1" ] && [ ! -h "$1" ] && [ -O "$1" ] && [ -f "$1/archive" ] && [ ! -h "$1/archive" ] && [ -O "$1/archive" ] || return 1
  ls -ldn "$1/archive" | {
    read -r mode links rest
    case $mode in
      ?????w* | ????????w*) return 1 ;;
    esac
    [ "$links" = 1 ]
  } || return 1
  case $(ls -ldn "$1") in
    ?????w* | ????????w*) return 1 ;;
  esac
}

# take_part FILE: the longest of what is left becomes FILE, unless that is longer
take_part() {
  have=0
  [ ! -f "$1" ] || have=$(wc -c <"$1")
  for left in "$staging/part-$key" "$staging/pull-$key"-*; do
    if [ "$left/archive" = "$1" ] || ! sound "$left" || lives "$left"; then
      continue
    fi
    # Where nobody can tell whether a process lives, its stage is left alone.
    [ -n "$boot" ] || [ "$left" = "$staging/part-$key" ] || continue
    size=$(wc -c <"$left/archive")
    # As module_utils/_fetch/download.py has it: no build is larger.
    [ "$size" -gt "$have" ] && [ "$size" -le 536870912 ] || continue
    mv "$left/archive" "$1" 2>/dev/null || continue
    have=$size
    [ ! -f "$left/made-root" ] || made_root=$FLEET_ROOT
    rm -rf "$left"
  done
  # Whatever else it is, nobody uses it.
  [ "$staging/part-$key/archive" = "$1" ] || rm -rf "$staging/part-$key"
}
