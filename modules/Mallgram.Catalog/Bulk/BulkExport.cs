using System.Globalization;
using System.Text.Json;
using CsvHelper;
using Mallgram.Catalog.Text;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;

namespace Mallgram.Catalog.Bulk;

/// <summary>Which products an export holds; null: any.</summary>
/// <param name="Category">Id or slug, with the categories below it.</param>
/// <param name="Status"><c>active</c> or <c>hidden</c>.</param>
/// <param name="Supplier">Code of a supplier, or <c>own</c>.</param>
/// <param name="Words">Must all be in the names, any case and accents.</param>
internal sealed record ExportFilter(string? Category, string? Status, string? Supplier, string? Words);

/// <summary>Streams products in the columns that imports read, page by page along the key, so that memory does not grow with the catalogue.</summary>
internal sealed class BulkExport(StoreDatabase database)
{
    private const int PageSize = 500;

    private const string NextPage =
        """
        with root as (select id from catalog.categories where $2::text is not null and (slug = $2 or id = $3))
        select p.id from catalog.products p
        where p.id > $1 and ($4::text is null or p.status = $4)
          and ($5::text is null or coalesce(p.supplier, 'own') = $5)
          and ($2::text is null or p.category_id = any(array(
              select c.descendant_id from catalog.category_closure c where c.store_id = p.store_id and c.ancestor_id = any(array(select id from root)))))
          and not exists (select from unnest($6) w where position(w in p.search_key) = 0)
        order by p.id limit $7
        """;

    private const string AttributeCodes = "select code from catalog.attributes order by position, code";

    /// <param name="currency">Of the prices: the store's.</param>
    public async Task WriteAsync(ExportFilter filter, string format, Currency currency, Stream output, CancellationToken ct)
    {
        var attributes = new List<string>();
        await using (var reader = await database.QueryAsync(ct, Sql.Command(AttributeCodes)))
        {
            while (await reader.Rows.ReadAsync(ct))
            {
                attributes.Add(reader.Rows.GetString(0));
            }
        }

        if (format == BulkFile.Csv)
        {
            await WriteCsvAsync(filter, currency, attributes, output, ct);
        }
        else
        {
            await WriteNdJsonAsync(filter, currency, output, ct);
        }
    }

    private async Task WriteCsvAsync(ExportFilter filter, Currency currency, List<string> attributes, Stream output, CancellationToken ct)
    {
        List<string> columns = [.. BulkColumns.All, .. attributes.Select(a => BulkColumns.AttributePrefix + a)];
        // Spreadsheets take a file without the mark for the local code page.
        await using var csv = CsvWriter.Create(output, new CsvWriterOptions { WriteByteOrderMark = true }, leaveOpen: true);
        foreach (var column in columns)
        {
            csv.WriteField(column);
        }

        await csv.EndRecordAsync(ct);
        await foreach (var product in ProductsAsync(filter, ct))
        {
            for (var i = 0; i < product.Variants.Count; i++)
            {
                var cells = VariantCells(product, product.Variants[i], currency);
                if (i == 0)
                {
                    foreach (var (column, cell) in ProductCells(product))
                    {
                        cells[column] = cell;
                    }
                }

                foreach (var column in columns)
                {
                    csv.WriteField(BulkCell.Guard(cells.GetValueOrDefault(column) ?? ""));
                }

                await csv.EndRecordAsync(ct);
            }
        }

        await csv.FlushAsync(ct);
    }

