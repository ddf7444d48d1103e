using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Sourcing.Suppliers;
using static Mallgram.Sourcing.OpenPlatform.OpenPlatformJson;

namespace Mallgram.Sourcing.AliExpress;

/// <summary>Reads the answers of the methods for dropshippers. Pure.</summary>
/// <remarks>https://openservice.aliexpress.com/doc/api.htm</remarks>
internal static class AliExpressWire
{
    private const int Success = 200;
    private const int ItemNotFound = 605;

    public static List<SupplierCategory> Categories(JsonElement root)
    {
        var result = Result(Response(root));
        var categories = new List<SupplierCategory>();
        foreach (var entry in List(result, "categories"))
        {
            if (Text(entry, "category_id") is { } id)
            {
                categories.Add(new SupplierCategory(id, Text(entry, "parent_category_id") is { } parent && parent != "0" ? parent : null,
                    Text(entry, "category_name") ?? "", NameFr: null));
            }
        }

        return categories;
    }

    /// <param name="page">From 1.</param>
    public static FeedPage Feed(JsonElement root, int page, int pageSize)
    {
        var result = Result(Response(root));
        var items = new List<FeedItem>();
        var unreadable = 0;
        foreach (var entry in List(result, "products"))
        {
            if (Text(entry, "product_id") is { Length: <= 40 } id)
            {
                items.Add(new FeedItem(id, FeedHash(entry)));
            }
            else
            {
                unreadable++;
            }
        }

        var total = (int?)Math.Clamp(Whole(result, "total_record_count") ?? -1, -1, int.MaxValue);
        total = total < 0 ? null : total;
        var isLast = items.Count + unreadable == 0
            || (Flag(result, "is_finished") ?? (total is { } all ? (long)page * pageSize >= all : items.Count < pageSize));
        return new FeedPage(items, unreadable, total, isLast);
    }

