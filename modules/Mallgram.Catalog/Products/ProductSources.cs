using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mallgram.Catalog.Http;
using Mallgram.Catalog.Search;
using Mallgram.Kernel.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Products;

/// <summary>A product's page, checked by its version.</summary>
internal sealed class ProductSource(string idOrSlug, Shop shop, string currency, IReadOnlyList<string>? fields) : AnswerSource
{
    public override string Key { get; } =
        $"{shop.StoreId:N}|{shop.Language}|{currency}|{idOrSlug}{(fields is null ? "" : "|" + string.Join(',', fields))}";

    public override Guid StoreId => shop.StoreId;

    public override bool HasVersion => true;

    public override Task<string?> VersionAsync(IServiceProvider services, CancellationToken ct) =>
        services.GetRequiredService<ProductReads>().VersionAsync(idOrSlug, currency, ct);

    public override async Task<Answer?> ReadAsync(IServiceProvider services, CancellationToken ct)
    {
        var product = await services.GetRequiredService<ProductReads>().FindAsync(idOrSlug, shop, currency, ct);
        if (product is null)
        {
            return null;
        }

        if (fields is null)
        {
            return new Answer(JsonSerializer.SerializeToUtf8Bytes(product, ProductJson.Public.ProductView));
        }

        var trimmed = JsonSerializer.SerializeToNode(product, ProductJson.Public.ProductView)!.AsObject();
        FieldTrim.Trim(trimmed, fields);
        return new Answer(FieldTrim.Bytes(trimmed));
    }
}

/// <summary>A page of a list, read again each time.</summary>
internal sealed class ProductListSource(ProductQuery query, Shop shop) : AnswerSource
{
    public override string Key { get; } = query.Key(shop);

    public override Guid StoreId => shop.StoreId;

    public override async Task<Answer?> ReadAsync(IServiceProvider services, CancellationToken ct)
    {
        var page = await services.GetRequiredService<ProductReads>().ListAsync(query, shop, services.GetRequiredService<StoreFacts>(), ct);
        var found = (int)(page.Total ?? page.Data.Count);
        if (query.Fields is not { } fields)
        {
            return new Answer(JsonSerializer.SerializeToUtf8Bytes(page, ProductJson.Public.ProductPage)) { Found = found };
        }

        var trimmed = JsonSerializer.SerializeToNode(page, ProductJson.Public.ProductPage)!;
        foreach (var item in trimmed["data"]!.AsArray())
        {
            FieldTrim.Trim(item!.AsObject(), fields);
        }

        return new Answer(FieldTrim.Bytes(trimmed)) { Found = found };
    }
}

/// <summary>Any other public reading of one store, read again each time.</summary>
/// <param name="key">What, with all that decides the answer but store, language and currency.</param>
internal sealed class ReadingSource(Shop shop, string key, Func<IServiceProvider, CancellationToken, Task<object?>> read) : AnswerSource
{
    public override string Key { get; } = $"{shop.StoreId:N}|{shop.Language}|{shop.Currency}|{key}";

    public override Guid StoreId => shop.StoreId;

    public override async Task<Answer?> ReadAsync(IServiceProvider services, CancellationToken ct) =>
        await read(services, ct) is { } value ? new Answer(JsonSerializer.SerializeToUtf8Bytes(value, value.GetType(), MallgramJson.Options)) : null;
}

internal static class FieldTrim
{
    public static void Trim(JsonObject item, IReadOnlyList<string> fields)
    {
        foreach (var name in item.Select(m => m.Key).Where(k => k != "id" && !fields.Contains(k, StringComparer.Ordinal)).ToList())
        {
            item.Remove(name);
        }
    }

    public static byte[] Bytes(JsonNode node)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = MallgramJson.Options.Encoder }))
        {
            node.WriteTo(json);
        }

        return buffer.WrittenSpan.ToArray();
    }
}
