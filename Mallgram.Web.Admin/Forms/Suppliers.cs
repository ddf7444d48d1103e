namespace Mallgram.Web.Admin.Forms;

/// <summary>Suppliers that forms offer; see <see cref="Language.Words.Name"/> for their spelling.</summary>
internal static class Suppliers
{
    public static readonly IReadOnlyList<string> Codes = ["aliexpress", "alibaba"];
}
