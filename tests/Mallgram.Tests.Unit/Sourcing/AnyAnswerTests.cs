using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Mallgram.Sourcing.Alibaba;
using Mallgram.Sourcing.AliExpress;
using Mallgram.Sourcing.OpenPlatform;
using Mallgram.Sourcing.Suppliers;

namespace Mallgram.Tests.Unit.Sourcing;

/// <summary>Whatever JSON a supplier sends, readers give a value or one of two exceptions.</summary>
public sealed class AnyAnswerTests
{
    /// <summary>Real names, so that rubbish gets deep into the readers, and names that are none.</summary>
    private static readonly string[] Names =
    [
        "code", "result", "result_code", "result_data", "result_total", "value", "delivery_time", "skus", "sku_id", "sku_attr_list", "ladder_price",
        "min_quantity", "price", "currency", "wholesale_trade", "min_order_quantity", "images", "main_image", "category_id", "category", "status",
        "inventory_list", "inventory_count", "a_response", "rsp_code", "resp_result", "resp_code", "products", "product_id", "product_title",
        "total_record_count", "is_finished", "categories", "parent_category_id", "ae_item_base_info_dto", "ae_item_sku_info_dtos", "sku_price",
        "offer_sale_price", "offer_bulk_sale_price", "sku_bulk_order", "sku_available_stock", "ae_sku_property_dtos", "sku_image",
        "ae_multimedia_info_dto", "image_urls", "ae_video_dtos", "media_url", "ae_store_info", "communication_rating", "package_info_dto",
        "gross_weight", "logistics_info_dto", "ae_item_properties", "attr_name", "attr_value", "access_token", "refresh_token", "expires_in",
        "refresh_expires_in", "data", "itemId", "title", "totalCount", "score", "error_response", "msg", "sub_code", "type", "", "\\ud800", "x y",
    ];

    private static readonly string[] Scalars =
    [
        "null", "true", "false", "0", "-1", "200", "\"200\"", "\"0\"", "1e400", "-1e400", "123456789012345678901234567890", "0.000000000000000000000001",
        "\"\"", "\"-5\"", "\"1-2\"", "\"10~15\"", "\"99999999999999999999\"", "\"-\"", "\"~\"", "\"–\"", "\"NaN\"", "\"\\ud800\"", "\"\\u0000\"",
        "\"//h/x.png\"", "\"file:///etc/passwd\"", "\"<script>\"", "\"PRODUCT_ONLINE\"", "\"onSelling\"", "\"605\"", "605", "\"130106\"",
        "\"ban will last 99999999999999 seconds\"", "\"ApiCallLimit\"", "9223372036854775807", "\"9223372036854775807\"",
    ];

    public static IEnumerable<object[]> Readers() =>
    [
        ["fault", (Action<JsonElement>)OpenPlatformJson.ThrowIfFault], ["tokens", Reader(OpenPlatformJson.Tokens)],
        ["categories", Reader(AliExpressWire.Categories)], ["feed", Reader(r => AliExpressWire.Feed(r, 1, 50))],
        ["feed names", Reader(AliExpressWire.FeedNames)], ["detail", Reader(r => AliExpressWire.Product(r, "1", "USD")?.ContentHash())],
        ["search", Reader(AliExpressWire.Search)],
        ["ids", Reader(AlibabaWire.ProductIds)], ["description", Reader(r => AlibabaWire.Product(r, "1")?.Product.ContentHash())],
        ["inventory", Reader(AlibabaWire.Inventory)], ["freight", Reader(r => AlibabaWire.ShippingDays(r))],
    ];

