# leapp for fish 3.5 and later; in ~/.config/fish/config.fish: leapp hook fish | source
#
# Before each prompt and after each change of directory: if the nearest .leapp file or leapp's state changed, or something
# else changed what leapp had set, `leapp hook-env` tells what to do. Nothing is forked while nothing changed. What
# variables held before is kept here, unexported, behind an "x" (it was exported) or a "-".

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
    set -q __leapp_left; or set -g __leapp_left ''
    set -q __leapp_holds; or set -g __leapp_holds
    set -g __leapp_pending
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
        # Handlers run in the order in which they were made: this one has to be the last.
        if not set -q __leapp_is_last
            set -g __leapp_is_last
            functions -e __leapp_check
            __leapp_define_check
        end
        # One `test` for both, and no function while it is early: each costs what a person could feel in the end.
        if test "$key" = "$__leapp_key" -a -e "$__leapp_seen"
            test "$__leapp_at" = 0; and return $previous
            read -l -d ' ' now rest <$__leapp_clock; and test $now -lt $__leapp_at; and return $previous
            __leapp_is_early; and return $previous
        end
        __leapp_follow $key
        return $previous
    end

    # After what else runs before the prompt: another tool may have put something in the place of what leapp had set.
    function __leapp_define_check
        function __leapp_check --on-event fish_prompt --on-event fish_preexec --on-variable PWD
            set -l previous $status
            status is-command-substitution; and return $previous
            # Where a key has changed the directory, direnv waits for the next command, behind the handlers that it finds. mise
            # does so before each prompt, for the next change of directory.
            if test "$argv[1]" = VARIABLE
                functions -e __leapp_check_command
                function __leapp_check_command --on-event fish_preexec
                    __leapp_check
                end
            else if set -q MISE_SHELL
                functions -e __leapp_check_directory
                function __leapp_check_directory --on-variable PWD
                    __leapp_check
                end
            end
            if set -q __leapp_pending[1]
                set -g __leapp_pending
                __leapp_look
                set -g __leapp_holds "$__leapp_now"
                echo 'leapp: the hook was interrupted: AWS credentials stay hidden here; run: leapp login' >&2
            else if test -n "$LEAPP_STATE$__leapp_left"
                __leapp_look
                test "$__leapp_now" = "$__leapp_holds"; or __leapp_follow $__leapp_key
            end
            return $previous
        end
    end

    # By this it is noticed: the identity, and what direnv and mise say that they did.
    function __leapp_look
        # The status says how many there are not.
        set -q @COMPETITORS@
        set -g -u __leapp_now "$status $AWS_ACCESS_KEY_ID $AWS_PROFILE $AWS_REGION $DIRENV_DIFF $__MISE_DIFF"
        set -q AWS_SECRET_ACCESS_KEY; and set -a __leapp_now s
        set -q AWS_SESSION_TOKEN; and set -a __leapp_now t
    end

    # Reads the token of leapp's state. As long as it is the present one, there is a file that is named after it.
    function __leapp_read_token
        test -f "$__leapp_token"; and read -l token <"$__leapp_token" 2>/dev/null; and echo $token
    end

    function __leapp_follow --argument-names key
        # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
        set -g __leapp_key $key
        set -g __leapp_at 0
        set -g __leapp_seen /
        set -l token (__leapp_read_token)
        test -n "$key" -a -e "$__leapp_token-$token"; and set -g __leapp_seen "$__leapp_token-$token"
        __leapp_ask $key
        __leapp_look
        set -g __leapp_holds "$__leapp_now"
        if test -n "$key" -a "$__leapp_seen" = /
            # There was no such file. If there is a token now that was not there before, the next prompt looks once more.
            test "$(__leapp_read_token)" = "$token"; or set -g __leapp_seen "$__leapp_token-$token"
        end
    end

    # What fails does not leave another identity in force, of the directory before or from outside: keys are hidden until it
    # is known what follows.
    function __leapp_ask --argument-names key
        set -l names AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION @COMPETITORS@
        set -g __leapp_pending x
        test -n "$LEAPP_STATE$key"; and for name in $names
            if set -q -g -x $name
                set -g -u __leapp_hidden_$name $$name
                set -e -g $name
            end
            # Nothing hides a universal variable from children, but for one with a value.
            if set -q -U -x $name
                set -g -u __leapp_covered_$name $$name
                set -g -x $name ''
            end
        end
        begin
            for name in $names
                for hidden in __leapp_covered_$name __leapp_hidden_$name
                    set -q $hidden; and set -f -x $name $$hidden
                end
            end
            set -f -x LEAPP_LEFT $__leapp_left
            set -l answer
            set -l failed 1
            if test -x "$__leapp_bin"
                set answer ("$__leapp_bin" hook-env fish | string collect --no-trim-newlines)
                set failed $pipestatus[1]
            end
            for name in $names LEAPP_LEFT
                set -e -f $name
            end
            set -l is_outer (string match -q '1:told*' -- "$LEAPP_STATE"; or test -z "$LEAPP_STATE"; and echo x)
            if test "$failed" = 0; and test -n "$answer"
                __leapp_show $names
                echo -n $answer | source
            else
                test -z "$key"; and test -n "$is_outer"; and __leapp_show $names
                echo 'leapp: the hook failed: AWS credentials stay hidden here; run: leapp login' >&2
            end
        end
        set -g __leapp_pending
    end

    function __leapp_show
        for name in $argv
            set -q __leapp_covered_$name; and set -e -g $name __leapp_covered_$name
            set -l hidden __leapp_hidden_$name
            set -q $hidden; or continue
            set -g -x $name $$hidden
            set -e -g $hidden
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
