using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Sourcing.Suppliers;
using static Mallgram.Sourcing.OpenPlatform.OpenPlatformJson;

namespace Mallgram.Sourcing.Alibaba;

/// <param name="Total">Ids of the whole list.</param>
internal sealed record ProductList(IReadOnlyList<FeedItem> Items, int Unreadable, int Total);

/// <param name="CategoryName">As the product says; null when it does not.</param>
internal sealed record ProductDescription(SupplierProduct Product, string? CategoryName);

/// <summary>
/// Reads the buyer's answers. Success is said twice: <c>code</c> "0" outside and <c>result_code</c> "200" inside; without both there is no
/// answer. Numbers are text. Pure.
/// </summary>
/// <remarks>https://openapi.alibaba.com/doc/api.htm, https://openapi.alibaba.com/doc/doc.htm#/?docId=125</remarks>
internal static class AlibabaWire
{
    private const int LongestId = 40;

    /// <summary>The platform wants ISO 3166 codes; <c>UK</c> is none.</summary>
    public static string Country(string code) => code == "UK" ? "GB" : code;

    /// <summary>What a code of the platform means for a reader; null for codes that say nothing about one item or the account.</summary>
    public static SupplierFault? FaultOf(string code) => code switch
    {
        // Cannot ship to the country (4015, 120019), freight template (4016), no such SKU (10005), its cost (10007), stock (130703, 140004).
        "4015" or "120019" or "4016" or "10005" or "10007" or "130703" or "140004" => SupplierFault.ItemRefused,
        // Buyer account not allowed, test account restricted.
        "110001" or "300000" => SupplierFault.Refused,
        _ => null,
    };

    /// <summary>The product has expired.</summary>
    public static bool IsGone(string code) => code == "130106";

    public static ProductList ProductIds(JsonElement root)
    {
        var result = Result(root, SupplierFault.Refused);
        var items = new List<FeedItem>();
        var unreadable = 0;
        foreach (var entry in Elements(TryMember(result, "result_data")))
        {
            var id = entry.ValueKind switch
            {
                JsonValueKind.Number => entry.GetRawText(),
                JsonValueKind.String => entry.GetString(),
                _ => null,
            };
            if (id is { Length: > 0 and <= LongestId } && id.All(char.IsAsciiDigit))
            {
                items.Add(new FeedItem(id, IdHash(id)));
            }
            else
            {
                unreadable++;
            }
        }

        var total = SupplierFigures.Count(Text(result, "result_total")) ?? throw new JsonException("result_total is missing or no number.");
        return new ProductList(items, unreadable, total);
    }

    /// <returns>Null when the platform does not sell the product any more.</returns>
    /// <exception cref="SupplierException"><see cref="SupplierFault.ItemRefused"/> and <see cref="SupplierFault.Refused"/>.</exception>
    public static ProductDescription? Product(JsonElement root, string externalId)
    {
        if (Text(TryMember(root, "result"), "result_code") is { } code && IsGone(code))
        {
            return null;
        }

        var data = Member(Result(root, SupplierFault.ItemRefused), "result_data");
        var wholesale = TryMember(data, "wholesale_trade");
        var skus = List(data, "skus")
            .Where(s => Text(s, "status") is null or "NORMAL")
            .Select((sku, index) => (Sku: sku, Index: index, Ladder: Ladder(sku)))
            .ToList();

        // What every variant can be bought from: an order below the first step of its ladder is refused.
        var firstSteps = skus.Where(s => s.Ladder.Count > 0).Select(s => s.Ladder[0].MinQuantity).ToList();
        var minOrder = firstSteps.Count > 0
            ? firstSteps.Max()
            : SupplierFigures.Quantity(Text(wholesale, "min_order_quantity")) ?? SupplierFigures.Quantity(Text(data, "min_order_quantity")) ?? 1;
        var currency = Text(data, "currency") ?? "USD";
        var product = new SupplierProduct
        {
            ExternalId = externalId,
            Name = Text(data, "title") ?? "",
            Description = Text(data, "description"),
            CategoryExternalId = Text(data, "category_id"),
            MinOrderQuantity = minOrder,
            // Only the explicit word sells: any other status, known or not, does not.
            IsOnSale = Text(data, "status") == "PRODUCT_ONLINE",
            SellerId = Text(data, "eCompanyId"),
            SellerName = Text(data, "supplier"),
            ImageUrls = [.. Images(data).Distinct(StringComparer.Ordinal)],
            Variants = [.. skus.Select(s => Variant(s.Sku, s.Index, s.Ladder, minOrder, currency, Text(wholesale, "price")))],
        };
        return new ProductDescription(product, Text(data, "category"));
    }

