using System.Globalization;
using System.Text.Json;
using Mallgram.Sandbox.AliExpress.Catalogue;
using Mallgram.Sandbox.OpenPlatform;

namespace Mallgram.Sandbox.AliExpress;

/// <summary>
/// One item as the feed, the search and the detail method show it. Prices and most figures are text, ids and stock are numbers, as in
/// https://openservice.aliexpress.com/doc/api.htm (aliexpress.ds.product.get, .text.search) and captured answers.
/// </summary>
internal sealed class ProductJson(ItemChanges changes)
{
    private const long BrandNameId = 2;

    public void WriteFeedItem(Utf8JsonWriter json, CatalogueItem item, bool french, string currency, string images)
    {
        var factor = changes.Factor(item.Id);
        var sku = item.Skus[0];
        json.WriteStartObject();
        json.WriteNumber("product_id"u8, item.Id);
        json.WriteString("product_title"u8, changes.Title(item.Id, item.Title(french)));
        json.WriteString("product_main_image_url"u8, Picture(images, item.Id, 1));
        json.WriteString("product_detail_url"u8, FormattableString.Invariant($"https://www.aliexpress.com/item/{item.Id}.html"));
        json.WriteString("product_video_url"u8, ""u8);
        json.WriteString("target_sale_price"u8, changes.Price(item.Id, sku.Price.In(item.Currency, currency, factor)));
        json.WriteString("target_sale_price_currency"u8, currency);
        json.WriteString("target_original_price"u8, changes.Price(item.Id, sku.OriginalPrice.In(item.Currency, currency, factor)));
        json.WriteString("target_original_price_currency"u8, currency);
        json.WriteString("sale_price"u8, changes.Price(item.Id, sku.Price.In(item.Currency, item.Currency, factor)));
        json.WriteString("sale_price_currency"u8, item.Currency);
        json.WriteString("original_price"u8, changes.Price(item.Id, sku.OriginalPrice.In(item.Currency, item.Currency, factor)));
        json.WriteString("original_price_currency"u8, item.Currency);
        json.WriteString("discount"u8, Discount(sku));
        json.WriteString("evaluate_rate"u8, EvaluateRate(item));
        json.WriteNumber("lastest_volume"u8, item.Sold);
        json.WriteNumber("shop_id"u8, item.Shop.Id);
        json.WriteString("shop_url"u8, FormattableString.Invariant($"https://www.aliexpress.com/store/{item.Shop.Id}"));
        json.WriteNumber("seller_id"u8, item.Shop.Id + 1000);
        if (item.FirstLevel is { } first)
        {
            json.WriteNumber("first_level_category_id"u8, first.Id);
            json.WriteString("first_level_category_name"u8, first.Name(french));
        }

        if (item.SecondLevel is { } second)
        {
            json.WriteNumber("second_level_category_id"u8, second.Id);
            json.WriteString("second_level_category_name"u8, second.Name(french));
        }

        json.WriteString("platform_product_type"u8, "ALL"u8);
        json.WriteString("ship_to_days"u8, "ship to destination in 15 days"u8);
        json.WriteEndObject();
    }

    public void WriteSearchItem(Utf8JsonWriter json, CatalogueItem item, bool french, string currency, string images)
    {
        var factor = changes.Factor(item.Id);
        var sku = item.Skus[0];
        var picture = Picture(images, item.Id, 1);
        // As the platform's: without a scheme, which means https. A sandbox without https would show no picture.
        var scheme = picture.StartsWith("https:", StringComparison.Ordinal) ? "https:".Length : 0;
        json.WriteStartObject();
        json.WriteString("itemId"u8, item.Id.ToString(CultureInfo.InvariantCulture));
        json.WriteString("title"u8, changes.Title(item.Id, item.Title(french)));
        json.WriteString("itemUrl"u8, string.Create(CultureInfo.InvariantCulture, $"//www.aliexpress.com/item/{item.Id}.html"));
        json.WriteString("itemMainPic"u8, picture[scheme..]);
        json.WriteString("salePrice"u8, changes.Price(item.Id, sku.Price.In(item.Currency, item.Currency, factor)));
        json.WriteString("salePriceCurrency"u8, item.Currency);
        json.WriteString("originalPrice"u8, changes.Price(item.Id, sku.OriginalPrice.In(item.Currency, item.Currency, factor)));
        json.WriteString("originalPriceCurrency"u8, item.Currency);
        json.WriteString("targetSalePrice"u8, changes.Price(item.Id, sku.Price.In(item.Currency, currency, factor)));
        json.WriteString("targetOriginalPrice"u8, changes.Price(item.Id, sku.OriginalPrice.In(item.Currency, currency, factor)));
        json.WriteString("targetOriginalPriceCurrency"u8, currency);
        json.WriteString("discount"u8, Discount(sku));
        json.WriteString("orders"u8, item.Sold.ToString(CultureInfo.InvariantCulture));
        json.WriteString("score"u8, item.Rating);
        json.WriteString("evaluateRate"u8, EvaluateRate(item));
        json.WriteString("cateId"u8, item.Path.Count > 0 ? item.Path[^1].Id.ToString(CultureInfo.InvariantCulture) : "");
        json.WriteString("type"u8, "search"u8);
        json.WriteEndObject();
    }

