# shellcheck shell=sh
# shellcheck disable=SC2154,SC2034 # stage and archive are set by stage.sh, which this is sent before and says more to
# Download on a host that has no Python: from the sources in their order, going on where a connection broke off.
# FLEET_PULL is a file on the host that nobody else may see, as module_utils/_fetch/pull.py describes it.
# No single quote stands in the code: see probe.sh.
# As module_utils/_fetch/download.py has it, in blocks of 512 bytes.
most=1048576
newline="
"

# read_pull: what the controller says of the sources; the file goes, for it may hold secrets
read_pull() {
  urls="" headers=""
  while read -r word rest; do
    case $word in
      url) urls=$urls$rest$newline ;;
      header) headers=$headers$rest$newline ;;
      connect_timeout) connect_timeout=$rest ;;
      timeout) timeout=$rest ;;
      min_rate) min_rate=$rest ;;
      download_timeout) download_timeout=$rest ;;
      proxy)
        http_proxy=$rest https_proxy=$rest
        export http_proxy https_proxy
        unset HTTPS_PROXY ALL_PROXY all_proxy NO_PROXY no_proxy
        ;;
      *) break ;;
    esac
  done <"$FLEET_PULL"
  authorities=$stage/authorities.pem
  sed "1,/^\$/d" "$FLEET_PULL" >"$authorities"
  [ -s "$authorities" ] || authorities=""
  rm -f "$FLEET_PULL" 2>/dev/null
}

# Everybody may read the list of processes: curl and GNU wget find URLs and headers elsewhere.
settings_of_curl() {
  printf "url = \"%s\"\n" "$1"
  [ -z "$authorities" ] || printf "cacert = \"%s\"\n" "$authorities"
  printf "%s" "$headers" | sed "s/[\"\\\\]/\\\\&/g; s/.*/header = \"&\"/"
}
settings_of_wget() {
  cat "${WGETRC:-${HOME:-}/.wgetrc}" 2>/dev/null
  printf "auth_no_challenge = on\n"
  [ -z "$authorities" ] || printf "ca_certificate = %s\n" "$authorities"
  printf "%s" "$headers" | sed "s/^/header = /"
}

bytes() {
  if [ -f "$archive" ]; then wc -c <"$archive"; else printf 0; fi
}

# with_headers COMMAND...: what wget says is kept from its first line on, for whoever watches the archive grow from
# outside: the headers are in it (_pull_progress.py). Then it is said.
with_headers() {
  # What runs in the background has no standard input (POSIX, 2.9.3.1) but one that is named.
  { "$@" 2>"$archive.headers" <&3 & } 3<&0
  pid=$!
  end_slow "$pid" >/dev/null 2>&1 3<&- &
  watcher=$!
  wait "$pid"
  status=$?
  kill "$watcher" 2>/dev/null
  cat "$archive.headers" >&2
  return "$status"
}

now() {
  # Without a clock nothing is too slow.
  date +%s 2>/dev/null || printf 0
}

# end_slow PID: end a wget that is slower than min_rate over timeout seconds, or takes too long. It cannot do so itself.
end_slow() {
  had=$(bytes) since=$(now)
  while sleep 1 && kill -0 "$1"; do
    time=$(now)
    if [ $((time - since)) -ge "$timeout" ]; then
      have=$(bytes)
      # Where nothing comes, wget ends by itself.
      [ "$have" -eq "$had" ] || [ $((have - had)) -ge $(((time - since) * min_rate)) ] || kill "$1"
      had=$have since=$time
    fi
    [ "$time" -lt "$end" ] || kill "$1"
  done
}

# request URL: one request, for what comes after the bytes that are there. Headers are for the host of the URL, and no
# program here knows that of a redirect: with headers none is followed.
request() {
  # A body without an end is cut: the kernel ends who writes a longer file.
  ulimit -f "$most"
  hops=10
  [ -z "$headers" ] || hops=0
  case $1 in
    https:*) next="=https" ;;
    *) next="=http,https" ;;
  esac
  if command -v curl >/dev/null; then
    settings_of_curl "$1" | curl -fsSL --proto "=http,https" --proto-redir "$next" --max-redirs "$hops" \
      --netrc-optional --connect-timeout "$connect_timeout" --speed-time "$timeout" \
      --speed-limit "$((min_rate > 0 ? min_rate : 1))" --max-time "$left" \
      -C - -K - -D "$archive.headers" -o "$archive" -w "HTTP/- %{http_code}\n"
  elif wget --version 2>/dev/null | grep -q GNU; then
    (umask 077 && settings_of_wget >"$stage/wgetrc")
    printf "%s\n" "$1" | {
      WGETRC=$stage/wgetrc
      export WGETRC
      with_headers wget -nv -S -c -t 1 -T "$timeout" --dns-timeout="$connect_timeout" \
        --connect-timeout="$connect_timeout" --max-redirect="$hops" -i - -O "$archive"
    }
  else
    case $1${headers:+@} in
      *@* | *\?*)
        printf "this wget would show the secret of its URL or header to everybody on the host: install curl, or set transfer to push"
        return 1
        ;;
    esac
    if [ -n "$authorities" ]; then
      printf "this wget cannot be told which certificates to trust: install curl, or set transfer to push"
      return 1
    fi
    [ -s "$archive" ] || timeout=$connect_timeout
    with_headers wget -q -S -c -T "$timeout" -O "$archive" "$1"
    status=$?
    # That of Debian 12 crashes when it is told how long to wait.
    [ "$status" -eq 139 ] || return "$status"
    with_headers wget -q -S -c -O "$archive" "$1"
  fi
}

