# leapp for zsh 5 and later; in ~/.zshrc: eval "$(leapp hook zsh)"
#
# Before each prompt and after each change of directory: if the nearest .leapp file or leapp's state changed, or something
# else changed what leapp had set, `leapp hook-env` tells what to do. Nothing is forked while nothing changed. What
# variables held before is kept here, unexported, as "x" (it was exported) or "-", and the value.

if [[ -o interactive ]]; then

() {
  emulate -L zsh
  zmodload -F zsh/datetime p:EPOCHSECONDS
  zmodload -F zsh/system b:sysread
  (( ${+functions[_leapp_hook]} )) || unset -m '__leapp_*'
  typeset -g __leapp_bin=@LEAPP@
  typeset -g __leapp_token=@TOKEN@
  # A shell that was started with leapp's variables in its environment looks at once.
  (( ${+__leapp_key} )) || [[ -n ${LEAPP_STATE-} ]] || typeset -g __leapp_key=
  typeset -g __leapp_seen=${__leapp_seen:-/}
  typeset -gi __leapp_at=${__leapp_at:-0}
  typeset -g __leapp_left=${__leapp_left-} __leapp_holds=${__leapp_holds-} __leapp_pending=
  typeset -ga precmd_functions chpwd_functions __leapp_lines
  # First, for the prompt to be drawn with the session; and last, for other tools may have run by then.
  precmd_functions=(_leapp_hook ${precmd_functions:#_leapp_(hook|check)} _leapp_check)
  chpwd_functions=(_leapp_hook ${chpwd_functions:#_leapp_(hook|check)} _leapp_check)
}

_leapp_hook() {
  emulate -L zsh
  # What follows may hold secrets: nothing traces it, and no alias changes it.
  setopt no_xtrace no_verbose no_aliases
  trap - DEBUG
  (( ZSH_SUBSHELL )) && return
  # What was added since comes before the check, from the next prompt on; this one's commands are checked as they start.
  if [[ $precmd_functions[-1]$chpwd_functions[-1] != _leapp_check_leapp_check ]]; then
    precmd_functions=(${precmd_functions:#_leapp_check} _leapp_check)
    chpwd_functions=(${chpwd_functions:#_leapp_check} _leapp_check)
    preexec_functions=(${preexec_functions:#_leapp_check} _leapp_check)
  fi
  local directory=$PWD content= key=
  [[ $directory == /* ]] || directory=
  until [[ -f $directory/.leapp || -z $directory ]]; do directory=${directory%/*}; done
  if [[ -n $directory || -f /.leapp ]]; then
    [[ ! -r $directory/.leapp ]] || sysread -s 2049 content <$directory/.leapp
    key=$directory/$'\n'$content
  fi
  if [[ -z ${__leapp_key+x} || $key != "$__leapp_key" || ! -e $__leapp_seen ]] ||
    (( __leapp_at && EPOCHSECONDS >= __leapp_at )); then
    _leapp_follow "$key"
  fi
}

# After what else runs before the prompt: another tool may have put something in the place of what leapp had set.
_leapp_check() {
  emulate -L zsh
  setopt no_xtrace no_verbose no_aliases
  trap - DEBUG
  # Also in a subshell, where other tools follow a change of directory: they take out there what leapp had set.
  local now=
  if [[ -n $__leapp_pending ]]; then
    __leapp_pending=
    _leapp_look
    typeset -g __leapp_holds=$now
    _leapp_say 'leapp: the hook was interrupted: AWS credentials stay hidden here; run: leapp login'
  elif [[ -n ${LEAPP_STATE-}$__leapp_left ]]; then
    _leapp_look
    [[ $now == "$__leapp_holds" ]] || _leapp_follow "$__leapp_key"
  fi
  (( ! $#__leapp_lines )) || _leapp_say
}

# By this it is noticed: the identity, and what direnv and mise say that they did.
_leapp_look() {
  now="${AWS_ACCESS_KEY_ID-} ${AWS_SECRET_ACCESS_KEY:+x}${AWS_SESSION_TOKEN:+x} ${AWS_REGION-}"
  now+=" ${DIRENV_DIFF-} ${__MISE_DIFF-} @COMPETING@"
}

_leapp_follow() {
  local answer= token= before= now=
  # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
  typeset -g __leapp_key=$1 __leapp_at=0 __leapp_seen=/
  _leapp_read_token
  [[ -z $1 || ! -e $__leapp_token-$token ]] || __leapp_seen=$__leapp_token-$token
  # Nor does it leave another identity in force, of the directory before or from outside: keys are hidden until it is
  # known what follows.
  typeset -g __leapp_pending=x
  _leapp_hide "$1"
  if answer=$([[ -x $__leapp_bin ]] && _leapp_show && LEAPP_LEFT=$__leapp_left exec "$__leapp_bin" hook-env zsh) && [[ -n $answer ]]; then
    _leapp_show
    # zsh ends the whole `eval` where a variable is readonly.
    eval "$answer" || _leapp_say 'leapp: a variable is readonly: no credentials are loaded'
  else
    [[ -n $1 || ${LEAPP_STATE-1:told} != 1:told* ]] || _leapp_show
    _leapp_say 'leapp: the hook failed: AWS credentials stay hidden here; run: leapp login'
  fi
  __leapp_pending=
  _leapp_look
  typeset -g __leapp_holds=$now
  if [[ -n $1 && $__leapp_seen == / ]]; then
    # There was no such file. If there is a token now that was not there before, the next prompt looks once more.
    before=$token
    _leapp_read_token
    [[ $token == "$before" ]] || __leapp_seen=$__leapp_token-$before
  fi
}

# Says a line. powerlevel10k wants nothing said while it shows a prompt that is not one yet: then the lines wait.
_leapp_say() {
  emulate -L zsh
  __leapp_lines+=("$@")
  (( ${+__p9k_instant_prompt_active} )) && return
  print -rl -- $__leapp_lines >&2
  __leapp_lines=()
}

# Reads the token of leapp's state. As long as it is the present one, there is a file that is named after it.
_leapp_read_token() {
  emulate -L zsh
  token=
  [[ ! -f $__leapp_token || ! -r $__leapp_token ]] || sysread -s 64 token <$__leapp_token
  token=${token%$'\n'}
}

# Hides the keys of the session that is loaded and, where there is a file, whatever else is an identity.
_leapp_hide() {
  emulate -L zsh
  local name how
  [[ -n ${LEAPP_STATE-}$1 ]] || return 0
  for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION @COMPETITORS@; do
    (( ${(P)+name} )) && [[ ${(Pt)name} != *readonly* ]] || continue
    [[ ${(Pt)name} == *export* ]] && how=x || how=-
    typeset -g __leapp_hidden_$name=$how${(P)name}
    unset $name
  done
}

_leapp_show() {
  emulate -L zsh
  local name hidden
  for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION @COMPETITORS@; do
    hidden=__leapp_hidden_$name
    (( ${(P)+hidden} )) || continue
    if [[ ${(P)hidden} == x* ]]; then
      typeset -gx $name=${${(P)hidden}#?}
    else
      typeset -g $name=${${(P)hidden}#?}
    fi
    unset $hidden
  done
}

_leapp_save() {
  emulate -L zsh
  local how=$1 name
  for name in $@[2,-1]; do
    unset __leapp_old_$name
    (( ${(P)+name} )) && typeset -g __leapp_old_$name=$how${(P)name}
  done
  return 0
}

_leapp_forget() {
  emulate -L zsh
  local name
  for name; do
    unset __leapp_old_$name
  done
}

_leapp_restore() {
  emulate -L zsh
  local name old
  for name; do
    # It would end the whole `eval`.
    [[ ${(Pt)name} != *readonly* ]] || continue
    unset $name
    old=__leapp_old_$name
    (( ${(P)+old} )) || continue
    old=${(P)old}
    unset __leapp_old_$name
    if [[ $old == x* ]]; then
      typeset -gx $name=${old#?}
    else
      typeset -g $name=${old#?}
    fi
  done
}

fi
