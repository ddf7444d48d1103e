using System.Collections.Concurrent;
using Mallgram.Sandbox.AliExpress.Catalogue;

namespace Mallgram.Sandbox.AliExpress;

/// <summary>Price changes and delisted items laid over the catalogue.</summary>
internal sealed class CatalogueChanges(SupplierCatalogue catalogue)
{
    private readonly ConcurrentDictionary<long, decimal> _factors = new();
    private readonly ConcurrentDictionary<long, bool> _delisted = new();

    public int Repriced => _factors.Count;

    public int Delisted => _delisted.Count;

    public decimal Factor(CatalogueItem item) => _factors.IsEmpty ? 1m : _factors.GetValueOrDefault(item.Id, 1m);

    public bool IsListed(CatalogueItem item) => _delisted.IsEmpty || !_delisted.ContainsKey(item.Id);

    /// <returns>How many items changed; those without a price cannot.</returns>
    public int Reprice(decimal percent, decimal factor, int seed)
    {
        var chosen = Choose(catalogue.Items.Where(i => i.Skus.Any(s => s.Price.Amount is not null)), percent, seed);
        foreach (var item in chosen)
        {
            _factors[item.Id] = Factor(item) * factor;
        }

        return chosen.Count;
    }

    public bool Delist(long id) => catalogue.Find(id) is not null && _delisted.TryAdd(id, value: true);

    public int Delist(decimal percent, int seed) =>
        Choose(catalogue.Items.Where(IsListed), percent, seed).Count(i => _delisted.TryAdd(i.Id, value: true));

    public void RelistAll() => _delisted.Clear();

    public void Reset()
    {
        _factors.Clear();
        _delisted.Clear();
    }

    private static List<CatalogueItem> Choose(IEnumerable<CatalogueItem> from, decimal percent, int seed)
    {
        var items = from.ToArray();
        new Random(seed).Shuffle(items);
        return [.. items.Take((int)Math.Round(items.Length * percent / 100m, MidpointRounding.AwayFromZero))];
    }
}
