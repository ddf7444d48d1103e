namespace Mallgram.Catalog.Pricing;

/// <summary>
/// What one unit costs until the buyer has it and has paid for it: the price at which nothing is earned and nothing lost. All parts are minor
/// units of the market's currency and add up to <see cref="Total"/>, which is rounded up once.
/// </summary>
/// <param name="Goods">The supplier's cost, converted.</param>
/// <param name="FxBuffer">Against a rate that moves before we pay the supplier; 0 when cost and price are in one currency.</param>
/// <param name="Tax">Import tax on goods, buffer, freight and duty; 0 where the market's prices do not cover it.</param>
/// <param name="GatewayFee">What the payment provider keeps of a payment of <see cref="Total"/>.</param>
internal readonly record struct LandedCost(long Goods, long FxBuffer, long Freight, long Duty, long Tax, long GatewayFee)
{
    public long Total => Goods + FxBuffer + Freight + Duty + Tax + GatewayFee;
}
