using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Sourcing.AliExpress;
using Mallgram.Sourcing.OpenPlatform;
using Mallgram.Sourcing.Suppliers;

namespace Mallgram.Tests.Unit.Sourcing;

public sealed class AliExpressWireTests
{
    private const string Product =
        """
        {"aliexpress_ds_product_get_response":{"rsp_code":"200","result":{
          "ae_item_base_info_dto":{"product_id":1005006000000001,"category_id":"200001","subject":"Lamp","product_status_type":"onSelling",
            "detail":"<p>Bright</p>","evaluation_count":"12","avg_evaluation_rating":"4.6"},
          "ae_item_sku_info_dtos":SKUS,
          "ae_multimedia_info_dto":{"image_urls":"//ae01.example/1.jpg;https://ae01.example/2.jpg"},
          "ae_item_properties":{"ae_item_property":{"attr_name":"Brand Name","attr_value":"Baobab"}}}}}
        """;

    private const string Sku =
        """{"sku_id":"12","offer_sale_price":"9.99","sku_price":12.5,"currency_code":"USD","sku_available_stock":"7","ae_sku_property_dtos":[{"sku_property_name":"Color","sku_property_value":"Blue"}]}""";

    [Theory]
    [InlineData("[" + Sku + "]")]
    [InlineData("""{"ae_item_sku_info_d_t_o":[""" + Sku + "]}")]
    [InlineData("""{"ae_item_sku_info_d_t_o":""" + Sku + "}")]
    [InlineData(Sku)]
    public void Lists_are_read_in_all_their_shapes_and_numbers_as_text_too(string skus)
    {
        var product = AliExpressWire.Product(Root(Product.Replace("SKUS", skus, StringComparison.Ordinal)), "1005006000000001", "USD")!;
        Assert.Equal(("Lamp", "Baobab", 4.6m, 12, true), (product.Name, product.Brand, product.Rating!.Value, product.ReviewCount, product.IsOnSale));
        Assert.Equal(["https://ae01.example/1.jpg", "https://ae01.example/2.jpg"], product.ImageUrls);
        var variant = Assert.Single(product.Variants);
        Assert.Equal(("12", "Blue", 9.99m, 12.5m, 7), (variant.ExternalId, variant.Name, variant.Cost!.Value, variant.ListCost!.Value, variant.Stock));
    }

    [Fact]
    public void Everything_else_that_a_detail_says_is_kept()
    {
        var product = AliExpressWire.Product(Root(Detail("15", "0.456", "4.8", "12345", "3", "8.50")), "1", "USD")!;
        Assert.Equal(
            ("1101000011", "Baobab Store", 4.7m, 12345, 15, 456),
            (product.SellerId, product.SellerName, product.SellerRating!.Value, product.SalesCount!.Value, product.ShipsWithinDays!.Value,
                product.WeightGrams!.Value));
        Assert.Equal([KeyValuePair.Create("Material", "Cotton"), KeyValuePair.Create("Origin", "CN")], product.Specifications);
        Assert.Equal(("Baobab", "https://video.example/1.mp4"), (product.Brand, product.VideoUrl));
        var variant = Assert.Single(product.Variants);
        Assert.Equal("https://ae01.example/blue.jpg", variant.ImageUrl);
        Assert.Equal([new SupplierTier(3, 8.50m)], variant.Tiers);
    }

    [Theory]
    [InlineData("ten"), InlineData("10-20"), InlineData("-5"), InlineData("99999999999999999999"), InlineData(""), InlineData("1e3"), InlineData("0")]
    [InlineData("<b>4</b>"), InlineData("NaN"), InlineData("∞")]
    public void A_figure_that_cannot_be_is_dropped_and_the_item_stays(string rubbish)
    {
        var product = AliExpressWire.Product(Root(Detail(rubbish, rubbish, rubbish, rubbish, rubbish, rubbish)), "1", "USD")!;
        Assert.Equal((null, null, null), (product.ShipsWithinDays, product.WeightGrams, product.Rating));
        Assert.Equal(4.65m, product.SellerRating);
        Assert.True(product.SalesCount is null or 0, $"{product.SalesCount}");
        Assert.Empty(product.Variants[0].Tiers);
        Assert.Equal(9.99m, product.Variants[0].Cost);
    }

