# shellcheck shell=sh
# Read ELF headers for the probe. The controller sends this before probe.sh, which says why it has no single quotes.
# say FACT: print one line of the answer
say() { printf "%s\n" "$*"; }

# characters COUNT DIGITS...: print the characters whose codes are the first COUNT words of two hex digits
characters() {
  left=$1 octal=
  while [ "$left" -gt 0 ]; do
    shift
    octal="$octal\0$((0x$1 / 64))$((0x$1 / 8 % 8))$((0x$1 % 8))"
    left=$((left - 1))
  done
  printf %b "$octal"
}

# hex FILE: set $bytes to its first 1024 bytes, as words of two hex digits, and $reader to the tool that read them
hex() {
  for reader in od hexdump xxd none; do
    case $reader in
      od) bytes=$(od -An -v -tx1 -N1024 "$1") ;;
      hexdump) bytes=$(hexdump -v -n 1024 -e "1/1 \"%02x \"" "$1") ;;
      xxd) bytes=$(xxd -p -l 1024 "$1" | sed "s/../& /g") ;;
      none) bytes= ;;
    esac
    [ -z "$bytes" ] || return 0
  done
}

# elf FILE: print "elf FILE HEADER", and "interp FILE LOADER" (PT_INTERP) unless the program is static.
# Offsets are from the System V ABI, ELF header and program header. File offsets above 4 GiB do not occur.
elf() {
  interp=
  file=$1
  [ -r "$file" ] || return 0
  hex "$file"
  # shellcheck disable=SC2086 # words are what is wanted
  set -- $bytes
  if [ $# -lt 64 ]; then
    say elf "$file" unread "$reader"
    return 0
  fi
  say elf "$file" "$1$2$3$4$5$6$7$8$9${10}${11}${12}${13}${14}${15}${16}${17}${18}${19}${20}" \
    "${37}${38}${39}${40}" "${49}${50}${51}${52}"
  [ "$1$2$3$4" = 7f454c46 ] || return 0
  # Class and byte order: e_phoff, e_phentsize and e_phnum.
  kind=$5$6
  case $kind in
    0201) table=${36}${35}${34}${33} entry=${56}${55} count=${58}${57} ;;
    0202) table=${37}${38}${39}${40} entry=${55}${56} count=${57}${58} ;;
    0101) table=${32}${31}${30}${29} entry=${44}${43} count=${46}${45} ;;
    0102) table=${29}${30}${31}${32} entry=${43}${44} count=${45}${46} ;;
    *) return 0 ;;
  esac
  table=$((0x$table)) entry=$((0x$entry)) count=$((0x$count))
  [ "$table" -lt $# ] && [ "$entry" -ge 32 ] || return 0
  shift "$table"
  while [ "$count" -gt 0 ] && [ $# -ge "$entry" ]; do
    # By p_type; read p_offset and p_filesz.
    case $kind$1$2$3$4 in
      020103000000) start=${12}${11}${10}$9 length=${36}${35}${34}${33} ;;
      020200000003) start=${13}${14}${15}${16} length=${37}${38}${39}${40} ;;
      010103000000) start=$8$7$6$5 length=${20}${19}${18}${17} ;;
      010200000003) start=$5$6$7$8 length=${17}${18}${19}${20} ;;
      *)
        shift "$entry"
        count=$((count - 1))
        continue
        ;;
    esac
    # It is nearly always within the bytes already read. Then no other program is needed.
    # shellcheck disable=SC2086 # words are what is wanted
    set -- $bytes
    if [ $((0x$start + 0x$length)) -le $# ]; then
      shift $((0x$start))
      interp=$(characters $((0x$length - 1)) "$@")
    else
      interp=$(tail -c +$((0x$start + 1)) "$file" | head -c $((0x$length - 1)))
    fi
    say interp "$file" "$interp"
    return 0
  done
}
