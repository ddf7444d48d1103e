using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Mallgram.AppHost.Backing;

/// <summary>Where a server listens and its superuser.</summary>
internal sealed record PostgresAddress(string Host, int Port, string Username, string Password)
{
    public string ConnectionString(string database) =>
        $"Host={Host};Port={Port};Username={Username};Password={Password};Database={database}";

    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>
/// A PostgreSQL server of our own on 127.0.0.1: installed binaries, else the npm package. Its data live in
/// <c>folder/&lt;major&gt;/data</c>, with port and superuser password beside them. One process at a time may own a folder;
/// the caller sees to that.
/// </summary>
/// <param name="folder">Absolute path. When root runs this and the unprivileged server user cannot enter it,
/// <c>/var/lib/mallgram/&lt;hash of the path&gt;</c> is used instead.</param>
/// <param name="log">Receives one line of news at a time.</param>
internal sealed class LocalPostgres(string folder, Action<string> log) : IAsyncDisposable
{
    /// <summary>Environment variable; <c>embedded</c> ignores installed servers and takes the npm package.</summary>
    public const string ChoiceVariable = "MALLGRAM_POSTGRES";

    private const string Superuser = "postgres";
    private static readonly TimeSpan InitLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);
    private static readonly string[] Locales = ["C.UTF-8", "en_US.UTF-8", "C"];

    private readonly UnprivilegedUser? user = UnprivilegedUser.ForServers();
    private PostgresInstallation? installation;
    private OrphanGuard? guard;
    private string? data;

    /// <summary>False gives up safety against a power cut for speed: for throw-away servers of tests.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>PostgreSQL's own default; a server with much to hold wants a quarter of the machine's memory.</summary>
    public int SharedBuffersMegabytes { get; init; } = 128;

    /// <summary>The postmaster, once started.</summary>
    public ProcessIdentity? Process { get; private set; }

    /// <summary>The server's own log, once started.</summary>
    public string? LogFile { get; private set; }

    /// <summary>For people: version and origin.</summary>
    public string Description => installation is null ? "PostgreSQL" : $"PostgreSQL {installation.Version} from {installation.Folder}";

    /// <summary>Returns when the server accepts connections; crash recovery is part of that.</summary>
    /// <exception cref="BackingException">No server, or it did not start; the message carries the end of its log.</exception>
    public async Task<PostgresAddress> StartAsync(CancellationToken ct)
    {
        var area = await ReachableAreaAsync(ct);
        installation = await ChooseAsync(area, ct);
        var home = Path.Combine(area, installation.Major.ToString(CultureInfo.InvariantCulture));
        Directory.CreateDirectory(home);
        data = Path.Combine(home, "data");
        LogFile = Path.Combine(home, "server.log");
        KeepLogSmall(LogFile);

        var settings = await SettingsAsync(home, ct);
        if (!Directory.Exists(data))
        {
            await InitialiseAsync(home, settings.Password, ct);
        }
        await StopLeftoverAsync();
        if (!FreePort.IsFree(settings.Port))
        {
            settings = settings with { Port = FreePort.Next() };
            WriteSettings(home, settings);
        }
        await WriteConfigurationAsync(settings.Port, ct);
        await OwnAsync(home, ct);

        await LaunchAsync(ct);
        return new PostgresAddress("127.0.0.1", settings.Port, Superuser, settings.Password);
    }

