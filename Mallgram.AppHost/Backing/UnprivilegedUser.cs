using System.Globalization;

namespace Mallgram.AppHost.Backing;

/// <summary>
/// PostgreSQL refuses to run as root. Started by root, servers run as the existing user `postgres`, else `nobody`; nothing is created.
/// </summary>
internal sealed record UnprivilegedUser(string Name, int Uid, int Gid)
{
    /// <returns>Null when this process is not root: servers then run as whoever started it.</returns>
    /// <exception cref="BackingException">Root, but no unprivileged user or no way to become it.</exception>
    public static UnprivilegedUser? ForServers()
    {
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
        {
            return null;
        }
        var users = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields.Length > 3).ToList();
        var found = users.Find(fields => fields[0] == "postgres") ?? users.Find(fields => fields[0] == "nobody")
            ?? throw new BackingException("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as.");
        return new UnprivilegedUser(
            found[0], int.Parse(found[2], CultureInfo.InvariantCulture), int.Parse(found[3], CultureInfo.InvariantCulture));
    }

    /// <summary>The same command, run as this user.</summary>
    public IReadOnlyList<string> Run(IReadOnlyList<string> command)
    {
        if (Programs.Find("setpriv") is { } setpriv)
        {
            return [setpriv, $"--reuid={Uid}", $"--regid={Gid}", "--clear-groups", "--", .. command];
        }
        if (Programs.Find("runuser") is { } runuser)
        {
            return [runuser, "-u", Name, "--", .. command];
        }
        throw new BackingException("PostgreSQL refuses to run as root, and neither setpriv nor runuser (util-linux) is here.");
    }
}

internal static class Programs
{
    private static readonly string[] Suffixes = OperatingSystem.IsWindows() ? [".exe", ".cmd"] : [""];

    public static IEnumerable<string> PathFolders =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(OperatingSystem.IsWindows() ? [] : ["/usr/sbin", "/sbin"]);

    /// <returns>Full path of the first program of that name in PATH, or null.</returns>
    public static string? Find(string name) =>
        PathFolders.SelectMany(folder => Suffixes.Select(suffix => Path.Combine(folder, name + suffix))).FirstOrDefault(File.Exists);

    /// <summary>
    /// The command in a session of its own where `setsid` exists (Linux), so that Ctrl-C in the terminal reaches its owner only, who then
    /// stops everything in order.
    /// </summary>
    public static IReadOnlyList<string> InOwnSession(IReadOnlyList<string> command) =>
        Find("setsid") is { } setsid ? [setsid, .. command] : command;
}
