namespace Mallgram.Web.Admin.Sessions;

/// <summary>Address of the sign-in page and of the page that it leads back to.</summary>
internal static class SignInPage
{
    public const string Path = "/login";
    public const string SecondFactor = Path + "/code";
    public const string Forgotten = Path + "/forgotten";
    public const string Reset = Path + "/reset";
    public const string Invitation = "/accept-invitation";
    public const string Home = "/";

    public static string AddressWith(string back) => IsPage(back) && back != "/" ? $"{Path}?back={Uri.EscapeDataString(back)}" : Path;

    /// <summary>The page to go to after sign-in: only ever one of ours.</summary>
    public static string BackOrHome(string? back) => back is not null && IsPage(back) ? back : Home;

    private static bool IsPage(string address) => OwnAddress.Is(address) && !address.StartsWith(Path, StringComparison.Ordinal);
}

/// <summary>Tells addresses on this site from those that lead elsewhere: <c>//host</c> and <c>/\host</c> do.</summary>
internal static class OwnAddress
{
    public static bool Is(string address) =>
        address.StartsWith('/') && !address.StartsWith("//", StringComparison.Ordinal) && !address.Contains('\\', StringComparison.Ordinal)
        && !address.Any(char.IsControl);
}
