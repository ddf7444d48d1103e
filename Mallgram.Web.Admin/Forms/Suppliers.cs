namespace Mallgram.Web.Admin.Forms;

/// <summary>Suppliers that forms offer; see <see cref="Language.Words.Name"/> for their spelling.</summary>
internal static class Suppliers
{
    public static readonly IReadOnlyList<string> Codes = ["aliexpress", "alibaba"];

    /// <summary>Whether it finds goods by words; Alibaba offers buyers none.</summary>
    public static bool HasSearch(string code) => code == "aliexpress";
}
