# shellcheck shell=sh
# Stage a verified tree on a host that has no Python: fetch, compare the sha256, look through, unpack below the root.
# The module does the rest (normalise, try, place, link). The interpreter staged here runs it.
# Sent as a file, after fetch.sh, take.sh and lines that set FLEET_ROOT, FLEET_STAGE (a name that nobody else uses), FLEET_SHA256,
# FLEET_TOP (the folder in the archive), FLEET_PROGRAM, and FLEET_FILE (the archive as the controller has sent it) or
# FLEET_PULL: if it is not empty, what fetch.sh needs follows this script, after a line "fleet-order". A boot script names
# another file with such a line, FLEET_ORDER.
# No single quote stands in the code: see probe.sh.
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 022
staging=$FLEET_ROOT/.staging
stage=$staging/$FLEET_STAGE
archive=$stage/archive
key=${FLEET_SHA256%"${FLEET_SHA256#????????????????}"}
made_root=
[ -d "$FLEET_ROOT" ] || made_root=$FLEET_ROOT

# leave: remove what this script has made
leave() {
  cd /
  rm -rf "$stage"
  # shellcheck disable=SC3067 # see below
  [ ! -O "$staging" ] || rmdir "$staging" 2>/dev/null
  [ -z "$made_root" ] || rmdir "$made_root" 2>/dev/null
}
# keep_part: what has come of the archive stays for the next run, if it is worth it
keep_part() {
  [ -n "$staged" ] && [ -f "$archive" ] && [ "$(wc -c <"$archive")" -ge 1048576 ] || return
  rm -rf "$staging/part-$key"
  mkdir -m 700 "$staging/part-$key" && mv "$archive" "$staging/part-$key/archive" || return
  [ -z "$made_root" ] || : >"$staging/part-$key/made-root"
} 2>/dev/null
# fail STEP REASON: say so, leave nothing behind. Where the stage is gone, another run has swept it.
fail() {
  if [ -n "$staged" ] && [ ! -f "$stage/maker" ]; then
    set -- swept ""
  fi
  [ "$1" != unreached ] || keep_part
  leave
  case $1 in
    swept) printf "fleet-swept\nfleet-end\n" ;;
    *) printf "fleet-failed %s\n%s\nfleet-end\n" "$1" "$2" ;;
  esac
  exit 1
}
staged=
trap "keep_part; leave; exit 1" HUP INT TERM
# If nobody is left to read the answer, nobody comes for the stage. The last printf notices that.
trap "" PIPE

# attempt STEP COMMAND...: run it, or fail with what it said
attempt() {
  step=$1
  shift
  said=$("$@" 2>&1) || fail "$step" "$said"
}

