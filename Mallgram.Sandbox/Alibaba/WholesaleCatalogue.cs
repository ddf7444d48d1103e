using System.Collections.Frozen;
using System.Globalization;

namespace Mallgram.Sandbox.Alibaba;

/// <summary>
/// Made-up goods in bulk: the same seed and size always give the same items. English alone, prices in US dollars by ladder, smallest orders
/// of 2 to 200 units, one item in three without variants, one in fifteen sold out.
/// </summary>
internal sealed class WholesaleCatalogue
{
    private sealed record Good(string Category, long CategoryId, string Name, decimal Low, decimal High, int Minimum, string[] Choices);

    private static readonly string[] Colours = ["Black", "White", "Blue", "Red", "Green"];
    private static readonly string[] Packs = ["Carton", "Pallet box", "Gift box"];

    private static readonly Good[] Goods =
    [
        new("Vacuum Flasks & Thermoses", 100003291, "Stainless Steel Tumbler", 1.8m, 6, 50, Colours),
        new("Solar Lamps", 100001606, "Solar Street Lamp", 9, 60, 10, ["60 W", "120 W", "200 W"]),
        new("Power Banks", 100005110, "Power Bank 20000 mAh", 4, 14, 20, Colours),
        new("Mobile Phone Bags & Cases", 5090301, "Shockproof Phone Case", 0.3m, 2, 100, Colours),
        new("Cotton Fabric", 100004172, "African Wax Print Fabric, 6 Yards", 5, 22, 10, ["Pattern 1", "Pattern 2", "Pattern 3"]),
        new("School Bags", 100005115, "School Backpack", 3, 12, 30, Colours),
        new("Water Pumps", 100006913, "Solar Water Pump", 35, 240, 2, ["12 V", "24 V"]),
        new("Cosmetic Packaging", 201157402, "Amber Glass Jar", 0.1m, 0.9m, 200, Packs),
        new("Hair Extensions & Wigs", 100006090, "Braiding Hair", 0.9m, 4, 60, ["18 inch", "24 inch", "30 inch"]),
        new("Kitchen Storage", 127684037, "Airtight Storage Container Set", 2, 9, 24, Packs),
        new("Agricultural Sprayers", 100007124, "Knapsack Sprayer 16 L", 6, 25, 12, ["Manual", "Battery"]),
        new("T-Shirts", 127658013, "Cotton T-Shirt", 1.2m, 5, 40, ["S", "M", "L", "XL"]),
    ];

    private static readonly string[] Qualities = ["Custom Logo", "Heavy Duty", "OEM", "Wholesale", "Eco-friendly", "Premium", "New Arrival"];

    private static readonly (string Name, string CompanyId)[] Suppliers =
    [
        ("Yiwu Sunrise Trading Co., Ltd.", "cVmhg7/xG8q3UQgcH/5Fag=="), ("Shenzhen Lightwave Technology Co., Ltd.", "9mKx2pQ+Tz1bYd0wLr4NhA=="),
        ("Guangzhou Baobab Textile Co., Ltd.", "b7Zt/5Rk3WmPq8VnXs2LdQ=="), ("Ningbo Harvest Machinery Co., Ltd.", "Hy4Jf0aTg6Uo1CeKi9MvRw=="),
    ];

    private readonly FrozenDictionary<long, WholesaleItem> _byId;

    private WholesaleCatalogue(IReadOnlyList<WholesaleItem> items)
    {
        Items = items;
        _byId = items.ToFrozenDictionary(i => i.Id);
    }

    public IReadOnlyList<WholesaleItem> Items { get; }

    public WholesaleItem? Find(long id) => _byId.GetValueOrDefault(id);

    public static WholesaleCatalogue Create(int size, int seed)
    {
        // Seeded Random keeps its sequence across .NET versions; that is what makes the catalogue repeatable.
        var random = new Random(seed);
        return new WholesaleCatalogue([.. Enumerable.Range(0, size).Select(i => Item(1601000000001 + i, Goods[i % Goods.Length], random))]);
    }

    private static WholesaleItem Item(long id, Good good, Random random)
    {
        var (supplier, companyId) = Suppliers[random.Next(Suppliers.Length)];
        var model = string.Create(CultureInfo.InvariantCulture, $"{(char)('A' + random.Next(26))}{random.Next(100, 1000)}");
        var title = $"{Qualities[random.Next(Qualities.Length)]} {good.Name} {model}";
        var price = good.Low + Math.Round((good.High - good.Low) * random.Next(101) / 100m, 2, MidpointRounding.AwayFromZero);
        var soldOut = random.Next(15) == 0;
        var choices = random.Next(3) == 0 ? 1 : random.Next(2, good.Choices.Length + 1);
        var steps = random.Next(2, 5);
        return new WholesaleItem(
            id, title, $"<div><p>{title}, sold by {supplier}</p><table><tr><td>Model</td><td>{model}</td></tr></table></div>",
            good.CategoryId, good.Category, supplier, companyId, good.Minimum, HandlingDays: 3 + random.Next(12), Pictures: random.Next(2, 6),
            [.. Enumerable.Range(0, choices).Select(n => new WholesaleSku(
                100000000000 + ((id - 1601000000000) * 10) + n,
                choices == 1 ? null : (good.Choices == Colours ? "Color" : "Type", good.Choices[n]),
                Ladder(price + (n * 0.05m), good.Minimum, steps),
                soldOut ? 0 : random.Next(good.Minimum, 20_000)))]);
    }

    /// <summary>Each step asks for five times as many and is 8 percent cheaper.</summary>
    private static WholesaleStep[] Ladder(decimal price, int minimum, int steps)
    {
        var ladder = new WholesaleStep[steps];
        for (var n = 0; n < steps; n++)
        {
            var from = minimum * (int)Math.Pow(5, n);
            ladder[n] = new WholesaleStep(from, n == steps - 1 ? null : (from * 5) - 1, Math.Max(0.01m, Math.Round(price, 2, MidpointRounding.AwayFromZero)));
            price *= 0.92m;
        }

        return ladder;
    }
}

internal sealed record WholesaleItem(
    long Id,
    string Title,
    string Description,
    long CategoryId,
    string Category,
    string Supplier,
    string CompanyId,
    int Minimum,
    int HandlingDays,
    int Pictures,
    IReadOnlyList<WholesaleSku> Skus);

/// <param name="Choice">Name and value of what sets it apart; null when there is nothing to choose.</param>
internal sealed record WholesaleSku(long Id, (string Name, string Value)? Choice, IReadOnlyList<WholesaleStep> Ladder, int Stock);

/// <param name="To">Last quantity of this price; null: no end.</param>
internal sealed record WholesaleStep(int From, int? To, decimal Price);
