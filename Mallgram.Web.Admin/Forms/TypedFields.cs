using System.Globalization;
using Mallgram.Kernel;
using Mallgram.Web.Admin.Api;
using Mallgram.Web.Admin.Language;

namespace Mallgram.Web.Admin.Forms;

/// <summary>
/// Reads what people type: amounts in major units, numbers with a comma or a dot, spaces between thousands. What cannot be read is noted by
/// the API's own name of the field, beside what the API itself says of it.
/// </summary>
internal sealed class TypedFields
{
    private readonly Dictionary<string, string[]> _errors = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string[]> Errors => _errors;

    public bool HasErrors => _errors.Count > 0;

    public void Add(string field, string english, string french) => _errors[field] = [Words.T(english, french)];

    /// <param name="prefix">Of the API's names that the page does not have: <c>rule.</c></param>
    public void Take(ApiProblemException problem, string prefix = "")
    {
        foreach (var (name, texts) in problem.Fields)
        {
            _errors[name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name] = texts;
        }
    }

    /// <returns>Minor units; null when nothing was typed or it cannot be read.</returns>
    public long? Minor(string? typed, string field, Currency currency)
    {
        if (Clean(typed) is not { } text)
        {
            return null;
        }

        if (Money.TryParseMajor(text, currency) is { } money)
        {
            return money.Amount;
        }

        Add(
            field,
            currency.Exponent == 0 ? $"must be a whole amount of {currency.Code}" : $"must be an amount of {currency.Code} with at most {currency.Exponent} decimals",
            currency.Exponent == 0 ? $"doit être un montant entier en {currency.Code}" : $"doit être un montant en {currency.Code} avec au plus {currency.Exponent} décimales");
        return null;
    }

    /// <returns>Null when nothing was typed or it cannot be read.</returns>
    public decimal? Number(string? typed, string field)
    {
        if (Clean(typed) is not { } text)
        {
            return null;
        }

        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        Add(field, "must be a number", "doit être un nombre");
        return null;
    }

    /// <inheritdoc cref="Number" />
    public int? Whole(string? typed, string field)
    {
        if (Clean(typed) is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        Add(field, "must be a whole number", "doit être un nombre entier");
        return null;
    }

    /// <returns>Trimmed; null when nothing was typed.</returns>
    public static string? Text(string? typed) => string.IsNullOrWhiteSpace(typed) ? null : typed.Trim();

    /// <summary>Minor units as people type them; empty for null.</summary>
    public static string Major(long? minor, Currency currency) => minor is { } amount ? new Money(amount, currency).ToMajorText() : "";

    public static string Show(decimal? number) => number?.ToString("0.####", CultureInfo.InvariantCulture) ?? "";

    public static string Show(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>The last comma or dot is the decimal separator; spaces of any width are none.</summary>
    private static string? Clean(string? typed)
    {
        var text = string.Concat((typed ?? "").Where(c => !char.IsWhiteSpace(c)));
        return text.Length == 0 ? null : text.Replace(',', '.');
    }
}
