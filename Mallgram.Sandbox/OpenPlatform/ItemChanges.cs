using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>What the controls have laid over a catalogue: prices, items off sale, rubbish in the answers.</summary>
/// <param name="items">Ids of all items.</param>
/// <param name="priced">Ids of those whose price can change.</param>
internal sealed class ItemChanges(IReadOnlyList<long> items, IReadOnlyList<long> priced)
{
    /// <summary>HTML and a script in titles.</summary>
    public const string HtmlTitles = "html_titles";

    /// <summary>Pictures at private addresses.</summary>
    public const string PrivateImages = "private_images";

    public const string PriceRanges = "price_ranges";

    public const string PriceWords = "price_words";

    /// <summary>Stock, ratings, weight, times and quantities that cannot be.</summary>
    public const string AbsurdFigures = "absurd_figures";

    public static readonly string[] RubbishKinds = [HtmlTitles, PrivateImages, PriceRanges, PriceWords, AbsurdFigures];

    private static readonly string[] PrivateAddresses =
    [
        "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:5432/", "http://[::1]/a.png", "http://10.0.0.7/a.png", "file:///etc/passwd",
        "http://localhost/admin.png",
    ];

    private readonly FrozenSet<long> _known = items.ToFrozenSet();
    private readonly ConcurrentDictionary<long, decimal> _factors = new();
    private readonly ConcurrentDictionary<long, bool> _delisted = new();
    private readonly ConcurrentDictionary<(string Kind, long Id), bool> _rubbish = new();

    public int Repriced => _factors.Count;

    public int Delisted => _delisted.Count;

    public int Spoilt => _rubbish.Count;

    public decimal Factor(long id) => _factors.IsEmpty ? 1m : _factors.GetValueOrDefault(id, 1m);

    public bool IsListed(long id) => _delisted.IsEmpty || !_delisted.ContainsKey(id);

    public bool Has(string rubbish, long id) => !_rubbish.IsEmpty && _rubbish.ContainsKey((rubbish, id));

    public string Title(long id, string title) =>
        Has(HtmlTitles, id) ? $"<b>{title}</b><script>alert('{id}')</script><img src=x onerror=alert(1)>" : title;

    public string Picture(long id, int number, string url) =>
        Has(PrivateImages, id) ? PrivateAddresses[(id + number) % PrivateAddresses.Length] : url;

    public string Price(long id, string price) =>
        Has(PriceRanges, id) ? price + " - " + price + "9" : Has(PriceWords, id) ? "ask the seller" : price;

    /// <summary>A figure as text, or something that is none.</summary>
    public string Figure(long id, string figure) => !Has(AbsurdFigures, id) ? figure : (id % 4) switch
    {
        0 => "-5",
        1 => "99999999999999999999",
        2 => "1-2",
        _ => "many",
    };

    /// <returns>How many items changed; those without a price cannot.</returns>
    public int Reprice(decimal percent, decimal factor, int seed)
    {
        var chosen = Choose(priced, percent, seed);
        foreach (var id in chosen)
        {
            _factors[id] = Factor(id) * factor;
        }

        return chosen.Count;
    }

    public bool Delist(long id) => _known.Contains(id) && _delisted.TryAdd(id, value: true);

    public int Delist(decimal percent, int seed) => Choose(items.Where(IsListed), percent, seed).Count(i => _delisted.TryAdd(i, value: true));

    public int Spoil(string kind, decimal percent, int seed) => Choose(items, percent, seed).Count(i => _rubbish.TryAdd((kind, i), value: true));

    public void RelistAll() => _delisted.Clear();

    public void Reset()
    {
        _factors.Clear();
        _delisted.Clear();
        _rubbish.Clear();
    }

    private static List<long> Choose(IEnumerable<long> from, decimal percent, int seed)
    {
        var ids = from.ToArray();
        new Random(seed).Shuffle(ids);
        return [.. ids.Take((int)Math.Round(ids.Length * percent / 100m, MidpointRounding.AwayFromZero))];
    }
}
