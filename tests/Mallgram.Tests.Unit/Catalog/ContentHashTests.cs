using Mallgram.Catalog.Contracts;

namespace Mallgram.Tests.Unit.Catalog;

public sealed class ContentHashTests
{
    private static readonly SupplierProduct Lamp = new()
    {
        ExternalId = "1",
        Name = "Lamp",
        Description = "Bright",
        Brand = "Baobab",
        Rating = 4.5m,
        ReviewCount = 3,
        ImageUrls = ["https://a/1.jpg"],
        Variants = [new() { ExternalId = "s1", Name = "Blue", Cost = 12.50m, CostCurrency = "USD", Stock = 5, Options = [new("Color", "Blue")] }],
    };

    /// <summary>Stored with every product: if this fails, the next sync of every installation rewrites its whole catalogue.</summary>
    [Fact]
    public void The_hash_is_the_same_in_every_release() => Assert.Equal("b222923a41aec1e9e85e5cc5de93e3a9", Convert.ToHexStringLower(Lamp.ContentHash()));

    [Fact]
    public void Numbers_count_by_value() =>
        Assert.Equal(Lamp.ContentHash(), (Lamp with { Rating = 4.50m, Variants = [Lamp.Variants[0] with { Cost = 12.5m }] }).ContentHash());

    [Fact]
    public void A_few_more_sales_are_no_change() =>
        Assert.Equal((Lamp with { SalesCount = 100 }).ContentHash(), (Lamp with { SalesCount = 101 }).ContentHash());

    [Fact]
    public void Every_difference_shows()
    {
        var variant = Lamp.Variants[0];
        SupplierProduct[] others =
        [
            Lamp with { Name = "Lampe" }, Lamp with { NameFr = "" }, Lamp with { Description = null }, Lamp with { Brand = "Bao", CategoryExternalId = "bab" },
            Lamp with { Rating = null }, Lamp with { ReviewCount = 4 }, Lamp with { IsOnSale = false }, Lamp with { ImageUrls = [] },
            Lamp with { MinOrderQuantity = 2 }, Lamp with { Variants = [] }, Lamp with { Variants = [variant, variant] },
            Lamp with { Variants = [variant with { Cost = 12.51m }] }, Lamp with { Variants = [variant with { Stock = 4 }] },
            Lamp with { Variants = [variant with { Options = [] }] }, Lamp with { Variants = [variant with { CostCurrency = "EUR" }] },
            Lamp with { Variants = [variant with { Cost = null, ListCost = 12.5m }] },
            Lamp with { SellerRating = 4.5m }, Lamp with { SellerId = "s" }, Lamp with { SellerName = "s" }, Lamp with { ShipsWithinDays = 4 },
            Lamp with { WeightGrams = 4 }, Lamp with { VideoUrl = "https://a/1.mp4" }, Lamp with { SalesCount = 100 },
            Lamp with { Specifications = [new("Color", "Blue")] }, Lamp with { Variants = [variant with { ImageUrl = "https://a/1.jpg" }] },
            Lamp with { Variants = [variant with { Tiers = [new SupplierTier(10, 11m)] }] },
            Lamp with { Variants = [variant with { Tiers = [new SupplierTier(11, 11m)] }] },
        ];
        Assert.Equal(others.Length + 1, others.Append(Lamp).Select(p => Convert.ToHexString(p.ContentHash())).Distinct().Count());
    }
}
