# leapp for bash 3.2 and later; in ~/.bashrc: eval "$(leapp hook bash)"
#
# Before each prompt: if the nearest .leapp file or leapp's state changed, `leapp hook-env` tells what to do. Nothing
# is forked while nothing changed. What variables held before is kept here, unexported, as "x" (it was exported) or
# "-", and the value.

if [[ $- == *i* ]]; then

declare -F _leapp_hook >/dev/null || unset -v "${!__leapp_@}"
__leapp_flags=$-
set +a
__leapp_bin=@LEAPP@
__leapp_token=@TOKEN@
# A shell that was started with leapp's variables in its environment looks at once.
__leapp_key=${__leapp_key-${LEAPP_STATE:+x}}
__leapp_seen=${__leapp_seen:-/}
__leapp_at=${__leapp_at:-0}

_leapp_hook() {
  local status=$? directory=${PWD-} key=''
  [[ $directory == /* ]] || directory=
  until [[ -f $directory/.leapp || -z $directory ]]; do directory=${directory%/*}; done
  if [[ -n $directory || -f /.leapp ]]; then
    # Asking first costs less than hiding what `read` would say.
    [[ ! -r $directory/.leapp ]] || IFS= read -r -d '' -n 2049 key <"$directory/.leapp" || :
    key=$directory/$'\n'$key
  fi
  # `[`, for no option makes it ignore case.
  if [ "$key" != "$__leapp_key" ] || [[ ! -e $__leapp_seen ]] ||
    { ((__leapp_at && ${EPOCHSECONDS:-__leapp_at} >= __leapp_at)) && _leapp_is_late; }; then
    _leapp_follow "$key"
  fi
  return "$status"
}

# Bash 5 has a clock, bash 4 has one in printf; before that there is none, and a loaded session pays for a process.
_leapp_is_late() {
  local now
  printf -v now '%(%s)T' -1 2>/dev/null || now=$(command date +%s)
  ((now >= __leapp_at))
}

# Reads the token of leapp's state. As long as it is the present one, there is a file that is named after it.
_leapp_read_token() {
  token=''
  [[ ! -f $__leapp_token || ! -r $__leapp_token ]] || IFS= read -r token <"$__leapp_token" || :
}

_leapp_follow() {
  local flags=$- answer token before
  # Bash 4.4 puts the options back by itself, after Ctrl-C too.
  local - 2>/dev/null || :
  # Neither exported, nor traced, nor shown to a DEBUG trap: what follows holds secrets.
  { set +axvT; } 2>/dev/null
  # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
  __leapp_key=$1 __leapp_at=0 __leapp_seen=/
  _leapp_read_token
  [[ -z $1 || ! -e $__leapp_token-$token ]] || __leapp_seen=$__leapp_token-$token
  # Nor does it leave another directory's session behind: its keys are hidden until it is known what follows.
  _leapp_hide
  if answer=$(_leapp_show && exec "$__leapp_bin" hook-env bash) && [[ -n $answer ]]; then
    _leapp_show
    _leapp_apply "$answer" || :
  else
    echo 'leapp: the hook failed; run: leapp status' >&2
  fi
  if [[ -n $1 && $__leapp_seen == / ]]; then
    # There was no such file. If there is a token now that was not there before, the next prompt looks once more.
    before=$token
    _leapp_read_token
    [ "$token" = "$before" ] || __leapp_seen=$__leapp_token-$before
  fi
  case $flags in *a*) set -a ;; esac
  case $flags in *v*) set -v ;; esac
  case $flags in *T*) set -T ;; esac
  case $flags in *x*) set -x ;; esac
}

# A function of its own, which inherits no DEBUG trap.
_leapp_apply() {
  eval "$1"
}

_leapp_hide() {
  local name
  [[ -n ${LEAPP_STATE-} ]] || return 0
  for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION; do
    [[ -n ${!name+x} ]] || continue
    printf -v "__leapp_hidden_$name" %s "${!name}"
    unset -v "$name"
  done
}

_leapp_show() {
  local name hidden
  for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION; do
    hidden=__leapp_hidden_$name
    [[ -n ${!hidden+x} ]] || continue
    printf -v "$name" %s "${!hidden}"
    export "${name?}"
    unset -v "$hidden"
  done
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

case $__leapp_flags in *a*) set -a ;; esac
unset -v __leapp_flags

fi
