# leapp for tcsh; in ~/.tcshrc: leapp hook tcsh >~/.leapp.tcsh && source ~/.leapp.tcsh
#
# Before each prompt: if the directory changed, or the nearest .leapp file or leapp's state was written, `leapp hook-env`
# tells what to do. Nothing is forked while nothing changed. tcsh reads no files: it looks at when they were last changed.
# It has no clock either: the time is that of the last key that was pressed on its terminal.

if ( $?prompt ) then
set __leapp_bin = @LEAPP@
set __leapp_token = @TOKEN@
endif
