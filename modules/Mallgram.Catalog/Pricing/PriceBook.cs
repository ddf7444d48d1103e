using System.Globalization;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Pricing;

/// <param name="SkipReason">A word of <see cref="SkipReasons"/> when the store's own market cannot price the variant; there are no prices then.</param>
/// <param name="Detail">What was found, for people.</param>
internal sealed record PriceResult(IReadOnlyList<MadePrice> Prices, string? SkipReason, string? Detail);

/// <summary>
/// The store's markets, rules and exchange rates as of one transaction, and the prices that follow from them. Pure once it is read.
/// </summary>
internal sealed class PriceBook
{
    /// <summary>Costs outside these, in major units of any currency, are taken for errors of the supplier.</summary>
    public const decimal SmallestCost = 0.01m;

    /// <inheritdoc cref="SmallestCost" />
    public const decimal LargestCost = 1_000_000m;

    private const long LargestPrice = 1_000_000_000_000;

    private const string LoadMarkets =
        """
        select m.currency, m.country, m.is_default, m.rounding_step, m.ending, m.freight_per_item, m.freight_per_kg, m.default_weight_grams,
               m.duty_percent, coalesce(m.tax_percent, (
                   select sum(t.percent) from catalog.tax_rates t
                   where t.country = m.country and t.valid_from <= day.today and (t.valid_to is null or t.valid_to >= day.today)), 0),
               m.covers_tax, m.fx_buffer_percent, m.gateway_fee_percent, m.gateway_fee_fixed
        from catalog.markets m, (select (now() at time zone 'utc')::date as today) day
        order by m.is_default desc, m.currency
        """;

    private const string LoadRules =
        """
        select r.id, r.is_default, r.priority, r.supplier,
               case when r.category_id is not null then array(
                   select c.descendant_id from catalog.category_closure c where c.store_id = r.store_id and c.ancestor_id = r.category_id) end,
               r.channel, r.cost_from, r.cost_to, r.markup_percent, r.amount_added, r.min_margin_percent, r.rounding_step, r.ending
        from catalog.price_rules r where r.active
        """;

    // Probes of the index a pair: the table keeps every rate there ever was.
    private const string LoadRates =
        """
        with c as (
            select unnest($1) as code union select currency::text from catalog.markets union select unnest(array['USD', 'EUR']))
        select b.code, q.code, newest.rate, newest.id
        from c b join c q on q.code <> b.code
        cross join lateral (
            select x.rate, x.id from catalog.exchange_rates x
            where x.base = b.code::char(3) and x.quote = q.code::char(3) and x.as_of <= (now() at time zone 'utc')::date
            order by x.as_of desc, x.fetched_at desc, x.source desc limit 1) newest
        """;

    private readonly List<Market> _markets;
    private readonly List<PricingRule> _rules;
    private readonly RateTable _rates;
    private readonly Market _own;

    /// <exception cref="InvalidOperationException">There is no default market or no default rule: nothing can be priced.</exception>
    public PriceBook(IEnumerable<Market> markets, IEnumerable<PricingRule> rules, RateTable rates)
    {
        _markets = [.. markets];
        // The default rule comes last whatever its priority: it fits everything. Between equals the older one wins.
        _rules = [.. rules.OrderBy(r => r.IsDefault).ThenByDescending(r => r.Priority).ThenBy(r => r.Id)];
        _rates = rates;
        _own = _markets.Find(m => m.IsDefault) ?? throw new InvalidOperationException("The store has no default market, so nothing can be priced.");
        if (_rules.Count == 0 || !_rules[^1].IsDefault)
        {
            throw new InvalidOperationException("The store has no default price rule, so nothing can be priced.");
        }
    }

    public IReadOnlyList<Market> Markets => _markets;

    public IReadOnlyList<PricingRule> Rules => _rules;

    public RateTable Rates => _rates;

    /// <summary>The store's own.</summary>
    public Market DefaultMarket => _own;

