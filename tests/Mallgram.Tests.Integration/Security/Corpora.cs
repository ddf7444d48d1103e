using System.Runtime.CompilerServices;

namespace Mallgram.Tests.Integration.Security;

/// <summary>Data files of attacks, beside this file.</summary>
internal static class Corpora
{
    public static string Read(string name) => File.ReadAllText(Path.Combine(Folder(), "Corpora", name));

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
