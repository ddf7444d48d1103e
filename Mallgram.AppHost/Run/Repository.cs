using System.Reflection;

namespace Mallgram.AppHost.Run;

internal static class Repository
{
    /// <summary>
    /// The clone this program belongs to: the nearest folder above the program that holds the solution, so that a clone may be moved
    /// after a build; else, for a build with its output elsewhere, the one it was built from.
    /// </summary>
    public static string Root { get; } = FindRoot();

    public static string DefaultDataFolder => Path.Combine(Root, ".mallgram");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Mallgram.sln")))
            {
                return folder.FullName;
            }
        }
        return Path.GetFullPath(typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .First(metadata => metadata.Key == "RepositoryRoot").Value!);
    }
}
