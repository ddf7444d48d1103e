using System.Buffers.Text;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Mallgram.Sandbox.AliExpress.Catalogue;
using Mallgram.Sandbox.OpenPlatform;

namespace Mallgram.Sandbox.AliExpress;

/// <param name="Run">Writes the members of the root object, or tells why it cannot.</param>
internal sealed record BusinessMethod(string Name, bool NeedsToken, Func<MethodCall, GatewayFault?> Run)
{
    public JsonEncodedText RootKey { get; } =
        JsonEncodedText.Encode(Name.Replace('.', '_') + "_response");
}

/// <param name="ImageBase">Root of picture addresses, without a final slash.</param>
internal sealed record MethodCall(CallParameters Parameters, AnswerWriter Answer, string ImageBase);

/// <summary>The dropshipping methods: what a shop needs to read a supplier's catalogue.</summary>
internal sealed class AliExpressMethods
{
    private readonly SupplierCatalogue _catalogue;
    private readonly ItemChanges _changes;
    private readonly OpenPlatformFaults _faults;
    private readonly ProductJson _product;
    private readonly FrozenDictionary<string, BusinessMethod> _methods;

    public AliExpressMethods(
        SupplierCatalogue catalogue,
        [FromKeyedServices(AliExpressControls.Code)] ItemChanges changes,
        [FromKeyedServices(AliExpressControls.Code)] OpenPlatformGateway gateway)
    {
        _catalogue = catalogue;
        _changes = changes;
        _faults = gateway.Faults;
        _product = new ProductJson(changes);
        BusinessMethod[] methods =
        [
            new("aliexpress.ds.feedname.get", NeedsToken: false, FeedNames),
            new("aliexpress.ds.recommend.feed.get", NeedsToken: true, RecommendFeed),
            new("aliexpress.ds.feed.itemids.get", NeedsToken: false, FeedItemIds),
            new("aliexpress.ds.category.get", NeedsToken: false, Categories),
            new("aliexpress.ds.product.get", NeedsToken: true, Product),
            new("aliexpress.ds.text.search", NeedsToken: true, TextSearch),
        ];
        _methods = methods.ToFrozenDictionary(m => m.Name, StringComparer.Ordinal);
    }

    public BusinessMethod? Find(string name) => _methods.GetValueOrDefault(name);

    private GatewayFault? FeedNames(MethodCall call)
    {
        var json = call.Answer.Json;
        json.WriteStartObject("resp_result"u8);
        json.WriteStartObject("result"u8);
        json.WriteNumber("current_record_count"u8, _catalogue.FeedNames.Count);
        call.Answer.StartList("promos"u8, "promo"u8, _catalogue.FeedNames.Count);
        foreach (var name in _catalogue.FeedNames)
        {
            json.WriteStartObject();
            json.WriteString("promo_name"u8, name);
            json.WriteString("promo_desc"u8, name);
            json.WriteNumber("product_num"u8, _catalogue.Feed(name)!.Length);
            json.WriteEndObject();
        }

        call.Answer.EndList();
        json.WriteEndObject();
        json.WriteNumber("resp_code"u8, 200);
        json.WriteString("resp_msg"u8, "Call succeeds"u8);
        json.WriteEndObject();
        return null;
    }