    public void WriteDetail(AnswerWriter answer, CatalogueItem item, bool french, string currency, string country, string images)
    {
        var json = answer.Json;
        json.WriteStartObject();
        WriteBase(json, item, french);
        WriteSkus(answer, item, french, currency, images);
        json.WriteStartObject("ae_multimedia_info_dto"u8);
        json.WriteString("image_urls"u8, string.Join(';', Enumerable.Range(1, item.Pictures).Select(n => Picture(images, item.Id, n))));
        json.WriteEndObject();

        json.WriteStartObject("package_info_dto"u8);
        json.WriteString(
            "gross_weight"u8, changes.Figure(item.Id, (item.WeightGrams / 1000m).ToString("0.000", CultureInfo.InvariantCulture)));
        json.WriteNumber("package_length"u8, 30);
        json.WriteNumber("package_width"u8, 20);
        json.WriteNumber("package_height"u8, 10);
        json.WriteBoolean("package_type"u8, value: false);
        json.WriteNumber("product_unit"u8, 100000015);
        json.WriteEndObject();

        json.WriteStartObject("logistics_info_dto"u8);
        WriteFigure(json, "delivery_time"u8, item.Id, DeliveryDays(country));
        json.WriteString("ship_to_country"u8, country);
        json.WriteEndObject();

        json.WriteStartObject("ae_store_info"u8);
        json.WriteNumber("store_id"u8, item.Shop.Id);
        json.WriteString("store_name"u8, item.Shop.Name);
        json.WriteString("store_country_code"u8, "CN"u8);
        json.WriteString("item_as_described_rating"u8, changes.Figure(item.Id, item.Shop.ItemRating));
        json.WriteString("communication_rating"u8, changes.Figure(item.Id, item.Shop.CommunicationRating));
        json.WriteString("shipping_speed_rating"u8, changes.Figure(item.Id, item.Shop.ShippingRating));
        json.WriteEndObject();

        WriteProperties(answer, item, french);
        json.WriteBoolean("has_whole_sale"u8, item.BulkOrder > 0);
        json.WriteEndObject();
    }

    private string Picture(string images, long id, int number) => changes.Picture(id, number, Pictures.Address(images, id, number));

    private void WriteBase(Utf8JsonWriter json, CatalogueItem item, bool french)
    {
        json.WriteStartObject("ae_item_base_info_dto"u8);
        json.WriteNumber("product_id"u8, item.Id);
        if (item.Path.Count > 0)
        {
            json.WriteNumber("category_id"u8, item.Path[^1].Id);
        }

        json.WriteString("subject"u8, changes.Title(item.Id, item.Title(french)));
        json.WriteString("currency_code"u8, item.Currency);
        json.WriteString("product_status_type"u8, changes.IsListed(item.Id) ? "onSelling"u8 : "offline"u8);
        json.WriteString("detail"u8, item.Detail(french));
        json.WriteString("mobile_detail"u8, """{"version":"2.0.0","moduleList":[]}"""u8);
        json.WriteString("evaluation_count"u8, changes.Figure(item.Id, item.Reviews.ToString(CultureInfo.InvariantCulture)));
        json.WriteString("avg_evaluation_rating"u8, changes.Figure(item.Id, item.Rating));
        json.WriteString("sales_count"u8, changes.Figure(item.Id, item.Sold.ToString(CultureInfo.InvariantCulture)));
        json.WriteNumber("owner_member_seq_long"u8, item.Shop.Id + 1000);
        // Fixed, so that an unchanged item has an unchanged answer in every run.
        json.WriteString("gmt_create"u8, "2026-01-01 00:00:00"u8);
        json.WriteString("gmt_modified"u8, "2026-01-01 00:00:00"u8);
        json.WriteEndObject();
    }

