# leapp for zsh 5 and later; in ~/.zshrc: eval "$(leapp hook zsh)"
#
# Before each prompt and after each change of directory: if the nearest .leapp file or leapp's state changed,
# `leapp hook-env` tells what to do. Nothing is forked while nothing changed. What variables held before is kept here,
# unexported, as "x" (it was exported) or "-", and the value.

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
  typeset -ga precmd_functions chpwd_functions
  (( ${precmd_functions[(I)_leapp_hook]} )) || precmd_functions=(_leapp_hook $precmd_functions)
  (( ${chpwd_functions[(I)_leapp_hook]} )) || chpwd_functions=(_leapp_hook $chpwd_functions)
}

_leapp_hook() {
  emulate -L zsh
  # What follows may hold secrets: nothing traces it, and no alias changes it.
  setopt no_xtrace no_verbose no_aliases
  trap - DEBUG
  (( ZSH_SUBSHELL )) && return
  local directory=$PWD content= key=
  [[ $directory == /* ]] || directory=
  until [[ -f $directory/.leapp || -z $directory ]]; do directory=${directory%/*}; done
  if [[ -n $directory || -f /.leapp ]]; then
    [[ ! -r $directory/.leapp ]] || sysread -s 2049 content <$directory/.leapp
    key=$directory/$'\n'$content
  fi
  if [[ -z ${__leapp_key+x} || $key != "$__leapp_key" || ! -e $__leapp_seen ]] ||
    (( __leapp_at && EPOCHSECONDS >= __leapp_at )); then
    # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
    typeset -g __leapp_key=$key __leapp_at=0 __leapp_seen=/
    local token= before=
    _leapp_read_token
    [[ -z $key || ! -e $__leapp_token-$token ]] || __leapp_seen=$__leapp_token-$token
    # Nor does it leave another directory's session behind: its keys are hidden until it is known what follows.
    _leapp_hide
    if content=$(_leapp_show && exec "$__leapp_bin" hook-env zsh) && [[ -n $content ]]; then
      _leapp_show
      eval "$content"
    else
      print -r 'leapp: the hook failed; run: leapp status' >&2
    fi
    if [[ -n $key && $__leapp_seen == / ]]; then
      # There was no such file. If there is a token now that was not there before, the next prompt looks once more.
      before=$token
      _leapp_read_token
      [[ $token == "$before" ]] || __leapp_seen=$__leapp_token-$before
    fi
  fi
}

# Reads the token of leapp's state. As long as it is the present one, there is a file that is named after it.
_leapp_read_token() {
  emulate -L zsh
  token=
  [[ ! -f $__leapp_token || ! -r $__leapp_token ]] || sysread -s 64 token <$__leapp_token
  token=${token%$'\n'}
}

_leapp_hide() {
  emulate -L zsh
  local name
  [[ -n ${LEAPP_STATE-} ]] || return 0
  for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION; do
    (( ${(P)+name} )) || continue
    typeset -g __leapp_hidden_$name=${(P)name}
    unset $name
  done
}

_leapp_show() {
  emulate -L zsh
  local name hidden
  for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION; do
    hidden=__leapp_hidden_$name
    (( ${(P)+hidden} )) || continue
    typeset -gx $name=${(P)hidden}
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
