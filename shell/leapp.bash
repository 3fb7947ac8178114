# leapp for bash 3.2 and later; in ~/.bashrc: eval "$(leapp hook bash)"
#
# Before each prompt: if the nearest .leapp file or leapp's state changed, or something else changed what leapp had set,
# `leapp hook-env` tells what to do. Nothing is forked while nothing changed. What variables held before is kept here,
# unexported, as "x" (it was exported) or "-", and the value.

# No alias changes what is read from here on.
\unset -v __leapp_aliases
\shopt -q expand_aliases && __leapp_aliases=x
\shopt -u expand_aliases
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
__leapp_left=${__leapp_left-}
__leapp_holds=${__leapp_holds-}
__leapp_pending=
__leapp_is_array=
[[ ${__leapp_rewrap-} == x ]] || __leapp_rewrap=first

_leapp_hook() {
  local status=$? directory=${PWD-} key=''
  [[ -z $__leapp_is_array || ${PROMPT_COMMAND[-1]} == _leapp_check ]] || _leapp_order
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
  # Under `set -e` a status would end the shell.
  case $- in *e*) return 0 ;; esac
  return "$status"
}

# What was added since comes before the check, from the next prompt on.
_leapp_order() {
  local command commands=()
  for command in "${PROMPT_COMMAND[@]}"; do
    [[ $command == _leapp_check ]] || commands+=("$command")
  done
  PROMPT_COMMAND=("${commands[@]}" _leapp_check)
}

# After what else runs before the prompt: another tool may have put something in the place of what leapp had set.
_leapp_check() {
  local status=$? now
  [[ -z $__leapp_rewrap ]] || _leapp_first
  if [[ -n $__leapp_pending ]]; then
    __leapp_pending=
    _leapp_look
    __leapp_holds=$now
    _leapp_say 'leapp: the hook was interrupted: AWS credentials stay hidden here; run: leapp login'
  elif [[ -n ${LEAPP_STATE-}$__leapp_left ]]; then
    # These texts may be secret.
    [[ $- != *[xv]* ]] || { local - && set +xv; } 2>/dev/null
    _leapp_look
    [ "$now" = "$__leapp_holds" ] || _leapp_follow "$__leapp_key"
  fi
  case $- in *e*) return 0 ;; esac
  return "$status"
}

# Has a change of directory within a line followed at once. Where mise does so, leapp has to: mise takes out what leapp had set.
_leapp_wrap() {
  local name
  __leapp_wraps=${__leapp_wraps-}x
  for name in cd pushd popd; do
    case $(declare -f "$name") in
    *_leapp_hook*) continue ;;
    '') eval "function _leapp_${__leapp_wraps}_$name { builtin $name \"\$@\"; }" ;;
    *) eval "function _leapp_${__leapp_wraps}_$(declare -f "$name")" ;;
    esac
    # As it stands, an alias of that name would be read in its place.
    eval "function $name {
      _leapp_${__leapp_wraps}_$name \"\$@\" || return
      [[ \$BASH_SUBSHELL != 0 ]] || { :; _leapp_hook; }
      _leapp_check
    }"
  done
}

# At the first prompt: by then, others have put functions of their own in the place of these.
_leapp_first() {
  if [[ $__leapp_rewrap == x ]] || declare -F _mise_hook >/dev/null; then _leapp_wrap; fi
  __leapp_rewrap=
  # `set -a` may be in force.
  export -n __leapp_rewrap __leapp_wraps
}

