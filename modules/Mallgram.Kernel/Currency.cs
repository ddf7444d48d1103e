using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Mallgram.Kernel;

/// <summary>An ISO 4217 currency: its number of decimals (exponent) and how amounts in it are printed.</summary>
/// <remarks>
/// "FCFA" is no currency: it is the everyday name of two, XAF and XOF, and is refused wherever a code comes in.
/// Exponents: ISO 4217 list one.
/// </remarks>
public sealed record Currency
{
    private static readonly FrozenDictionary<string, Currency> Known = new Currency[]
    {
        new("ZAR", 2, "R ", "", " ", ","),
        new("XAF", 0, "", " FCFA", " ", ","),
        new("XOF", 0, "", " FCFA", " ", ","),
        new("NGN", 2, "₦", "", ",", "."),
        new("KES", 2, "KSh ", "", ",", "."),
        new("GHS", 2, "GH₵ ", "", ",", "."),
        new("INR", 2, "₹", "", ",", "."),
        new("USD", 2, "$", "", ",", "."),
        new("EUR", 2, "", " €", " ", ","),
        new("GBP", 2, "£", "", ",", "."),
        new("CNY", 2, "¥", "", ",", "."),
        new("UGX", 0, "USh ", "", ",", "."),
        new("RWF", 0, "FRw ", "", ",", "."),
        new("GNF", 0, "", " GNF", " ", ","),
        new("BIF", 0, "", " FBu", " ", ","),
        new("TZS", 2, "TSh ", "", ",", "."),
        new("ZMW", 2, "K ", "", ",", "."),
        new("SZL", 2, "E ", "", ",", "."),
        new("LRD", 2, "L$", "", ",", "."),
        new("SSP", 2, "SSP ", "", ",", "."),
        new("MAD", 2, "", " MAD", " ", ","),
        new("EGP", 2, "E£", "", ",", "."),
        new("TND", 3, "", " DT", " ", ","),
    }.ToFrozenDictionary(c => c.Code, StringComparer.Ordinal);

    private readonly string _prefix;
    private readonly string _suffix;
    private readonly string _groupSeparator;
    private readonly string _decimalSeparator;

    private Currency(string code, int exponent, string prefix, string suffix, string groupSeparator, string decimalSeparator)
    {
        Code = code;
        Exponent = exponent;
        _prefix = prefix;
        _suffix = suffix;
        _groupSeparator = groupSeparator;
        _decimalSeparator = decimalSeparator;
    }

    /// <summary>All currencies that Mallgram can price, charge or pay out in.</summary>
    public static IReadOnlyCollection<Currency> All => Known.Values;

    /// <summary>ISO 4217 alphabetic code, upper case.</summary>
    public string Code { get; }

    /// <summary>Decimals of the minor unit: 0 for XAF and XOF, 2 for ZAR, 3 for TND.</summary>
    public int Exponent { get; }

    /// <summary>Minor units in one major unit: 1, 100 or 1000.</summary>
    public long MinorPerMajor => Exponent switch { 0 => 1, 2 => 100, 3 => 1000, _ => throw new InvalidOperationException("Unknown exponent.") };

    /// <summary>Finds a currency by its exact upper-case ISO code.</summary>
    public static bool TryFind(string? code, [NotNullWhen(true)] out Currency? currency)
    {
        currency = null;
        return code is not null && Known.TryGetValue(code, out currency);
    }

    /// <exception cref="ArgumentException">The code is not in the table.</exception>
    public static Currency Of(string code) =>
        TryFind(code, out var currency) ? currency : throw new ArgumentException($"'{code}' is not a currency that Mallgram knows.", nameof(code));

    /// <summary>Prints minor units for people: <c>R 1 299,00</c>, <c>15 000 FCFA</c>. Not for machines: separators follow local habit.</summary>
    public string Format(long minor)
    {
        var negative = minor < 0;
        var magnitude = negative ? (UInt128)(-(Int128)minor) : (UInt128)minor;
        var perMajor = (UInt128)MinorPerMajor;
        var digits = (magnitude / perMajor).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var grouped = new System.Text.StringBuilder(digits.Length + 8);
        for (var i = 0; i < digits.Length; i++)
        {
            if (i > 0 && (digits.Length - i) % 3 == 0)
            {
                grouped.Append(_groupSeparator);
            }

            grouped.Append(digits[i]);
        }

        if (Exponent > 0)
        {
            var fraction = (magnitude % perMajor).ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(Exponent, '0');
            grouped.Append(_decimalSeparator).Append(fraction);
        }

        return $"{(negative ? "-" : "")}{_prefix}{grouped}{_suffix}";
    }

    /// <inheritdoc />
    public override string ToString() => Code;
}
