# leapp for PowerShell; in $PROFILE: leapp hook powershell | Out-String | Invoke-Expression
#
# Before each prompt: if the nearest .leapp file or leapp's state changed, `leapp hook-env` tells what to do. Nothing is
# started while nothing changed. What variables held before is kept here, and no child gets it.

$global:__leapp_bin = @LEAPP@
$global:__leapp_token = @TOKEN@
if ($null -eq $global:__leapp_old) {
    $global:__leapp_old = @{}
    $global:__leapp_at = '0'
    # A shell that was started with leapp's variables in its environment looks at once.
    $global:__leapp_key = if ($env:LEAPP_STATE) { $null } else { '' }
}

function global:_leapp_read($path) {
    try {
        $reader = [System.IO.StreamReader]::new($path)
        try {
            $buffer = [char[]]::new(2049)
            $count = $reader.ReadBlock($buffer, 0, 2049)
            [string]::new($buffer, 0, $count)
        } finally { $reader.Dispose() }
    } catch { '' }
}

function global:_leapp_nearest {
    if ($PWD.Provider.Name -ne 'FileSystem') { return '' }
    $directory = $PWD.ProviderPath
    while ($directory) {
        $file = [System.IO.Path]::Combine($directory, '.leapp')
        if ([System.IO.File]::Exists($file)) { return $file }
        $directory = [System.IO.Path]::GetDirectoryName($directory)
    }
    ''
}

function global:_leapp_save($how) {
    foreach ($name in $args) {
        $global:__leapp_old.Remove($name)
        $value = [Environment]::GetEnvironmentVariable($name)
        if ($null -ne $value) { $global:__leapp_old[$name] = $value }
    }
}

function global:_leapp_forget {
    foreach ($name in $args) { $global:__leapp_old.Remove($name) }
}

function global:_leapp_restore {
    foreach ($name in $args) {
        [Environment]::SetEnvironmentVariable($name, $global:__leapp_old[$name])
        $global:__leapp_old.Remove($name)
    }
}

function global:_leapp_hook {
    $file = _leapp_nearest
    $key = ''
    if ($file) { $key = "$file`n$(_leapp_read $global:__leapp_token)`n$(_leapp_read $file)" }
    $now = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
    $late = $global:__leapp_at -ne '0' -and $now -ge [long]$global:__leapp_at
    if ($key -ceq $global:__leapp_key -and -not $late) { return }
    # Before anything else: what fails, or is ended by Ctrl-C, is not tried again at every prompt.
    $global:__leapp_key = $key
    $global:__leapp_at = '0'
    $done = $false
    try {
        $answer = & $global:__leapp_bin hook-env powershell | Out-String
        if ($LASTEXITCODE -eq 0 -and $answer) {
            Invoke-Expression $answer
            $done = $true
        }
    } finally {
        # What fails does not leave another directory's session in force.
        if (-not $done -and $env:LEAPP_STATE) {
            foreach ($name in 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'LEAPP_SESSION') {
                [Environment]::SetEnvironmentVariable($name, $null)
            }
        }
    }
}

if (-not (Test-Path Function:\_leapp_prompt)) {
    Copy-Item Function:\prompt Function:\global:_leapp_prompt
    function global:prompt {
        $succeeded, $code = $?, $global:LASTEXITCODE
        try { _leapp_hook } catch { [Console]::Error.WriteLine('leapp: the hook failed') }
        $global:LASTEXITCODE = $code
        # The prompt that was there before sees the same $? as without leapp.
        if (-not $succeeded) { Write-Error '' -ErrorAction Ignore }
        _leapp_prompt
    }
}
