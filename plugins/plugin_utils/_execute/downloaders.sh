# shellcheck shell=sh
# shellcheck disable=SC2154,SC2034 # stage, archive and what is to be fetched are set by the scripts around it
# The programs that download on a host without Python, each with its own options: curl, Wget2, GNU wget, BusyBox wget.
# Sent before fetch.sh, which says when one is called. No single quote stands in the code: see probe.sh.
# As module_utils/_fetch/download.py has it, in blocks of 512 bytes.
most=1048576
# What else helps where this host cannot download; boot.sh has other words.
push="set transfer to push"

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

# Wget2 reads another file than GNU wget. What it would follow or keep for browsers, and unpack, is none of ours.
settings_of_wget2() {
  [ -z "$authorities" ] || printf "ca-certificate = %s\n" "$authorities"
  printf "%s" "$headers" | sed "s/^/header = /"
  for name in local-db xattr metalink compression; do printf "%s = off\n" "$name"; done
}

# find_program: set program to what downloads here, as reasons name it
find_program() {
  if command -v curl >/dev/null; then
    program=curl
  else
    case $(wget --version 2>/dev/null) in
      *"GNU Wget2 1."*) program="an old Wget2" ;;
      *"GNU Wget2"*) program=Wget2 ;;
      *GNU*) program="GNU wget" ;;
      *) program=wget ;;
    esac
  fi
}

# unfit URL: why the program here must not ask for it; nothing where it may
unfit() {
  way="install curl on the host, or $push"
  authority=${1#*://}
  case $program:$1${headers:+@} in
    "an old Wget2":*)
      printf "this wget is Wget2 before 2.0, which follows redirects with headers, and takes failures for success: %s" "$way"
      ;;
    Wget2:*)
      case ${authority%%/*}$(proxies "$1") in
        *@*) printf "this wget is Wget2, which does not use the user and password of a URL or proxy: %s" "$way" ;;
      esac
      ;;
    wget:*@* | wget:*\?*)
      printf "this wget would show the secret of its URL or header to everybody on the host: %s" "$way"
      ;;
    wget:*) [ -z "$authorities" ] || printf "this wget cannot be told which certificates to trust: %s" "$way" ;;
  esac
}

bytes() {
  if [ -f "$archive" ]; then wc -c <"$archive"; else printf 0; fi
}

# with_headers COMMAND...: what wget says is kept from its first line on, for whoever watches the archive grow from
# outside: the headers are in it (_pull_progress.py). Then it is said.
with_headers() {
  # What runs in the background has no standard input (POSIX, 2.9.3.1) but one that is named.
  { "$@" >"$archive.headers" 2>&1 <&3 & } 3<&0
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
  if [ "$program" = curl ]; then
    settings_of_curl "$1" | curl -fsSL --proto "=http,https" --proto-redir "$next" --max-redirs "$hops" \
      --netrc-optional --connect-timeout "$connect_timeout" --speed-time "$timeout" \
      --speed-limit "$((min_rate > 0 ? min_rate : 1))" --max-time "$left" \
      -C - -K - -D "$archive.headers" -o "$archive" -w "HTTP/- %{http_code}\n"
  elif [ "$program" = Wget2 ]; then
    (umask 077 && settings_of_wget2 >"$stage/wget2rc" && printf "%s\n" "$1" >"$stage/url")
    # It would follow from https to http.
    [ "$next" = "=https" ] && only=--https-only || only=
    had=$(bytes)
    with_headers wget --config="$stage/wget2rc" --progress=none -S -c -t 1 --max-threads=1 -T "$timeout" \
      --dns-timeout="$connect_timeout" --connect-timeout="$connect_timeout" --max-redirect="$hops" \
      ${only:+"$only"} -i "$stage/url" -O "$archive"
    status=$?
    code=$(sed -n "s/^HTTP.* response \([1-5][0-9][0-9]\).*/\1/p" "$archive.headers" | tail -n 1)
    if [ "$had" -gt 0 ] && [ "$code" = 200 ]; then
      # It asked for the rest, got all, and put that behind what was there.
      tail -c "+$((had + 1))" "$archive" >"$archive.whole" && mv "$archive.whole" "$archive"
    fi
    # It also exits with 0 where it follows no redirect; with 416 it takes the file for whole.
    case $status,$code in
      0,20? | 0,416 | [1-9]*) return "$status" ;;
      *) return 8 ;;
    esac
  elif [ "$program" = "GNU wget" ]; then
    (umask 077 && settings_of_wget >"$stage/wgetrc")
    printf "%s\n" "$1" | {
      WGETRC=$stage/wgetrc
      export WGETRC
      with_headers wget -nv -S -c -t 1 -T "$timeout" --dns-timeout="$connect_timeout" \
        --connect-timeout="$connect_timeout" --max-redirect="$hops" -i - -O "$archive"
    }
  else
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
  sed "/HTTP\/- /d; /^\[[0-9]*\] Downloading/d; s|^\(HTTP.* response [^[]*\) \[.*|\1|
    s|[A-Za-z0-9]*://[^ ]*|(its URL)|g" | {
    line=""
    while read -r next; do
      case $next in
        "") ;;
        "curl: ("* | *ERROR* | *"failed: "* | "wget: "* | "Failed to "*)
          line=$next
          break
          ;;
        *) line=$next ;;
      esac
    done
    printf "%s" "$line"
  }
}

# proxies URL: a line for each proxy that the environment names for it, after the name of the variable
proxies() {
  case $1 in
    https:*) names="https_proxy HTTPS_PROXY" ;;
    *) names="http_proxy" ;;
  esac
  [ "$program" != curl ] || names="$names all_proxy ALL_PROXY"
  for name in $names; do
    eval "proxy=\${$name-}"
    [ -z "$proxy" ] || printf "%s %s\n" "$name" "$proxy"
  done
}

# proxy_fault URL: what is wrong with the proxy that the environment names for it. A proxy is never shown.
proxy_fault() {
  proxies "$1" | while read -r name proxy; do
    case $proxy in
      *" "* | *\?* | *\#* | *@*@* | *://*/?*) fault="no URL such as http://proxy.example.com:3128; where a user or password stands in it, write / ? # @ in them as %2F %3F %23 %40" ;;
      socks*) [ "$program" = curl ] && continue || fault="a SOCKS proxy, which $program cannot use" ;;
      *) continue ;;
    esac
    printf "the proxy is at fault: %s names %s" "${named_proxy:-$name in the environment of the host}" "$fault"
    break
  done
}

# proxy_named URL: for a failure that may be that of the proxy
proxy_named() {
  proxies "$1" | while read -r name _; do
    printf " (by way of the proxy, %s)" "${named_proxy:-$name in the environment of the host}"
    break
  done
}

# plainly URL: what a program has said, or at least which one, and its exit status
plainly() {
  why=""
  [ -n "$code" ] || why=$(proxy_fault "$1")
  if [ -n "$why" ]; then
    printf "%s" "$why"
    return
  fi
  why=$(printf "%s\n" "$said" | reason)
  case $why in
    "curl: ("*) printf "%s" "$why" ;;
    *) printf "%s (%s, exit status %s)" "${why:-it said nothing}" "$program" "$status" ;;
  esac
  [ -n "$code" ] || proxy_named "$1"
}

