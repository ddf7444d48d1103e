# .\mallgram.ps1 test: builds once, runs every test project, closes on `N passed, N failed`. Tests that need Redis or Chromium run where
# those are installed.
$ErrorActionPreference = 'Stop'
Set-Location (Join-Path $PSScriptRoot '..')
$log = Join-Path (Get-Location) 'artifacts/test-logs'
Remove-Item -Recurse -Force $log -ErrorAction SilentlyContinue
New-Item -ItemType Directory -Force $log | Out-Null

$filter = @()
if (-not (Get-Command redis-server -ErrorAction SilentlyContinue)) { $filter += 'Needs!=redis' }
# The browser tests drive Debian's Chromium.
if (-not (Test-Path '/usr/bin/chromium')) { $filter += 'Needs!=chromium' }
if ($filter) { Write-Output "Left out on this machine: $($filter -join ', ')" }

dotnet build Mallgram.sln --nologo -v quiet '-clp:ErrorsOnly'
if ($LASTEXITCODE -ne 0) { Write-Output '0 passed, 1 failed'; exit 1 }

$passed = 0
$failed = 0
foreach ($project in 'Unit', 'Integration', 'WholeApp', 'Browser') {
    Write-Output "== $project tests"
    $trx = Join-Path $log "$project.trx"
    $arguments = @('test', "tests/Mallgram.Tests.$project", '--no-build', '--nologo', '-v', 'quiet', '--logger', "trx;LogFileName=$trx")
    if ($filter) { $arguments += @('--filter', ($filter -join '&')) }
    & dotnet @arguments
    $code = $LASTEXITCODE
    $failures = 0
    if (Test-Path $trx) {
        $counters = ([xml](Get-Content -Raw $trx)).TestRun.ResultSummary.Counters
        $passed += [int]$counters.passed
        $failures = [int]$counters.failed
    }
    if ($code -ne 0 -and $failures -eq 0) { $failures = 1 }
    $failed += $failures
}

Write-Output ''
Write-Output "$passed passed, $failed failed"
if ($failed -gt 0 -or $passed -eq 0) { exit 1 }