    private void WriteSkus(AnswerWriter answer, CatalogueItem item, bool french, string currency, string images)
    {
        var json = answer.Json;
        var factor = changes.Factor(item.Id);
        answer.StartList("ae_item_sku_info_dtos"u8, "ae_item_sku_info_d_t_o"u8, item.Skus.Count);
        foreach (var sku in item.Skus)
        {
            var price = changes.Price(item.Id, sku.Price.In(item.Currency, currency, factor));
            json.WriteStartObject();
            json.WriteString("sku_id"u8, sku.Id.ToString(CultureInfo.InvariantCulture));
            json.WriteString("id"u8, sku.Attribute.Length == 0 ? "<none>" : sku.Attribute);
            json.WriteString("sku_attr"u8, sku.Attribute);
            json.WriteString("sku_price"u8, changes.Price(item.Id, sku.OriginalPrice.In(item.Currency, currency, factor)));
            json.WriteString("offer_sale_price"u8, price);
            json.WriteString("offer_bulk_sale_price"u8, BulkPrice(item, sku, currency, factor));
            WriteFigure(json, "sku_bulk_order"u8, item.Id, item.BulkOrder > 0 ? item.BulkOrder : 2);
            WriteFigure(json, "sku_available_stock"u8, item.Id, sku.Stock);
            json.WriteString("currency_code"u8, currency);
            json.WriteBoolean("price_include_tax"u8, value: false);
            if (sku.Properties.Count > 0)
            {
                answer.StartList("ae_sku_property_dtos"u8, "ae_sku_property_d_t_o"u8, sku.Properties.Count);
                foreach (var property in sku.Properties)
                {
                    json.WriteStartObject();
                    json.WriteNumber("sku_property_id"u8, property.NameId);
                    json.WriteString("sku_property_name"u8, french ? property.NameFr : property.NameEn);
                    json.WriteNumber("property_value_id"u8, property.ValueId);
                    json.WriteString("sku_property_value"u8, french ? property.ValueFr : property.ValueEn);
                    json.WriteString("property_value_definition_name"u8, french ? property.ValueFr : property.ValueEn);
                    if (property.Picture > 0)
                    {
                        json.WriteString("sku_image"u8, Picture(images, item.Id, property.Picture));
                    }

                    json.WriteEndObject();
                }

                answer.EndList();
            }

            json.WriteEndObject();
        }

        answer.EndList();
    }

    /// <summary>The plain price where the item has no better one for many.</summary>
    private string BulkPrice(CatalogueItem item, CatalogueSku sku, string currency, decimal factor) => changes.Price(
        item.Id, sku.Price.In(item.Currency, currency, item.BulkOrder > 0 ? factor * (100 - item.BulkPercent) / 100 : factor));

    /// <summary>A number, or rubbish as text.</summary>
    private void WriteFigure(Utf8JsonWriter json, ReadOnlySpan<byte> name, long id, int figure)
    {
        if (changes.Has(ItemChanges.AbsurdFigures, id))
        {
            json.WriteString(name, changes.Figure(id, ""));
        }
        else
        {
            json.WriteNumber(name, figure);
        }
    }

    private static void WriteProperties(AnswerWriter answer, CatalogueItem item, bool french)
    {
        var json = answer.Json;
        var branded = item.Brand.Length > 0;
        answer.StartList("ae_item_properties"u8, "ae_item_property"u8, item.Properties.Count + (branded ? 1 : 0));
        if (branded)
        {
            // The id is the same in every language; the name is not.
            WriteProperty(json, french ? "Nom de la marque" : "Brand Name", BrandNameId, item.Brand, -1);
        }

        foreach (var property in item.Properties)
        {
            var (name, value) = french ? (property.NameFr, property.ValueFr) : (property.NameEn, property.ValueEn);
            WriteProperty(json, name, property.NameId, value, property.ValueId);
        }

        answer.EndList();
    }

    private static void WriteProperty(Utf8JsonWriter json, string name, long nameId, string value, long valueId)
    {
        json.WriteStartObject();
        json.WriteString("attr_name"u8, name);
        json.WriteNumber("attr_name_id"u8, nameId);
        json.WriteString("attr_value"u8, value);
        json.WriteNumber("attr_value_id"u8, valueId);
        json.WriteEndObject();
    }

    private static string Discount(CatalogueSku sku) =>
        sku.Price.Amount is { } now && sku.OriginalPrice.Amount is { } before && before > now
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)Math.Round((1 - (now / before)) * 100)}%")
            : "0%";

    private static string EvaluateRate(CatalogueItem item) =>
        decimal.TryParse(item.Rating, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rating)
            ? string.Create(CultureInfo.InvariantCulture, $"{rating * 20:0.0}%")
            : "";

    private static int DeliveryDays(string country) => country switch
    {
        "ZA" => 15,
        "NG" or "KE" or "GH" => 20,
        "CM" or "SN" => 25,
        "IN" => 12,
        _ => 10,
    };
}
