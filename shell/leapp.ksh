# leapp for ksh93 and mksh; the last line of ~/.kshrc or ~/.mkshrc: eval "$(leapp hook ksh)"
#
# Whenever the prompt is shown, in the shell itself: if the nearest .leapp file or leapp's state changed, or something else
# changed what leapp had set, `leapp hook-env` tells what to do. Nothing is forked while nothing changed. What variables
# held before is kept here, unexported, as "x" (it was exported) or "-", and the value.

case $- in
*i*)

__leapp_flags=$-
set +a
__leapp_bin=@LEAPP@
__leapp_token=@TOKEN@
# A shell that was started with leapp's variables in its environment looks at once.
[[ -n ${__leapp_key+x} || -n ${LEAPP_STATE-} ]] || __leapp_key=
__leapp_at=${__leapp_at:-0}
__leapp_left=${__leapp_left-}
__leapp_holds=${__leapp_holds-}
__leapp_pending=
__leapp_now=
case ${KSH_VERSION-} in *MIRBSD* | *LEGACY*) __leapp_traps= ;; *) __leapp_traps=x ;; esac
typeset +x __leapp_bin __leapp_token __leapp_at __leapp_left __leapp_holds __leapp_pending __leapp_now __leapp_traps

function _leapp_hook {
  typeset status=$? directory=${PWD-} file= content= line= token= key=
  REPLY=
  [[ $directory == /* ]] || directory=
  while :; do
    if [[ -f $directory/.leapp ]]; then
      file=$directory/.leapp
      break
    fi
    [[ -n $directory ]] || break
    directory=${directory%/*}
  done
  if [[ -n $file ]]; then
    # Line by line, for ksh93 has no bounded read beyond a line that also ends well at the end of a file.
    while IFS= read -r -n 2049 line; do
      content="$content$line|"
      (( ${#content} < 2049 )) || break
    done 2>/dev/null <"$file"
    content=$content$line
    [[ ! -f $__leapp_token || ! -r $__leapp_token ]] || IFS= read -r token <"$__leapp_token" || :
    key="$file|$token|$content"
  fi
  if [[ -z ${__leapp_key+x} || $key != "${__leapp_key-}" ]] || _leapp_is_late; then
    _leapp_follow "$key"
  elif [[ -n $__leapp_pending ]]; then
    __leapp_pending=
    _leapp_look
    __leapp_holds=$__leapp_now
    _leapp_say 'leapp: the hook was interrupted: AWS credentials stay hidden here; run: leapp login'
  elif [[ -n ${LEAPP_STATE-}$__leapp_left ]]; then
    # Something else may have replaced the identity that leapp had set.
    _leapp_look
    [[ $__leapp_now == "$__leapp_holds" ]] || _leapp_follow "$key"
  fi
  return $status
}

_leapp_look() {
  __leapp_now="${AWS_ACCESS_KEY_ID-} ${AWS_SECRET_ACCESS_KEY:+x}${AWS_SESSION_TOKEN:+x} ${AWS_REGION-}"
  __leapp_now="$__leapp_now @COMPETING@"
}

function _leapp_is_late {
  [[ $__leapp_at != 0 ]] || return 1
  typeset now
  if [[ -n ${EPOCHREALTIME-} ]]; then now=${EPOCHREALTIME%.*}; else now=$(printf '%(%s)T' now); fi
  (( now >= __leapp_at ))
}

function _leapp_follow {
  typeset flags=$- answer status
  # Neither exported nor traced: what follows holds secrets.
  { set +a +x +v; } 2>/dev/null
  # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
  __leapp_key=$1 __leapp_at=0
  # Nor does it leave another identity in force, of the directory before or from outside: keys are hidden until it is
  # known what follows.
  __leapp_pending=x
  _leapp_hide "$1"
  # Without a trap, ksh93 would show prompts for ever. There it is this function's own.
  [[ -z $__leapp_traps ]] || trap : INT
  if answer=$([[ -x $__leapp_bin ]] || exit; _leapp_show; LEAPP_LEFT=$__leapp_left exec "$__leapp_bin" hook-env ksh) && [[ -n $answer ]]; then
    _leapp_show
    eval "$answer"
  else
    status=$?
    [[ -n $1 || ${LEAPP_STATE-1:told} != 1:told* ]] || _leapp_show
    case $status in
    130 | 258) _leapp_say 'leapp: the hook was interrupted: AWS credentials stay hidden here; run: leapp login' ;;
    *) _leapp_say 'leapp: the hook failed: AWS credentials stay hidden here; run: leapp login' ;;
    esac
  fi
  __leapp_pending=
  _leapp_look
  __leapp_holds=$__leapp_now
  case $flags in *a*) set -a ;; esac
  case $flags in *v*) set -v ;; esac
  case $flags in *x*) set -x ;; esac
  return 0
}

_leapp_say() {
  print -r -- "$1" >&2
}

# Hides the keys of the session that is loaded and, where there is a file, whatever else is an identity.
_leapp_hide() {
  [[ -n ${LEAPP_STATE-}$1 ]] || return 0
  __leapp_exported=$(export -p)
  for __leapp_name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION @COMPETITORS@; do
    eval "[[ -n \${$__leapp_name+x} ]]" || continue
    case $__leapp_exported in
    *" $__leapp_name="*) eval "__leapp_hidden_$__leapp_name=x\$$__leapp_name" ;;
    *) eval "__leapp_hidden_$__leapp_name=-\$$__leapp_name" ;;
    esac
    unset "$__leapp_name"
  done 2>/dev/null
  unset __leapp_name __leapp_exported
}

_leapp_show() {
  for __leapp_name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION @COMPETITORS@; do
    eval "__leapp_old=\${__leapp_hidden_$__leapp_name-}"
    case $__leapp_old in
    x*) eval "export $__leapp_name=\${__leapp_old#?}" ;;
    -*) eval "$__leapp_name=\${__leapp_old#?}" ;;
    esac
    unset "__leapp_hidden_$__leapp_name"
  done 2>/dev/null
  unset __leapp_name __leapp_old
}

_leapp_save() {
  __leapp_how=$1
  shift
  for __leapp_name; do
    eval "unset __leapp_old_$__leapp_name
      [[ -z \${$__leapp_name+x} ]] || __leapp_old_$__leapp_name=\$__leapp_how\$$__leapp_name"
  done
  unset __leapp_how __leapp_name
}

_leapp_forget() {
  for __leapp_name; do
    unset "__leapp_old_$__leapp_name"
  done
  unset __leapp_name
}

_leapp_restore() {
  for __leapp_name; do
    unset "$__leapp_name"
    eval "__leapp_old=\${__leapp_old_$__leapp_name-}"
    unset "__leapp_old_$__leapp_name"
    case $__leapp_old in
    x*) eval "export $__leapp_name=\${__leapp_old#?}" ;;
    -*) eval "$__leapp_name=\${__leapp_old#?}" ;;
    esac
  done
  unset __leapp_old __leapp_name
}

case ${PS1-} in
*_leapp_hook*) ;;
*)
  case ${KSH_VERSION-} in
  *MIRBSD* | *LEGACY*) PS1='${|_leapp_hook;}'"${PS1-}" ;;
  *) PS1='${ _leapp_hook;}'"${PS1-}" ;;
  esac
  ;;
esac

case $__leapp_flags in *a*) set -a ;; esac
unset __leapp_flags

;;
esac
