# shellcheck shell=sh
# shellcheck disable=SC2154,SC2034 # stage, archive and program are set by the scripts around it
# Download on a host that has no Python: from the sources in their order, going on where a connection broke off.
# FLEET_PULL is a file on the host that nobody else may see, as module_utils/_fetch/pull.py describes it.
# Sent between downloaders.sh and stage.sh. No single quote stands in the code: see probe.sh.
newline="
"

# read_pull: what the controller says of the sources; the file goes, for it may hold secrets
read_pull() {
  urls="" headers="" named_proxy=""
  while read -r word rest; do
    case $word in
      url) urls=$urls$rest$newline ;;
      header) headers=$headers$rest$newline ;;
      connect_timeout) connect_timeout=$rest ;;
      timeout) timeout=$rest ;;
      min_rate) min_rate=$rest ;;
      download_timeout) download_timeout=$rest ;;
      proxy)
        http_proxy=$rest https_proxy=$rest named_proxy="the option proxy"
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

# download URL: bring the rest of it, as long as connections bring something. Else one line of what went wrong, without
# any URL; exit status 2: it sends what nobody wants.
download() {
  why=$(unfit "$1")
  if [ -n "$why" ]; then
    printf "%s" "$why"
    return 1
  fi
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
    # Wget2 tells of a redirect so, and of one that is not allowed.
    said=$(printf "%s\n" "$said" | sed "s/^Adding URL: /Location: /")
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
    code=$(printf "%s\n" "$said" | sed -n "s|^.*HTTP[/ ][A-Za-z0-9. -]* \([1-5][0-9][0-9]\).*|\1|p" | tail -n 1)
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
    with-headers-30?) printf "it redirects, and headers are for its own host alone: name the other one in source, or %s" "$push" ;;
    *) plainly "$1" ;;
  esac
  case $program,$code,$1 in
    # As S3 takes it.
    Wget2,40[034],*%2[Bb]*) printf " (this wget is Wget2, which sends %%2B as +, and some servers take that for a blank: install curl on the host, or %s)" "$push" ;;
  esac
  return 1
}

# pull: the archive from the first source that gives the right bytes. Sets found, shown (the source) and failures (a
# line for each before it), and refused where one of them sent what nobody wants.
pull() {
  connect_timeout=10 timeout=30 min_rate=1000 download_timeout=3600 failures="" found="" refused=""
  read_pull
  find_program
  IFS=$newline
  set -f
  # shellcheck disable=SC2086 # one URL a line
  set -- $urls
  set +f
  unset IFS
  if [ "$(bytes)" -gt 0 ] && found=$(digest "$archive") && [ "$found" = "$FLEET_SHA256" ]; then
    # An earlier run has brought all of it.
    shown=$(printf "%s" "$1" | sed "s|//[^/]*@|//|;s|?.*||")
    return 0
  fi
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
          # The magic of a plain tar (POSIX, ustar); buckets unpack what has this metadata.
          if head -c 262 "$archive" | tail -c 5 | grep -q ustar; then
            said=": it sends the archive unpacked, not as it was published: its server, or a proxy, unpacks on the way"
            [ "$program" != Wget2 ] || said="$said, or Wget2 does on this host"
            said="$said; remove the metadata Content-Encoding from the object, or $push"
            rm -f "$archive"
            [ "$begun" -eq 0 ] || continue
            break
          fi
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
        *) said=": $said" ;;
      esac
      break
    done
    failures="$failures$newline  $shown$said"
  done
  return 1
}
