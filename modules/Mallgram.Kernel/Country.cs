using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Mallgram.Kernel;

/// <summary>A country that orders can be shipped to.</summary>
/// <param name="Code">ISO 3166-1 alpha-2, upper case.</param>
/// <param name="CallingCode">ITU E.164 country code, digits only.</param>
/// <param name="CurrencyCode">ISO 4217 code of the national currency.</param>
/// <param name="HasPostalCodes">Whether addresses there have postcodes in everyday use; never required where false.</param>
public sealed record Country(string Code, string English, string French, string CallingCode, string CurrencyCode, bool HasPostalCodes)
{
    private static readonly FrozenDictionary<string, Country> Known = new Country[]
    {
        new("ZA", "South Africa", "Afrique du Sud", "27", "ZAR", true),
        new("CM", "Cameroon", "Cameroun", "237", "XAF", false),
        new("NG", "Nigeria", "Nigeria", "234", "NGN", true),
        new("KE", "Kenya", "Kenya", "254", "KES", true),
        new("GH", "Ghana", "Ghana", "233", "GHS", false),
        new("SN", "Senegal", "Sénégal", "221", "XOF", true),
        new("CI", "Côte d'Ivoire", "Côte d'Ivoire", "225", "XOF", false),
        new("BJ", "Benin", "Bénin", "229", "XOF", false),
        new("TG", "Togo", "Togo", "228", "XOF", false),
        new("ML", "Mali", "Mali", "223", "XOF", false),
        new("BF", "Burkina Faso", "Burkina Faso", "226", "XOF", false),
        new("GA", "Gabon", "Gabon", "241", "XAF", false),
        new("CG", "Congo", "Congo", "242", "XAF", false),
        new("TD", "Chad", "Tchad", "235", "XAF", false),
        new("GN", "Guinea", "Guinée", "224", "GNF", false),
        new("UG", "Uganda", "Ouganda", "256", "UGX", false),
        new("RW", "Rwanda", "Rwanda", "250", "RWF", false),
        new("TZ", "Tanzania", "Tanzanie", "255", "TZS", true),
        new("ZM", "Zambia", "Zambie", "260", "ZMW", true),
        new("SZ", "Eswatini", "Eswatini", "268", "SZL", true),
        new("IN", "India", "Inde", "91", "INR", true),
    }.ToFrozenDictionary(c => c.Code, StringComparer.Ordinal);

    public static IReadOnlyCollection<Country> All => Known.Values;

    /// <summary>Finds a country by its exact upper-case alpha-2 code.</summary>
    public static bool TryFind(string? code, [NotNullWhen(true)] out Country? country)
    {
        country = null;
        return code is not null && Known.TryGetValue(code, out country);
    }
}
