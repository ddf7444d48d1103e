using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Sourcing.Alibaba;
using Mallgram.Sourcing.Suppliers;

namespace Mallgram.Tests.Unit.Sourcing;

public sealed class AlibabaWireTests
{
    [Fact]
    public void A_list_is_ids_and_a_total_and_an_id_alone_never_changes()
    {
        var list = AlibabaWire.ProductIds(Root(Result(
            """[1284823,"1600124642247",null,{"id":1},"","12<script>",-4]""", ",\"result_total\":\"100000\"")));
        Assert.Equal(["1284823", "1600124642247"], list.Items.Select(i => i.ExternalId));
        Assert.Equal((5, 100_000), (list.Unreadable, list.Total));
        Assert.Equal(list.Items[0].Hash, AlibabaWire.ProductIds(Root(Result("[1284823]", ",\"result_total\":1"))).Items[0].Hash);
        Assert.NotEqual(list.Items[0].Hash, list.Items[1].Hash);
    }

    [Fact]
    public void The_first_step_is_the_smallest_order_and_its_price_the_cost()
    {
        var (product, category) = Read(Description(
            """
            {"sku_id":"11","status":"NORMAL","image":"//sc04.example/1.jpg","sku_attr_list":[{"attr_name_desc":"Color","attr_value_desc":"Blue"}],
             "ladder_price":[{"min_quantity":"500","price":"3.10","currency":"USD"},{"min_quantity":"50","max_quantity":"499","price":"3.69","currency":"USD"},
              {"min_quantity":"5000","price":"3.30","currency":"USD"},{"min_quantity":"9000","price":"call us","currency":"USD"}]}
            """));
        Assert.Equal(("Tumbler", 50, true, "cVmhg7==", "Company Name", "Flasks"),
            (product.Name, product.MinOrderQuantity, product.IsOnSale, product.SellerId, product.SellerName, category));
        Assert.Equal(["https://sc04.example/main.jpg", "https://sc04.example/2.jpg"], product.ImageUrls);
        var variant = Assert.Single(product.Variants);
        Assert.Equal(("11", "Blue", 3.69m, "USD", "https://sc04.example/1.jpg"),
            (variant.ExternalId, variant.Name, variant.Cost!.Value, variant.CostCurrency, variant.ImageUrl));
        Assert.Equal([new SupplierTier(500, 3.10m)], variant.Tiers);
        Assert.Equal((null, null, null), (product.NameFr, product.Rating, product.SellerRating));
    }

    [Fact]
    public void Variants_with_different_ladders_can_all_be_bought_from_the_smallest_order_on()
    {
        var (product, _) = Read(Description(
            """
            {"sku_id":"1","ladder_price":[{"min_quantity":"10","price":"5"},{"min_quantity":"20","price":"4"},{"min_quantity":"100","price":"3"}]},
            {"sku_id":"2","ladder_price":[{"min_quantity":"50","price":"6"}]},
            {"sku_id":"3","status":"INVALID","ladder_price":[{"min_quantity":"9999","price":"1"}]}
            """));
        Assert.Equal(50, product.MinOrderQuantity);
        Assert.Equal([("1", 4m), ("2", 6m)], product.Variants.Select(v => (v.ExternalId, v.Cost!.Value)));
        Assert.Equal([new SupplierTier(100, 3m)], product.Variants[0].Tiers);
    }

    [Theory]
    [InlineData("""{"sku_id":"1"}""", 12, "12.34", null)]
    [InlineData("""{"sku_id":"1","ladder_price":[{"min_quantity":"5","price":"3.5-4"}]}""", 5, null, SkipReasons.PriceRange)]
    [InlineData("""{"sku_id":"1","ladder_price":[{"min_quantity":"5","price":"ask"}]}""", 5, null, SkipReasons.PriceInvalid)]
    [InlineData("""{"sku_id":"1","ladder_price":[{"min_quantity":"5"}]}""", 5, null, SkipReasons.NoPrice)]
    [InlineData("""{"sku_id":"1","ladder_price":[{"min_quantity":"-5","price":"1"},{"min_quantity":"2-3","price":"1"},{"min_quantity":"1e9","price":"1"}]}""",
        12, "12.34", null)]
    public void Without_a_usable_ladder_the_wholesale_offer_counts_and_price_rubbish_has_a_name(string sku, int minimum, string? cost, string? problem)
    {
        var (product, _) = Read(Description(sku));
        Assert.Equal(minimum, product.MinOrderQuantity);
        var variant = Assert.Single(product.Variants);
        Assert.Equal((cost, problem), (variant.Cost?.ToString(System.Globalization.CultureInfo.InvariantCulture), variant.PriceProblem));
    }