    public static Dictionary<string, string> FeedNames(JsonElement root)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in List(Result(Response(root)), "products"))
        {
            if (Text(entry, "product_id") is { } id && Text(entry, "product_title") is { } name)
            {
                names[id] = name;
            }
        }

        return names;
    }

    /// <returns>Null when the platform does not know the item any more.</returns>
    /// <exception cref="SupplierException"><see cref="SupplierFault.ItemRefused"/>.</exception>
    public static SupplierProduct? Product(JsonElement root, string externalId, string currency)
    {
        var response = Response(root);
        var verdict = Whole(response, "rsp_code");
        if (verdict == ItemNotFound)
        {
            return null;
        }

        if (verdict is not (null or Success))
        {
            var code = string.Create(CultureInfo.InvariantCulture, $"rsp_{verdict}");
            throw new SupplierException(SupplierFault.ItemRefused, code, Cut(Text(response, "rsp_msg") ?? "refused without a reason"));
        }

        var result = Member(response, "result");
        var info = Member(result, "ae_item_base_info_dto");
        var media = TryMember(result, "ae_multimedia_info_dto");
        var seller = TryMember(result, "ae_store_info");
        var pictures = Text(media, "image_urls")?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var properties = List(result, "ae_item_properties")
            .Select(p => (Name: Text(p, "attr_name"), Value: Text(p, "attr_value")))
            .Where(p => p.Name is not null && p.Value is not null)
            .Select(p => KeyValuePair.Create(p.Name!, p.Value!))
            .ToList();
        return new SupplierProduct
        {
            ExternalId = externalId,
            Name = Text(info, "subject") ?? "",
            Description = Text(info, "detail"),
            Brand = properties.Where(p => IsBrand(p.Key)).Select(p => p.Value).FirstOrDefault(),
            CategoryExternalId = Text(info, "category_id"),
            Rating = SupplierFigures.Rating(Text(info, "avg_evaluation_rating")),
            ReviewCount = SupplierFigures.Count(Text(info, "evaluation_count")) ?? 0,
            // Only the explicit word sells: any other status, known or not, does not.
            IsOnSale = string.Equals(Text(info, "product_status_type"), "onSelling", StringComparison.OrdinalIgnoreCase),
            SellerId = Text(seller, "store_id"),
            SellerName = Text(seller, "store_name"),
            SellerRating = SupplierFigures.MeanRating(
                Text(seller, "item_as_described_rating"), Text(seller, "communication_rating"), Text(seller, "shipping_speed_rating")),
            SalesCount = SupplierFigures.Count(Text(info, "sales_count")),
            ShipsWithinDays = SupplierFigures.Days(Text(TryMember(result, "logistics_info_dto"), "delivery_time")),
            WeightGrams = SupplierFigures.Grams(Text(TryMember(result, "package_info_dto"), "gross_weight")),
            Specifications = [.. properties.Where(p => !IsBrand(p.Key))],
            VideoUrl = List(media, "ae_video_dtos").Select(v => SupplierFigures.SecureUrl(Text(v, "media_url"))).FirstOrDefault(u => u is not null),
            ImageUrls = pictures is null ? [] : [.. pictures.Select(u => SupplierFigures.WithScheme(u)!)],
            Variants = [.. List(result, "ae_item_sku_info_dtos").Select((sku, index) => Variant(sku, index, currency))],
        };
    }

    /// <returns>The name in the language that was asked for; null when the platform gives none.</returns>
    public static string? ProductName(JsonElement root) =>
        Text(TryMember(TryMember(Response(root), "result"), "ae_item_base_info_dto"), "subject");

    /// <summary>Answer of <c>aliexpress.ds.text.search</c>; entries without an id or a title are left out.</summary>
    public static SupplierSearchPage Search(JsonElement root)
    {
        var data = Member(Response(root), "data");
        var offers = new List<SupplierOffer>();
        foreach (var entry in List(data, "products"))
        {
            if (Text(entry, "itemId") is { Length: <= 40 } id && Text(entry, "title") is { } title)
            {
                offers.Add(new SupplierOffer(
                    id,
                    title,
                    SupplierFigures.WithScheme(Text(entry, "itemMainPic")),
                    SupplierFigures.Price(Text(entry, "targetSalePrice")).Price,
                    Text(entry, "targetOriginalPriceCurrency"),
                    SupplierFigures.Rating(Text(entry, "score")),
                    SupplierFigures.Count(Text(entry, "orders"))));
            }
        }

        return new SupplierSearchPage(offers, SupplierFigures.Count(Text(data, "totalCount")));
    }

    private static SupplierVariant Variant(JsonElement sku, int index, string currency)
    {
        var options = new List<KeyValuePair<string, string>>();
        string? image = null;
        foreach (var property in List(sku, "ae_sku_property_dtos"))
        {
            image ??= SupplierFigures.WithScheme(Text(property, "sku_image"));
            if (Text(property, "sku_property_name") is { } name
                && (Text(property, "property_value_definition_name") ?? Text(property, "sku_property_value")) is { } value)
            {
                options.Add(KeyValuePair.Create(name, value));
            }
        }

        var (list, listProblem) = SupplierFigures.Price(Text(sku, "sku_price"));
        var (sale, saleProblem) = SupplierFigures.Price(Text(sku, "offer_sale_price"));
        var cost = sale ?? (saleProblem == SkipReasons.NoPrice ? list : null);
        return new SupplierVariant
        {
            ExternalId = Text(sku, "sku_id") ?? Text(sku, "sku_attr") ?? index.ToString(CultureInfo.InvariantCulture),
            Name = options.Count == 0 ? null : string.Join(", ", options.Select(o => o.Value)),
            Options = options,
            Cost = cost,
            ListCost = list > sale ? list : null,
            PriceProblem = sale is not null ? null : saleProblem != SkipReasons.NoPrice ? saleProblem : listProblem,
            CostCurrency = Text(sku, "currency_code") ?? currency,
            Tiers = SupplierFigures.Quantity(Text(sku, "sku_bulk_order")) is { } bulk
                ? SupplierFigures.Tiers(minOrder: 1, cost, [(bulk, Text(sku, "offer_bulk_sale_price"))])
                : [],
            ImageUrl = image,
            Stock = SupplierFigures.Count(Text(sku, "sku_available_stock")) ?? 0,
        };
    }

    private static bool IsBrand(string property) => property is "Brand Name" or "Brand";

    private static byte[] FeedHash(JsonElement entry)
    {
        // Sales and review figures move by themselves all day; asking for details because of them would eat the quota.
        var text = new StringBuilder();
        foreach (var name in (ReadOnlySpan<string>)
            [
                "product_title", "product_main_image_url", "target_sale_price", "target_sale_price_currency", "target_original_price",
                "sale_price", "original_price", "first_level_category_id", "second_level_category_id",
            ])
        {
            text.Append(Text(entry, name)).Append('\n');
        }

        return SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()))[..16];
    }

    /// <summary>The one member <c>…_response</c> of a business answer.</summary>
    private static JsonElement Response(JsonElement root)
    {
        foreach (var member in root.EnumerateObject())
        {
            if (member.Name.EndsWith("_response", StringComparison.Ordinal) && member.Value.ValueKind == JsonValueKind.Object)
            {
                return member.Value;
            }
        }

        throw new JsonException("There is no …_response in the answer.");
    }

    /// <summary><c>result</c> or <c>resp_result.result</c>, whichever the method uses.</summary>
    /// <exception cref="SupplierException"><see cref="SupplierFault.Refused"/>: the method reports failure.</exception>
    private static JsonElement Result(JsonElement response)
    {
        var holder = TryMember(response, "resp_result") is { ValueKind: JsonValueKind.Object } wrapped ? wrapped : response;
        var verdict = Whole(holder, "resp_code") ?? Whole(holder, "rsp_code");
        if (verdict is not (null or Success))
        {
            var message = Text(holder, "resp_msg") ?? Text(holder, "rsp_msg") ?? "refused without a reason";
            throw new SupplierException(SupplierFault.Refused, string.Create(CultureInfo.InvariantCulture, $"rsp_{verdict}"), Cut(message));
        }

        return Member(holder, "result");
    }
}
