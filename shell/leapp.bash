# leapp for bash 3.2 and later; in ~/.bashrc: eval "$(leapp hook bash)"
#
# Before each prompt: if the nearest .leapp file or leapp's state changed, `leapp hook-env` tells what to do. Nothing
# is forked while nothing changed. What variables held before is kept here, unexported, as "x" (it was exported) or
# "-", and the value.

if [[ $- == *i* ]]; then

__leapp_flags=$-
set +a
declare -F _leapp_hook >/dev/null || unset -v "${!__leapp_@}"
case ${__leapp_flags-} in *a*) __leapp_flags=a ;; *) __leapp_flags= ;; esac
__leapp_bin=@LEAPP@
__leapp_token=@TOKEN@
# A shell that was started with leapp's variables in its environment looks at once.
__leapp_key=${__leapp_key-${LEAPP_STATE:+x}}
__leapp_at=${__leapp_at:-0}

_leapp_hook() {
  local status=$? directory=$PWD file='' content='' token='' key=''
  while :; do
    if [[ -f $directory/.leapp ]]; then
      file=$directory/.leapp
      break
    fi
    [[ -n $directory ]] || break
    directory=${directory%/*}
  done
  if [[ -n $file ]]; then
    # Asking first costs less than hiding what `read` would say.
    [[ ! -r $file ]] || IFS= read -r -d '' -n 2049 content <"$file" || :
    [[ ! -r $__leapp_token ]] || IFS= read -r token <"$__leapp_token" || :
    key=$file$'\n'$token$'\n'$content
  fi
  # `[`, for no option makes it ignore case.
  if [ "$key" != "$__leapp_key" ] || { [[ $__leapp_at != 0 ]] && _leapp_is_late; }; then
    _leapp_follow "$key"
  fi
  return "$status"
}

# Bash 5 has a clock, bash 4 has one in printf; before that there is none, and a loaded session pays for a process.
if [[ -n ${EPOCHSECONDS-} ]]; then
  _leapp_is_late() { ((EPOCHSECONDS >= __leapp_at)); }
else
  _leapp_is_late() {
    local now
    printf -v now '%(%s)T' -1 2>/dev/null || now=$(command date +%s)
    ((now >= __leapp_at))
  }
fi

_leapp_follow() {
  local flags=$- answer
  # Neither exported nor traced: what follows holds secrets.
  { set +axv; } 2>/dev/null
  # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
  __leapp_key=$1 __leapp_at=0
  if answer=$("$__leapp_bin" hook-env bash); then
    eval "$answer" || :
  fi
  case $flags in *a*) set -a ;; esac
  case $flags in *v*) set -v ;; esac
  case $flags in *x*) set -x ;; esac
}

_leapp_save() {
  local how=$1 name
  shift
  for name; do
    unset -v "__leapp_old_$name"
    [[ -z ${!name+x} ]] || printf -v "__leapp_old_$name" %s "$how${!name}"
  done
}

_leapp_forget() {
  local name
  for name; do
    unset -v "__leapp_old_$name"
  done
}

_leapp_restore() {
  local name old
  for name; do
    old=__leapp_old_$name
    unset -v "$name"
    [[ -n ${!old+x} ]] || continue
    old=${!old}
    unset -v "__leapp_old_$name"
    printf -v "$name" %s "${old#?}"
    case $old in x*) export "${name?}" ;; esac
  done
}

if [[ " ${PROMPT_COMMAND[*]-} " != *_leapp_hook* ]]; then
  if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == "declare -a"* ]]; then
    PROMPT_COMMAND=(_leapp_hook "${PROMPT_COMMAND[@]}")
  else
    # shellcheck disable=SC2178,SC2128 # it is a string here
    PROMPT_COMMAND="_leapp_hook${PROMPT_COMMAND:+;$PROMPT_COMMAND}"
  fi
fi

[[ $__leapp_flags != a ]] || set -a
unset -v __leapp_flags

fi
