namespace Mallgram.Catalog.Pricing;

/// <param name="RateId">Row of <c>catalog.exchange_rates</c>; null when both currencies are one.</param>
internal readonly record struct FoundRate(decimal Rate, Guid? RateId);

/// <summary>The newest exchange rate of each pair, and what follows from them. Pure.</summary>
internal sealed class RateTable
{
    private static readonly string[] Pivots = ["USD", "EUR"];

    private readonly Dictionary<(string Base, string Quote), FoundRate> _rates = [];

    public void Add(string from, string to, decimal rate, Guid id) => _rates[(from, to)] = new FoundRate(rate, id);

    /// <summary>
    /// Units of <paramref name="to"/> for one of <paramref name="from"/>: the pair's own rate, else the inverse of the opposite pair, else
    /// through US dollar or euro. A rate over a pivot names the row of the leg that leaves <paramref name="from"/>, the supplier's currency.
    /// </summary>
    /// <returns>Null when no rate leads there.</returns>
    public FoundRate? Find(string from, string to)
    {
        if (from == to)
        {
            return new FoundRate(1, RateId: null);
        }

        if (Pair(from, to) is { } pair)
        {
            return pair;
        }

        foreach (var pivot in Pivots)
        {
            if (pivot != from && pivot != to && Pair(from, pivot) is { } first && Pair(pivot, to) is { } second)
            {
                return new FoundRate(first.Rate * second.Rate, first.RateId);
            }
        }

        return null;
    }

    private FoundRate? Pair(string from, string to)
    {
        if (_rates.TryGetValue((from, to), out var direct))
        {
            return direct;
        }

        return _rates.TryGetValue((to, from), out var opposite) ? opposite with { Rate = 1 / opposite.Rate } : null;
    }
}
