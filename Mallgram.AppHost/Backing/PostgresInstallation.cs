using System.Globalization;
using System.Text.RegularExpressions;

namespace Mallgram.AppHost.Backing;

/// <summary>Server binaries that were run and answered: <c>postgres</c>, <c>initdb</c> and <c>pg_ctl</c> of one version.</summary>
/// <param name="Folder">Where the three programs are.</param>
internal sealed partial record PostgresInstallation(string Folder, int Major, string Version)
{
    /// <summary>The oldest supported PostgreSQL.</summary>
    public const int OldestMajor = 15;

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    public string Program(string name) => Path.Combine(Folder, OperatingSystem.IsWindows() ? name + ".exe" : name);

    /// <summary>What this machine has, in order of preference: PATH, then the usual places, newest first.</summary>
    public static async Task<IReadOnlyList<PostgresInstallation>> FindAsync(UnprivilegedUser? user, CancellationToken ct)
    {
        var found = new List<PostgresInstallation>();
        foreach (var folder in CandidateFolders().Distinct(StringComparer.Ordinal))
        {
            if (await ProbeAsync(folder, user, ct) is { Major: >= OldestMajor } installation)
            {
                found.Add(installation);
            }
        }
        return found;
    }

    /// <summary>
    /// Runs each program with <c>--version</c> as the user who will run the server: a broken wrapper, a dangling link or a folder
    /// that user cannot enter is no installation.
    /// </summary>
    public static async Task<PostgresInstallation?> ProbeAsync(string folder, UnprivilegedUser? user, CancellationToken ct)
    {
        var installation = new PostgresInstallation(folder, 0, "");
        foreach (var name in (string[])["postgres", "initdb", "pg_ctl"])
        {
            var program = installation.Program(name);
            if (!File.Exists(program))
            {
                return null;
            }
            try
            {
                IReadOnlyList<string> command = [program, "--version"];
                var answer = await Command.RunAsync(user?.Run(command) ?? command, AnswerLimit, ct);
                var version = VersionInAnswer().Match(answer.Output);
                if (answer.ExitCode != 0 || !version.Success)
                {
                    return null;
                }
                var major = int.Parse(version.Groups["major"].ValueSpan, CultureInfo.InvariantCulture);
                if (installation.Major != 0 && installation.Major != major)
                {
                    return null;
                }
                installation = installation with { Major = major, Version = version.Groups["version"].Value };
            }
            catch (BackingException)
            {
                return null;
            }
        }
        return installation;
    }

    private static IEnumerable<string> CandidateFolders()
    {
        foreach (var folder in Programs.PathFolders)
        {
            var postgres = new FileInfo(new PostgresInstallation(folder, 0, "").Program("postgres"));
            if (postgres.Exists)
            {
                // PATH often holds a link to one program only; the others are beside its target.
                yield return Path.GetDirectoryName(postgres.ResolveLinkTarget(returnFinalTarget: true)?.FullName) ?? folder;
            }
        }
        if (OperatingSystem.IsWindows())
        {
            var programs = Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles);
            foreach (var folder in Versions(Path.Combine(programs, "PostgreSQL"), "*"))
            {
                yield return Path.Combine(folder, "bin");
            }
            yield break;
        }
        (string Parent, string Pattern)[] places =
        [
            ("/usr/lib/postgresql", "*"), ("/usr", "pgsql-*"), ("/opt/homebrew/opt", "postgresql@*"), ("/usr/local/opt", "postgresql@*"),
            ("/home/linuxbrew/.linuxbrew/opt", "postgresql@*"), ("/Applications/Postgres.app/Contents/Versions", "*"),
        ];
        foreach (var (parent, pattern) in places)
        {
            foreach (var folder in Versions(parent, pattern))
            {
                yield return Path.Combine(folder, "bin");
            }
        }
    }

    private static IEnumerable<string> Versions(string parent, string pattern) =>
        Directory.Exists(parent)
            ? Directory.EnumerateDirectories(parent, pattern)
                .OrderByDescending(MajorInName)
            : [];

    private static int MajorInName(string folder) =>
        int.TryParse(FirstNumber().Match(Path.GetFileName(folder)).ValueSpan, CultureInfo.InvariantCulture, out var major) ? major : 0;

    [GeneratedRegex(@"\(PostgreSQL\) (?<version>(?<major>\d+)\S*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VersionInAnswer();

    [GeneratedRegex(@"\d+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FirstNumber();
}
