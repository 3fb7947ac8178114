# leapp for fish 3.5 and later; in ~/.config/fish/config.fish: leapp hook fish | source
#
# Before each prompt and after each change of directory: if the nearest .leapp file or leapp's state changed,
# `leapp hook-env` tells what to do. Nothing is forked while nothing changed. What variables held before is kept here,
# unexported, behind an "x" (it was exported) or a "-".

if status is-interactive

    # What came in the environment is not ours.
    functions -q __leapp_hook; or for leapp_name in (set -n -g -x | string match '__leapp_*')
        set -e -g $leapp_name
    end
    set -e leapp_name
    set -g __leapp_bin @LEAPP@
    set -g __leapp_token @TOKEN@
    # A shell that was started with leapp's variables in its environment looks at once.
    if not set -q __leapp_key
        set -g __leapp_key (set -q LEAPP_STATE; and echo x)
    end
    set -q __leapp_seen; or set -g __leapp_seen /
    set -q __leapp_at; or set -g __leapp_at 0
    # fish has no clock. Where the kernel's can be read, nothing else is needed to tell the time.
    set -g __leapp_clock /dev/null
    test -r /proc/uptime; and set -g __leapp_clock /proc/uptime

    function __leapp_hook --on-event fish_prompt --on-variable PWD
        set -l previous $status
        status is-command-substitution; and return $previous
        set -l directory $PWD
        set -l key ''
        while true
            if test -f "$directory/.leapp"
                read -z -n 2049 -l content <"$directory/.leapp" 2>/dev/null
                set key $directory/\n"$content"
                break
            end
            string match -q '/*' -- $directory; or break
            set directory (string replace -r '/[^/]*$' '' -- $directory)
        end
        # One `test` for both, and no function while it is early: each costs what a person could feel in the end.
        if test "$key" = "$__leapp_key" -a -e "$__leapp_seen"
            test "$__leapp_at" = 0; and return $previous
            read -l -d ' ' now rest <$__leapp_clock; and test $now -lt $__leapp_at; and return $previous
            __leapp_is_early; and return $previous
        end
        # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
        set -g __leapp_key $key
        set -g __leapp_at 0
        set -g __leapp_seen /
        set -l token (__leapp_read_token)
        test -n "$key" -a -e "$__leapp_token-$token"; and set -g __leapp_seen "$__leapp_token-$token"
        __leapp_follow
        if test -n "$key" -a "$__leapp_seen" = /
            # There was no such file. If there is a token now that was not there before, the next prompt looks once more.
            test "$(__leapp_read_token)" = "$token"; or set -g __leapp_seen "$__leapp_token-$token"
        end
        return $previous
    end

    # Reads the token of leapp's state. As long as it is the present one, there is a file that is named after it.
    function __leapp_read_token
        test -f "$__leapp_token"; and read -l token <"$__leapp_token" 2>/dev/null; and echo $token
    end

    # What fails does not leave another directory's session behind: its keys are hidden until it is known what follows.
    function __leapp_follow
        set -l names AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION
        set -q LEAPP_STATE; and for name in $names
            set -q -g -x $name; or continue
            set -g -u __leapp_hidden_$name $$name
            set -e -g $name
        end
        begin
            for name in $names
                set -l hidden __leapp_hidden_$name
                set -q $hidden; and set -f -x $name $$hidden
            end
            set -l answer ("$__leapp_bin" hook-env fish | string collect --no-trim-newlines)
            set -l failed $pipestatus[1]
            for name in $names
                set -e -f $name
            end
            if test "$failed" != 0; or test -z "$answer"
                echo 'leapp: the hook failed; run: leapp status' >&2
                return
            end
            for name in $names
                set -l hidden __leapp_hidden_$name
                set -q $hidden; or continue
                set -g -x $name $$hidden
                set -e -g $hidden
            end
            echo -n $answer | source
        end
    end

    # Without a clock, fish knows the age of a file: leapp makes one that was last changed when the time is over.
    function __leapp_is_early
        string match -q '/*' -- $__leapp_at; or return
        set -l age (path mtime -R -- $__leapp_at)
        test -n "$age"; and test "$age" -lt 0
    end

    function _leapp_save
        for name in $argv[2..]
            set -e -g __leapp_old_$name
            set -q $name; and set -g -u __leapp_old_$name $argv[1] $$name
        end
    end

    function _leapp_forget
        for name in $argv
            set -e -g __leapp_old_$name
        end
    end

    function _leapp_restore
        for name in $argv
            set -e -g $name
            set -l old __leapp_old_$name
            set -q $old; or continue
            set -l kept $$old
            if test $kept[1] = x
                set -g -x $name $kept[2..]
            else
                set -g -u $name $kept[2..]
            end
            set -e -g $old
        end
    end

end