# reason: the line that says most, of what a program has said, without any URL
reason() {
  sed "/HTTP\/- /d; s|[A-Za-z]*://[^ ]*|(its URL)|g" | {
    line=""
    while read -r next; do
      case $next in
        "") ;;
        "curl: ("* | *ERROR* | *"failed: "* | "wget: "*)
          line=$next
          break
          ;;
        *) line=$next ;;
      esac
    done
    printf "%s" "$line"
  }
}

# download URL: bring the rest of it, as long as connections bring something. Else one line of what went wrong, without
# any URL; exit status 2: it sends what nobody wants.
download() {
  idle=0
  best=$(bytes)
  end=$(($(now) + download_timeout))
  while :; do
    before=$(bytes) start=$(now)
    left=$((end - start))
    if [ "$left" -le 0 ]; then
      printf "it took longer than %s seconds (download_timeout)" "$download_timeout"
      return 1
    fi
    said=$( (request "$1") 2>&1)
    status=$?
    # wget follows whatever it is told, and shows it.
    case $1 in
      https:*) wrong="^ *location: *[a-z]*:" allowed="^ *location: *https:" ;;
      *) wrong="^ *location: *[a-z]*:" allowed="^ *location: *https*:" ;;
    esac
    if printf "%s\n" "$said" | grep -i "$wrong" | grep -qiv "$allowed"; then
      printf "it redirects to another protocol than https"
      return 2
    fi
    [ "$status" -ne 0 ] || return 0
    have=$(bytes)
    if [ "$have" -ge $((most * 512)) ]; then
      printf "it sends more than %s bytes: no build is that large" "$((most * 512))"
      return 2
    fi
    took=$(($(now) - start))
    if [ "$have" -gt "$before" ] && [ "$took" -ge "$timeout" ] && [ $((have - before)) -lt $((took * min_rate)) ]; then
      printf "it sent %s bytes in %s seconds, and min_rate is %s a second" "$((have - before))" "$took" "$min_rate"
      return 1
    fi
    code=$(printf "%s\n" "$said" | sed -n "s|^.*HTTP/[0-9.-]* \([1-5][0-9][0-9]\).*|\1|p" | tail -n 1)
    case $code,$said in
      # curl where the server knows no ranges, and what is longer than the file: begin again.
      416,* | *"byte ranges"*) rm -f "$archive" ;;
    esac
    if [ "$have" -gt "$best" ]; then
      best=$have idle=0
      continue
    fi
    idle=$((idle + 1))
    # Nobody waits for what cannot be reached; what could be will be again.
    case $best,$code,$said in
      *,429,* | [1-9]*,416,*) ;;
      *,4??,*) break ;;
      0,5??,* | 0,*"mpty reply"* | 0,*reset* | 0,*"o data"* | 0,*"rror getting"* | [1-9]*) ;;
      *) break ;;
    esac
    [ "$idle" -lt 4 ] || break
    sleep "$idle"
  done
  case ${headers:+with-headers-}$code in
    *401 | *403) printf "HTTP %s: it wants a user and password, or a token, or refuses these" "$code" ;;
    *407) printf "HTTP 407: the proxy wants a user and password, or refuses these" ;;
    with-headers-30?) printf "it redirects, and headers are for its own host alone: name the other one in source, or set transfer to push" ;;
    *) printf "%s\n" "$said" | reason ;;
  esac
  return 1
}

# pull: the archive from the first source that gives the right bytes. Sets found, shown (the source) and failures (a
# line for each before it), and refused where one of them sent what nobody wants.
pull() {
  connect_timeout=10 timeout=30 min_rate=1000 download_timeout=3600 failures="" found="" refused=""
  read_pull
  IFS=$newline
  set -f
  # shellcheck disable=SC2086 # one URL a line
  set -- $urls
  set +f
  unset IFS
  for url; do
    shown=$(printf "%s" "$url" | sed "s|//[^/]*@|//|;s|?.*||")
    while :; do
      begun=$(bytes)
      said=$(download "$url")
      case $? in
        0)
          found=$(digest "$archive")
          [ "$found" != "$FLEET_SHA256" ] || return 0
          said=" has sha256 $found ($(bytes) bytes), not $FLEET_SHA256"
          case $(head -c 200 "$archive") in
            "<"*) said="$said: that is a web page, of a login or a proxy perhaps" ;;
          esac
          rm -f "$archive"
          # What another source has begun is no beginning of this file.
          [ "$begun" -eq 0 ] || continue
          refused=yes
          ;;
        2)
          said=": $said"
          refused=yes
          rm -f "$archive"
          ;;
        *) said=": ${said:-the download failed}" ;;
      esac
      break
    done
    failures="$failures$newline  $shown$said"
  done
  return 1
}
