#!/usr/bin/env pwsh
# The one command of Mallgram, for Windows; the same verbs as the bash script beside it.
$ErrorActionPreference = 'Stop'
$root = $PSScriptRoot
$apphost = Join-Path $root 'artifacts/bin/Mallgram.AppHost/debug/Mallgram.AppHost.dll'
$stamp = Join-Path $root 'artifacts/.built'

function Stop-WithMessage([string] $message) {
    [Console]::Error.WriteLine($message)
    exit 1
}

function Show-Help {
    @'
./mallgram.ps1 up [--detach] [--port-offset N] [--data DIR] [--replicas api=2,worker=2]
                                build what changed, start everything and print the addresses
./mallgram.ps1 status [--json]  what runs, in which state; fails when nothing runs
./mallgram.ps1 down             stop everything, leave no process behind
./mallgram.ps1 job run NAME     run a job now and wait for it, for example product-sync
./mallgram.ps1 test             every test; ends with `N passed, N failed`
./mallgram.ps1 bench [--quick] [--strict] [NAME...]
                                measure each promise beside its ceiling; `bench --list` names the cases
./mallgram.ps1 help             this text

`up`, `status`, `down` and `job` take --data DIR to work on a second copy, `up --port-offset N` moves its ports out of the way:
API 5080, admin 5090, sandbox 5070, status page 5060, SMTP 5025.

Variables: ConnectionStrings__mallgram and ConnectionStrings__redis (servers of yours), MALLGRAM_POSTGRES=embedded (PostgreSQL from
npm even if one is installed), MALLGRAM_REDIS=none, MALLGRAM_ADMIN_PASSWORD, Sandbox__Catalogue=FILE.csv
'@
}

function Assert-Prerequisites {
    $sdk = 'https://dotnet.microsoft.com/download/dotnet/10.0'
    if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) { Stop-WithMessage "The .NET 10 SDK is missing: $sdk" }
    Push-Location $root
    try { $version = "$(& dotnet --version)" } finally { Pop-Location }
    if ($LASTEXITCODE -ne 0 -or -not $version.StartsWith('10.')) { Stop-WithMessage "The .NET 10 SDK is missing (found: $version): $sdk" }
    if (-not (Get-Command npm -ErrorAction SilentlyContinue)) {
        Stop-WithMessage 'Node.js 20 or later with npm is missing: https://nodejs.org'
    }
    $node = "$(& node --version)".TrimStart('v')
    if ([int]$node.Split('.')[0] -lt 20) { Stop-WithMessage "Node.js here is $node, 20 or later is needed: https://nodejs.org" }
}

function Test-Changed {
    if (-not (Test-Path $stamp) -or -not (Test-Path $apphost)) { return $true }
    $built = (Get-Item $stamp).LastWriteTimeUtc
    $skipped = '[\\/](artifacts|node_modules|\.mallgram|\.git|bin|obj)[\\/]|Mallgram\.Web\.Admin[\\/]wwwroot[\\/]lib[\\/]'
    $sources = '.cs', '.csproj', '.props', '.targets', '.sql', '.razor', '.hbs', '.json', '.css', '.js', '.sln', '.editorconfig'
    $newer = Get-ChildItem $root -Directory |
        Where-Object { $_.Name -notin 'artifacts', 'node_modules', '.mallgram', '.git', 'tests' } |
        Get-ChildItem -Recurse -File |
        Where-Object { $_.FullName -notmatch $skipped -and $_.Extension -in $sources -and $_.LastWriteTimeUtc -gt $built } |
        Select-Object -First 1
    $newerInRoot = Get-ChildItem $root -File |
        Where-Object { $_.Extension -in $sources -and $_.LastWriteTimeUtc -gt $built } |
        Select-Object -First 1
    return $null -ne $newer -or $null -ne $newerInRoot
}

function Invoke-Build {
    if (-not (Test-Changed)) { return }
    Assert-Prerequisites
    if (-not (Test-Path $stamp)) { Write-Output 'Building; the first time takes a minute or two.' }
    New-Item -ItemType Directory -Force (Split-Path $stamp) | Out-Null
    # Without build servers: `down` is to leave no process behind. Dated before the build: what is saved while it runs is built next time.
    $started = [DateTime]::UtcNow
    Push-Location $root
    $options = '--nologo', '-v', 'q', '-clp:NoSummary', '-nodeReuse:false', '-p:UseSharedCompilation=false'
    try { $log = & dotnet build Mallgram.AppHost @options 2>&1 } finally { Pop-Location }
    if ($LASTEXITCODE -ne 0) { Stop-WithMessage "$($log -join [Environment]::NewLine)`n`nThe build failed." }
    New-Item -ItemType File -Force $stamp | Out-Null
    (Get-Item $stamp).LastWriteTimeUtc = $started
}

$verb = if ($args.Count -gt 0) { $args[0] } else { 'help' }
$rest = @($args | Select-Object -Skip 1)
switch ($verb) {
    'up' {
        if ($rest -contains '--help' -or $rest -contains '-h') { Show-Help; exit 0 }
        Invoke-Build
        & dotnet $apphost @args
        exit $LASTEXITCODE
    }
    { $_ -in 'status', 'down', 'job' } {
        if (-not (Test-Path $apphost)) {
            Write-Output 'Nothing runs: Mallgram is not built yet.'
            exit $(if ($verb -eq 'down') { 0 } else { 1 })
        }
        & dotnet $apphost @args
        exit $LASTEXITCODE
    }
    'test' {
        & (Join-Path $root 'eng/test.ps1') @rest
        exit $LASTEXITCODE
    }
    'bench' {
        Assert-Prerequisites
        Push-Location $root
        $options = '--nologo', '-v', 'q', '-clp:NoSummary', '-nodeReuse:false', '-p:UseSharedCompilation=false'
        try { $log = & dotnet build -c Release tests/Mallgram.Benchmarks @options 2>&1 } finally { Pop-Location }
        if ($LASTEXITCODE -ne 0) { Stop-WithMessage "$($log -join [Environment]::NewLine)`n`nThe build failed." }
        & dotnet (Join-Path $root 'artifacts/bin/Mallgram.Benchmarks/release/Mallgram.Benchmarks.dll') --output (Join-Path $root 'artifacts/bench') @rest
        exit $LASTEXITCODE
    }
    { $_ -in 'help', '--help', '-h' } { Show-Help }
    default {
        [Console]::Error.WriteLine("$verb is no command.")
        Show-Help
        exit 2
    }
}
