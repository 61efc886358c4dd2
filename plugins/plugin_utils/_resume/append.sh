# shellcheck shell=sh
# shellcheck disable=SC2154 # the values that come before
# Add to what a host has of a file that is pushed in parts, and say how much of it is there now, and its sha256.
# Sent on one line (script.py says in which form), after digest.sh, take.sh and values for FLEET_ROOT, FLEET_KEY (the
# beginning of the sha256 of the file), FLEET_SIZE (of the whole file, in bytes), FLEET_FROM (a file with what follows, or
# empty: only look) and FLEET_AT (where that belongs, in bytes; "anew": forget what is there).
LC_ALL=C
export LC_ALL
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 022
key=$FLEET_KEY
staging=$FLEET_ROOT/.staging
part=$staging/part-$key
made_root=""
[ -d "$FLEET_ROOT" ] || made_root=$FLEET_ROOT

# tidy: remove what has nothing in it
tidy() {
  [ -s "$part/archive" ] && return
  rm -rf "$part"
  rmdir "$staging" 2>/dev/null
  [ -z "$made_root" ] || rmdir "$made_root" 2>/dev/null
}
refuse() {
  tidy
  printf "fleet-refused %s\nfleet-end\n" "$1"
  exit 0
}

# shellcheck disable=SC2174 # the folders above are not ours
[ -d "$FLEET_ROOT" ] || said=$(mkdir -p -m 755 "$FLEET_ROOT" 2>&1) || refuse "$said"
[ -d "$staging" ] || mkdir -m 700 "$staging" 2>/dev/null
# shellcheck disable=SC3067 # see take.sh
if [ -h "$staging" ] || [ ! -O "$staging" ]; then
  refuse "$staging is no directory of this user: see who made it, move it away, then run again"
fi
# What is not as we make it is not used.
if [ "$FLEET_AT" = anew ] || ! sound "$part"; then
  rm -rf "$part"
fi
[ -d "$part" ] || said=$(mkdir -m 700 "$part" 2>&1) || refuse "$said"
[ "$FLEET_AT" = anew ] || take_part "$part/archive"
[ -z "$made_root" ] || said=$( (: >"$part/made-root") 2>&1) || refuse "$said"
have=0
[ ! -f "$part/archive" ] || have=$(wc -c <"$part/archive")
if [ "$have" -gt "$FLEET_SIZE" ]; then
  rm -f "$part/archive"
  have=0
fi
if [ -n "$FLEET_FROM" ] && [ "$have" -eq "$FLEET_AT" ] && [ -f "$FLEET_FROM" ] && [ ! -h "$FLEET_FROM" ]; then
  said=$( (head -c "$((FLEET_SIZE - have))" "$FLEET_FROM" >>"$part/archive") 2>&1) || {
    rm -f "$part/archive" "$FLEET_FROM"
    refuse "$said"
  }
fi
[ -z "$FLEET_FROM" ] || rm -f "$FLEET_FROM"
if [ -s "$part/archive" ]; then
  printf "fleet-part %s %s\n" "$(($(wc -c <"$part/archive")))" "$(digest "$part/archive")"
else
  tidy
  printf "fleet-part 0 none\n"
fi
printf "fleet-end\n"