    private async Task WriteNdJsonAsync(ExportFilter filter, Currency currency, Stream output, CancellationToken ct)
    {
        await using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = MallgramJson.Options.Encoder });
        await foreach (var product in ProductsAsync(filter, ct))
        {
            json.WriteStartObject();
            foreach (var (column, cell) in ProductCells(product))
            {
                if (cell is not null && !column.StartsWith(BulkColumns.AttributePrefix, StringComparison.Ordinal))
                {
                    Write(json, column, cell);
                }
            }

            json.WriteStartObject("attributes");
            foreach (var (code, value) in CatalogSnapshot.Attributes(product.Now!.Attributes))
            {
                json.WritePropertyName(code);
                value.WriteTo(json);
            }

            json.WriteEndObject();
            json.WriteString(BulkColumns.Product, product.Slug);
            json.WriteStartArray("variants");
            foreach (var variant in product.Variants)
            {
                json.WriteStartObject();
                foreach (var (column, cell) in VariantCells(product, variant, currency))
                {
                    if (cell is not null && column is not (BulkColumns.Product or BulkColumns.Supplier or BulkColumns.ExternalId))
                    {
                        Write(json, column, cell);
                    }
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            await json.FlushAsync(ct);
            json.Reset();
            await output.WriteAsync("\n"u8.ToArray(), ct);
        }
    }

    private async IAsyncEnumerable<ProductDraft> ProductsAsync(
        ExportFilter filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var words = filter.Words is null ? [] : PlainText.Fold(filter.Words).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Guid? category = PublicId.TryParse(PublicId.Category, filter.Category, out var id) ? id : null;
        var after = Guid.Empty;
        while (true)
        {
            // One transaction a page: a slow reader holds no snapshot open while it dawdles.
            await using var transaction = await database.BeginAsync(ct);
            var page = new List<Guid>(PageSize);
            await using (var rows = await transaction.QueryAsync(ct, Sql.Command(
                NextPage, Sql.Uuid(after), Sql.Text(filter.Category), Sql.Uuid(category), Sql.Text(filter.Status), Sql.Text(filter.Supplier),
                Sql.Texts(words), Sql.Int(PageSize))))
            {
                while (await rows.ReadAsync(ct))
                {
                    page.Add(rows.GetGuid(0));
                }
            }

            if (page.Count == 0)
            {
                yield break;
            }

            var snapshot = await CatalogSnapshot.LoadAsync(transaction, [.. page], ct);
            await transaction.DisposeAsync();
            foreach (var product in snapshot.All.Where(p => p.Variants.Count > 0))
            {
                yield return product;
            }

            after = page[^1];
        }
    }

    private static Dictionary<string, string?> VariantCells(ProductDraft product, VariantDraft variant, Currency currency)
    {
        PriceRow? price = variant.Prices.TryGetValue((currency.Code, product.Now!.Offers.BaseQuantity), out var row) ? row : null;
        return new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            [BulkColumns.Id] = PublicId.Format(PublicId.Variant, variant.Id),
            [BulkColumns.Sku] = variant.Now.Sku,
            [BulkColumns.Supplier] = product.Supplier,
            [BulkColumns.ExternalId] = product.ExternalId,
            [BulkColumns.Product] = product.Slug,
            [BulkColumns.Options] = variant.Now.Options,
            [BulkColumns.Price] = price is null ? null : new Money(price.Value.Amount, currency).ToMajorText(),
            [BulkColumns.CompareAtPrice] = price?.CompareAt is { } compareAt ? new Money(compareAt, currency).ToMajorText() : null,
            [BulkColumns.Currency] = price is null ? null : currency.Code,
            [BulkColumns.Cost] = variant.Now.Cost?.ToString("0.############", CultureInfo.InvariantCulture),
            [BulkColumns.CostCurrency] = variant.Now.CostCurrency,
            [BulkColumns.Stock] = Text(variant.Now.OnHand),
        };
    }

    private static IEnumerable<KeyValuePair<string, string?>> ProductCells(ProductDraft product)
    {
        var p = product.Now!;
        (string Column, string? Cell)[] cells =
        [
            (BulkColumns.Name, p.Name), (BulkColumns.NameFr, p.NameFr), (BulkColumns.Description, p.Description),
            (BulkColumns.DescriptionFr, p.DescriptionFr), (BulkColumns.Category, product.CategoryPath), (BulkColumns.Brand, p.Brand),
            (BulkColumns.Tags, p.Tags), (BulkColumns.ImageUrls, p.Images),
            (BulkColumns.MinOrderQuantity, p.Offers is { Retail: null, Wholesale: null } ? null : Text(p.Offers.BaseQuantity)),
            (BulkColumns.WholesaleMinQuantity, p.Offers.Retail is null ? null : Text(p.Offers.Wholesale)),
            (BulkColumns.WholesaleDiscountPercent, p.Offers.DiscountPercent?.ToString("0.##", CultureInfo.InvariantCulture)),
            (BulkColumns.WeightGrams, Text(p.WeightGrams)), (BulkColumns.Status, p.IsHidden ? "hidden" : "active"),
            (BulkColumns.Featured, p.IsFeatured ? "true" : "false"), (BulkColumns.SeoTitle, p.SeoTitle), (BulkColumns.SeoTitleFr, p.SeoTitleFr),
            (BulkColumns.SeoDescription, p.SeoDescription), (BulkColumns.SeoDescriptionFr, p.SeoDescriptionFr),
        ];
        return cells.Where(c => !string.IsNullOrEmpty(c.Cell)).Select(c => KeyValuePair.Create(c.Column, c.Cell)).Concat(
            CatalogSnapshot.Attributes(p.Attributes).Select(a => KeyValuePair.Create(
                BulkColumns.AttributePrefix + a.Key, (string?)CatalogSnapshot.AttributeCell(a.Value))));
    }

    private static void Write(Utf8JsonWriter json, string column, string cell)
    {
        switch (column)
        {
            case BulkColumns.Tags or BulkColumns.ImageUrls:
                json.WriteStartArray(column);
                BulkCell.Split(cell).ForEach(json.WriteStringValue);
                json.WriteEndArray();
                break;
            case BulkColumns.Options:
                json.WriteStartObject(column);
                foreach (var (name, value) in BulkCell.SplitPairs(cell) ?? [])
                {
                    json.WriteString(name, value);
                }

                json.WriteEndObject();
                break;
            case BulkColumns.Featured:
                json.WriteBoolean(column, cell == "true");
                break;
            case BulkColumns.Stock or BulkColumns.MinOrderQuantity or BulkColumns.WholesaleMinQuantity or BulkColumns.WeightGrams:
                json.WriteNumber(column, int.Parse(cell, CultureInfo.InvariantCulture));
                break;
            default:
                // Prices too: a decimal in text stays exact in every JSON reader.
                json.WriteString(column, cell);
                break;
        }
    }

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
