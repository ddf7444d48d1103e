using System.Globalization;
using System.Text.Json;
using Mallgram.Sandbox.OpenPlatform;

namespace Mallgram.Sandbox.Alibaba;

/// <summary>
/// Alibaba.com for buyers: every interface is a path below <c>/alibaba/rest</c>. Faults of the gateway are flat with a <c>code</c> other than
/// "0"; faults of a product interface have <c>code</c> "0" and a <c>result_code</c> other than "200". Every number is text, ids of the
/// product lists excepted.
/// </summary>
/// <remarks>https://openapi.alibaba.com/doc/api.htm, https://openapi.alibaba.com/doc/doc.htm#/?docId=125</remarks>
internal sealed class AlibabaPlatform(
    [FromKeyedServices(AlibabaControls.Code)] OpenPlatformGateway gateway,
    [FromKeyedServices(AlibabaControls.Code)] ItemChanges changes,
    WholesaleCatalogue catalogue)
{
    /// <summary>The scene that holds everything: cross-border fulfilment. The others hold a part of it.</summary>
    private const string CrossBorder = "906168847";

    private static readonly string[] OtherScenes = ["906124611", "907135637", "907732810", "907180667", "907180664"];

    public async Task RestAsync(HttpContext http, string? path)
    {
        if (await gateway.ReadAsync(http, nestedFaults: false) is not { } call)
        {
            return;
        }

        using var answer = new AnswerWriter(simplify: true, bareSingle: false);
        var api = string.IsNullOrEmpty(path) ? call.Text("method") ?? "" : "/" + path.TrimEnd('/');
        await (Answer(http, call, api, answer.Json) is { } fault
            ? gateway.SendFaultAsync(http, fault, nested: false)
            : gateway.SendAsync(http, answer));
    }

    private GatewayFault? Answer(HttpContext http, CallParameters call, string api, Utf8JsonWriter json)
    {
        var isTokenCall = OpenPlatformGateway.IsTokenCall(api);
        Func<Utf8JsonWriter, GatewayFault?>? answer = api switch
        {
            _ when isTokenCall => json => gateway.RefuseToken(call, api) ?? WriteTokens(json),
            "/eco/buyer/product/check" => json => ProductIds(json, call, "query_req"),
            "/eco/buyer/crossborder/product/check" => json => ProductIds(json, call, "param0"),
            "/eco/buyer/local/product/check" or "/eco/buyer/localregular/product/check" => json => ProductIds(json, call, "req"),
            "/eco/buyer/product/description" => json => Description(json, call, Pictures.Root(http, gateway.Options.ImageBaseUrl, AlibabaControls.Code)),
            "/eco/buyer/product/inventory" => json => Inventory(json, call),
            "/shipping/freight/calculate" => json => Freight(json, call),
            _ => null,
        };
        if (answer is null)
        {
            return GatewayFault.ApiPath;
        }

        if (gateway.Refuse(call, api, path: api, needsToken: !isTokenCall) is { } refusal)
        {
            return refusal;
        }

        json.WriteStartObject();
        if (answer(json) is { } fault)
        {
            return fault;
        }

        json.WriteString("code"u8, "0"u8);
        json.WriteString("request_id"u8, gateway.NextRequestId());
        json.WriteEndObject();
        return null;
    }

    private GatewayFault? WriteTokens(Utf8JsonWriter json)
    {
        json.WriteString("access_token"u8, gateway.Tokens.Issue(OpenPlatformTokens.Kind.Access).Token);
        json.WriteString("refresh_token"u8, gateway.Tokens.Issue(OpenPlatformTokens.Kind.Refresh).Token);
        json.WriteString("expires_in"u8, Number(gateway.Options.AccessTokenSeconds));
        json.WriteString("refresh_expires_in"u8, Number(gateway.Options.RefreshTokenSeconds));
        json.WriteString("account_id"u8, "7063844"u8);
        json.WriteString("account"u8, "buyer@sandbox.mallgram.test"u8);
        json.WriteString("account_platform"u8, "buyApp"u8);
        json.WriteString("country"u8, "sg"u8);
        json.WriteStartObject("user_info"u8);
        json.WriteString("country"u8, "GLOBAL"u8);
        json.WriteString("loginId"u8, "mallgram-sandbox"u8);
        json.WriteString("user_id"u8, "200042362"u8);
        json.WriteString("seller_id"u8, "1001"u8);
        json.WriteEndObject();
        return null;
    }

    private GatewayFault? ProductIds(Utf8JsonWriter json, CallParameters call, string parameter)
    {
        if (Request(call, parameter, out var missing) is not { } request)
        {
            return Refused(json, missing);
        }

        var scene = parameter == "query_req" ? Field(request, "scene_id") : CrossBorder;
        var part = scene == CrossBorder ? 0 : Array.IndexOf(OtherScenes, scene) + 1;
        if ((scene != CrossBorder && part == 0)
            || !int.TryParse(Field(request, "index"), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || !int.TryParse(Field(request, "size"), NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size is < 1 or > 50)
        {
            return Refused(json, null);
        }

        var ids = catalogue.Items.Select(i => i.Id).Where(id => (part == 0 || id % OtherScenes.Length == part - 1) && changes.IsListed(id)).ToArray();
        var last = gateway.Faults.FeedEndsAfterPage;
        var start = (int)Math.Min(ids.Length, (long)index * size);
        var page = last > 0 && index >= last ? [] : ids.AsSpan(start, Math.Min(size, ids.Length - start));
        json.WriteStartObject("result"u8);
        json.WriteString("result_msg"u8, "request success"u8);
        json.WriteStartArray("result_data"u8);
        if (gateway.Faults.FeedRepeats && page.Length > 0)
        {
            json.WriteNumberValue(page[0]);
        }

        foreach (var id in page)
        {
            json.WriteNumberValue(id);
        }

        json.WriteEndArray();
        json.WriteString("result_code"u8, "200"u8);
        json.WriteString("result_total"u8, Number(ids.Length));
        json.WriteEndObject();
        return null;
    }

    private GatewayFault? Description(Utf8JsonWriter json, CallParameters call, string images)
    {
        if (Request(call, "query_req", out var missing) is not { } request)
        {
            return Refused(json, missing);
        }

        if (Field(request, "country") is not { Length: 2 } country || country == "UK" || Field(request, "product_id") is not { } idText)
        {
            return Refused(json, null);
        }

        if (Item(idText) is not { } item)
        {
            return Refused(json, null, "130106", "The product has expired. Please select again.");
        }

        json.WriteStartObject("result"u8);
        json.WriteString("result_msg"u8, "request success"u8);
        json.WriteStartObject("result_data"u8);
        json.WriteString("product_id"u8, Number(item.Id));
        json.WriteString("title"u8, changes.Title(item.Id, item.Title));
        json.WriteString("description"u8, item.Description);
        json.WriteString("detail_url"u8, FormattableString.Invariant($"https://www.alibaba.com/product-detail/{item.Id}.html"));
        json.WriteString("main_image"u8, Picture(images, item, 1));
        json.WriteStartArray("images"u8);
        for (var n = 1; n <= item.Pictures; n++)
        {
            json.WriteStringValue(Picture(images, item, n));
        }

        json.WriteEndArray();
        json.WriteString("category_id"u8, Number(item.CategoryId));
        json.WriteString("category"u8, item.Category);
        json.WriteString("supplier"u8, item.Supplier);
        json.WriteString("eCompanyId"u8, item.CompanyId);
        json.WriteString("currency"u8, "USD"u8);
        json.WriteString("min_order_quantity"u8, Figure(item, item.Minimum));
        json.WriteString("status"u8, changes.IsListed(item.Id) ? "PRODUCT_ONLINE"u8 : "PRODUCT_OFFLINE"u8);
        json.WriteString("mode_id"u8, "AV.YW.DEP.103.L"u8);
        json.WriteStartObject("wholesale_trade"u8);
        json.WriteString("min_order_quantity"u8, Figure(item, item.Minimum));
        json.WriteString("unit_type"u8, "Piece"u8);
        json.WriteString("handling_time"u8, Figure(item, item.HandlingDays));
        json.WriteString("price"u8, Price(item, item.Skus[0].Ladder[0]));
        json.WriteEndObject();
        json.WriteStartArray("skus"u8);
        for (var n = 0; n < item.Skus.Count; n++)
        {
            WriteSku(json, item, item.Skus[n], Picture(images, item, (n % item.Pictures) + 1));
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteString("result_code"u8, "200"u8);
        json.WriteEndObject();
        return null;
    }

    private void WriteSku(Utf8JsonWriter json, WholesaleItem item, WholesaleSku sku, string picture)
    {
        json.WriteStartObject();
        json.WriteString("sku_id"u8, Number(sku.Id));
        json.WriteString("product_id"u8, Number(item.Id));
        json.WriteString("seller_sku_id"u8, FormattableString.Invariant($"{item.Id}_{sku.Id}"));
        json.WriteString("status"u8, "NORMAL"u8);
        json.WriteString("unit"u8, "Piece"u8);
        json.WriteString("image"u8, picture);
        json.WriteStartArray("sku_attr_list"u8);
        if (sku.Choice is { } choice)
        {
            json.WriteStartObject();
            json.WriteString("attr_name_id"u8, "191288010"u8);
            json.WriteString("attr_name_desc"u8, choice.Name);
            json.WriteString("attr_value_id"u8, "-1"u8);
            json.WriteString("attr_value_desc"u8, choice.Value);
            json.WriteString("attr_value_image"u8, picture);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("ladder_price"u8);
        foreach (var step in sku.Ladder)
        {
            json.WriteStartObject();
            json.WriteString("min_quantity"u8, Number(step.From));
            json.WriteString("max_quantity"u8, step.To is { } to ? Number(to) : "-1");
            json.WriteString("price"u8, Price(item, step));
            json.WriteString("currency"u8, "USD"u8);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private GatewayFault? Inventory(Utf8JsonWriter json, CallParameters call)
    {
        if (Request(call, "inv_req", out var missing) is not { } request)
        {
            return Refused(json, missing);
        }

        if (Field(request, "product_id") is not { } idText || Item(idText) is not { } item)
        {
            return Refused(json, null);
        }

        var wanted = Field(request, "sku_id");
        if (wanted is not null && item.Skus.All(s => Number(s.Id) != wanted))
        {
            return Refused(json, null, "10005", "sku not exist");
        }

        json.WriteStartObject("result"u8);
        json.WriteString("result_msg"u8, "request success"u8);
        json.WriteStartArray("result_data"u8);
        if (Field(request, "shipping_from") is null or "CN")
        {
            json.WriteStartObject();
            json.WriteString("shipping_from"u8, "CN"u8);
            json.WriteStartArray("inventory_list"u8);
            foreach (var sku in item.Skus.Where(s => wanted is null || Number(s.Id) == wanted))
            {
                json.WriteStartObject();
                json.WriteString("product_id"u8, Number(item.Id));
                json.WriteString("sku_id"u8, Number(sku.Id));
                json.WriteString("inventory_count"u8, Figure(item, sku.Stock));
                json.WriteString("inventory_unit"u8, "Piece"u8);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("result_code"u8, "200"u8);
        json.WriteEndObject();
        return null;
    }

    private GatewayFault? Freight(Utf8JsonWriter json, CallParameters call)
    {
        foreach (var required in (ReadOnlySpan<string>)["product_id", "quantity", "destination_country"])
        {
            if (call.Text(required) is null)
            {
                return GatewayFault.Missing(required);
            }
        }

        if (Item(call["product_id"]) is not { } item
            || !int.TryParse(call["quantity"], NumberStyles.None, CultureInfo.InvariantCulture, out var quantity))
        {
            return new GatewayFault("ISV", "4016", "freight template service error");
        }

        var country = call["destination_country"];
        if (country is "UK" || country.Length != 2)
        {
            return new GatewayFault("ISV", "4015", "can not ship to the destination country");
        }

        if (quantity < item.Minimum)
        {
            return new GatewayFault("ISV", "410006", "the quantity is below the minimum order quantity");
        }

        json.WriteStartArray("value"u8);
        foreach (var (name, vendor, least, most, fee) in new[]
            {
                ("Alibaba.com Economy Express (3C)", "EX_ASP_Economy_Express_3C", 12, 20, 9.5m), ("Sea freight", "SEA_ASP_LCL", 35, 60, 3.2m),
            })
        {
            json.WriteStartObject();
            json.WriteString("shipping_type"u8, "EXPRESS"u8);
            json.WriteString("vendor_code"u8, vendor);
            json.WriteString("vendor_name"u8, name);
            json.WriteString("trade_term"u8, "DAP"u8);
            json.WriteString("dispatch_country"u8, "CN"u8);
            json.WriteString("destination_country"u8, country);
            json.WriteString("delivery_time"u8, changes.Has(ItemChanges.AbsurdFigures, item.Id)
                ? changes.Figure(item.Id, "")
                : FormattableString.Invariant($"{item.HandlingDays + least}~{item.HandlingDays + most}"));
            json.WriteString("solution_biz_type"u8, "distributionWaybill"u8);
            json.WriteStartObject("fee"u8);
            json.WriteString("amount"u8, (fee + (quantity * 0.4m)).ToString("0.0#", CultureInfo.InvariantCulture));
            json.WriteString("currency"u8, "USD"u8);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        return null;
    }

    private static JsonElement? Request(CallParameters call, string parameter, out GatewayFault? missing)
    {
        missing = null;
        if (call.Text(parameter) is not { } text)
        {
            missing = GatewayFault.Missing(parameter);
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A refusal of the gateway, or one inside an answer whose <c>code</c> is "0".</summary>
    private static GatewayFault? Refused(
        Utf8JsonWriter json, GatewayFault? fault, string code = "400", string message = "Parameter format is error!")
    {
        if (fault is null)
        {
            json.WriteStartObject("result"u8);
            json.WriteString("result_msg"u8, message);
            json.WriteString("result_code"u8, code);
            json.WriteEndObject();
        }

        return fault;
    }

    private WholesaleItem? Item(string id) =>
        long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? catalogue.Find(number) : null;

    private string Picture(string images, WholesaleItem item, int number) =>
        changes.Picture(item.Id, number, Pictures.Address(images, item.Id, number));

    private string Price(WholesaleItem item, WholesaleStep step) => changes.Price(
        item.Id, Math.Max(0.01m, step.Price * changes.Factor(item.Id)).ToString("0.00", CultureInfo.InvariantCulture));

    private string Figure(WholesaleItem item, int figure) => changes.Figure(item.Id, Number(figure));

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Field(JsonElement request, string name) => request.TryGetProperty(name, out var field)
        ? field.ValueKind switch
        {
            JsonValueKind.String => field.GetString() is { Length: > 0 } text ? text : null,
            JsonValueKind.Number => field.GetRawText(),
            _ => null,
        }
        : null;
}