    /// <summary>
    /// Statements that read the book for a transaction that will write prices; their rows go to <see cref="ReadAsync"/>. The transaction is
    /// the only writer of the store's prices from here to its end: read costs after this.
    /// </summary>
    /// <param name="costCurrencies">ISO 4217 codes that costs are in; null: all that Mallgram knows.</param>
    public static IReadOnlyList<NpgsqlBatchCommand> Load(IEnumerable<string>? costCurrencies = null) =>
        [new NpgsqlBatchCommand("call catalog.lock_prices()"), .. LoadToShow(costCurrencies)];

    /// <summary>As <see cref="Load"/> for those who write nothing: waits for nobody.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> LoadToShow(IEnumerable<string>? costCurrencies = null) =>
    [
        new NpgsqlBatchCommand(LoadMarkets),
        new NpgsqlBatchCommand(LoadRules),
        Sql.Command(LoadRates, Sql.Texts([.. costCurrencies ?? Currency.All.Select(c => c.Code)])),
    ];

    /// <summary>
    /// Reads the three result sets of <see cref="Load"/>, the first of which the reader stands before. Afterwards it stands behind the rows
    /// of the third; moving on is the caller's.
    /// </summary>
    /// <exception cref="InvalidOperationException">The store has no default market or rule.</exception>
    public static async Task<PriceBook> ReadAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        var markets = new List<Market>();
        while (await reader.ReadAsync(ct))
        {
            markets.Add(new Market(
                Currency.Of(reader.GetString(0)), reader.GetString(1), reader.GetBoolean(2), reader.GetInt64(3), reader.GetInt64(4),
                reader.GetInt64(5), reader.GetInt64(6), reader.GetInt32(7), reader.GetDecimal(8), reader.GetDecimal(9), reader.GetBoolean(10),
                reader.GetDecimal(11), reader.GetDecimal(12), reader.GetInt64(13)));
        }

        await reader.NextResultAsync(ct);
        var rules = new List<PricingRule>();
        while (await reader.ReadAsync(ct))
        {
            rules.Add(new PricingRule(
                reader.GetGuid(0), reader.GetBoolean(1), reader.GetInt32(2), reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.IsDBNull(4) ? null : reader.GetFieldValue<Guid[]>(4).ToHashSet(), reader.IsDBNull(5) ? null : reader.GetString(5),
                reader.IsDBNull(6) ? null : reader.GetInt64(6), reader.IsDBNull(7) ? null : reader.GetInt64(7), reader.GetDecimal(8),
                reader.GetInt64(9), reader.IsDBNull(10) ? null : reader.GetDecimal(10), reader.IsDBNull(11) ? null : reader.GetInt64(11),
                reader.IsDBNull(12) ? null : reader.GetInt64(12)));
        }

        await reader.NextResultAsync(ct);
        var rates = new RateTable();
        while (await reader.ReadAsync(ct))
        {
            rates.Add(reader.GetString(0), reader.GetString(1), reader.GetDecimal(2), reader.GetGuid(3));
        }

