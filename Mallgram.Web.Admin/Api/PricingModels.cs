using Mallgram.Kernel;

namespace Mallgram.Web.Admin.Api;

/// <summary>Amounts are minor units of <paramref name="Currency"/>, the store's own.</summary>
internal sealed record PriceRule(
    string Id,
    bool IsDefault,
    string Name,
    int Priority,
    bool Active,
    string? Supplier,
    string? CategoryId,
    string? CategoryName,
    string? Channel,
    string Currency,
    long? CostFromMinor,
    long? CostToMinor,
    decimal MarkupPercent,
    long AmountAddedMinor,
    decimal? MinMarginPercent,
    long? RoundingStepMinor,
    long? EndingMinor,
    DateTimeOffset UpdatedAt);

internal sealed record PriceRuleBody(
    string? Name,
    int? Priority,
    bool Active,
    string? Supplier,
    string? CategoryId,
    string? Channel,
    long? CostFromMinor,
    long? CostToMinor,
    decimal? MarkupPercent,
    long? AmountAddedMinor,
    decimal? MinMarginPercent,
    long? RoundingStepMinor,
    long? EndingMinor);

internal sealed record RulePreviewBody(PriceRuleBody Rule, string? RuleId, string? Currency);

internal sealed record LandedCostParts(Money Total, Money Goods, Money FxBuffer, Money Freight, Money Duty, Money Tax, Money GatewayFee);

/// <param name="Cost">Major units of <paramref name="CostCurrency"/>.</param>
/// <param name="RuleThen">Rule that would make the price; null: the one previewed.</param>
internal sealed record PreviewedProduct(
    string ProductId,
    string Name,
    string VariantId,
    string? VariantName,
    int MinQuantity,
    decimal Cost,
    string CostCurrency,
    LandedCostParts LandedCost,
    Money? PriceNow,
    Money? PriceThen,
    Money? CompareAtThen,
    decimal? MarginNowPercent,
    decimal? MarginThenPercent,
    string? RuleThen,
    bool Locked);

internal sealed record RulePreview(IReadOnlyList<PreviewedProduct> Data, int Scanned, int WouldChange, bool Complete);

/// <summary>Amounts are minor units of <paramref name="Currency"/>.</summary>
/// <param name="TaxPercent">Null: the country's.</param>
internal sealed record Market(
    string Currency,
    int Exponent,
    string Country,
    bool IsDefault,
    long RoundingStepMinor,
    long EndingMinor,
    long FreightPerItemMinor,
    long FreightPerKgMinor,
    int DefaultWeightGrams,
    decimal DutyPercent,
    decimal? TaxPercent,
    decimal EffectiveTaxPercent,
    bool CoversTax,
    decimal FxBufferPercent,
    decimal GatewayFeePercent,
    long GatewayFeeFixedMinor,
    DateTimeOffset UpdatedAt);

internal sealed record MarketBody(
    string? Currency,
    string? Country,
    long? RoundingStepMinor,
    long? EndingMinor,
    long? FreightPerItemMinor,
    long? FreightPerKgMinor,
    int? DefaultWeightGrams,
    decimal? DutyPercent,
    decimal? TaxPercent,
    bool CoversTax,
    decimal? FxBufferPercent,
    decimal? GatewayFeePercent,
    long? GatewayFeeFixedMinor);

internal sealed record TaxRate(string Country, string Name, decimal Percent, DateOnly ValidFrom, DateOnly? ValidTo, string Source, bool Current);

internal sealed record ExchangeRateRow(string Base, string Quote, decimal Rate, DateOnly AsOf, DateTimeOffset FetchedAt, string Source);

internal sealed record RefusedRate(string? Pair, string? Reason, decimal? Before, decimal? Offered);

internal sealed record RateFetchSummary(string? State, string? Source, DateOnly? AsOf, int Stored, IReadOnlyList<RefusedRate>? Refused);

internal sealed record RateFetch(string State, DateTimeOffset? FinishedAt, RateFetchSummary? Summary, string? Error);

/// <param name="Configured">False: no provider is set, so rates stay as they are.</param>
internal sealed record ExchangeRates(IReadOnlyList<ExchangeRateRow> Data, bool Configured, RateFetch? LastFetch);

/// <summary>A category as forms let people choose it.</summary>
/// <param name="Path">Names from the root.</param>
internal sealed record CategoryChoice(string Id, string Slug, string Path);