    private GatewayFault? RecommendFeed(MethodCall call)
    {
        var p = call.Parameters;
        if (p.Text("feed_name") is not { } feedName)
        {
            return GatewayFault.Missing("feed_name");
        }

        if (!p.TryWhole("page_no", 1, 1, int.MaxValue, out var pageNo))
        {
            return GatewayFault.Invalid("page_no");
        }

        if (!p.TryWhole("page_size", 20, 1, 50, out var pageSize))
        {
            return GatewayFault.Invalid("page_size");
        }

        var json = call.Answer.Json;
        if (_catalogue.Feed(feedName) is not { } feed)
        {
            json.WriteNumber("rsp_code"u8, 4001);
            json.WriteString("rsp_msg"u8, "feed name is invalid"u8);
            return null;
        }

        var items = Sorted(InCategory(feed, p.Text("category_id")), p.Text("sort"));
        var pages = (items.Length + pageSize - 1) / pageSize;
        var endsEarly = _faults.FeedEndsAfterPage > 0 && pageNo >= _faults.FeedEndsAfterPage;
        var start = (long)(pageNo - 1) * pageSize;
        var page = start >= items.Length || (endsEarly && pageNo > _faults.FeedEndsAfterPage)
            ? []
            : items.AsSpan((int)start, Math.Min(pageSize, items.Length - (int)start));
        if (_faults.FeedRepeats && page.Length > 0)
        {
            page = (CatalogueItem[])[page[0], .. page];
        }

        json.WriteStartObject("result"u8);
        json.WriteNumber("current_record_count"u8, page.Length);
        json.WriteNumber("total_record_count"u8, items.Length);
        json.WriteBoolean("is_finished"u8, endsEarly || pageNo >= pages);
        json.WriteNumber("total_page_no"u8, pages);
        json.WriteNumber("current_page_no"u8, pageNo);
        call.Answer.StartList("products"u8, "traffic_product_d_t_o"u8, page.Length);
        var french = p.French("target_language");
        var currency = ExchangeRates.Known(p.Text("target_currency"));
        foreach (var item in page)
        {
            _product.WriteFeedItem(json, item, french, currency, call.ImageBase);
        }

        call.Answer.EndList();
        json.WriteEndObject();
        json.WriteNumber("rsp_code"u8, 200);
        json.WriteString("rsp_msg"u8, "Call succeeds"u8);
        return null;
    }

    private GatewayFault? FeedItemIds(MethodCall call)
    {
        var p = call.Parameters;
        if (p.Text("feed_name") is not { } feedName)
        {
            return GatewayFault.Missing("feed_name");
        }

        if (!p.TryWhole("page_size", 50, 1, 200, out var pageSize))
        {
            return GatewayFault.Invalid("page_size");
        }

        if (!TryOffset(p.Text("search_id"), out var offset))
        {
            return GatewayFault.Invalid("search_id");
        }

        var json = call.Answer.Json;
        if (_catalogue.Feed(feedName) is not { } feed)
        {
            json.WriteNumber("rsp_code"u8, 4001);
            json.WriteString("rsp_msg"u8, "feed name is invalid"u8);
            json.WriteBoolean("ret"u8, value: false);
            return null;
        }

        var items = InCategory(feed, p.Text("category_id"));
        var page = offset >= items.Length ? [] : items.AsSpan(offset, Math.Min(pageSize, items.Length - offset));
        var left = Math.Max(0, items.Length - offset - page.Length);
        json.WriteStartObject("result"u8);
        call.Answer.StartList("products"u8, "number"u8, page.Length);
        foreach (var item in page)
        {
            json.WriteNumberValue(item.Id);
        }

        call.Answer.EndList();
        json.WriteNumber("total"u8, left);
        if (left > 0)
        {
            json.WriteString("search_id"u8, SearchId(offset + page.Length));
        }

        json.WriteEndObject();
        json.WriteNumber("rsp_code"u8, 200);
        json.WriteString("rsp_msg"u8, "Call succeeds"u8);
        json.WriteBoolean("ret"u8, value: true);
        return null;
    }

    private GatewayFault? Categories(MethodCall call)
    {
        var wanted = call.Parameters.Text("category_id") ?? call.Parameters.Text("categoryId");
        var categories = wanted is null
            ? _catalogue.Categories
            : [.. _catalogue.Categories.Where(c => c.ParentId.ToString(CultureInfo.InvariantCulture) == wanted)];
        var french = call.Parameters.French("language");
        var json = call.Answer.Json;
        json.WriteStartObject("resp_result"u8);
        json.WriteStartObject("result"u8);
        json.WriteNumber("total_result_count"u8, categories.Count);
        call.Answer.StartList("categories"u8, "category"u8, categories.Count);
        foreach (var category in categories)
        {
            json.WriteStartObject();
            json.WriteNumber("category_id"u8, category.Id);
            json.WriteString("category_name"u8, category.Name(french));
            if (ParentOf(category) is var parent and not 0)
            {
                json.WriteNumber("parent_category_id"u8, parent);
            }

            json.WriteEndObject();
        }

        call.Answer.EndList();
        json.WriteEndObject();
        json.WriteNumber("resp_code"u8, 200);
        json.WriteString("resp_msg"u8, "Call succeeds"u8);
        json.WriteEndObject();
        return null;
    }