# hostile: the first thing in the archive that no build has, in words; "fine" where all is well. GNU, BusyBox and bsd tar
# keep what they unpack inside of a folder, BusyBox but for hard links; what is seen here is not unpacked at all.
hostile() {
  if ! command -v awk >/dev/null; then
    say=fine
  else
    case $(tar --version 2>&1) in
      *bsdtar*) say=fine ;;
      *) say= ;;
    esac
  fi
  if [ -n "$say" ]; then
    printf "%s" "$say"
    return
  fi
  gzip -dc "$archive" 2>/dev/null | tar -tvf - 2>/dev/null | awk -v top="${FLEET_TOP%%/*}" "
    function hostile(reason) { said = \"the archive has \" reason \": no build of CPython has\"; exit }
    BEGIN { said = \"fine\"; stamp = \" [0-9]+(,[0-9]+)? +[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9](:[0-9][0-9])? \" }
    {
      if (!match(\$0, stamp)) hostile(\"a name with a line break, or none\")
      split(substr(\$0, RSTART, RLENGTH), word, \" \")
      name = substr(\$0, RSTART + RLENGTH)
      kind = substr(\$0, 1, 1)
      if (match(name, stamp)) hostile(\"a name like a listing\")
      if (name ~ /[^ -~]/ || index(name, \"\\\\\")) hostile(\"a name that is not plain ASCII, \" name)
      if (kind !~ /[-dlh]/) hostile(\"a device or pipe, \" name)
      if (substr(\$0, 2, 9) ~ /[sS]/) hostile(\"a setuid or setgid file, \" name)
      bytes += word[1]
      if (bytes > 4294967296 || NR > 200000) hostile(\"more files or bytes than fit\")
      target = \"\"
      mark = kind == \"h\" ? \" link to \" : \" -> \"
      at = index(name, mark)
      if (at) {
        target = substr(name, at + length(mark))
        name = substr(name, 1, at - 1)
        if (index(target, mark)) hostile(\"a name like a link, \" name)
      }
      sub(\"/\$\", \"\", name)
      count = split(name, part, \"/\")
      if (part[1] != top) hostile(\"the name \" name \" outside of \" top \"/\")
      path = top
      for (i = 2; i <= count; i++) {
        if (path in link) hostile(\"a name that goes through a link, \" name)
        if (part[i] == \"\" || part[i] == \".\" || part[i] == \"..\") hostile(\"the name \" name)
        path = path \"/\" part[i]
      }
      if (kind != \"d\" && (path in seen)) hostile(\"a name twice, \" name)
      seen[path]
      if (kind == \"l\") link[path]
      if (kind != \"l\" && target == \"\") next
      depth = kind == \"l\" ? count - 2 : -1
      steps = split(target, part, \"/\")
      if (kind != \"l\" && part[1] != top) hostile(\"a hard link that leads out, \" name)
      for (i = 1; i <= steps; i++) {
        if (part[i] == \"..\") depth--
        else if (part[i] != \"\" && part[i] != \".\") depth++
        if (depth < 0 || (kind != \"l\" && part[i] == \"..\") || (i == 1 && part[i] == \"\"))
          hostile(\"a link that leads out, \" name)
      }
    }
    END { print said }"
}

# Another run may remove an empty root and staging at any time.
for _try in 1 2 3 4 5 6 7 8 9; do
  # Give a mode, since an inherited access list takes the place of the umask. The folders above are not ours.
  # shellcheck disable=SC2174
  [ -d "$FLEET_ROOT" ] || said=$(mkdir -p -m 755 "$FLEET_ROOT" 2>&1) || fail stage "$said"
  [ -d "$staging" ] || mkdir -m 700 "$staging" 2>/dev/null
  # shellcheck disable=SC3067 # -O is in dash, BusyBox, bash, ksh and zsh
  if [ -h "$staging" ] || { [ -d "$staging" ] && [ ! -O "$staging" ]; }; then
    fail stage "$staging is no directory of this user: see who made it, move it away, then run again"
  fi
  said=$(mkdir "$stage" 2>&1) && break
done
[ -d "$stage" ] || fail stage "$said"
# Others see by this whether we still live: process id, start (field 22 of proc(5)), boot.
stat="" boot=""
[ ! -r "/proc/$$/stat" ] || read -r stat <"/proc/$$/stat"
[ ! -r /proc/sys/kernel/random/boot_id ] || read -r boot </proc/sys/kernel/random/boot_id
# shellcheck disable=SC2086 # the fields after the name, of which the third is the first
set -- ${stat##*") "}
said=$( (printf "%s %s %s\n" "$$" "${20-}" "$boot" >"$stage/maker") 2>&1) || fail stage "$said"
staged=yes
said=$( (ln -s nowhere "$stage/link" && rm "$stage/link") 2>&1) ||
  fail stage "$FLEET_ROOT lies on a file system without symbolic links ($said): set root to a directory on another one"
[ -n "$FLEET_FILE" ] || take_part "$archive"
# The last one removes it.
[ -z "$made_root" ] || said=$( (: >"$stage/made-root") 2>&1) || fail stage "$said"

if [ -n "$FLEET_FILE" ]; then
  # Hash and unpack a copy, since the owner of the file may change it meanwhile.
  case $FLEET_FILE in
    "$staging/part-$key/archive")
      attempt download mv "$FLEET_FILE" "$archive"
      [ ! -f "$staging/part-$key/made-root" ] || attempt download mv "$staging/part-$key/made-root" "$stage/made-root"
      [ ! -f "$stage/made-root" ] || made_root=$FLEET_ROOT
      rm -rf "$staging/part-$key"
      ;;
    *) attempt download cp "$FLEET_FILE" "$archive" ;;
  esac
  found=$(digest "$archive")
  [ "$found" = "$FLEET_SHA256" ] || fail download "the file that the controller sent has sha256 $found, not $FLEET_SHA256"
else
  FLEET_PULL=$stage/order
  said=$( (umask 077 && sed "1,/^fleet-order\$/d" "${FLEET_ORDER:-$0}" >"$FLEET_PULL") 2>&1) || fail stage "$said"
  # There may be secrets in it. The shell goes on reading what it has opened.
  rm -f "${FLEET_ORDER:-$0}" 2>/dev/null
  refused="" shown="" failures=""
  pull || {
    [ -z "$refused" ] || fail download "no source gave the archive:$failures"
    fail unreached "no source gave the archive:$failures"
  }
  [ -z "$failures" ] || printf "%s\n" "$failures" | sed -n "s/^  /fleet-skipped /p"
  printf "fleet-source %s\n" "$shown"
  # Some wc put blanks before the number.
  printf "fleet-pulled %d\n" "$(wc -c <"$archive" 2>/dev/null)"
fi
said=$(hostile)
[ "$said" = fine ] || fail unpack "${said:-awk could not look through the archive}"
attempt unpack mkdir "$stage/unpacked"
said=$( (gzip -dc "$archive" | tar -xof - -C "$stage/unpacked") 2>&1) || fail unpack "$said"
[ -d "$stage/unpacked/$FLEET_TOP" ] || fail unpack "the archive holds no $FLEET_TOP/: this is no build of CPython"
attempt unpack mv "$stage/unpacked/$FLEET_TOP" "$stage/tree"
attempt unpack rm -rf "$archive" "$stage/unpacked"
said=$("$stage/tree/$FLEET_PROGRAM" -I -B -c "import sys" 2>&1)
status=$?
[ "$status" -ne 132 ] || fail try "the interpreter dies with an illegal instruction: it is built for a higher CPU level"
[ "$status" -eq 0 ] || fail try "the interpreter cannot start (exit status $status): $said"
printf "fleet-staged\nfleet-end\n" || leave
exit 0