    [Theory]
    [InlineData("PRODUCT_OFFLINE"), InlineData("product_online"), InlineData("")]
    public void Only_the_explicit_word_sells(string status) =>
        Assert.False(Read(Description("", status)).Product.IsOnSale);

    [Fact]
    public void A_product_that_has_expired_is_null() => Assert.Null(AlibabaWire.Product(
        Root("""{"code":"0","result":{"result_code":"130106","result_msg":"The product has expired."}}"""), "1"));

    [Theory]
    [InlineData("400", SupplierFault.ItemRefused), InlineData("4015", SupplierFault.ItemRefused), InlineData("120019", SupplierFault.ItemRefused)]
    [InlineData("110001", SupplierFault.Refused), InlineData("300000", SupplierFault.Refused)]
    public void A_result_that_is_not_200_is_a_fault_of_its_kind(string code, object fault) => Assert.Equal(
        fault,
        Assert.Throws<SupplierException>(() => AlibabaWire.Product(Root($$$"""{"code":"0","result":{"result_code":"{{{code}}}"}}"""), "1")).Fault);

    [Theory]
    [InlineData("""{"result":{"result_code":"200","result_data":[],"result_total":"0"}}""")]
    [InlineData("""{"code":"0","result":{"result_data":[],"result_total":"0"}}""")]
    [InlineData("""{"code":"0","result":{"result_code":"200","result_data":[]}}""")]
    [InlineData("""{"code":"0","result":{"result_code":"200","result_data":[],"result_total":"-1"}}"""), InlineData("""{"code":"0"}"""), InlineData("{}")]
    public void Without_both_words_of_success_and_a_total_there_is_no_list(string answer) =>
        Assert.ThrowsAny<JsonException>(() => AlibabaWire.ProductIds(Root(answer)));

    [Fact]
    public void Stock_is_summed_over_the_places_it_ships_from()
    {
        var stock = AlibabaWire.Inventory(Root(Result(
            """
            [{"shipping_from":"CN","inventory_list":[{"sku_id":"1","inventory_count":"1196"},{"sku_id":"2","inventory_count":"many"}]},
             {"shipping_from":"US","inventory_list":[{"sku_id":"1","inventory_count":4},{"sku_id":"3","inventory_count":"99999999999"}]}]
            """)));
        Assert.Equal([("1", 1200), ("3", int.MaxValue)], stock.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => (s.Key, s.Value)));
    }

    [Theory]
    [InlineData("\"10~15\"", 15), InlineData("\"3-9\"", 9), InlineData("\"7\"", 7), InlineData("7", 7), InlineData("\"15~10\"", null)]
    [InlineData("\"soon\"", null), InlineData("\"-5\"", null), InlineData("\"1-2-3\"", null), InlineData("\"1~4000\"", null), InlineData("null", null)]
    public void Shipping_takes_as_long_as_the_quickest_way_at_worst(string time, int? days) => Assert.Equal(
        days,
        AlibabaWire.ShippingDays(Root("""{"code":"0","value":[{"delivery_time":""" + time + """},{"delivery_time":"x"}]}""")));

    [Fact]
    public void The_quickest_way_counts() => Assert.Equal(
        15, AlibabaWire.ShippingDays(Root("""{"code":"0","value":[{"delivery_time":"30~40"},{"delivery_time":"10~15"}]}""")));

    [Theory]
    [InlineData("UK", "GB"), InlineData("GB", "GB"), InlineData("ZA", "ZA")]
    public void Countries_are_sent_as_iso_codes(string ours, string theirs) => Assert.Equal(theirs, AlibabaWire.Country(ours));

    private static (SupplierProduct Product, string? Category) Read(string answer)
    {
        var read = AlibabaWire.Product(Root(answer), "1601206892606")!;
        return (read.Product, read.CategoryName);
    }

    private static string Description(string skus, string status = "PRODUCT_ONLINE") => Result(
        """
        {"product_id":"1601206892606","title":"Tumbler","description":"<html></html>","main_image":"//sc04.example/main.jpg",
         "images":["https://sc04.example/main.jpg","https://sc04.example/2.jpg",7],"category_id":"100003291","category":"Flasks",
         "supplier":"Company Name","eCompanyId":"cVmhg7==","currency":"USD","min_order_quantity":"70","status":"STATUS",
         "wholesale_trade":{"min_order_quantity":"12","price":"12.34"},"skus":[SKUS]}
        """.Replace("SKUS", skus, StringComparison.Ordinal).Replace("STATUS", status, StringComparison.Ordinal));

    private static string Result(string data, string more = "") =>
        """{"code":"0","result":{"result_code":"200","result_data":""" + data + more + "}}";

    private static JsonElement Root(string json) => JsonDocument.Parse(json).RootElement;
}