    [Theory]
    [InlineData("2", "9.99"), InlineData("2", "12.00"), InlineData("1", "5.00"), InlineData("2", "0")]
    public void A_price_for_many_that_is_no_lower_is_no_tier(string quantity, string price) => Assert.Empty(
        AliExpressWire.Product(Root(Detail("15", "0.4", "4.8", "1", quantity, price)), "1", "USD")!.Variants[0].Tiers);

    [Theory]
    [InlineData("13.57", "13.57", null), InlineData(" 5 ", "5", null), InlineData("0.00", "0.00", null)]
    [InlineData("", null, SkipReasons.NoPrice), InlineData(null, null, SkipReasons.NoPrice)]
    [InlineData("3.50 - 9.99", null, SkipReasons.PriceRange), InlineData("1-2", null, SkipReasons.PriceRange)]
    [InlineData("-5", null, SkipReasons.PriceInvalid), InlineData("free", null, SkipReasons.PriceInvalid), InlineData("1,234.50", null, SkipReasons.PriceInvalid)]
    [InlineData("1e9", null, SkipReasons.PriceInvalid), InlineData("9999999999999999999999999999999", null, SkipReasons.PriceInvalid)]
    public void A_price_is_one_plain_number_or_has_a_reason(string? text, string? price, string? reason)
    {
        var (number, problem) = SupplierFigures.Price(text);
        Assert.Equal((price, reason), (number?.ToString(System.Globalization.CultureInfo.InvariantCulture), problem));
    }

    [Theory]
    [InlineData("""{"error_response":{"type":"ISV","code":"IncompleteSignature","msg":"no"}}""", SupplierFault.Refused, false)]
    [InlineData("""{"type":"ISV","code":"IllegalAccessToken","message":"no","request_id":"1"}""", SupplierFault.TokenRefused, false)]
    [InlineData("""{"error_response":{"type":"ISV","code":"AppCallLimit","msg":"no"}}""", SupplierFault.QuotaUsedUp, false)]
    [InlineData("""{"error_response":{"type":"ISV","code":"ApiCallLimit","msg":"this ban will last 3 seconds"}}""", SupplierFault.Unavailable, true)]
    [InlineData("""{"error_response":{"type":"ISP","code":15,"msg":"x","sub_code":"isp.service-unavailable"}}""", SupplierFault.Unavailable, false)]
    [InlineData("""{"error_response":{"type":"ISP","code":"15","msg":"x","sub_code":"isv.account-migration-check-fail"}}""", SupplierFault.Refused, false)]
    [InlineData("""{"error_response":{"code":"15","msg":"x"}}""", SupplierFault.Refused, false)]
    public void Faults_are_sorted_by_what_can_be_done(string answer, object fault, bool tooFast)
    {
        var thrown = Assert.Throws<OpenPlatformFaultException>(() => OpenPlatformJson.ThrowIfFault(Root(answer)));
        Assert.Equal(((SupplierFault)fault, tooFast, tooFast ? TimeSpan.FromSeconds(3) : (TimeSpan?)null), (thrown.Fault, thrown.IsTooFast, thrown.BanTime));
    }

    [Theory]
    [InlineData("""{"aliexpress_ds_product_get_response":{"rsp_code":200}}"""), InlineData("""{"code":"0","access_token":"x"}""")]
    public void Good_answers_are_no_faults(string answer) => OpenPlatformJson.ThrowIfFault(Root(answer));

    [Fact]
    public void An_item_that_is_gone_is_null_and_one_that_is_refused_says_so()
    {
        Assert.Null(AliExpressWire.Product(Root("""{"x_response":{"rsp_code":605,"rsp_msg":"ITEM_ID_NOT_FOUND"}}"""), "1", "USD"));
        Assert.Equal(
            SupplierFault.ItemRefused,
            Assert.Throws<SupplierException>(() => AliExpressWire.Product(Root("""{"x_response":{"rsp_code":"4002","rsp_msg":"no"}}"""), "1", "USD")).Fault);
    }

