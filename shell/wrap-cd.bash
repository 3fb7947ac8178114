
# --wrap-cd: a change of directory within a line is followed at once.
if [[ $- == *i* ]]; then

# Once more before the first prompt, for what has put a function of its own in the place of one of these since.
_leapp_wrap() {
  local name
  __leapp_rewrap=
  __leapp_wraps=${__leapp_wraps-}x
  for name in cd pushd popd; do
    case $(declare -f "$name") in
    *_leapp_hook*) continue ;;
    '') eval "function _leapp_${__leapp_wraps}_$name { builtin $name \"\$@\"; }" ;;
    *) eval "function _leapp_${__leapp_wraps}_$(declare -f "$name")" ;;
    esac
    # As it stands, an alias of that name would be read in its place.
    eval "function $name {
      _leapp_${__leapp_wraps}_$name \"\$@\" || return
      [[ \$BASH_SUBSHELL != 0 ]] || { :; _leapp_hook; }
      _leapp_check
    }"
  done
}
_leapp_wrap
__leapp_rewrap=x

fi