        return new PriceBook(markets, rules, rates);
    }

    /// <summary>This book with a rule added, or put in the place of the one with its id.</summary>
    public PriceBook With(PricingRule rule) => new(_markets, _rules.Where(r => r.Id != rule.Id).Append(rule), _rates);

    /// <summary>This book without a rule that is not the default one.</summary>
    public PriceBook Without(Guid rule) => new(_markets, _rules.Where(r => r.Id != rule), _rates);

    /// <summary>
    /// Prices of a variant in every market, at every cost break that is sold and at the smallest order of every offer. A market other than
    /// the store's own that cannot price the variant is left out.
    /// </summary>
    /// <remarks>
    /// What is below the smallest order of all offers is not sold and has no price. An offer whose smallest order is below the first cost
    /// break has none either. A bulk discount is off the price at one unit, where the supplier has no cost of its own for that quantity.
    /// </remarks>
    public PriceResult PriceVariant(PricingInput input)
    {
        foreach (var cost in input.Costs)
        {
            if (cost.Cost is < SmallestCost or > LargestCost)
            {
                return Skip(SkipReasons.PriceAbsurd, Text(cost.Cost, input.CostCurrency));
            }
        }

        var breaks = Breaks(input);
        if (breaks.Count == 0)
        {
            return Skip(SkipReasons.NoPrice, "no cost at the smallest order of any offer");
        }

        if (_rates.Find(input.CostCurrency, _own.Currency.Code) is null)
        {
            return Skip(SkipReasons.NoRate, $"{input.CostCurrency} to {_own.Currency.Code}");
        }

        var prices = new List<MadePrice>(_markets.Count * breaks.Count);
        foreach (var market in _markets)
        {
            var before = prices.Count;
            if (!TryPrice(market, input, breaks, prices))
            {
                if (market.IsDefault)
                {
                    return Skip(SkipReasons.PriceAbsurd, Text(input.Costs[^1].Cost, input.CostCurrency));
                }

                prices.RemoveRange(before, prices.Count - before);
            }
        }

        return new PriceResult(prices, SkipReason: null, Detail: null);
    }

    /// <returns>Null when no rate leads to the market or the figures are absurd.</returns>
    public LandedCost? Land(Market market, decimal cost, string costCurrency, int? weightGrams)
    {
        try
        {
            return _rates.Find(costCurrency, market.Currency.Code) is { } rate
                ? market.Land(cost * rate.Rate * market.Currency.MinorPerMajor, costCurrency != market.Currency.Code, weightGrams)
                : null;
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static List<Break> Breaks(PricingInput input)
    {
        if (input.Costs.Count == 0 || input.Offers.Count == 0)
        {
            return [];
        }

        var first = input.Costs[0].MinQuantity;
        var smallest = int.MaxValue;
        foreach (var offer in input.Offers)
        {
            smallest = offer.MinOrderQuantity >= first ? Math.Min(smallest, offer.MinOrderQuantity) : smallest;
        }

        var breaks = new List<Break>(input.Costs.Count + input.Offers.Count);
        foreach (var cost in input.Costs)
        {
            if (cost.MinQuantity >= smallest)
            {
                breaks.Add(new Break(cost.MinQuantity, cost, DiscountPercent: null));
            }
        }

        foreach (var offer in input.Offers)
        {
            if (offer.MinOrderQuantity >= first && !breaks.Exists(b => b.Quantity == offer.MinOrderQuantity))
            {
                breaks.Add(new Break(
                    offer.MinOrderQuantity,
                    input.Costs.Last(c => c.MinQuantity <= offer.MinOrderQuantity),
                    first == 1 ? offer.BulkDiscountPercent : null));
            }
        }

        return breaks;
    }

    /// <returns>False when the market has no rate or a figure is absurd; some prices may have been added by then.</returns>
    private bool TryPrice(Market market, PricingInput input, List<Break> breaks, List<MadePrice> prices)
    {
        if (_rates.Find(input.CostCurrency, market.Currency.Code) is not { } rate)
        {
            return false;
        }

        try
        {
            foreach (var at in breaks)
            {
                if (Price(market, input, at, rate) is not { } price)
                {
                    return false;
                }

                prices.Add(price);
            }

            return true;
        }
        catch (OverflowException)
        {
            // A rule or market with absurd figures; within the limits of costs nothing else gets past 28 digits.
            return false;
        }
    }

    private MadePrice? Price(Market market, PricingInput input, Break at, FoundRate rate)
    {
        if (at.DiscountPercent is not { } discount)
        {
            return PriceByRule(market, input, at.Quantity, at.Cost, rate);
        }

        if (PriceByRule(market, input, 1, input.Costs[0], rate) is not { } retail)
        {
            return null;
        }

        var landed = Land(market, input, at.Cost.Cost, rate);
        var least = Math.Max(retail.Amount * (1 - (discount / 100)), landed.Total);
        return RoundUp(least, market, _rules.Find(r => r.Id == retail.RuleId)!) is { } amount
            ? new MadePrice(market.Currency.Code, at.Quantity, amount, CompareAt: null, landed.Total, rate.RateId, retail.RuleId)
            : null;
    }

    private MadePrice? PriceByRule(Market market, PricingInput input, int quantity, CostBreak cost, FoundRate rate)
    {
        var inStoreCurrency = cost.Cost * _rates.Find(input.CostCurrency, _own.Currency.Code)!.Value.Rate * _own.Currency.MinorPerMajor;
        var channel = quantity == 1 ? "b2c" : "b2b";
        var rule = _rules.Find(r => r.Fits(input.Supplier, input.CategoryId, channel, inStoreCurrency))!;
        if (AmountAdded(rule, market) is not { } added)
        {
            return null;
        }

        var landed = Land(market, input, cost.Cost, rate);
        if (Amount(market, rule, added, cost.Cost * rate.Rate, landed) is not { } amount)
        {
            return null;
        }

        // Made as if it were the cost, so that the discount shown is the supplier's.
        var compareAt = cost.ListCost is { } list and <= LargestCost
            ? Amount(market, rule, added, list * rate.Rate, Land(market, input, list, rate))
            : null;
        return new MadePrice(
            market.Currency.Code, quantity, amount, compareAt > amount ? compareAt : null, landed.Total, rate.RateId, rule.Id);
    }

    private static long? Amount(Market market, PricingRule rule, decimal added, decimal convertedCost, LandedCost landed)
    {
        var marked = (convertedCost * market.Currency.MinorPerMajor * (1 + (rule.MarkupPercent / 100))) + added;
        var floor = landed.Total / (1 - ((rule.MinMarginPercent ?? 0) / 100));
        return RoundUp(Math.Max(marked, floor), market, rule);
    }

    /// <returns>Minor units of the market's currency; null when no rate leads there.</returns>
    private decimal? AmountAdded(PricingRule rule, Market market)
    {
        if (rule.AmountAdded == 0 || market.IsDefault)
        {
            return rule.AmountAdded;
        }

        return _rates.Find(_own.Currency.Code, market.Currency.Code) is { } rate
            ? rule.AmountAdded / (decimal)_own.Currency.MinorPerMajor * rate.Rate * market.Currency.MinorPerMajor
            : null;
    }

    private static LandedCost Land(Market market, PricingInput input, decimal cost, FoundRate rate) => market.Land(
        cost * rate.Rate * market.Currency.MinorPerMajor, input.CostCurrency != market.Currency.Code, input.WeightGrams);

    /// <returns>The lowest price, never zero, that is not below <paramref name="least"/> and fits step and ending; null when absurd.</returns>
    private static long? RoundUp(decimal least, Market market, PricingRule rule)
    {
        if (least > LargestPrice)
        {
            return null;
        }

        var (step, ending) = market.IsDefault && rule is { RoundingStep: { } s, Ending: { } e } ? (s, e) : (market.RoundingStep, market.Ending);
        var steps = decimal.ToInt64(decimal.Ceiling((least - ending) / step));
        var price = checked((Math.Max(steps, 0) * step) + ending);
        return price == 0 ? step : price;
    }

    private static PriceResult Skip(string reason, string detail) => new([], reason, detail);

    private static string Text(decimal cost, string currency) => string.Create(CultureInfo.InvariantCulture, $"{cost:0.######} {currency}");

    /// <param name="Cost">What the supplier takes at that quantity.</param>
    /// <param name="DiscountPercent">Off the price at one unit; null: priced by rule from the cost.</param>
    private readonly record struct Break(int Quantity, CostBreak Cost, decimal? DiscountPercent);
}