    [Theory]
    [InlineData("[]"), InlineData("{}"), InlineData("""{"x_response":[]}"""), InlineData("""{"x_response":{"rsp_code":200,"result":"?"}}""")]
    [InlineData("""{"x_response":{"rsp_code":200,"result":{"ae_item_base_info_dto":null}}}""")]
    public void Other_shapes_are_unreadable_not_guessed(string answer) =>
        Assert.ThrowsAny<JsonException>(() =>
        {
            OpenPlatformJson.ThrowIfFault(Root(answer));
            AliExpressWire.Product(Root(answer), "1", "USD");
        });

    [Fact]
    public void Half_a_surrogate_pair_is_no_text() => Assert.Equal(
        "", AliExpressWire.Product(Root(Product.Replace("SKUS", "[]", StringComparison.Ordinal).Replace("\"Lamp\"", "\"\\ud800\"", StringComparison.Ordinal)), "1", "USD")!.Name);

    [Theory]
    [InlineData(1, 50, "\"is_finished\":false", false), InlineData(1, 50, "\"is_finished\":\"true\"", true)]
    [InlineData(2, 50, "\"total_record_count\":\"100\"", true), InlineData(1, 50, "\"total_record_count\":100", false)]
    [InlineData(1, 50, "\"x\":1", true), InlineData(1, 1, "\"x\":1", false)]
    public void The_last_page_is_known_by_word_by_total_or_by_size(int page, int size, string member, bool last) => Assert.Equal(
        last,
        AliExpressWire.Feed(Root("""{"a_response":{"resp_result":{"resp_code":200,"result":{"products":{"product":{"product_id":7}},""" + member + "}}}}"), page, size).IsLast);

    [Fact]
    public void An_empty_page_is_the_last_and_sales_figures_do_not_change_the_hash()
    {
        Assert.True(AliExpressWire.Feed(Root("""{"a_response":{"result":{"products":[],"is_finished":false}}}"""), 3, 50).IsLast);
        FeedItem Item(string sales) => AliExpressWire.Feed(
            Root("""{"a_response":{"result":{"products":[{"product_id":7,"product_title":"Lamp","lastest_volume":""" + sales + "}]}}}"), 1, 50).Items[0];
        Assert.Equal(Item("1").Hash, Item("2").Hash);
    }

    private static string Detail(string days, string kilograms, string rating, string sales, string bulkOrder, string bulkPrice) =>
        $$$"""
        {"aliexpress_ds_product_get_response":{"rsp_code":200,"result":{
          "ae_item_base_info_dto":{"subject":"Shirt","product_status_type":"onSelling","sales_count":"{{{sales}}}","avg_evaluation_rating":"{{{rating}}}"},
          "ae_store_info":{"store_id":1101000011,"store_name":"Baobab Store","item_as_described_rating":"{{{rating}}}","communication_rating":"4.7",
            "shipping_speed_rating":4.6},
          "package_info_dto":{"gross_weight":"{{{kilograms}}}" },"logistics_info_dto":{"delivery_time":"{{{days}}}" },
          "ae_multimedia_info_dto":{"ae_video_dtos":{"ae_video_d_t_o":[{"media_url":"//video.example/1.mp4"}] } },
          "ae_item_properties":[{"attr_name":"Material","attr_value":"Cotton"},{"attr_name":"Brand Name","attr_value":"Baobab"},
            {"attr_name":"Origin","attr_value":"CN"},{"attr_name":"","attr_value":"x"}],
          "ae_item_sku_info_dtos":[{"sku_id":"1","offer_sale_price":"9.99","offer_bulk_sale_price":"{{{bulkPrice}}}","sku_bulk_order":"{{{bulkOrder}}}",
            "ae_sku_property_dtos":[{"sku_property_name":"Color","sku_property_value":"Blue","sku_image":"//ae01.example/blue.jpg"}] }] } } }
        """;

    private static JsonElement Root(string json) => JsonDocument.Parse(json).RootElement;
}