# By this it is noticed: the identity, and what direnv and mise say that they did.
_leapp_look() {
  now="${AWS_ACCESS_KEY_ID-} ${AWS_SECRET_ACCESS_KEY:+x}${AWS_SESSION_TOKEN:+x} ${AWS_REGION-}"
  now="$now ${DIRENV_DIFF-} ${__MISE_DIFF-} @COMPETING@"
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
  local flags=$- answer token before now
  # Bash 4.4 puts the options back by itself, after Ctrl-C too.
  local - 2>/dev/null || :
  # Neither exported, nor traced, nor shown to a DEBUG trap: what follows holds secrets.
  { set +axvT; } 2>/dev/null
  # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
  __leapp_key=$1 __leapp_at=0 __leapp_seen=/
  _leapp_read_token
  [[ -z $1 || ! -e $__leapp_token-$token ]] || __leapp_seen=$__leapp_token-$token
  # Nor does it leave another identity in force, of the directory before or from outside: keys are hidden until it is
  # known what follows.
  __leapp_pending=x
  _leapp_hide "$1"
  if answer=$([[ -x $__leapp_bin ]] && _leapp_show && LEAPP_LEFT=$__leapp_left exec "$__leapp_bin" hook-env bash) && [[ -n $answer ]]; then
    _leapp_show
    _leapp_apply "$answer" || :
  else
    [[ -n $1 || ${LEAPP_STATE-1:told} != 1:told* ]] || _leapp_show
    _leapp_say 'leapp: the hook failed: AWS credentials stay hidden here; run: leapp login'
  fi
  __leapp_pending=
  _leapp_look
  __leapp_holds=$now
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

# Hides the keys of the session that is loaded and, where there is a file, whatever else is an identity.
_leapp_hide() {
  local name
  [[ -n ${LEAPP_STATE-}$1 ]] || return 0
  for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION @COMPETITORS@; do
    [[ -n ${!name+x} ]] || continue
    if _leapp_is_exported "$name"; then
      printf -v "__leapp_hidden_$name" %s "x${!name}"
    else
      printf -v "__leapp_hidden_$name" %s "-${!name}"
    fi
    unset -v "$name"
  done 2>/dev/null
}

_leapp_show() {
  local name hidden
  for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION @COMPETITORS@; do
    hidden=__leapp_hidden_$name
    [[ -n ${!hidden+x} ]] || continue
    printf -v "$name" %s "${!hidden#?}"
    case ${!hidden} in x*) export "${name?}" ;; esac
    unset -v "$hidden"
  done 2>/dev/null
}

# Bash 4.4 tells without a process.
if ((BASH_VERSINFO[0] > 4 || BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] > 3)); then
  _leapp_is_exported() { [[ ${!1@a} == *x* ]]; }
else
  _leapp_is_exported() {
    local words
    words=$(declare -p "$1")
    words=${words#declare -}
    [[ ${words%% *} == *x* ]]
  }
fi

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

_leapp_say() {
  printf '%s\n' "$1" >&2
}

# From bash 5.1 on every command of an array runs with the status and `PIPESTATUS` of the last line; an array is not
# exported; and what others append does not replace it.
if [[ " ${PROMPT_COMMAND[*]-} " != *_leapp_hook* ]]; then
  __leapp_kind=$(declare -p PROMPT_COMMAND 2>/dev/null) || :
  __leapp_kind=${__leapp_kind#declare -}
  case ${__leapp_kind%% *} in
  *r*) echo 'leapp: PROMPT_COMMAND is readonly: the hook does not run' >&2 ;;
  *a*) PROMPT_COMMAND=(_leapp_hook "${PROMPT_COMMAND[@]}" _leapp_check) ;;
  *)
    if ((BASH_VERSINFO[0] > 5 || BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] > 0)); then
      # shellcheck disable=SC2178,SC2128 # it is a string here
      PROMPT_COMMAND=(_leapp_hook ${PROMPT_COMMAND:+"$PROMPT_COMMAND"} _leapp_check)
    else
      # shellcheck disable=SC2178,SC2128 # it is a string here
      PROMPT_COMMAND="_leapp_hook${PROMPT_COMMAND:+;$PROMPT_COMMAND}"$'\n_leapp_check'
      export -n PROMPT_COMMAND
    fi
    ;;
  esac
  unset -v __leapp_kind
fi

if ((BASH_VERSINFO[0] > 5 || BASH_VERSINFO[0] == 5 && BASH_VERSINFO[1] > 0)) && [[ ${PROMPT_COMMAND[*]} == *_leapp_check* ]]; then
  __leapp_is_array=x
fi

case $__leapp_flags in *a*) set -a ;; esac
unset -v __leapp_flags

fi
[[ -z ${__leapp_aliases-} ]] || shopt -s expand_aliases
unset -v __leapp_aliases