    private GatewayFault? Product(MethodCall call)
    {
        var p = call.Parameters;
        if (p.Text("product_id") is not { } idText)
        {
            return GatewayFault.Missing("product_id");
        }

        if (p.Text("ship_to_country") is not { } country)
        {
            return GatewayFault.Missing("ship_to_country");
        }

        var json = call.Answer.Json;
        if (!long.TryParse(idText, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || _catalogue.Find(id) is not { } item)
        {
            json.WriteNumber("rsp_code"u8, 605);
            json.WriteString("rsp_msg"u8, "ITEM_ID_NOT_FOUND"u8);
            return null;
        }

        json.WritePropertyName("result"u8);
        _product.WriteDetail(
            call.Answer, item, p.French("target_language"), ExchangeRates.Known(p.Text("target_currency")), country, call.ImageBase);
        json.WriteNumber("rsp_code"u8, 200);
        json.WriteString("rsp_msg"u8, "Call succeeds"u8);
        return null;
    }

    private GatewayFault? TextSearch(MethodCall call)
    {
        var p = call.Parameters;
        foreach (var required in (ReadOnlySpan<string>)["local", "countryCode", "currency"])
        {
            if (p.Text(required) is null)
            {
                return GatewayFault.Missing(required);
            }
        }

        if (!p.TryWhole("pageIndex", 1, 1, int.MaxValue, out var pageIndex))
        {
            return GatewayFault.Invalid("pageIndex");
        }

        if (!p.TryWhole("pageSize", 20, 1, 50, out var pageSize))
        {
            return GatewayFault.Invalid("pageSize");
        }

        var french = p.French("local");
        var words = (p.Text("keyWord") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var found = InCategory(_catalogue.Feed(SupplierCatalogue.EverythingFeed)!, p.Text("categoryId"))
            .Where(i => Array.TrueForAll(words, w => i.Title(french).Contains(w, StringComparison.OrdinalIgnoreCase)));
        var matches = Sorted([.. found], p.Text("sortBy"));
        var currency = ExchangeRates.Known(p.Text("currency"));
        var start = (int)Math.Min(matches.Length, (long)(pageIndex - 1) * pageSize);
        var page = matches.AsSpan(start, Math.Min(pageSize, matches.Length - start));

        var json = call.Answer.Json;
        json.WriteString("code"u8, "00"u8);
        json.WriteString("msg"u8, "success"u8);
        json.WriteStartObject("data"u8);
        json.WriteNumber("totalCount"u8, matches.Length);
        json.WriteNumber("pageIndex"u8, pageIndex);
        json.WriteNumber("pageSize"u8, pageSize);
        call.Answer.StartList("products"u8, "selection_search_product"u8, page.Length);
        foreach (var item in page)
        {
            _product.WriteSearchItem(json, item, french, currency, call.ImageBase);
        }

        call.Answer.EndList();
        json.WriteEndObject();
        return null;
    }

    private long ParentOf(CatalogueCategory category) => _faults.CategoryCycle && category == _catalogue.Categories[0]
        ? _catalogue.Categories.FirstOrDefault(c => c.ParentId == category.Id)?.Id ?? category.Id
        : category.ParentId;

    private CatalogueItem[] InCategory(CatalogueItem[] items, string? categoryId)
    {
        if (categoryId is not null)
        {
            _ = long.TryParse(categoryId, NumberStyles.None, CultureInfo.InvariantCulture, out var id);
            items = [.. items.Where(i => i.Path.Any(c => c.Id == id))];
        }

        return _changes.Delisted == 0 ? items : [.. items.Where(i => _changes.IsListed(i.Id))];
    }

    private CatalogueItem[] Sorted(CatalogueItem[] items, string? sort)
    {
        decimal Price(CatalogueItem item) => (item.Skus[0].Price.Amount ?? decimal.MaxValue / 1_000_000) * _changes.Factor(item.Id);
        return sort switch
        {
            "priceAsc" or "min_price,asc" => [.. items.OrderBy(Price)],
            "priceDesc" or "min_price,desc" => [.. items.OrderByDescending(Price)],
            "volumeAsc" or "orders,asc" => [.. items.OrderBy(i => i.Sold)],
            "volumeDesc" or "orders,desc" => [.. items.OrderByDescending(i => i.Sold)],
            _ => items,
        };
    }

    private static string SearchId(int offset) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"from:{offset}")));

    private static bool TryOffset(string? searchId, out int offset)
    {
        offset = 0;
        if (searchId is null)
        {
            return true;
        }

        try
        {
            var text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(searchId));
            return text.StartsWith("from:", StringComparison.Ordinal)
                && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out offset);
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