    /// <summary>Units by SKU, summed over the places they ship from.</summary>
    public static Dictionary<string, int> Inventory(JsonElement root)
    {
        var stock = new Dictionary<string, int>(StringComparer.Ordinal);
        var result = Result(root, SupplierFault.ItemRefused);
        foreach (var line in List(result, "result_data").SelectMany(place => List(place, "inventory_list")))
        {
            if (Text(line, "sku_id") is { } sku && SupplierFigures.Count(Text(line, "inventory_count")) is { } count)
            {
                stock[sku] = (int)Math.Min(int.MaxValue, stock.GetValueOrDefault(sku) + (long)count);
            }
        }

        return stock;
    }

    /// <summary>Days of the quickest way, at worst (<c>10~15</c> is 15); null when no way says it.</summary>
    public static int? ShippingDays(JsonElement root)
    {
        RequireSuccess(root);
        int? quickest = null;
        foreach (var way in List(root, "value"))
        {
            if (MostDays(Text(way, "delivery_time")) is { } days && days < (quickest ?? int.MaxValue))
            {
                quickest = days;
            }
        }

        return quickest;
    }

    private static int? MostDays(string? text)
    {
        // The one figure that the platform documents as a range.
        var parts = text?.Split('~', '-') ?? [];
        return parts.Length switch
        {
            1 => SupplierFigures.Days(parts[0]),
            2 when SupplierFigures.Days(parts[0]) is { } least && SupplierFigures.Days(parts[1]) is { } most && least <= most => most,
            _ => null,
        };
    }

    private static SupplierVariant Variant(
        JsonElement sku, int index, List<Step> ladder, int minOrder, string currency, string? wholesalePrice)
    {
        var options = new List<KeyValuePair<string, string>>();
        var image = Text(sku, "image");
        foreach (var attribute in List(sku, "sku_attr_list"))
        {
            image ??= Text(attribute, "attr_value_image");
            if (Text(attribute, "attr_name_desc") is { } name && Text(attribute, "attr_value_desc") is { } value)
            {
                options.Add(KeyValuePair.Create(name, value));
            }
        }

        var (cost, problem) = SupplierFigures.Price(ladder.Count == 0 ? wholesalePrice : ladder.Last(s => s.MinQuantity <= minOrder).Price);
        return new SupplierVariant
        {
            ExternalId = Text(sku, "sku_id") ?? index.ToString(CultureInfo.InvariantCulture),
            Name = options.Count == 0 ? null : string.Join(", ", options.Select(o => o.Value)),
            Options = options,
            Cost = cost,
            CostCurrency = ladder.Count == 0 ? currency : ladder[0].Currency ?? currency,
            PriceProblem = problem,
            Tiers = SupplierFigures.Tiers(minOrder, cost, ladder.Select(s => (s.MinQuantity, s.Price))),
            ImageUrl = SupplierFigures.WithScheme(image),
        };
    }

    /// <summary>Steps by rising quantity, in the currency of the first; a step without a plain quantity is none.</summary>
    private static List<Step> Ladder(JsonElement sku)
    {
        var steps = new List<Step>();
        foreach (var entry in List(sku, "ladder_price"))
        {
            if (SupplierFigures.Quantity(Text(entry, "min_quantity")) is { } quantity && steps.TrueForAll(s => s.MinQuantity != quantity))
            {
                steps.Add(new Step(quantity, Text(entry, "price"), Text(entry, "currency")));
            }
        }

        steps.Sort((a, b) => a.MinQuantity.CompareTo(b.MinQuantity));
        return steps.FindAll(s => s.Currency == steps[0].Currency);
    }

    private static IEnumerable<string> Images(JsonElement data)
    {
        if (Text(data, "main_image") is { } main)
        {
            yield return SupplierFigures.WithScheme(main)!;
        }

        foreach (var image in Elements(TryMember(data, "images")))
        {
            if (image.ValueKind == JsonValueKind.String && image.GetString() is { Length: > 0 } url)
            {
                yield return SupplierFigures.WithScheme(url)!;
            }
        }
    }

    /// <summary>The lists hold ids alone, so nothing of an item can be seen to change: it is fresh until its details are old.</summary>
    private static byte[] IdHash(string id) => SHA256.HashData(Encoding.UTF8.GetBytes(id))[..16];

    private static JsonElement Result(JsonElement root, SupplierFault otherwise)
    {
        RequireSuccess(root);
        var result = Member(root, "result");
        var code = Text(result, "result_code") ?? throw new JsonException("result_code is missing.");
        return code == "200"
            ? result
            : throw new SupplierException(
                FaultOf(code) ?? otherwise, "result_" + code, Cut(Text(result, "result_msg") ?? "refused without a reason"));
    }

    private static void RequireSuccess(JsonElement root)
    {
        if (Text(root, "code") != "0")
        {
            throw new JsonException("code is not \"0\".");
        }
    }

    private static IEnumerable<JsonElement> Elements(JsonElement list) => list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    private sealed record Step(int MinQuantity, string? Price, string? Currency);
}