    [Theory]
    [MemberData(nameof(Readers))]
    public void Any_json_is_read_or_refused(string name, object reader)
    {
        Assert.NotEmpty(name);
        Prop.ForAll(Json(5).ToArbitrary(), json => Survives((Action<JsonElement>)reader, json))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000).WithReplay(20261121, 1));
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void A_good_answer_with_anything_in_one_place_is_read_or_refused(string name, object reader)
    {
        Assert.NotEmpty(name);
        string[] good = [AliExpress, Alibaba];
        var spoilt = from answer in Gen.Elements(good)
                     from seed in Gen.Choose(0, int.MaxValue - 1)
                     from rubbish in Json(2)
                     select Spoil(answer, seed, rubbish);
        Prop.ForAll(spoilt.ToArbitrary(), json => Survives((Action<JsonElement>)reader, json))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000).WithReplay(20261121, 1));
    }

    private static Action<JsonElement> Reader<T>(Func<JsonElement, T> read) => root => _ = read(root);

    private static bool Survives(Action<JsonElement> reader, string json)
    {
        using var document = JsonDocument.Parse(json);
        try
        {
            OpenPlatformJson.Read(document.RootElement, root =>
            {
                reader(root);
                return true;
            });
        }
        catch (Exception e) when (e is JsonException or SupplierException or OpenPlatformFaultException)
        {
            // Refused in an orderly way.
        }

        return true;
    }

    private static Gen<string> Json(int depth)
    {
        var scalar = Gen.Elements(Scalars);
        if (depth == 0)
        {
            return scalar;
        }

        var inner = Json(depth - 1);
        var name = Gen.Elements(Names);
        var list = from items in Gen.ListOf(inner, 3) select "[" + string.Join(',', items) + "]";
        var map = from names in Gen.ListOf(name, 4)
                  from values in Gen.ListOf(inner, 4)
                  select "{" + string.Join(',', names.Zip(values, (n, v) => $"\"{n}\":{v}")) + "}";
        return Gen.Frequency((1, scalar), (2, list), (6, map));
    }

    /// <summary>Puts rubbish in the place of one value.</summary>
    private static string Spoil(string answer, int seed, string rubbish)
    {
        const string mark = "\"\\u0001\\u0002\"";
        var root = JsonNode.Parse(answer)!;
        var places = new List<Action>();
        Collect(root, places);
        places[seed % places.Count]();
        return root.ToJsonString().Replace(mark, rubbish, StringComparison.Ordinal);

        static void Collect(JsonNode? node, List<Action> places)
        {
            switch (node)
            {
                case JsonObject map:
                    foreach (var (key, value) in map)
                    {
                        places.Add(() => map[key] = "\u0001\u0002");
                        Collect(value, places);
                    }

                    break;
                case JsonArray list:
                    for (var i = 0; i < list.Count; i++)
                    {
                        var index = i;
                        places.Add(() => list[index] = "\u0001\u0002");
                        Collect(list[i], places);
                    }

                    break;
            }
        }
    }

    private const string AliExpress =
        """
        {"a_response":{"rsp_code":200,"result":{
          "ae_item_base_info_dto":{"subject":"x","product_status_type":"onSelling","sales_count":"1","avg_evaluation_rating":"4.5","evaluation_count":"3",
            "category_id":1,"detail":"<p>"},
          "ae_store_info":{"store_id":1,"store_name":"s","communication_rating":"4.7"},"package_info_dto":{"gross_weight":"0.5"},
          "logistics_info_dto":{"delivery_time":10},"ae_multimedia_info_dto":{"image_urls":"//a;//b","ae_video_dtos":[{"media_url":"//v"}]},
          "ae_item_properties":[{"attr_name":"Brand Name","attr_value":"b"}],
          "products":[{"product_id":1,"product_title":"t"}],"total_record_count":1,"is_finished":true,
          "categories":[{"category_id":1,"category_name":"c","parent_category_id":2}],
          "ae_item_sku_info_dtos":[{"sku_id":"1","sku_price":"2","offer_sale_price":"1","offer_bulk_sale_price":"0.9","sku_bulk_order":2,
            "sku_available_stock":1,"currency_code":"USD","ae_sku_property_dtos":[{"sku_property_name":"n","sku_property_value":"v","sku_image":"//i"}]}]}}}
        """;

    private const string Alibaba =
        """
        {"code":"0","access_token":"a","refresh_token":"r","expires_in":"60","refresh_expires_in":"90","value":[{"delivery_time":"1~2"}],
         "result":{"result_code":"200","result_total":"1","result_data":{"title":"t","main_image":"//a","images":["//b"],"category_id":"1","category":"c",
          "supplier":"s","eCompanyId":"e","currency":"USD","status":"PRODUCT_ONLINE","wholesale_trade":{"min_order_quantity":"2","price":"1"},
          "skus":[{"sku_id":"1","status":"NORMAL","image":"//i","sku_attr_list":[{"attr_name_desc":"n","attr_value_desc":"v"}],
           "ladder_price":[{"min_quantity":"2","price":"1","currency":"USD"},{"min_quantity":"9","price":"0.5","currency":"USD"}]}],
          "inventory_list":[{"sku_id":"1","inventory_count":"5"}]}}}
        """;
}
