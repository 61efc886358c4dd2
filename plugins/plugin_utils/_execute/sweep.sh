# shellcheck shell=sh
# shellcheck disable=SC2010,SC2012 # the names that ls is asked for here are numbers
# Sweep the staging of a host that has no Python to do it.
# Sent as text, after take.sh and a line that sets FLEET_ROOT. No single quote stands in the code: see probe.sh.
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
staging=$FLEET_ROOT/.staging

# A module that runs from its stage is at work, and sweeps by itself.
# Its path begins with the staging; another one may hold " -> " and the name of the staging further on.
ls -l /proc/[0-9]*/exe 2>/dev/null | {
  while read -r line; do
    case ${line#*"/exe -> "} in
      "$staging"/*) exit 1 ;;
    esac
  done
} || exit 0
if [ -d "$staging" ] && [ ! -h "$staging" ]; then
  for stage in "$staging"/* "$staging"/.[!.]*; do
    [ -e "$stage" ] || [ -h "$stage" ] || continue
    lives "$stage" || rm -rf "$stage"
  done
fi
[ ! -e "$staging" ] || rmdir "$staging" 2>/dev/null || exit 0
# If only our lock is left, nothing is used.
for other in "$FLEET_ROOT"/* "$FLEET_ROOT"/.[!.]*; do
  [ "$other" = "$FLEET_ROOT/.lock" ] || { [ ! -e "$other" ] && [ ! -h "$other" ]; } || exit 0
done
rm -f "$FLEET_ROOT/.lock"
rmdir "$FLEET_ROOT" 2>/dev/null
exit 0
