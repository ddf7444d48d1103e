namespace Mallgram.Web.Admin.Sessions;

/// <summary>Address of the sign-in page and of the page that it leads back to.</summary>
internal static class SignInPage
{
    public const string Path = "/login";
    public const string Home = "/orders";

    public static string AddressWith(string back) => IsOwn(back) && back != "/" ? $"{Path}?back={Uri.EscapeDataString(back)}" : Path;

    /// <summary>The page to go to after sign-in: only ever one of ours.</summary>
    public static string BackOrHome(string? back) => back is not null && IsOwn(back) ? back : Home;

    // "//host" and "/\host" lead elsewhere.
    private static bool IsOwn(string address) =>
        address.StartsWith('/') && !address.StartsWith("//", StringComparison.Ordinal) && !address.Contains('\\', StringComparison.Ordinal)
        && !address.Any(char.IsControl) && !address.StartsWith(Path, StringComparison.Ordinal);
}
