using Mallgram.Kernel;

namespace Mallgram.Catalog.Pricing;

/// <summary>How a store makes a price from a supplier's cost. Pure.</summary>
/// <param name="MarkupPercent">Added to the converted cost; 40 turns 100 into 140.</param>
/// <param name="RoundingStep">Minor units; prices are rounded up to it, so rounding never eats the margin.</param>
/// <param name="Ending">What a price is modulo the step: 99 with step 100 gives 1 299,99.</param>
internal sealed record PriceRule(decimal MarkupPercent, long RoundingStep, long Ending)
{
    /// <summary>Costs above this, in major units of any currency, are taken for errors of the supplier.</summary>
    public const decimal AbsurdCost = 1_000_000m;

    private const long AbsurdPrice = 1_000_000_000_000;

    /// <param name="cost">Major units of the supplier's currency.</param>
    /// <param name="rate">Units of <paramref name="currency"/> for one unit of the supplier's.</param>
    /// <returns>Minor units: the lowest price not below cost plus mark-up that fits step and ending. Null when the cost is absurd.</returns>
    public long? Price(decimal cost, decimal rate, Currency currency)
    {
        if (cost is < 0.01m or > AbsurdCost)
        {
            return null;
        }

        var least = decimal.Ceiling(cost * rate * (1 + (MarkupPercent / 100)) * currency.MinorPerMajor);
        if (least > AbsurdPrice)
        {
            return null;
        }

        var steps = decimal.Ceiling((least - Ending) / RoundingStep);
        var price = ((long)Math.Max(steps, 0) * RoundingStep) + Ending;
        return price == 0 ? RoundingStep : price;
    }
}
