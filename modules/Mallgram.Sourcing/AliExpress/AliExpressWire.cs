using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Sourcing.Suppliers;

namespace Mallgram.Sourcing.AliExpress;

/// <summary>
/// Reads the platform's answers, which differ by method, account and age: numbers come as numbers or text; lists as arrays, under a single
/// named key, or as a bare object when there is one element. Pure.
/// </summary>
/// <remarks>https://openservice.aliexpress.com/doc/api.htm</remarks>
internal static class AliExpressWire
{
    private const int Success = 200;
    private const int ItemNotFound = 605;

    /// <exception cref="AliExpressFaultException">The platform refused, in either of its two shapes.</exception>
    /// <exception cref="JsonException">Not an object.</exception>
    public static void ThrowIfFault(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("An object was expected.");
        }

        var isNested = root.TryGetProperty("error_response", out var nested) && nested.ValueKind == JsonValueKind.Object;
        var fault = isNested ? nested : root;
        var code = Text(fault, "code");
        // Flat answers of system interfaces carry code 0 when all is well; business answers carry no code at the root.
        if (!isNested && code is null or "0")
        {
            return;
        }

        code ??= "unknown";
        var subCode = Text(fault, "sub_code");
        string?[] words = [code, Text(fault, "msg") ?? Text(fault, "message"), subCode, Text(fault, "sub_msg")];
        var message = Cut(string.Join(" ", words.Where(w => w is not null)));
        throw code switch
        {
            "ApiCallLimit" => AliExpressFaultException.TooFast(BanTime(message)),
            "AppCallLimit" => new AliExpressFaultException(SupplierFault.QuotaUsedUp, code, message),
            "IllegalAccessToken" => new AliExpressFaultException(SupplierFault.TokenRefused, code, message),
            _ when IsTheirs(Text(fault, "type"), subCode) => new AliExpressFaultException(SupplierFault.Unavailable, code, message),
            _ => new AliExpressFaultException(SupplierFault.Refused, code, message),
        };
    }

    /// <summary>A system interface's answer.</summary>
    public static (string AccessToken, string RefreshToken, TimeSpan Lifetime) Tokens(JsonElement root) => (
        Text(root, "access_token") ?? throw new JsonException("access_token is missing."),
        Text(root, "refresh_token") ?? throw new JsonException("refresh_token is missing."),
        TimeSpan.FromSeconds(Whole(root, "expires_in") ?? throw new JsonException("expires_in is missing.")));

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
        var pictures = Text(TryMember(result, "ae_multimedia_info_dto"), "image_urls")
            ?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return new SupplierProduct
        {
            ExternalId = externalId,
            Name = Text(info, "subject") ?? "",
            Description = Text(info, "detail"),
            Brand = List(result, "ae_item_properties").Where(p => Text(p, "attr_name") is "Brand Name" or "Brand")
                .Select(p => Text(p, "attr_value")).FirstOrDefault(b => b is not null),
            CategoryExternalId = Text(info, "category_id"),
            Rating = Number(info, "avg_evaluation_rating") is { } rating and > 0 and <= 5 ? rating : null,
            ReviewCount = (int)Math.Clamp(Whole(info, "evaluation_count") ?? 0, 0, int.MaxValue),
            // Only the explicit word sells: any other status, known or not, does not.
            IsOnSale = string.Equals(Text(info, "product_status_type"), "onSelling", StringComparison.OrdinalIgnoreCase),
            ImageUrls = pictures is null ? [] : [.. pictures.Select(WithScheme)],
            Variants = [.. List(result, "ae_item_sku_info_dtos").Select((sku, index) => Variant(sku, index, currency))],
        };
    }

    /// <summary>A price is one plain number; everything else has a name for why it is not used.</summary>
    public static (decimal? Price, string? Problem) Price(string? text)
    {
        var trimmed = text?.Trim();
        if (string.IsNullOrEmpty(trimmed))
        {
            return (null, SkipReasons.NoPrice);
        }

        if (decimal.TryParse(trimmed, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var price))
        {
            return (price, null);
        }

        var dash = trimmed.AsSpan(1).IndexOfAny('-', '–', '~') + 1;
        var isRange = dash > 0 && dash < trimmed.Length - 1 && trimmed.Any(char.IsAsciiDigit);
        return (null, isRange ? SkipReasons.PriceRange : SkipReasons.PriceInvalid);
    }

    private static SupplierVariant Variant(JsonElement sku, int index, string currency)
    {
        var options = new List<KeyValuePair<string, string>>();
        foreach (var property in List(sku, "ae_sku_property_dtos"))
        {
            if (Text(property, "sku_property_name") is { } name
                && (Text(property, "property_value_definition_name") ?? Text(property, "sku_property_value")) is { } value)
            {
                options.Add(KeyValuePair.Create(name, value));
            }
        }

        var (list, listProblem) = Price(Text(sku, "sku_price"));
        var (sale, saleProblem) = Price(Text(sku, "offer_sale_price"));
        return new SupplierVariant
        {
            ExternalId = Text(sku, "sku_id") ?? Text(sku, "sku_attr") ?? index.ToString(CultureInfo.InvariantCulture),
            Name = options.Count == 0 ? null : string.Join(", ", options.Select(o => o.Value)),
            Options = options,
            Cost = sale ?? (saleProblem == SkipReasons.NoPrice ? list : null),
            ListCost = list > sale ? list : null,
            PriceProblem = sale is not null ? null : saleProblem != SkipReasons.NoPrice ? saleProblem : listProblem,
            CostCurrency = Text(sku, "currency_code") ?? currency,
            Stock = (int)Math.Clamp(Whole(sku, "sku_available_stock") ?? 0, 0, int.MaxValue),
        };
    }

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

    private static bool IsTheirs(string? type, string? subCode) =>
        subCode?.StartsWith("isv.", StringComparison.OrdinalIgnoreCase) != true
        && (type is "ISP" or "SYSTEM" || subCode?.StartsWith("isp.", StringComparison.OrdinalIgnoreCase) == true);

    /// <summary>"this ban will last 3 seconds" → 3 s, at most a minute.</summary>
    private static TimeSpan? BanTime(string message)
    {
        const string mark = "ban will last ";
        var start = message.IndexOf(mark, StringComparison.OrdinalIgnoreCase);
        if (start < 0)
        {
            return null;
        }

        var digits = string.Concat(message.Skip(start + mark.Length).TakeWhile(char.IsAsciiDigit));
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, 1, 60))
            : null;
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

    private static JsonElement Member(JsonElement parent, string name) =>
        TryMember(parent, name) is { ValueKind: JsonValueKind.Object } member ? member : throw new JsonException($"'{name}' is missing.");

    private static JsonElement TryMember(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var member) ? member : default;

    private static IEnumerable<JsonElement> List(JsonElement parent, string name)
    {
        var list = TryMember(parent, name);
        if (list.ValueKind == JsonValueKind.Object)
        {
            // One named key around the list, and then perhaps one bare element instead of a list.
            var members = list.EnumerateObject().Take(2).ToList();
            list = members.Count == 1 && members[0].Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object ? members[0].Value : list;
        }

        return list.ValueKind switch
        {
            JsonValueKind.Array => list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.Object),
            JsonValueKind.Object when list.EnumerateObject().Any() => [list],
            _ => [],
        };
    }

    private static string? Text(JsonElement parent, string name)
    {
        var member = TryMember(parent, name);
        try
        {
            return member.ValueKind switch
            {
                JsonValueKind.String => member.GetString() is { Length: > 0 } text ? text : null,
                JsonValueKind.Number => member.GetRawText(),
                _ => null,
            };
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, escaped: no text that could be kept.
            return null;
        }
    }

    private static decimal? Number(JsonElement parent, string name) =>
        decimal.TryParse(Text(parent, name), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static long? Whole(JsonElement parent, string name) =>
        long.TryParse(Text(parent, name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static bool? Flag(JsonElement parent, string name) => TryMember(parent, name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => Text(parent, name) is "true" or "1",
        _ => null,
    };

    private static string WithScheme(string url) => url.StartsWith("//", StringComparison.Ordinal) ? "https:" + url : url;

    private static string Cut(string text) => text.Length <= 200 ? text : text[..200];
}
