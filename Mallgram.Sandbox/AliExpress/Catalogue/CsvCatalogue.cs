using System.Net;
using CsvHelper;

namespace Mallgram.Sandbox.AliExpress.Catalogue;

/// <summary>
/// Catalogue from a CSV file (UTF-8, comma, header row) with the columns id, name, category_path ("A > B > C"), brand, price_gbp, stock
/// ("5 new"), review_count, answered_questions, rating. What a row lacks stays lacking: no price is an empty price, no stock is none,
/// no category is none. A row without id or name, or with an id that was there before, is left out and logged.
/// </summary>
internal static class CsvCatalogue
{
    private static readonly string[] Columns =
        ["id", "name", "category_path", "brand", "price_gbp", "stock", "review_count", "answered_questions", "rating"];

    private static readonly CatalogueShop Shop = new(1101000001, "Sandbox Official Store", "4.8", "4.7", "4.6");

    /// <exception cref="SandboxStartException">The file cannot be read or is not such a file; the message names it.</exception>
    public static SupplierCatalogue Load(string path, ILogger logger)
    {
        try
        {
            using var reader = new StreamReader(path);
            return Read(reader, path, logger);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CsvFormatException or NotSupportedException)
        {
            throw new SandboxStartException($"cannot read the catalogue {path} (Sandbox:Catalogue): {FirstLine(e.Message)}", e);
        }
    }

    public static SupplierCatalogue Read(TextReader reader, string path, ILogger logger)
    {
        var categories = new Dictionary<string, CatalogueCategory>(StringComparer.Ordinal);
        var takenCategoryIds = new HashSet<long>();
        var items = new Dictionary<long, CatalogueItem>();
        using var csv = CsvReader.Create(reader, new CsvReaderOptions { Separator = ',' }, leaveOpen: true);
        csv.ReadHeader();
        var headers = csv.Headers.ToArray();
        var missing = Columns.Except(headers, StringComparer.Ordinal).ToList();
        if (missing.Count > 0)
        {
            throw new SandboxStartException($"the catalogue {path} (Sandbox:Catalogue) has no column {string.Join(", ", missing)}");
        }

        while (csv.Read())
        {
            string Field(string column) => csv.GetString(column).Trim();
            var rowId = Field("id");
            var name = Field("name");
            var id = StableNumber.Of(rowId);
            if (rowId.Length == 0 || name.Length == 0 || items.ContainsKey(id))
            {
                logger.LogWarning("Catalogue row {Row} has no id or name, or repeats an id: left out", csv.RowNumber);
                continue;
            }

            var price = CataloguePrice.Parse(Field("price_gbp"));
            var detail = $"<p>{WebUtility.HtmlEncode(name)}</p>";
            items.Add(id, new CatalogueItem
            {
                Id = id,
                TitleEn = name,
                TitleFr = name,
                DetailEn = detail,
                DetailFr = detail,
                Path = PathOf(Field("category_path"), categories, takenCategoryIds),
                Brand = Field("brand"),
                Currency = "GBP",
                Skus = [new CatalogueSku(StableNumber.Of("sku:" + rowId), "", price, price, LeadingNumber(Field("stock")))],
                Rating = Field("rating"),
                Reviews = LeadingNumber(Field("review_count")),
                Sold = 0,
                Pictures = 1,
                Shop = Shop,
                WeightGrams = 500,
            });
        }

        return new SupplierCatalogue([.. items.Values], [.. categories.Values]);
    }

    /// <summary>"5 new" (with a no-break space or not) is 5, "1,204" is 1204; anything that starts otherwise is 0.</summary>
    public static int LeadingNumber(string text)
    {
        var number = 0L;
        foreach (var c in text)
        {
            if (char.IsAsciiDigit(c))
            {
                number = Math.Min(int.MaxValue, (number * 10) + (c - '0'));
            }
            else if (c != ',')
            {
                break;
            }
        }

        return (int)number;
    }

    private static List<CatalogueCategory> PathOf(string path, Dictionary<string, CatalogueCategory> known, HashSet<long> takenIds)
    {
        var categories = new List<CatalogueCategory>();
        var key = "";
        foreach (var name in path.Split('>', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            key += " > " + name;
            if (!known.TryGetValue(key, out var category))
            {
                // AliExpress category ids fit 32 bits. A clash moves the later category on; the file's order keeps that stable.
                var id = StableNumber.Of("category:" + key, 200_000_000, 300_000_000);
                while (!takenIds.Add(id))
                {
                    id++;
                }

                category = new CatalogueCategory(id, categories.Count == 0 ? 0 : categories[^1].Id, name, name);
                known.Add(key, category);
            }

            categories.Add(category);
        }

        return categories;
    }

    private static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd();
}