    /// <summary>
    /// Rolls back what is open and shuts down cleanly; a server that hangs is stopped hard, which its next start recovers from.
    /// </summary>
    public async Task StopAsync()
    {
        guard?.Dispose();
        guard = null;
        if (Process is null || data is null || installation is null)
        {
            return;
        }
        await StopAsync(Process, data, installation);
        Process = null;
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task StopAsync(ProcessIdentity postmaster, string dataFolder, PostgresInstallation programs)
    {
        foreach (var mode in (string[])["fast", "immediate"])
        {
            if (!postmaster.IsAlive)
            {
                return;
            }
            IReadOnlyList<string> stop = [programs.Program("pg_ctl"), "stop", "-D", dataFolder, "-m", mode, "-w", "-t", "7"];
            await Command.RunAsync(AsServerUser(stop), StopLimit, CancellationToken.None, RootFolder);
            await postmaster.WaitForExitAsync(TimeSpan.FromSeconds(1));
        }
        if (postmaster.IsAlive)
        {
            throw new BackingException($"PostgreSQL (process {postmaster.Pid}) does not stop.");
        }
    }

    private async Task LaunchAsync(CancellationToken ct)
    {
        IReadOnlyList<string> start =
        [
            installation!.Program("pg_ctl"), "start", "-D", data!, "-l", LogFile!, "-w", "-t",
            StartLimit.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        ];
        // A backend that outlived a killed postmaster holds the shared memory for a moment longer.
        for (var attempt = 1; ; attempt++)
        {
            var logEnd = File.Exists(LogFile) ? new FileInfo(LogFile).Length : 0;
            var answer = await Command.RunAsync(AsServerUser(start), StartLimit + TimeSpan.FromSeconds(10), ct, RootFolder);
            if (answer.ExitCode == 0)
            {
                break;
            }
            var serverLog = ReadFrom(LogFile!, logEnd);
            if (attempt == 20 || !serverLog.Contains("shared memory", StringComparison.Ordinal))
            {
                throw new BackingException($"PostgreSQL did not start. {answer.Output}{Environment.NewLine}{serverLog}");
            }
            await Task.Delay(500, ct);
        }
        Process = Postmaster(data!) ?? throw new BackingException("PostgreSQL started and ended at once; see " + LogFile);
        guard = OrphanGuard.Over(Process, UnixSignal.Interrupt, killAfterGrace: false);
    }

    /// <summary>Prefers the major version that wrote the newest data here: another major cannot read them.</summary>
    private async Task<PostgresInstallation> ChooseAsync(string area, CancellationToken ct)
    {
        var choice = Environment.GetEnvironmentVariable(ChoiceVariable);
        if (choice is { Length: > 0 } and not "embedded" and not "installed")
        {
            throw new BackingException($"{ChoiceVariable}={choice}: use `embedded` or `installed`, or leave it unset.");
        }
        var wrote = Directory.EnumerateDirectories(area)
            .Where(home => File.Exists(SettingsFile(home)))
            .OrderByDescending(home => File.GetLastWriteTimeUtc(SettingsFile(home)))
            .Select(home => int.Parse(Path.GetFileName(home), CultureInfo.InvariantCulture))
            .FirstOrDefault();
        IReadOnlyList<PostgresInstallation> installed = choice == "embedded" ? [] : await PostgresInstallation.FindAsync(user, ct);
        var embeddedHasData =
            wrote == EmbeddedPostgres.Major && Directory.Exists(EmbeddedPostgres.FolderUnder(area)) && choice != "installed";
        if (installed.FirstOrDefault(found => found.Major == wrote) is { } sameMajor)
        {
            return sameMajor;
        }
        if (installed.Count > 0 && !embeddedHasData)
        {
            if (wrote != 0)
            {
                log($"PostgreSQL {wrote} is gone and its data stay in {area}: PostgreSQL {installed[0].Major} starts empty");
            }
            return installed[0];
        }
        if (choice == "installed")
        {
            throw new BackingException($"No working PostgreSQL {PostgresInstallation.OldestMajor} or later is installed.");
        }
        var programs = await EmbeddedPostgres.EnsureAsync(area, log, ct);
        return await PostgresInstallation.ProbeAsync(programs, user, ct)
            ?? throw new BackingException(
                $"The embedded PostgreSQL in {programs} does not run on this machine. Install PostgreSQL 15 or later.");
    }

    /// <returns>The folder itself, or a stand-in that the server's user can enter.</returns>
    private async Task<string> ReachableAreaAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        if (user is null)
        {
            return folder;
        }
        var enter = user.Run(["/bin/sh", "-c", "cd \"$1\"", "sh", folder]);
        var entered = await Command.RunAsync(enter, TimeSpan.FromSeconds(10), ct, RootFolder);
        if (entered.ExitCode == 0)
        {
            return folder;
        }
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(folder)))[..16];
        var standIn = Path.Combine("/var/lib/mallgram", hash);
        foreach (var created in (string[])["/var/lib/mallgram", standIn])
        {
            Directory.CreateDirectory(created);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(created, EmbeddedPostgres.ReadableByAll);
            }
        }
        await File.WriteAllTextAsync(Path.Combine(folder, "where.txt"),
            $"The user {user.Name}, who runs PostgreSQL for root, cannot enter this folder. Binaries and data are in {standIn}\n", ct);
        return standIn;
    }

    private async Task InitialiseAsync(string home, string password, CancellationToken ct)
    {
        log($"Creating a database cluster with {Description}");
        var fresh = Path.Combine(home, "data.new");
        var passwordFile = Path.Combine(home, "password.tmp");
        CommandResult answer = new(1, "");
        try
        {
            foreach (var locale in Locales)
            {
                if (Directory.Exists(fresh))
                {
                    Directory.Delete(fresh, recursive: true);
                }
                Directory.CreateDirectory(fresh);
                WritePrivate(passwordFile, password);
                await OwnAsync(home, ct);
                IReadOnlyList<string> command =
                [
                    installation!.Program("initdb"), "-D", fresh, "-U", Superuser, $"--pwfile={passwordFile}", "--encoding=UTF8",
                    $"--locale={locale}", "--auth=scram-sha-256", .. Durable ? [] : (string[])["--no-sync"],
                ];
                answer = await Command.RunAsync(AsServerUser(command), InitLimit, ct, RootFolder);
                if (answer.ExitCode == 0)
                {
                    await File.AppendAllTextAsync(Path.Combine(fresh, "postgresql.conf"), "\ninclude 'mallgram.conf'\n", ct);
                    // Renamed last: an interrupted initdb never looks like a cluster.
                    Directory.Move(fresh, data!);
                    return;
                }
            }
        }
        finally
        {
            File.Delete(passwordFile);
        }
        throw new BackingException($"initdb failed. {answer.Output}");
    }

    private async Task WriteConfigurationAsync(int port, CancellationToken ct) =>
        await File.WriteAllTextAsync(Path.Combine(data!, "mallgram.conf"), $"""
            # Written at each start.
            listen_addresses = '127.0.0.1'
            port = {port}
            unix_socket_directories = ''
            max_connections = 200
            shared_buffers = {SharedBuffersMegabytes}MB
            # Small, so that recovery after a kill takes seconds.
            max_wal_size = 512MB
            # Statements are short: compiling one costs more than running it.
            jit = off
            log_min_messages = warning
            log_checkpoints = off
            lc_messages = 'C'
            timezone = 'UTC'
            log_timezone = 'UTC'
            {(Durable ? "" : "fsync = off\nsynchronous_commit = off\nfull_page_writes = off")}

            """, ct);

    /// <summary>
    /// Ends a server that a killed owner left on these data. A process id file whose process is another program by now is removed:
    /// PostgreSQL would refuse to start for a foreign process of the same user.
    /// </summary>
    private async Task StopLeftoverAsync()
    {
        var pidFile = Path.Combine(data!, "postmaster.pid");
        if (Postmaster(data!) is { } leftover)
        {
            log($"Stopping a PostgreSQL server that was left running (process {leftover.Pid})");
            await StopAsync(leftover, data!, installation!);
        }
        File.Delete(pidFile);
    }

    /// <summary>The live postmaster of a data folder. Its process id file: id in line 1, start in seconds since 1970 in line 3.</summary>
    private static ProcessIdentity? Postmaster(string dataFolder)
    {
        var pidFile = Path.Combine(dataFolder, "postmaster.pid");
        var lines = File.Exists(pidFile) ? File.ReadAllLines(pidFile) : [];
        if (lines.Length < 3 || !int.TryParse(lines[0], CultureInfo.InvariantCulture, out var pid)
            || !long.TryParse(lines[2], CultureInfo.InvariantCulture, out var writtenAt) || pid <= 1)
        {
            return null;
        }
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(pid);
            var startedAt = new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeSeconds();
            var same = process.ProcessName.StartsWith("postgres", StringComparison.Ordinal) && Math.Abs(startedAt - writtenAt) <= 10;
            return same ? ProcessIdentity.Of(pid) : null;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private async Task<ServerSettings> SettingsAsync(string home, CancellationToken ct)
    {
        var file = SettingsFile(home);
        if (Directory.Exists(data) && File.Exists(file))
        {
            File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime);
            return JsonSerializer.Deserialize<ServerSettings>(await File.ReadAllTextAsync(file, ct), JsonSerializerOptions.Web)
                ?? throw new BackingException($"{file} is empty: remove the folder {home} to start with a new database.");
        }
        if (Directory.Exists(data))
        {
            throw new BackingException(
                $"{file} is missing, and with it the password of the data beside it: put it back, or remove {home}.");
        }
        var settings = new ServerSettings(FreePort.Next(), RandomNumberGenerator.GetHexString(40, lowercase: true));
        WriteSettings(home, settings);
        return settings;
    }

    private static string SettingsFile(string home) => Path.Combine(home, "server.json");

    private static void WriteSettings(string home, ServerSettings settings) =>
        WritePrivate(SettingsFile(home), JsonSerializer.Serialize(settings, JsonSerializerOptions.Web));

    private static void WritePrivate(string file, string text)
    {
        var temporary = file + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        using (var stream = new StreamWriter(temporary, options))
        {
            stream.Write(text);
        }
        File.Move(temporary, file, overwrite: true);
    }

    /// <summary>Gives the server's user what it writes. Settings with the password stay readable by root and that user only.</summary>
    private async Task OwnAsync(string home, CancellationToken ct)
    {
        if (user is not null)
        {
            var answer = await Command.RunAsync(["chown", "-R", $"{user.Uid}:{user.Gid}", home], InitLimit, ct, RootFolder);
            if (answer.ExitCode != 0)
            {
                throw new BackingException($"{home} cannot be given to {user.Name}: {answer.Output}");
            }
        }
    }

    private IReadOnlyList<string> AsServerUser(IReadOnlyList<string> command) => user?.Run(command) ?? command;

    /// <summary>A folder that every user can enter: PostgreSQL programs complain about a working directory that they cannot.</summary>
    private static string RootFolder => Path.GetPathRoot(Environment.SystemDirectory) is { Length: > 0 } root ? root : "/";

    private static void KeepLogSmall(string file)
    {
        const long limit = 5_000_000;
        if (File.Exists(file) && new FileInfo(file).Length > limit)
        {
            File.Move(file, file + ".1", overwrite: true);
        }
    }

    private static string ReadFrom(string file, long position)
    {
        if (!File.Exists(file))
        {
            return "";
        }
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Seek(Math.Min(position, stream.Length), SeekOrigin.Begin);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private sealed record ServerSettings(int Port, string Password);
}
