# leapp for Elvish; in ~/.config/elvish/rc.elv: eval (leapp hook elvish | slurp)
#
# Before each prompt and after each change of directory: if the nearest .leapp file or leapp's state changed,
# `leapp hook-env` tells what to do. Nothing is forked while nothing changed. What variables held before is kept here,
# in a variable that no child gets.

use path
use str

var leapp-bin = (external @LEAPP@)
var leapp-token = @TOKEN@
var leapp-key = ''
# A shell that was started with leapp's variables in its environment looks at once.
if (has-env LEAPP_STATE) { set leapp-key = $nil }
var leapp-at = 0
var leapp-old = [&]
var leapp-hidden = [&]

# Elvish has no clock of its own. Where the kernel's can be read, no process is needed to tell the time.
fn leapp-now {
  if (path:is-regular /proc/uptime) {
    put (str:split . (slurp < /proc/uptime) | take 1)
  } else {
    date +%s
  }
}

fn leapp-read {|file|
  if (path:is-regular &follow-symlink=$true $file) {
    try { put (slurp < $file) } catch e { put '' }
  } else {
    put ''
  }
}

fn leapp-follow {
  var answer = ($leapp-bin hook-env elvish | from-json)
  for name $answer[restore] {
    if (has-key $leapp-old $name) {
      set-env $name $leapp-old[$name]
    } else {
      unset-env $name
    }
    set leapp-old = (dissoc $leapp-old $name)
  }
  for name $answer[forget] { set leapp-old = (dissoc $leapp-old $name) }
  keys $answer[found] | each {|name| set-env $name $answer[found][$name] }
  for name $answer[save] {
    set leapp-old = (dissoc $leapp-old $name)
    if (has-env $name) { set leapp-old = (assoc $leapp-old $name (get-env $name)) }
  }
  for name $answer[unset] { unset-env $name }
  keys $answer[set] | each {|name| set-env $name $answer[set][$name] }
  set leapp-at = $answer[at]
}

fn leapp-hook {
  var directory file = $pwd ''
  while $true {
    if (path:is-regular &follow-symlink=$true $directory/.leapp) {
      set file = $directory/.leapp
      break
    }
    if (not (str:has-prefix $directory /)) { break }
    if (==s $directory /) { break }
    set directory = (path:dir $directory)
  }
  var key = ''
  if (not-eq $file '') { set key = $file"\n"(leapp-read $leapp-token)"\n"(leapp-read $file) }
  if (eq $key $leapp-key) {
    if (== $leapp-at 0) { return }
    if (< (leapp-now) $leapp-at) { return }
  }
  # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
  set leapp-key = $key
  set leapp-at = 0
  keys $leapp-hidden | each {|name| if (not (has-env $name)) { set-env $name $leapp-hidden[$name] } }
  set leapp-hidden = [&]
  try {
    leapp-follow
  } catch e {
    # What fails does not leave another identity in force, of the directory before or from outside: keys are hidden until it
    # is known what follows.
    var is-loaded = $false
    if (has-env LEAPP_STATE) { set is-loaded = (not (str:has-prefix (get-env LEAPP_STATE) 1:told)) }
    if (or (not-eq $key '') $is-loaded) {
      for name [AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LEAPP_SESSION @COMPETITORS@] {
        if (has-env $name) { set leapp-hidden = (assoc $leapp-hidden $name (get-env $name)) }
        unset-env $name
      }
    }
    echo 'leapp: the hook failed: AWS credentials stay hidden here; run: leapp login' >&2
  }
}

set edit:before-readline = [$leapp-hook~ $@edit:before-readline]
set after-chdir = [$@after-chdir {|_| leapp-hook }]
