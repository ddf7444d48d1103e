using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;

namespace Mallgram.Catalog.Pricing;

/// <summary>A rule as staff write it. Amounts are minor units of the store's own currency; conditions left out fit everything.</summary>
/// <param name="Priority">The highest that fits is used; 0 when left out.</param>
/// <param name="Active">True when left out.</param>
/// <param name="CategoryId"><c>cat_…</c>, with the categories below it.</param>
/// <param name="Channel"><c>b2c</c>: prices of one unit; <c>b2b</c>: of more.</param>
/// <param name="CostFromMinor">The supplier's cost, converted; inclusive. <paramref name="CostToMinor"/> is exclusive.</param>
/// <param name="AmountAddedMinor">After the mark-up; 0 when left out.</param>
/// <param name="RoundingStepMinor">For prices in the store's own currency; with <paramref name="EndingMinor"/>, or neither.</param>
internal sealed record PriceRuleRequest(
    string? Name,
    int? Priority,
    bool? Active,
    string? Supplier,
    string? CategoryId,
    string? Channel,
    long? CostFromMinor,
    long? CostToMinor,
    decimal? MarkupPercent,
    long? AmountAddedMinor,
    decimal? MinMarginPercent,
    long? RoundingStepMinor,
    long? EndingMinor)
{
    /// <summary>Far above any price, far below what overflows.</summary>
    public const long LargestAmount = 1_000_000_000_000;

    /// <param name="category">Ids of the named category and those below it; none: the store has no such category.</param>
    /// <param name="prefix">Of the fields in error messages.</param>
    /// <exception cref="ProblemException">422 with every field that is not valid.</exception>
    public PricingRule ToRule(Guid id, bool isDefault, IReadOnlySet<Guid>? category, string prefix = "")
    {
        var errors = new FieldErrors();
        errors.Require(Name, prefix + "name", 120);
        if (Name?.Contains('\0', StringComparison.Ordinal) == true)
        {
            errors.Add(prefix + "name", "holds a character that no text may", "contient un caractère interdit");
        }

        Between(errors, prefix + "priority", Priority, -1_000_000, 1_000_000);
        if (Supplier is { Length: 0 or > 40 } || Supplier.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789_"))
        {
            errors.Add(prefix + "supplier", "is the code of a supplier, such as aliexpress", "est le code d'un fournisseur, par exemple aliexpress");
        }

        if (CategoryId is not null && category is not { Count: > 0 })
        {
            errors.Add(prefix + "category_id", "is no category of this store", "n'est pas une catégorie de cette boutique");
        }

        if (Channel is not (null or "b2c" or "b2b"))
        {
            errors.Add(prefix + "channel", "is b2c or b2b", "est b2c ou b2b");
        }

        Between(errors, prefix + "cost_from_minor", CostFromMinor, 0, LargestAmount);
        Between(errors, prefix + "cost_to_minor", CostToMinor, 1, LargestAmount);
        if (CostFromMinor >= CostToMinor)
        {
            errors.Add(prefix + "cost_to_minor", "must be above cost_from_minor", "doit dépasser cost_from_minor");
        }

        if (MarkupPercent is null)
        {
            errors.Add(prefix + "markup_percent", "is required", "est obligatoire");
        }
        else if (MarkupPercent is < 0 or > 10_000)
        {
            errors.Add(prefix + "markup_percent", "must be 0 to 10000", "doit être de 0 à 10000");
        }

        Between(errors, prefix + "amount_added_minor", AmountAddedMinor, -LargestAmount, LargestAmount);
        if (MinMarginPercent is < 0 or >= 95)
        {
            errors.Add(prefix + "min_margin_percent", "must be 0 or more and below 95", "doit être d'au moins 0 et inférieur à 95");
        }

        Rounding.Check(errors, prefix, RoundingStepMinor, EndingMinor);
        if (RoundingStepMinor is null != EndingMinor is null)
        {
            errors.Add(
                prefix + (EndingMinor is null ? "ending_minor" : "rounding_step_minor"),
                "rounding_step_minor and ending_minor come together", "rounding_step_minor et ending_minor vont ensemble");
        }

        if (isDefault)
        {
            foreach (var (field, given) in new[]
                {
                    ("supplier", Supplier is not null), ("category_id", CategoryId is not null), ("channel", Channel is not null),
                    ("cost_from_minor", CostFromMinor is not null), ("cost_to_minor", CostToMinor is not null), ("active", Active == false),
                })
            {
                if (given)
                {
                    errors.Add(prefix + field, "the default rule fits everything, always", "la règle par défaut couvre tout, toujours");
                }
            }
        }

        errors.ThrowIfAny();
        return new PricingRule(
            id, isDefault, Priority ?? 0, Supplier, CategoryId is null ? null : category, Channel, CostFromMinor, CostToMinor, MarkupPercent!.Value,
            AmountAddedMinor ?? 0, MinMarginPercent, RoundingStepMinor, EndingMinor);
    }

    /// <summary>The category that is named; an id that cannot be one of ours names none.</summary>
    public Guid? Category => CategoryId is null ? null : PublicId.TryParse(PublicId.Category, CategoryId, out var id) ? id : Guid.Empty;

    private static void Between(FieldErrors errors, string field, long? value, long least, long most)
    {
        if (value < least || value > most)
        {
            errors.Add(field, $"must be {least} to {most}", $"doit être de {least} à {most}");
        }
    }
}

/// <summary>Step and ending of prices, as staff write them.</summary>
internal static class Rounding
{
    private const long LargestStep = 1_000_000_000;

    public static void Check(FieldErrors errors, string prefix, long? step, long? ending)
    {
        if (step is < 1 or > LargestStep)
        {
            errors.Add(prefix + "rounding_step_minor", $"must be 1 to {LargestStep}", $"doit être de 1 à {LargestStep}");
        }

        if (ending < 0 || ending >= (step ?? long.MaxValue))
        {
            errors.Add(prefix + "ending_minor", "must be 0 or more and below rounding_step_minor", "doit être d'au moins 0 et inférieur à rounding_step_minor");
        }
    }
}
