namespace Mallgram.AppHost.Run;

/// <summary>
/// The state of one copy on disk. Others may pass through it, to reach the database files that an unprivileged user owns, but not
/// list it; what is private has its own mode.
/// </summary>
internal sealed class DataFolder(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public string Path { get; } = path;

    /// <summary>Process ids, ports and states of the running copy.</summary>
    public string RunFile => In("run.json");

    /// <summary>Held open and locked by the running copy; the system releases it when that dies.</summary>
    public string LockFile => In("lock");

    /// <summary>Its presence asks the running copy to stop: the same on every system, unlike signals.</summary>
    public string StopFile => In("stop");

    public string SecretsFile => In("secrets.json");

    public string Postgres => In("postgres");

    public string Logs => Private("logs");

    /// <summary>What `up --detach` prints after it let go of the terminal.</summary>
    public string AppHostLog => System.IO.Path.Combine(Logs, "apphost.log");

    public bool Exists => Directory.Exists(Path);

    public string In(string name) => System.IO.Path.Combine(Path, name);

    /// <exception cref="RunException">The path cannot be a folder of this user's.</exception>
    public void Create()
    {
        if (Exists)
        {
            return;
        }
        try
        {
            Directory.CreateDirectory(Path);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(Path, OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunException($"{Path} cannot be created: {e.Message}");
        }
    }

    /// <returns>The full path of a subfolder that only this user can enter, created when missing.</returns>
    public string Private(string name)
    {
        var folder = In(name);
        if (!Directory.Exists(folder))
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, OwnerOnly);
            }
        }
        return folder;
    }

    /// <summary>Replaces a file in one step; readable by this user only.</summary>
    public static void WritePrivate(string file, ReadOnlySpan<byte> content)
    {
        var temporary = file + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(content);
        }
        File.Move(temporary, file, overwrite: true);
    }
}
