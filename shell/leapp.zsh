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
  typeset -gi __leapp_at=${__leapp_at:-0}
  typeset -ga precmd_functions chpwd_functions
  (( ${precmd_functions[(I)_leapp_hook]} )) || precmd_functions=(_leapp_hook $precmd_functions)
  (( ${chpwd_functions[(I)_leapp_hook]} )) || chpwd_functions=(_leapp_hook $chpwd_functions)
}

_leapp_hook() {
  emulate -L zsh
  # What follows may hold secrets.
  unsetopt xtrace verbose
  (( ZSH_SUBSHELL )) && return
  local directory=$PWD file= content= token= key=
  while :; do
    if [[ -f $directory/.leapp ]]; then
      file=$directory/.leapp
      break
    fi
    [[ -n $directory ]] || break
    directory=${directory%/*}
  done
  if [[ -n $file ]]; then
    sysread -s 2049 content <$file 2>/dev/null
    sysread -s 64 token <$__leapp_token 2>/dev/null
    key=$file$'\n'$token$'\n'$content
  fi
  if [[ -z ${__leapp_key+x} || $key != "$__leapp_key" ]] || (( __leapp_at && EPOCHSECONDS >= __leapp_at )); then
    # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
    typeset -g __leapp_key=$key __leapp_at=0
    content=$("$__leapp_bin" hook-env zsh) && eval "$content"
  fi
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
