
# --wrap-cd: a change of directory within a line is followed at once.
if [[ $- == *i* ]]; then

_leapp_wrap
__leapp_rewrap=x

fi
