using System.Collections;
using System.Runtime.InteropServices;

namespace Mallgram.AppHost.Run;

/// <summary>What services inherit from whoever started the AppHost, and how they are started.</summary>
internal static class ServiceEnvironment
{
    /// <summary>The AppHost's own: from its launch profile, or strings that not every service may see.</summary>
    private static readonly string[] OwnPrefixes =
    [
        "ConnectionStrings__", "ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_HTTPS_PORT", "DOTNET_LAUNCH_PROFILE", "ASPIRE_",
        "MALLGRAM_",
    ];

    public static Dictionary<string, string> Inherited() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(entry => (Name: (string)entry.Key, Value: (string?)entry.Value ?? ""))
            .Where(entry => !OwnPrefixes.Any(prefix => entry.Name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            .ToDictionary(entry => entry.Name, entry => entry.Value, StringComparer.Ordinal);

    /// <summary>The value the operator set for a configuration key, whatever its case; null when there is none.</summary>
    public static string? OperatorsOwn(string name) =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(entry => string.Equals((string)entry.Key, name, StringComparison.OrdinalIgnoreCase))
            .Select(entry => (string?)entry.Value).FirstOrDefault(value => !string.IsNullOrEmpty(value));

    /// <summary>The <c>dotnet</c> program that runs this one, also when this was started by its native launcher.</summary>
    public static string DotNet { get; } = FindDotNet();

    private static string FindDotNet()
    {
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) is "dotnet")
        {
            return Environment.ProcessPath!;
        }
        // …/dotnet/shared/Microsoft.NETCore.App/10.0.x/
        var installation = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var program = Path.Combine(installation, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return File.Exists(program) ? program : "dotnet";
    }
}
