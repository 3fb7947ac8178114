
# --wrap-cd: a change of directory within a line is followed at once.
if [[ $- == *i* ]]; then

_leapp_wrap() {
  local name
  for name in cd pushd popd; do
    case $(declare -f "$name") in
    *_leapp_hook*) continue ;;
    '') eval "function _leapp_$name { builtin $name \"\$@\"; }" ;;
    *) eval "function _leapp_$(declare -f "$name")" ;;
    esac
    # As it stands, an alias of that name would be read in its place.
    eval "function $name { _leapp_$name \"\$@\" || return; [[ \$BASH_SUBSHELL != 0 ]] || { :; _leapp_hook; }; }"
  done
}
_leapp_wrap
unset -f _leapp_wrap

fi
