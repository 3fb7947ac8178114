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
    set __leapp_script = @SCRIPT@
    set __leapp_precmd = "`alias precmd`"
    if ( "$__leapp_precmd" == "" ) then
      alias precmd 'set __leapp_prompt;source $__leapp_script:q'
    else if ( "$__leapp_precmd" !~ *__leapp_prompt* ) then
      alias precmd 'set __leapp_prompt;source $__leapp_script:q;'"$__leapp_precmd"
    endif
    unset __leapp_precmd
  endif

  set __leapp_directory = $cwd:q
  set __leapp_now = ( )
  while ( "$__leapp_directory:q" =~ /* )
    if ( -f $__leapp_directory:q/.leapp ) then
      set __leapp_file = $__leapp_directory:q/.leapp
      set __leapp_now = ( $__leapp_file:q 0 0 0 0 0 0 )
      @ __leapp_now[2] = -M $__leapp_file:q
      @ __leapp_now[3] = -I $__leapp_file:q
      @ __leapp_now[4] = -Z $__leapp_file:q
      if ( -f @TOKEN@ ) @ __leapp_now[5] = -M @TOKEN@
      if ( -f @TOKEN@ ) @ __leapp_now[6] = -I @TOKEN@
      if ( -f @TOKEN@ ) @ __leapp_now[7] = -Z @TOKEN@
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
    # Neither shown nor echoed: what follows holds secrets.
    set __leapp_shown = ( $?echo $?verbose )
    unset echo verbose
    # What fails does not leave another identity in force, of the directory before or from outside: keys are hidden until
    # it is known what follows.
    set __leapp_show = ""
    foreach __leapp_name ( AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION @COMPETITORS@ )
      if ( $?LEAPP_STATE || "$__leapp_key" != "" ) then
        eval 'if ( $?'$__leapp_name' ) eval '\''set __leapp_hidden_'$__leapp_name' = $'$__leapp_name':q'\'
        unsetenv $__leapp_name
      endif
      eval 'set __leapp_is_hidden = $?__leapp_hidden_'$__leapp_name
      if ( $__leapp_is_hidden ) set __leapp_show = "${__leapp_show}setenv $__leapp_name "'$'"__leapp_hidden_${__leapp_name}:q;"
    end
    set __leapp_answer = "`$__leapp_show @LEAPP@ hook-env tcsh`"
    set __leapp_failed = 0
    if ( "$__leapp_answer:q" == "" ) set __leapp_failed = 1
    set __leapp_is_outer = 1
    if ( $?LEAPP_STATE ) then
      if ( "$LEAPP_STATE" !~ 1:told* ) set __leapp_is_outer = 0
    endif
    if ( ! $__leapp_failed || ( "$__leapp_key" == "" && $__leapp_is_outer ) ) then
      eval $__leapp_show:q
      unset __leapp_hidden_*
    endif
    if ( $__leapp_failed ) then
      sh -c "echo 'leapp: the hook failed: AWS credentials stay hidden here; run: leapp login' >&2"
    else
      eval "$__leapp_answer:q"
    endif
    unset __leapp_show __leapp_name __leapp_is_hidden __leapp_failed __leapp_is_outer
    unset __leapp_answer
    if ( $__leapp_shown[1] ) set echo
    if ( $__leapp_shown[2] ) set verbose
    unset __leapp_shown
  endif
  unset __leapp_directory __leapp_file __leapp_now __leapp_late
  unset __leapp_prompt
  set status = $__leapp_status
  unset __leapp_status
endif
