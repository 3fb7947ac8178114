# leapp for tcsh; in ~/.tcshrc: eval `leapp hook tcsh`
#
# tcsh has loops only in files, so that leapp keeps this one and has it read before each prompt. If the directory
# changed, or the nearest .leapp file or leapp's state was written, `leapp hook-env` tells what to do. Nothing is forked
# while nothing changed. tcsh reads no files without a process: it looks at their inode, size and time. It has no clock
# either: the time is when a key was last pressed on its terminal, within 8 seconds.

if ( $?prompt ) then
  set __leapp_status = $status
  if ( ! $?__leapp_prompt ) then
    if ( ! $?__leapp_key ) then
      # A shell that was started with leapp's variables in its environment looks at once.
      set __leapp_key = ( x )
      if ( ! $?LEAPP_STATE ) set __leapp_key = ( )
      set __leapp_at = 0
    endif
    set __leapp_precmd = "`alias precmd`"
    if ( "$__leapp_precmd" == "" ) then
      alias precmd 'set __leapp_prompt;source @SCRIPT@'
    else if ( "$__leapp_precmd" !~ *__leapp_prompt* ) then
      alias precmd "set __leapp_prompt;source @SCRIPT@;$__leapp_precmd"
    endif
    unset __leapp_precmd
  endif

  set __leapp_directory = $cwd:q
  set __leapp_now = ( )
  while ( 1 )
    if ( -f $__leapp_directory:q/.leapp ) then
      set __leapp_file = $__leapp_directory:q/.leapp
      set __leapp_now = ( $__leapp_file:q 0 0 0 0 0 )
      @ __leapp_now[2] = -M $__leapp_file:q
      @ __leapp_now[3] = -I $__leapp_file:q
      @ __leapp_now[4] = -Z $__leapp_file:q
      if ( -f @TOKEN@ ) @ __leapp_now[5] = -M @TOKEN@
      if ( -f @TOKEN@ ) @ __leapp_now[6] = -I @TOKEN@
      break
    endif
    if ( "$__leapp_directory:q" == "" || "$__leapp_directory:q" == "/" ) break
    set __leapp_directory = $__leapp_directory:h:q
  end

  set __leapp_late = 0
  if ( $__leapp_at != 0 && -e /dev/tty ) then
    @ __leapp_late = -A /dev/$tty
    if ( $__leapp_late < $__leapp_at ) set __leapp_late = 0
  endif

  if ( "$__leapp_now" != "$__leapp_key" || $__leapp_late != 0 ) then
    # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
    set __leapp_key = ( $__leapp_now:q )
    set __leapp_at = 0
    eval "`@LEAPP@ hook-env tcsh`"
  endif
  unset __leapp_directory __leapp_file __leapp_now __leapp_late
  unset __leapp_prompt
  set status = $__leapp_status
  unset __leapp_status
endif
