using Mallgram.Kernel;

namespace Mallgram.Catalog.Pricing;

/// <summary>A currency the store sells in and the destination whose costs its prices cover; see <c>catalog.markets</c> for units.</summary>
/// <param name="TaxPercent">The market's own, else the sum of the country's tax rates of the day.</param>
internal sealed record Market(
    Currency Currency,
    string Country,
    bool IsDefault,
    long RoundingStep,
    long Ending,
    long FreightPerItem,
    long FreightPerKg,
    int DefaultWeightGrams,
    decimal DutyPercent,
    decimal TaxPercent,
    bool CoversTax,
    decimal FxBufferPercent,
    decimal GatewayFeePercent,
    long GatewayFeeFixed)
{
    /// <param name="goods">Converted cost of one unit, minor units, not rounded.</param>
    /// <param name="foreign">The supplier takes another currency.</param>
    /// <param name="weightGrams">Of one unit; null: unknown.</param>
    /// <exception cref="OverflowException">The figures are absurd.</exception>
    public LandedCost Land(decimal goods, bool foreign, int? weightGrams)
    {
        var buffered = foreign ? goods * (1 + (FxBufferPercent / 100)) : goods;
        var freighted = buffered + FreightPerItem + (FreightPerKg * (decimal)(weightGrams ?? DefaultWeightGrams) / 1000);
        var dutied = freighted * (1 + (DutyPercent / 100));
        var taxed = CoversTax ? dutied * (1 + (TaxPercent / 100)) : dutied;
        var total = (taxed + GatewayFeeFixed) / (1 - (GatewayFeePercent / 100));

        // Each running total is rounded up and a part is the step between two of them: so parts are never negative and add up exactly.
        var steps = (Goods: Up(goods), Buffered: Up(buffered), Freighted: Up(freighted), Dutied: Up(dutied), Taxed: Up(taxed), Total: Up(total));
        return new LandedCost(
            steps.Goods,
            steps.Buffered - steps.Goods,
            steps.Freighted - steps.Buffered,
            steps.Dutied - steps.Freighted,
            steps.Taxed - steps.Dutied,
            steps.Total - steps.Taxed);
    }

    private static long Up(decimal minor) => decimal.ToInt64(decimal.Ceiling(minor));
}
